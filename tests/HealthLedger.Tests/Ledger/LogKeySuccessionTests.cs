// docs/formats/succession.md and docs/decisions/0021: the log's key is rotated while the ledger runs; killed before or after any write, it opens again, its checkpoints verify for who pinned
// the old key or the offline key, each succession is on the ledger once, and the retired key is destroyed.
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Successions;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Tests.Ledger;

public sealed class LogKeySuccessionTests : IDisposable
{
    private static readonly byte[] s_oldSeed = [.. Enumerable.Repeat((byte)1, 32)];
    private readonly NoteSigner _offline = new("ledger.example/offline", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
    private readonly NoteVerifier _old;
    private ForgetfulDisk _disk = new();

    public LogKeySuccessionTests()
    {
        using var keys = TestLedger.Keys();
        _old = NoteVerifier.Parse(keys.VerifierKey).Value;
    }

    public void Dispose() => _offline.Dispose();

    [Fact]
    public async Task A_planned_rotation_leaves_the_old_key_signing_beside_the_new_one_until_it_is_destroyed()
    {
        var store = new Store();
        await using var world = await Open(store);
        await world.Log.Appended("patient", "before");
        var before = world.Log.Published.Signed;
        await Found(world);
        var asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Ask());
        Assert.Equal(asked.Note.ToBytes(), Assert.IsType<SuccessionOutcome.Asked>(await world.Ask()).Note.ToBytes());
        await world.Log.Appended("patient", "meanwhile");
        Assert.Equal(2, world.Log.Published.Signed.Verify([_old, asked.Statement.Successor]).Value.Count);
        Assert.Equal(_old.ToString(), world.Log.VerifierKey);

        var installed = Assert.IsType<SuccessionOutcome.Installed>(await world.Install(asked));
        Assert.Equal(installed.Succession.Index, Assert.IsType<SuccessionOutcome.Installed>(await world.Install(asked)).Succession.Index);
        Assert.Equal(asked.Statement.Successor.ToString(), world.Log.VerifierKey);
        await world.Log.Appended("patient", "after");
        Assert.Equal(2, world.Log.Published.Signed.Verify([_old, asked.Statement.Successor]).Value.Count);
        Assert.NotEqual(-1, store.Keys.AsSpan().IndexOf(s_oldSeed));

        var policy = LogPolicy.ForLog(_old).Following(world.Log.Successions()!.Verify([_old], null).Value);
        Assert.True(CheckpointVerification.Verify(before, policy).IsValid);
        var seal = new EvidenceSeal(TestLedger.Origin, 0, null, default).ToText();
        Assert.Equal(2, world.Log.SignEvidence(seal).Verify([_old, asked.Statement.Successor]).Value.Count);

        Assert.True(await world.Successions.Retire(default));
        Assert.False(await world.Successions.Retire(default));
        Assert.Equal(-1, store.Keys.AsSpan().IndexOf(s_oldSeed));
        await world.Log.Appended("patient", "alone");
        Assert.Equal("note-unsigned", world.Log.Published.Signed.Verify([_old]).Fault!.Code);
        Assert.True(CheckpointVerification.Verify(world.Log.Published.Signed, policy).IsValid);
        Check(world);
    }

    [Fact]
    public async Task A_revoked_key_signs_no_statement_and_is_destroyed_with_the_installation()
    {
        var store = new Store();
        await using var world = await Open(store);
        Assert.Equal("not-founded", Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Ask(_offline.Verifier, true, world.Record, default)).Fault.Code);
        await Found(world);
        var asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Successions.Ask(null, true, world.Record, default));
        Assert.Single(asked.Note.Signatures);
        Assert.IsType<SuccessionOutcome.Installed>(await world.Install(asked));
        Assert.Equal((null, -1), (world.Keys.RetiresAt, store.Keys.AsSpan().IndexOf(s_oldSeed)));
        await world.Log.Appended("patient", "after");
        Assert.Equal("succession-revoked", world.Log.Successions()!.Verify([_old], null).Fault!.Code);
        Check(world);
    }

    [Fact]
    public async Task What_the_offline_key_has_not_signed_or_this_gateway_not_asked_for_is_not_installed()
    {
        await using var world = await Open(new Store());
        Assert.Equal("offline-key-needed", Assert.IsType<SuccessionOutcome.Refused>(await world.Ask()).Fault.Code);
        await Found(world);
        var asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Ask());
        Assert.Equal("succession-offline-signature", Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Install(asked.Note.ToBytes(), default)).Fault.Code);
        using var thief = new NoteSigner(TestLedger.Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        var other = asked.Statement with { Successor = thief.Verifier, Reason = SuccessionReason.Revoked };
        var signed = new SignedNote(other.ToText(), [thief.Sign(other.ToText()), _offline.Sign(other.ToText())]);
        Assert.Equal("not-asked", Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Install(signed.ToBytes(), default)).Fault.Code);
        Assert.IsType<SuccessionOutcome.Installed>(await world.Install(asked));
        var refused = Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Install(signed.ToBytes(), default));
        Assert.Equal(("contradiction", asked.Statement.Commitment), (refused.Fault.Code, refused.Other!.Statement.Commitment));
        Assert.Equal("overlap", Assert.IsType<SuccessionOutcome.Refused>(await world.Ask()).Fault.Code);
        Assert.Equal("other-offline-key", Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Ask(thief.Verifier, false, world.Record, default)).Fault.Code);
    }

    [Fact]
    public async Task While_a_signed_statement_waits_for_its_entry_no_other_of_its_number_is_made()
    {
        var store = new Store();
        SuccessionOutcome.Asked asked;
        await using (var world = await Open(store))
        {
            await Found(world);
            asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Ask());
            world.Log.Halt("It stands.");
            Assert.IsType<SuccessionOutcome.Unavailable>(await world.Install(asked));

            // The offline key's holder would sign a second statement of one number, and the first would be installed in its name.
            var refused = Assert.IsType<SuccessionOutcome.Refused>(await world.Successions.Ask(null, true, _ => ValueTask.FromResult(true), default));
            Assert.Equal("installing", refused.Fault.Code);
        }

        _disk = _disk.Kill();
        await using var again = await Open(store);
        Assert.Equal(asked.Statement.Successor.ToString(), again.Log.VerifierKey);
        Check(again);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_before_or_after_any_write_it_opens_and_the_rotation_is_finished_once(bool afterEffect)
    {
        for (var broken = 1; ; broken++)
        {
            _disk = new ForgetfulDisk();
            var store = new Store { FailAt = broken, AfterEffect = afterEffect };
            var failed = await Rotate(store);
            store.FailAt = 0;
            Assert.False(await Rotate(store));
            await using (var world = await Open(store))
            {
                Assert.Equal(2, world.Keys.Stated.Count);
                Assert.Null(world.Keys.Asked);
                Assert.NotEqual(_old.ToString(), world.Log.VerifierKey);
                await world.Log.Appended("patient", "after all");
                Check(world);
            }

            if (!failed)
            {
                Assert.InRange(broken, 6, 20);
                return;
            }
        }
    }

    [Fact]
    public async Task Keys_that_were_exported_in_either_phase_come_back_as_they_were()
    {
        var store = new Store();
        await using var world = await Open(store);
        await Found(world);
        var asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Ask());
        Same();
        await world.Install(asked);
        Same();

        void Same()
        {
            using var again = LedgerKeys.Import(store.Keys);
            Assert.Equal(store.Keys, again.Export());
            Assert.Equal((world.Keys.VerifierKey, world.Keys.Beside!.ToString(), world.Keys.Asked), (again.VerifierKey, again.Beside!.ToString(), again.Asked));
            for (var length = 0; length < store.Keys.Length; length++)
            {
                Assert.Throws<InvalidDataException>(() => LedgerKeys.Import(store.Keys.AsSpan(0, length)).Dispose());
            }
        }
    }

    [Fact]
    public async Task An_older_copy_of_the_keys_is_refused_once_the_key_was_succeeded_and_a_retired_key_alone_opens_nothing()
    {
        var store = new Store();
        Store older;
        await using (var world = await Open(store))
        {
            await Found(world);
            older = store.Copy();
            await world.Install(Assert.IsType<SuccessionOutcome.Asked>(await world.Ask()));
        }

        Assert.Contains("older copy", (await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => Open(older))).Message, StringComparison.Ordinal);
        _disk = _disk.Kill();
        await using (var world = await Open(store))
        {
            await world.Successions.Retire(default);
            await world.Log.Appended("patient", "by the successor alone");
        }

        Assert.Contains("older copy", (await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => Open(older))).Message, StringComparison.Ordinal);
    }

    /// <summary>Does all that is still to do of one founding and one rotation; true where the store broke it off. The disk is as after a kill.</summary>
    private async Task<bool> Rotate(Store store)
    {
        World? world = null;
        try
        {
            world = await Open(store);
            if (world.Keys.Stated.Count == 0)
            {
                await Found(world);
            }

            if (world.Keys.Stated.Count == 1)
            {
                await world.Log.Appended("patient", "between");
                await world.Install(Assert.IsType<SuccessionOutcome.Asked>(await world.Ask()));
            }

            return false;
        }
        catch (StoreBrokeException)
        {
            return true;
        }
        finally
        {
            _disk = _disk.Kill();
            if (world is not null)
            {
                await world.DisposeAsync();
            }
        }
    }

    private async Task Found(World world)
    {
        var asked = Assert.IsType<SuccessionOutcome.Asked>(await world.Successions.Ask(_offline.Verifier, false, world.Record, default));
        Assert.Equal((0ul, SuccessionReason.Founded), (asked.Statement.Number, asked.Statement.Reason));
        Assert.IsType<SuccessionOutcome.Installed>(await world.Install(asked));
    }

    /// <summary>What a stranger with the offline key sees, and an auditor.</summary>
    private void Check(World world)
    {
        var file = SuccessionFile.Parse(world.Log.Successions()!.ToJson()).Value;
        var lineage = file.Verify([_old], _offline.Verifier).Value;
        Assert.Equal(world.Log.VerifierKey, lineage.Newest.ToString());
        var verified = CheckpointVerification.Verify(world.Log.Published.Signed, LogPolicy.ForLineage(lineage)).Value;
        var replay = new LedgerReplay(verified.Checkpoint, [], [new SuccessionReplay(lineage, verified.Checkpoint.Size)]);
        for (ulong i = 0; i < verified.Checkpoint.Size; i++)
        {
            replay.AddEntry(world.Log.ReadEntry(i));
        }

        Assert.Empty(replay.Finish());
    }

    private async Task<World> Open(Store store)
    {
        if (store.Keys.Length == 0)
        {
            using var made = TestLedger.Keys();
            store.Keys = made.Export();
        }

        var keys = LedgerKeys.Import(store.Keys);
        keys.Remember(LogKeySuccessions.Load(store));
        var log = LedgerLog.Open(TestLedger.Options("unused") with { Keys = keys }, _disk);
        var world = new World(log, keys, new LogKeySuccessions(log, keys, store, TimeProvider.System, TimeSpan.FromDays(1)), _offline);
        Assert.True(await world.Successions.Resume(default));
        return world;
    }

    private sealed record World(LedgerLog Log, LedgerKeys Keys, LogKeySuccessions Successions, NoteSigner Offline) : IAsyncDisposable
    {
        public async ValueTask<bool> Record(CancellationToken cancellation)
        {
            await Log.Appended("tenant", "asked " + Convert.ToHexString(RandomNumberGenerator.GetBytes(4)));
            return true;
        }

        public Task<SuccessionOutcome> Ask() => Successions.Ask(null, false, Record, default);

        public Task<SuccessionOutcome> Install(SuccessionOutcome.Asked asked) =>
            Successions.Install(SignedSuccession.Asked(asked.Note.ToBytes()).Value.SignedBy(Offline).Note.ToBytes(), default);

        public async ValueTask DisposeAsync()
        {
            await Log.DisposeAsync();
            Successions.Dispose();
            Keys.Dispose();
        }
    }

    private sealed class StoreBrokeException : Exception;

    private sealed class Store : ILogKeyStore
    {
        private readonly Dictionary<ulong, byte[]> _records = [];
        private int _writes;

        public byte[] Keys { get; set; } = [];

        /// <summary>The write that fails, from 1; 0 for none.</summary>
        public int FailAt { get; set; }

        public bool AfterEffect { get; init; }

        public void KeepKeys(ReadOnlySpan<byte> exported)
        {
            var copy = exported.ToArray();
            Write(() => Keys = copy);
        }

        public void Keep(ulong number, ReadOnlySpan<byte> record)
        {
            var copy = record.ToArray();
            Write(() => _records[number] = copy);
        }

        public Store Copy()
        {
            var copy = new Store { Keys = [.. Keys] };
            foreach (var (number, record) in _records)
            {
                copy._records[number] = record;
            }

            return copy;
        }

        public byte[]? Find(ulong number) => _records.GetValueOrDefault(number);

        private void Write(Action effect)
        {
            var fails = ++_writes == FailAt;
            if (fails && !AfterEffect)
            {
                throw new StoreBrokeException();
            }

            effect();
            if (fails)
            {
                throw new StoreBrokeException();
            }
        }
    }
}
