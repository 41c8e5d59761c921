// docs/formats/consent-state-map.md
using System.Security.Cryptography;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Tests.ConsentStateMap;

public class ConsentMapTests
{
    private static ConsentState State(Random random) =>
        new((ConsentStanding)random.Next(1, 3), (ulong)random.NextInt64(), (ulong)random.NextInt64(), random.Hash());

    // Handles that share long prefixes, so that deep forks and chains of empty siblings occur.
    private static Hash Handle(Random random)
    {
        var bytes = new byte[32];
        var from = random.Next(4) == 0 ? random.Next(31) : 0;
        random.NextBytes(bytes.AsSpan(from));
        return new Hash(bytes);
    }

    /// <summary>The definition, spelled out: the root over all leaves whose handles begin with the same bits.</summary>
    private static byte[] Naive(List<(Hash Handle, ConsentState State)> leaves, int depth)
    {
        if (leaves.Count == 0)
        {
            return new byte[32];
        }

        if (leaves.Count == 1)
        {
            var value = new byte[49];
            leaves[0].State.Write(value);
            return SHA256.HashData([2, .. leaves[0].Handle.ToArray(), .. SHA256.HashData(value)]);
        }

        return SHA256.HashData([3,
            .. Naive(leaves.FindAll(leaf => leaf.Handle.Bit(depth) == 0), depth + 1),
            .. Naive(leaves.FindAll(leaf => leaf.Handle.Bit(depth) == 1), depth + 1)]);
    }

    [Fact]
    public void The_root_is_the_definition_s_whatever_the_order_and_batching() => Laws.Check(60, random =>
    {
        var leaves = Enumerable.Range(0, random.Next(0, 60)).Select(_ => (Handle: Handle(random), State: State(random))).DistinctBy(leaf => leaf.Handle).ToList();
        var map = new ConsentMap();
        foreach (var (handle, state) in leaves.OrderBy(_ => random.Next()))
        {
            map.Set(handle, State(random));
            if (random.Next(3) == 0)
            {
                _ = map.Root;
            }

            map.Set(handle, state);
        }

        return map.Count == leaves.Count
            && map.Root.Bytes.SequenceEqual(Naive(leaves, 0))
            && leaves.TrueForAll(leaf => map.TryGet(leaf.Handle, out var state) && state == leaf.State)
            && map.Entries.ToDictionary().Count == leaves.Count;
    });

    [Fact]
    public void Proofs_of_presence_and_absence_verify_and_survive_their_bytes() => Laws.Check(60, random =>
    {
        var map = new ConsentMap();
        var handles = Enumerable.Range(0, random.Next(0, 80)).Select(_ => Handle(random)).Distinct().ToList();
        handles.ForEach(handle => map.Set(handle, State(random)));
        var root = map.Root;
        var other = random.Hash();
        return handles.Append(Handle(random)).All(handle =>
        {
            var proof = map.Prove(handle);
            var again = ConsentMapProof.Parse(proof.ToBytes()).Value;
            var present = map.TryGet(handle, out var state);
            return again.ToBytes().AsSpan().SequenceEqual(proof.ToBytes())
                && again.Verify(handle, root).Holds
                && (present ? again.State == state : again.State is null)
                && !again.Verify(handle, other).Holds
                && (again.Kind != MapProofKind.Present || !again.Verify(other, root).Holds);
        });
    });

    [Fact]
    public void A_changed_byte_of_a_proof_fails() => Laws.Check(150, random =>
    {
        var map = new ConsentMap();
        for (var i = random.Next(1, 40); i > 0; i--)
        {
            map.Set(Handle(random), State(random));
        }

        var handle = random.Next(2) == 0 ? map.Entries.First().Key : Handle(random);
        var bytes = map.Prove(handle).ToBytes();
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return !ConsentMapProof.Parse(bytes).TryGet(out var proof, out _) || !proof.Verify(handle, map.Root).Holds;
    });

    [Fact]
    public void The_empty_map_proves_absence_with_four_bytes()
    {
        var map = new ConsentMap();
        var proof = map.Prove(new Random(1).Hash());
        Assert.Equal([1, 2, 0, 0], proof.ToBytes());
        Assert.True(map.Root.IsZero);
        Assert.True(proof.Verify(new Random(2).Hash(), map.Root).Holds);
    }

    [Fact]
    public void Another_leaf_proves_absence_only_on_the_handle_s_own_path()
    {
        var map = new ConsentMap();
        var random = new Random(3);
        for (var i = 0; i < 50; i++)
        {
            map.Set(random.Hash(), State(random));
        }

        var present = map.Entries.First().Key;
        var absent = present.ToArray();
        absent[31] ^= 1;
        var proof = map.Prove(new Hash(absent));
        Assert.Equal(MapProofKind.OtherLeaf, proof.Kind);
        Assert.True(proof.Verify(new Hash(absent), map.Root).Holds);
        Assert.Equal("map-other-leaf", proof.Verify(present, map.Root).Fault!.Code);
        absent[0] ^= 0x80;
        Assert.Equal("map-other-leaf", proof.Verify(new Hash(absent), map.Root).Fault!.Code);
    }

    [Fact]
    public void A_proof_that_is_not_canonical_is_refused()
    {
        var map = new ConsentMap();
        var random = new Random(4);
        map.Set(new Hash([0x00, .. random.Bytes(31)]), State(random));
        map.Set(new Hash([0x80, .. random.Bytes(31)]), State(random));
        var handle = map.Entries.First().Key;
        var bytes = map.Prove(handle).ToBytes();
        Assert.Equal(4 + 1 + 32 + 49, bytes.Length);
        Assert.Equal("map-proof-length", ConsentMapProof.Parse([.. bytes, 0]).Fault!.Code);
        Assert.Equal("map-proof-header", ConsentMapProof.Parse([2, .. bytes[1..]]).Fault!.Code);
        Assert.Equal("map-proof-header", ConsentMapProof.Parse([1, 4, .. bytes[2..]]).Fault!.Code);
        Assert.Equal("map-proof-header", ConsentMapProof.Parse([]).Fault!.Code);
        Assert.Equal("map-proof-depth", ConsentMapProof.Parse([1, 1, 1, 1, .. bytes[4..]]).Fault!.Code);
        Assert.Equal("map-proof-canonical", ConsentMapProof.Parse([1, 2, 0, 1, 0x00]).Fault!.Code);
        Assert.Equal("map-proof-canonical", ConsentMapProof.Parse([1, 2, 0, 1, 0xc0, .. bytes[5..37], .. bytes[5..37]]).Fault!.Code);
        Assert.Equal("map-proof-canonical", ConsentMapProof.Parse([1, 2, 0, 1, 0x80, .. new byte[32]]).Fault!.Code);
        bytes[37] = 3;
        Assert.Equal("state-value", ConsentMapProof.Parse(bytes).Fault!.Code);
    }

    [Fact]
    public void Replay_gives_the_map_and_every_state_entry_checks_it() => Laws.Check(30, random =>
    {
        var replay = new ReplayConsentState();
        var expected = new Dictionary<Hash, ConsentState>();
        var previous = LedgerEntry.NoPreviousState;
        for (ulong index = 0; index < 60; index++)
        {
            LedgerEntry entry;
            var granted = expected.Where(pair => pair.Value.Standing == ConsentStanding.Granted).Select(pair => pair.Key).ToList();
            if (random.Next(4) == 0)
            {
                var map = new ConsentMap();
                foreach (var (handle, state) in expected)
                {
                    map.Set(handle, state);
                }

                entry = LedgerEntry.ForState(DateTimeOffset.UnixEpoch, map.Root, (ulong)map.Count, previous);
                previous = index;
            }
            else if (random.Next(3) == 0)
            {
                entry = LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, random.Hash(), random.Hash());
            }
            else
            {
                var withdraw = granted.Count > 0 && random.Next(2) == 0;
                entry = LedgerEntry.ForConsent(
                    DateTimeOffset.UnixEpoch, random.Hash(), random.Hash(), withdraw ? ConsentOperation.Withdraw : ConsentOperation.Grant,
                    withdraw ? granted[random.Next(granted.Count)] : Handle(random), 9, random.Hash());
                expected[entry.Handle] = ConsentState.After(index, entry);
            }

            if (!replay.Apply(entry).Holds)
            {
                return false;
            }
        }

        return replay.Map.Entries.ToDictionary().OrderBy(pair => pair.Key).SequenceEqual(expected.OrderBy(pair => pair.Key));
    });

    [Fact]
    public void Operations_against_the_rules_are_findings_and_change_nothing()
    {
        var handle = new Random(5).Hash();
        LedgerEntry Operation(ConsentOperation operation) =>
            LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, Hash.Zero, Hash.Zero, operation, handle, 9, Hash.Zero);
        var replay = new ReplayConsentState();
        Assert.Equal("replay-withdraw", replay.Apply(Operation(ConsentOperation.Withdraw)).Fault!.Code);
        Assert.True(replay.Apply(Operation(ConsentOperation.Grant)).Holds);
        Assert.Equal("replay-grant", replay.Apply(Operation(ConsentOperation.Grant)).Fault!.Code);
        Assert.True(replay.Apply(Operation(ConsentOperation.Withdraw)).Holds);
        Assert.Equal("replay-withdraw", replay.Apply(Operation(ConsentOperation.Withdraw)).Fault!.Code);
        Assert.Equal("replay-grant", replay.Apply(Operation(ConsentOperation.Grant)).Fault!.Code);
        Assert.True(replay.Map.TryGet(handle, out var state));
        Assert.Equal((ConsentStanding.Withdrawn, 3UL), (state.Standing, state.LastEntry));
        Assert.False(replay.EndsWithState);
    }

    [Fact]
    public void A_state_entry_that_does_not_fit_the_replay_is_a_finding()
    {
        string? Code(Hash root, ulong count, ulong previous)
        {
            var replay = new ReplayConsentState();
            Assert.True(replay.Apply(LedgerEntry.ForState(DateTimeOffset.UnixEpoch, Hash.Zero, 0, LedgerEntry.NoPreviousState)).Holds);
            var verdict = replay.Apply(LedgerEntry.ForState(DateTimeOffset.UnixEpoch, root, count, previous));
            Assert.True(replay.EndsWithState);
            return verdict.Fault?.Code;
        }

        Assert.Null(Code(Hash.Zero, 0, 0));
        Assert.Equal("replay-state-root", Code(new Random(6).Hash(), 0, 0));
        Assert.Equal("replay-state-count", Code(Hash.Zero, 1, 0));
        Assert.Equal("replay-state-previous", Code(Hash.Zero, 0, LedgerEntry.NoPreviousState));
    }
}
