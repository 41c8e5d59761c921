// docs/formats/emergency-journal.md, the table at its end: what a start finds of the emergency journal, and what it does about it.
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Promises;
using static HealthLedger.Tests.Ledger.PromiseWorld;

namespace HealthLedger.Tests.Ledger;

public sealed class EmergencyJournalStartTests
{
    [Fact]
    public async Task A_torn_last_slot_that_was_given_to_nobody_is_passed_over()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "given");
        }

        var slots = world.Slots["slots"];
        RandomNumberGenerator.Fill(slots.AsSpan(PromiseHeader.Size + PromiseSlot.Size, 700));
        world.Slots["slots"] = slots;
        await using var again = world.Open();
        Assert.Equal(1, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
        Assert.Equal(["given"], Facts(again));
    }

    [Fact]
    public async Task A_journal_that_lacks_what_was_promised_refuses_the_start_with_a_sentence()
    {
        var (world, older) = (new PromiseWorld(), Array.Empty<byte>());
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
            older = world.Slots["slots"];
            await Promised(log, "two");
        }

        var whole = world.Slots["slots"];
        void Refused(byte[] slots, string says)
        {
            world.Slots["slots"] = slots;
            var refused = Assert.Throws<LedgerRefusesToStartException>(() => world.Open());
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Contains("Put back the journal", refused.Message, StringComparison.Ordinal);
        }

        Refused(older, "Promise 2 was given");
        Refused([], "there is no journal");

        // Exchanged, and of another directory under the same keys.
        var exchanged = whole.ToArray();
        whole.AsSpan(PromiseHeader.Size, PromiseSlot.Size).CopyTo(exchanged.AsSpan(PromiseHeader.Size + PromiseSlot.Size));
        whole.AsSpan(PromiseHeader.Size + PromiseSlot.Size, PromiseSlot.Size).CopyTo(exchanged.AsSpan(PromiseHeader.Size));
        Refused(exchanged, "Promise 1 was given");
        var other = new PromiseWorld();
        await using (var log = other.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
            await Promised(log, "two");
        }

        Refused(other.Slots["slots"], "belongs to another directory");

        // One bit anywhere in the header or in a slot that was given.
        for (var at = 0; at < PromiseHeader.Size + (2 * PromiseSlot.Size); at += at < 64 ? 7 : at < PromiseHeader.Size ? 4032 : 331)
        {
            if (at is >= 64 and < PromiseHeader.Size)
            {
                continue;
            }

            var flipped = whole.ToArray();
            flipped[at] ^= (byte)(1 << (at % 8));
            Refused(flipped, "damaged");
        }

        world.Slots["slots"] = whole;
        await using var again = world.Open();
        Assert.Equal(2, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
    }

    [Fact]
    public async Task A_header_that_was_made_to_name_fewer_slots_than_were_given_takes_no_promise_away()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
            await Promised(log, "two");
        }

        // The header's sum is no secret: who can write to the journal can make it hold again.
        var (whole, slots) = (world.Slots["slots"], world.Slots["slots"]);
        BinaryPrimitives.WriteUInt32BigEndian(slots.AsSpan(24), 1);
        SHA256.HashData(slots.AsSpan(0, 32), slots.AsSpan(32));
        world.Slots["slots"] = slots;
        Assert.Contains("Promise 2 was given", Assert.Throws<LedgerRefusesToStartException>(() => world.Open()).Message, StringComparison.Ordinal);

        world.Slots["slots"] = whole;
        await using var again = world.Open();
        Assert.Equal(2, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
    }

    [Fact]
    public async Task A_journal_of_another_history_and_a_damaged_anchor_refuse_the_start()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            await log.Appended(Patient, "before");
            log.Halt("It stands.");
            await Promised(log, "one", before: 1);
        }

        var forked = new PromiseWorld { Slots = world.Slots, Seen = world.Seen };
        await using (var log = LedgerLog.Open(TestLedger.Options("unused"), forked.Disk))
        {
            await log.Appended(Patient, "something else");
        }

        Assert.Contains("another history", Assert.Throws<LedgerRefusesToStartException>(() => forked.Open()).Message, StringComparison.Ordinal);

        var anchor = world.Seen["promised"];
        anchor[40] ^= 1;
        anchor[4096 + 40] ^= 1;
        world.Seen["promised"] = anchor;
        Assert.Contains("keys directory", Assert.Throws<LedgerRefusesToStartException>(() => world.Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_came_back_from_a_backup_without_the_anchor_take_the_journal_at_its_word()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
            await Promised(log, "two");
        }

        world.Seen = new ForgetfulDisk();
        await using var again = world.Open();
        Assert.Equal(2, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
        Assert.Equal(["one", "two"], Facts(again));
    }

    [Fact]
    public async Task Nothing_of_what_was_promised_is_in_the_clear_and_nothing_is_left_once_it_is_recorded()
    {
        var world = new PromiseWorld();
        const string Secret = "Patient/secret was read because of chest pain";
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            Assert.IsType<PromiseOutcome.Promised>(await log.Promise(_ => Request(Secret) with { Notice = Encoding.UTF8.GetBytes(Secret) }, CancellationToken.None));
        }

        Assert.Equal(-1, world.Slots["slots"].AsSpan().IndexOf("secret"u8));
        Assert.Equal(-1, world.Slots["slots"].AsSpan().IndexOf(Encoding.UTF8.GetBytes(Patient)));
        await using var again = world.Open();
        await again.RecordPromised(TestLedger.Chain, CancellationToken.None);
        Assert.False(world.Slots["slots"].AsSpan(PromiseHeader.Size).ContainsAnyExcept((byte)0));
    }

    /// <summary>A slot that an earlier version wrote. It is never written again.</summary>
    [Fact]
    public void A_frozen_slot_reads_as_ever()
    {
        var bytes = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Ledger", "Fixtures", "promise-slot.bin"));
        var slot = PromiseSlot.Read(bytes, TestLedger.Keys().Verifiers)!;
        Assert.Equal((3ul, 20ul), (slot.Promise.Number, slot.Promise.Size));
        var append = slot.Open(SHA256.HashData("journal"u8), 77)!;
        Assert.Equal(("Patient/anna", "sealed fact"), (append.Events[0].Chain, Encoding.UTF8.GetString(append.Events[0].Fact)));
        Assert.Equal("notice", Encoding.UTF8.GetString(append.Notice));
        Assert.Equal(bytes, slot.ToBytes());
        Assert.Null(slot.Open(SHA256.HashData("journal"u8), 78));
        Assert.Null(slot.Open(SHA256.HashData("other"u8), 77));
    }
}
