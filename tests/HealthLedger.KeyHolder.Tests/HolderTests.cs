// docs/formats/key-holder.md: what a key holder gives out, and what it does not. Issue: "a separate key-holder process that unwraps only against a valid receipt and counts what it unwrapped".
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys.Holding;
using static HealthLedger.KeyHolder.Tests.HolderWorld;

namespace HealthLedger.KeyHolder.Tests;

public sealed class HolderTests
{
    [Fact]
    public async Task A_receipt_opens_the_versions_that_its_fact_names_each_once_and_they_are_counted()
    {
        await using var world = new HolderWorld();
        var (held, first) = world.Seal(Ann, "first");
        var second = SealAnother(world, held, "second");
        var receipt = await world.Record(Ann, [first, second]);

        var (keys, code) = world.Ask(receipt, (0, held, first));
        Assert.Equal(("granted", "first"), (code, OpenWith(keys.Span, first)));
        Assert.Null(OpenWith(keys.Span, second));
        Assert.Equal("target-used", world.Ask(receipt, (0, held, first)).Code);
        Assert.Equal("target-used", world.Ask(receipt, (1, held, second), (1, held, second)).Code);
        Assert.Equal(1UL, world.List.Count);
        Assert.Equal("second", OpenWith(world.Ask(receipt, (1, held, second)).Keys.Span, second));

        // Another entry permits the same version again.
        Assert.Equal("granted", world.Ask(await world.Record(Ann, [first]), (0, held, first)).Code);
        Assert.Equal(3UL, world.List.Count);
    }

    [Fact]
    public async Task What_was_used_stays_used_when_the_holder_starts_again()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var receipt = await world.Record(Ann, [stored]);
        Assert.Equal("granted", world.Ask(receipt, (0, held, stored)).Code);
        world.Restart();
        Assert.Equal("target-used", world.Ask(receipt, (0, held, stored)).Code);
        Assert.Equal(1UL, world.List.Count);
    }

    [Fact]
    public async Task A_receipt_about_one_patient_opens_nothing_of_another()
    {
        await using var world = new HolderWorld();
        var (anns, annsRow) = world.Seal(Ann, "of ann");
        var (bobs, bobsRow) = world.Seal(Bob, "of bob");
        var receipt = await world.Record(Ann, [annsRow]);
        Assert.Equal("target-other", world.Ask(receipt, (0, bobs, bobsRow)).Code);
        Assert.Equal("key-foreign", world.Ask(receipt, (0, bobs, annsRow)).Code);
        Assert.Equal("target-unknown", world.Ask(receipt, (1, anns, annsRow)).Code);

        // A fact that names Ann and a row of Bob's leads to a key of Ann's, which does not open it; with Bob's key it leads nowhere.
        var lie = await world.Record(Ann, [bobsRow]);
        Assert.Equal("key-foreign", world.Ask(lie, (0, bobs, bobsRow)).Code);
        Assert.Null(OpenWith(world.Ask(lie, (0, anns, bobsRow)).Keys.Span, bobsRow));
    }

    [Fact]
    public async Task Records_of_no_patient_open_by_their_types_key_alone()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Practitioners, "a doctor");
        var (anns, _) = world.Seal(Ann, "of ann");
        var receipt = await world.Record(Practitioners, [stored], "request");
        Assert.Equal("key-foreign", world.Ask(receipt, (0, anns, stored)).Code);
        Assert.Equal("a doctor", OpenWith(world.Ask(receipt, (0, held, stored)).Keys.Span, stored));
    }

    [Fact]
    public async Task A_fact_whose_patient_is_none_opens_nothing()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Practitioners, "a doctor");
        Assert.Equal("receipt-targets", world.Ask(await world.Record(Practitioners, [stored], patient: Practitioners.Value), (0, held, stored)).Code);
    }

    [Theory]
    [InlineData("refusal", "deny")]
    [InlineData("access", "deny")]
    [InlineData("record", "permit")]
    [InlineData("review", "permit")]
    public async Task An_entry_that_permits_no_access_opens_nothing(string kind, string decision)
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        Assert.Equal("receipt-no-permit", world.Ask(await world.Record(Ann, [stored], kind, decision), (0, held, stored)).Code);
        Assert.Equal(0UL, world.List.Count);
    }

    [Fact]
    public async Task A_receipt_that_does_not_verify_opens_nothing()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var good = await world.Record(Ann, [stored]);
        var other = await world.Record(Bob, [stored]);
        Assert.Equal("receipt-without-fact", world.Ask(good with { Fact = null }, (0, held, stored)).Code);
        Assert.Equal("receipt-commitment", world.Ask(good with { Fact = other.Fact }, (0, held, stored)).Code);
        Assert.Equal("inclusion-root", world.Ask(good with { Entry = other.Entry, Fact = other.Fact }, (0, held, stored)).Code);
        for (var bit = 0; bit < good.Entry.Length * 8; bit += 37)
        {
            var entry = good.Entry.ToArray();
            entry[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual("granted", world.Ask(good with { Entry = entry }, (0, held, stored)).Code);
        }

        // Behind the log's own signature stands the local cosigner's, whom this policy does not know: an unknown signature is ignored, whatever it says.
        var known = good.Proof.IndexOf("— ledger.example/local", StringComparison.Ordinal);
        Assert.True(known > 0);
        for (var at = 0; at < known; at += 11)
        {
            var proof = good.Proof[..at] + (good.Proof[at] == 'A' ? 'B' : 'A') + good.Proof[(at + 1)..];
            Assert.NotEqual("granted", world.Ask(good with { Proof = proof }, (0, held, stored)).Code);
        }

        Assert.Equal(0UL, world.List.Count);
        Assert.Equal("granted", world.Ask(good, (0, held, stored)).Code);
    }

    [Fact]
    public async Task A_ledger_that_is_not_pinned_and_one_without_its_quorum_open_nothing()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var receipt = await world.Record(Ann, [stored]);
        var pinned = world.Policy;
        using var stranger = new NoteSigner("ledger.example/1", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        world.Policy = LogPolicy.ForLog(stranger.Verifier);
        world.Restart();
        Assert.NotEqual("granted", world.Ask(receipt, (0, held, stored)).Code);

        using var witness = new NoteSigner("witness.example/w", NoteKeyType.Cosignature, Ed25519PrivateKey.Generate());
        world.Policy = LogPolicy.Parse($"log {pinned.Logs[0]}\nwitness w {witness.Verifier}\nquorum w\n").Value;
        world.Restart();
        Assert.Equal(HolderAnswer.WantsQuorum, world.Ask(receipt, (0, held, stored)).Code);
        var proof = TlogProof.Parse(System.Text.Encoding.UTF8.GetBytes(receipt.Proof)).Value;
        var note = proof.Checkpoint;
        var cosigned = new SignedNote(note.Text, [.. note.Signatures, witness.Cosign(note.Text, DateTimeOffset.UtcNow)]);
        var final = receipt with { Proof = new TlogProof(proof.Index, proof.Hashes, cosigned).ToString() };
        Assert.Equal("granted", world.Ask(final, (0, held, stored)).Code);
    }

    [Fact]
    public async Task An_old_entry_and_one_from_a_time_to_come_open_nothing()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var receipt = await world.Record(Ann, [stored]);
        world.Time.Ahead = TimeSpan.FromMinutes(63);
        Assert.Equal("receipt-age", world.Ask(receipt, (0, held, stored)).Code);
        world.Time.Ahead = -TimeSpan.FromMinutes(8);
        Assert.Equal("receipt-age", world.Ask(receipt, (0, held, stored)).Code);
        world.Time.Ahead = TimeSpan.FromMinutes(58);
        Assert.Equal("granted", world.Ask(receipt, (0, held, stored)).Code);
    }

    [Fact]
    public async Task Keys_to_seal_with_open_nothing_that_was_sealed_before()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "sealed before");
        for (var i = 0; i < 100; i++)
        {
            var (keys, code) = world.Ask(new HolderRequest.Seal([new HeldSealing(Ann.Value, held, false)]), Envelope.KeyOfOneSize);
            Assert.Equal("granted", code);
            Assert.Null(OpenWith(keys.Span, stored));
        }

        Assert.Equal("key-foreign", world.Ask(new HolderRequest.Seal([new HeldSealing(Bob.Value, held, false)]), Envelope.KeyOfOneSize).Code);
    }

    [Fact]
    public async Task Indexing_takes_the_holders_own_permission_and_is_counted()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var request = new HolderRequest.Index(Ann.Value, new HeldVersion(0, 0, held, stored, null));
        Assert.Equal("indexing-off", world.Ask(request, Envelope.KeyOfOneSize).Code);
        world.Restart(allowsIndexing: true);
        Assert.Equal("content", OpenWith(world.Ask(request, Envelope.KeyOfOneSize).Keys.Span, stored));
        Assert.Equal((1UL, 1UL), (world.List.Count, world.List.WithoutEntry));
    }

    [Fact]
    public async Task Broken_requests_get_a_refusal_and_nothing_else()
    {
        await using var world = new HolderWorld();
        var (held, stored) = world.Seal(Ann, "content");
        var receipt = await world.Record(Ann, [stored]);
        var good = new HolderRequest.Open([receipt.ToJson()], [new HeldVersion(0, 0, held, stored, null)]).ToBytes();
        for (var length = 0; length < good.Length; length += 1 + (length / 40))
        {
            Assert.Equal("request-broken", world.Holder.Answer(good.AsMemory(0, length)).Code);
        }

        Assert.Equal("request-broken", world.Holder.Answer(new byte[] { 9, 0, 0, 0, 0 }).Code);
        Assert.Equal("request-broken", world.Holder.Answer((byte[])[.. good, 0]).Code);
        Assert.Equal("shelf-unknown", world.Holder.Answer(new HolderRequest.Make(["Patient/"]).ToBytes()).Code);
        Assert.Equal(0UL, world.List.Count);
    }

    private static byte[] SealAnother(HolderWorld world, byte[] held, string content)
    {
        var (keys, _) = world.Ask(new HolderRequest.Seal([new HeldSealing(Ann.Value, held, false)]), Envelope.KeyOfOneSize);
        var padded = new byte[128];
        System.Text.Encoding.UTF8.GetBytes(content, padded);
        var stored = new byte[4 + padded.Length + Envelope.Overhead];
        stored[3] = 1;
        Envelope.SealWith(keys.Span, default, padded, stored.AsSpan(4));
        return stored;
    }
}
