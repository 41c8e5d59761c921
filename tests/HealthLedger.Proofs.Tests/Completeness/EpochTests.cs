// docs/formats/completeness.md: the sorted tree of an epoch's tags, proofs of presence and absence, and what an auditor's replay finds.
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Tests.Completeness;

public class EpochTests
{
    [Fact]
    public void Every_tag_is_proven_present_and_every_other_absent_and_no_proof_says_the_opposite() => Laws.Check(60, random =>
    {
        var tree = new SmallEpoch([.. Enumerable.Range(0, random.Next(0, 40)).Select(i => new TagRow(random.Hash(), (ulong)i))]);
        var stranger = random.Hash();
        var absent = tree.Prove(stranger);
        return tree.Says(absent, stranger) is { Index: null }
            && tree.Rows.All(row => tree.Says(tree.Prove(row.Tag), row.Tag)?.Index == row.Index)
            && tree.Rows.All(row => tree.Neighbours().All(proof => tree.Says(proof, row.Tag) is not { Index: null }))
            && tree.Neighbours().All(proof => tree.Says(proof, stranger) is null or { Index: null });
    });

    [Fact]
    public void A_proof_with_a_changed_part_does_not_hold() => Laws.Check(60, random =>
    {
        var tree = new SmallEpoch([.. Enumerable.Range(0, random.Next(2, 30)).Select(i => new TagRow(random.Hash(), (ulong)i))]);
        var wanted = random.Hash();
        var proof = tree.Prove(wanted);
        var (before, after) = (proof.Before, proof.AtOrAfter);
        TagProof[] changed =
        [
            proof with { Before = null },
            proof with { AtOrAfter = null },
            proof with { Before = before is null ? tree.Neighbour(0) : before with { Position = before.Position + 1 } },
            proof with { AtOrAfter = after is null ? tree.Neighbour(0) : after with { Row = after.Row with { Index = after.Row.Index + 1 } } },
            proof with { AtOrAfter = after is null ? tree.Neighbour(0) : after with { Path = [.. after.Path.Select((hash, i) => i == 0 ? random.Hash() : hash)] } },
        ];
        return changed.Where(c => c != proof).All(c => tree.Says(c, wanted) is null);
    });

    [Fact]
    public void An_honest_epoch_shows_nothing_and_each_way_to_falsify_one_is_found()
    {
        Assert.Empty(Findings(log => Close(log)));
        Assert.Contains("epoch-root", Findings(log => Close(log, rows => rows.Remove(rows[0]), rows => rows.Add(new TagRow(new Random(9).Hash(), 3)))));
        Assert.Contains("epoch-count", Findings(log => Close(log, rows => rows.RemoveAt(0))));
        Assert.Contains("epoch-order", Findings(log => Close(log, from: 1)));
        Assert.Contains("epoch-order", Findings(log =>
        {
            Close(log);
            Close(log);
        }));
        Assert.Contains("epoch-range", Findings(log => Close(log, to: 1000)));
        Assert.Contains("epoch-tag-twice", Findings(log =>
        {
            log.Add(log.Entries[0]);
            log.AddState();
            Close(log);
        }));
    }

    [Fact]
    public void An_epoch_that_ends_long_before_it_is_closed_is_found_and_one_that_leaves_out_what_came_meanwhile_is_not()
    {
        Assert.Empty(Findings(log => Close(log, TimeSpan.FromDays(400))));
        Assert.Empty(Findings(log => CloseBefore(log, EpochReplay.MaxLag)));
        Assert.Equal(["epoch-late"], Findings(log => CloseBefore(log, EpochReplay.MaxLag + TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public void An_entry_that_is_dated_back_is_found() => Assert.Equal(["replay-time"], Findings(log =>
        log.Add(LedgerEntry.ForEvent(SmallLog.Now - TimeSpan.FromMinutes(1), default, default))));

    [Fact]
    public void A_range_that_is_empty_or_smaller_than_its_count_is_no_epoch()
    {
        Assert.Throws<ArgumentException>(() => LedgerEntry.ForEpoch(SmallLog.Now, default, 3, 3, 0, LedgerEntry.NoPreviousEpoch));
        Assert.Throws<ArgumentException>(() => LedgerEntry.ForEpoch(SmallLog.Now, default, 0, 3, 4, LedgerEntry.NoPreviousEpoch));
        var bytes = LedgerEntry.ForEpoch(SmallLog.Now, new Random(1).Hash(), 0, 3, 3, LedgerEntry.NoPreviousEpoch).ToBytes();
        Assert.True(LedgerEntry.Parse(bytes).IsValid);
        bytes[48 + 15] = 2;
        Assert.Equal("entry-epoch-range", LedgerEntry.Parse(bytes).Fault!.Code);
    }

    private static List<string> Findings(Action<SmallLog> then)
    {
        var random = new Random(5);
        var log = new SmallLog();
        for (var i = 0; i < 20; i++)
        {
            log.Add(LedgerEntry.ForEvent(SmallLog.Now, random.Hash(), random.Hash(), i == 0 ? EntryKind.Enrol : EntryKind.Event));
        }

        log.AddState();
        then(log);
        log.AddState();
        var replay = new LedgerReplay(new Checkpoint(SmallLog.Origin, (ulong)log.Entries.Count, MerkleHash.Root(log.Leaves)));
        log.Entries.ForEach(entry => replay.AddEntry(entry.ToBytes()));
        return [.. replay.Finish().Select(finding => finding.Fault.Code)];
    }

    /// <summary>Closes an epoch that ends with what is there, after another event came.</summary>
    private static void CloseBefore(SmallLog log, TimeSpan later)
    {
        var end = (ulong)log.Entries.Count;
        log.Add(LedgerEntry.ForEvent(SmallLog.Now, default, new Random(6).Hash()));
        Close(log, later, end);
    }

    private static void Close(SmallLog log, TimeSpan later, ulong? to = null)
    {
        var end = to ?? (ulong)log.Entries.Count;
        var rows = log.Entries.Take((int)end).Select((entry, i) => (entry, i)).Where(e => e.entry.IsOnChain).Select(e => new TagRow(e.entry.Tag, (ulong)e.i)).Order().ToArray();
        log.Add(LedgerEntry.ForEpoch(SmallLog.Now + later, EpochTree.Root(rows), 0, end, (ulong)rows.Length, LedgerEntry.NoPreviousEpoch));
        log.Time = SmallLog.Now + later;
    }

    private static void Close(SmallLog log, params Action<List<TagRow>>[] changes) => Close(log, 0, (ulong)log.Entries.Count, changes);

    private static void Close(SmallLog log, ulong from = 0, ulong? to = null, params Action<List<TagRow>>[] changes)
    {
        var rows = log.Entries.Select((entry, i) => (entry, i)).Where(e => e.entry.IsOnChain).Select(e => new TagRow(e.entry.Tag, (ulong)e.i)).Order().ToList();
        foreach (var change in changes)
        {
            change(rows);
        }

        log.Add(LedgerEntry.ForEpoch(SmallLog.Now, EpochTree.Root([.. rows]), from, to ?? (ulong)log.Entries.Count, (ulong)rows.Count, LedgerEntry.NoPreviousEpoch));
    }
}

/// <summary>An epoch's tree in memory.</summary>
internal sealed class SmallEpoch
{
    public SmallEpoch(List<TagRow> rows)
    {
        rows.Sort();
        Rows = rows;
    }

    public List<TagRow> Rows { get; }

    public Hash Root => EpochTree.Root([.. Rows]);

    public TagNeighbour Neighbour(int position) => new((ulong)position, Rows[position], ProofConstruction.Inclusion(
        (ulong)position, (ulong)Rows.Count, (level, index) => EpochTree.Root([.. Rows.Skip((int)index << level).Take(1 << level)])));

    public TagProof Prove(Hash tag)
    {
        var at = Rows.FindIndex(row => row.Tag.Bytes.SequenceCompareTo(tag.Bytes) >= 0);
        at = at < 0 ? Rows.Count : at;
        return new TagProof(at == 0 ? null : Neighbour(at - 1), at == Rows.Count ? null : Neighbour(at));
    }

    /// <summary>Every proof that rows which stand beside each other could make.</summary>
    public IEnumerable<TagProof> Neighbours() =>
        Enumerable.Range(0, Rows.Count + 1).Select(at => new TagProof(at == 0 ? null : Neighbour(at - 1), at == Rows.Count ? null : Neighbour(at)));

    public TagProof.Place? Says(TagProof proof, Hash tag) => proof.Verify(Root, (ulong)Rows.Count, tag).TryGet(out var place, out _) ? place : null;
}
