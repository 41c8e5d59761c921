// RFC 6962 section 2.1 and docs/formats/consent-state-map.md: what an auditor finds in a whole ledger.
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Tests.Audit;

public class LedgerReplayTests
{
    private static SmallLog Log(int batches)
    {
        var random = new Random(batches);
        var log = new SmallLog();
        for (var batch = 0; batch < batches; batch++)
        {
            for (var i = random.Next(1, 60); i > 0; i--)
            {
                log.Add(random.Next(3) == 0
                    ? LedgerEntry.ForConsent(SmallLog.Now, random.Hash(), random.Hash(), ConsentOperation.Grant, random.Hash(), 9, random.Hash())
                    : LedgerEntry.ForEvent(SmallLog.Now, random.Hash(), random.Hash()));
            }

            log.AddState();
        }

        return log;
    }

    private static Checkpoint CheckpointOf(IEnumerable<byte[]> entries)
    {
        var leaves = entries.Select(entry => MerkleHash.Leaf(entry)).ToArray();
        return new Checkpoint(SmallLog.Origin, (ulong)leaves.Length, MerkleHash.Root(leaves));
    }

    private static List<byte[]> Bytes(SmallLog log) => [.. log.Entries.Select(entry => entry.ToBytes())];

    private static IReadOnlyList<AuditFinding> Replay(List<byte[]> entries, params Checkpoint[] earlier)
    {
        var audit = new LedgerReplay(CheckpointOf(entries), earlier);
        entries.ForEach(entry => audit.AddEntry(entry));
        return audit.Finish();
    }

    [Fact]
    public void An_honest_ledger_shows_nothing_bundle_by_bundle_and_entry_by_entry()
    {
        var log = Log(20);
        var entries = Bytes(log);
        var earlier = CheckpointOf(entries.Take(log.Entries.FindIndex(entry => entry.Kind == EntryKind.State) + 1));
        Assert.Empty(Replay(entries, earlier, new Checkpoint(SmallLog.Origin, 0, MerkleHash.EmptyRoot)));

        var audit = new LedgerReplay(CheckpointOf(entries), [earlier]);
        while (audit.NextBundle is { } path)
        {
            var part = entries.Skip((int)path.Index * 256).Take(path.Width).ToList();
            Assert.True(audit.AddBundle(
                EntryBundle.Encode([.. part.Select(entry => (ReadOnlyMemory<byte>)entry)]), part.SelectMany(entry => MerkleHash.Leaf(entry).ToArray()).ToArray()));
        }

        Assert.Empty(audit.Finish());
        Assert.Equal(log.Map.Root, audit.Map.Root);
        Assert.Throws<InvalidOperationException>(() => audit.AddEntry(entries[0]));
        Assert.Throws<InvalidOperationException>(() => audit.AddBundle(Array.Empty<byte>(), []));
    }

    [Fact]
    public void A_changed_byte_anywhere_is_found() => Laws.Check(60, random =>
    {
        var entries = Bytes(Log(4));
        var checkpoint = CheckpointOf(entries);
        var audit = new LedgerReplay(checkpoint);
        entries[random.Next(entries.Count)][random.Next(256)] ^= (byte)(1 << random.Next(8));
        entries.ForEach(entry => audit.AddEntry(entry));
        return audit.Finish().Any(finding => finding.Fault.Code == "audit-root");
    });

    [Fact]
    public void A_false_map_root_that_the_log_itself_signed_is_found()
    {
        var log = Log(3);
        var middle = log.Entries.FindIndex(entry => entry.Kind == EntryKind.State);
        var honest = log.Entries[middle];
        log.Entries[middle] = LedgerEntry.ForState(SmallLog.Now, new Random(1).Hash(), honest.StateCount, honest.PreviousState);
        var finding = Assert.Single(Replay(Bytes(log)));
        Assert.Equal(((ulong?)middle, "replay-state-root"), (finding.Index, finding.Fault.Code));
    }

    [Fact]
    public void A_handle_that_is_granted_again_is_found()
    {
        var log = Log(2);
        log.Add(log.Entries.First(entry => entry.Operation == ConsentOperation.Grant));
        log.AddState();
        var findings = Replay(Bytes(log)).Select(finding => finding.Fault.Code).ToList();
        Assert.Contains("replay-grant", findings);
    }

    [Fact]
    public void A_rewritten_history_is_found_by_whoever_kept_a_checkpoint()
    {
        var log = Log(3);
        var kept = CheckpointOf(Bytes(log));
        log.Entries[0] = LedgerEntry.ForEvent(SmallLog.Now, new Random(2).Hash(), Hash.Zero);
        log.AddState();
        Assert.Contains(Replay(Bytes(log), kept), finding => finding is { Part: AuditPart.AppendOnly, Fault.Code: "append-only-fork" });
        Assert.Contains(Replay(Bytes(Log(1)), kept), finding => finding.Fault.Code == "append-only-shrunk");
    }

    [Fact]
    public void A_checkpoint_without_a_state_at_its_end_is_found_also_in_the_middle()
    {
        var entries = Bytes(Log(3));
        Assert.Equal("end-state-missing", Assert.Single(Replay([.. entries.Take(entries.Count - 1)])).Fault.Code);
        var inside = Assert.Single(Replay(entries, CheckpointOf(entries.Take(1))));
        Assert.Equal((0UL, "end-state-missing"), (inside.Index!.Value, inside.Fault.Code));
    }

    [Fact]
    public void An_unreadable_entry_a_broken_bundle_a_foreign_tile_and_a_stop_on_the_way_are_found()
    {
        var entries = Bytes(Log(2));
        entries[0] = [1, 2, 3];
        Assert.Contains(Replay(entries), finding => finding is { Index: 0, Fault.Code: "entry-length" });

        var stopped = new LedgerReplay(CheckpointOf(entries));
        Assert.Equal("audit-incomplete", Assert.Single(stopped.Finish()).Fault.Code);

        var broken = new LedgerReplay(CheckpointOf(entries));
        Assert.False(broken.AddBundle(new byte[] { 0 }, []));
        Assert.Equal("bundle-short", broken.Findings[0].Fault.Code);

        var tile = new LedgerReplay(CheckpointOf(entries));
        tile.AddBundle(EntryBundle.Encode([.. entries.Select(entry => (ReadOnlyMemory<byte>)entry)]), new byte[entries.Count * 32]);
        Assert.Contains(tile.Findings, finding => finding.Fault.Code == "tile-entry");
    }

    [Fact]
    public void Two_checkpoints_are_compared_with_and_without_tiles()
    {
        var random = new Random(7);
        var leaves = Enumerable.Range(0, 700).Select(_ => random.Hash()).ToArray();
        Checkpoint At(int size) => new(SmallLog.Origin, (ulong)size, MerkleHash.Root(leaves.AsSpan(0, size)));
        var stored = TileStore(leaves);
        var tiles = VerifiedTiles.Open(700, At(700).Root, path => stored[path]).Value;
        foreach (var size in new[] { 0, 1, 255, 256, 257, 699, 700 })
        {
            Assert.True(AppendOnly.Check(At(size), At(700), tiles).Holds, $"{size}");
        }

        Assert.Equal("append-only-shrunk", AppendOnly.Check(At(700), At(699), []).Fault!.Code);
        Assert.Equal("append-only-fork", AppendOnly.Check(At(700) with { Root = Hash.Zero }, At(700), tiles).Fault!.Code);
        Assert.Equal("consistency-old-root", AppendOnly.Check(At(300) with { Root = Hash.Zero }, At(700), tiles).Fault!.Code);
        Assert.Equal("append-only-origin", AppendOnly.Check(At(1) with { Origin = "x" }, At(700), []).Fault!.Code);
        Assert.Equal("consistency-empty", AppendOnly.Check(At(0) with { Root = Hash.Zero }, At(700), []).Fault!.Code);
        stored[new TilePath(0, 0, 256)] = new byte[8192];
        Assert.Equal("tile-hash", AppendOnly.Check(At(100), At(700), VerifiedTiles.Open(700, At(700).Root, path => stored[path]).Value).Fault!.Code);
    }

    [Fact]
    public void The_state_at_the_end_is_checked_with_its_proof()
    {
        var log = Log(2);
        var last = (ulong)log.Entries.Count - 1;
        var checkpoint = CheckpointOf(Bytes(log));
        var proof = log.Prove(last);
        Assert.Equal(log.Entries[^1], EndState.Check(checkpoint, log.Entries[^1].ToBytes(), proof.Hashes).Value);
        Assert.Equal("inclusion-root", EndState.Check(checkpoint, log.Entries[0].ToBytes(), proof.Hashes).Fault!.Code);
        Assert.Equal("entry-length", EndState.Check(checkpoint, [], proof.Hashes).Fault!.Code);
        Assert.Equal("end-state-empty", EndState.Check(new Checkpoint("o", 0, MerkleHash.EmptyRoot), [], []).Fault!.Code);
        log.Entries.RemoveAt((int)last);
        Assert.Equal("end-state-missing", EndState.Check(CheckpointOf(Bytes(log)), log.Entries[^1].ToBytes(), log.Prove(last - 1).Hashes).Fault!.Code);
    }

    private static Dictionary<TilePath, ReadOnlyMemory<byte>> TileStore(Hash[] leaves) => Merkle.TileStore.Of(leaves);
}
