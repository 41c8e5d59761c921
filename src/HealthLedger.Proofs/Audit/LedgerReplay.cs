using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Audit;

/// <summary>Reads a whole ledger, entry by entry from index 0, and collects what an honest one does not show.</summary>
/// <remarks>
/// Checks: each entry is well formed; each bundle hashes to its tile; the consent-state map is the replay at every STATE entry; each known
/// earlier checkpoint has the root of its first entries and ends with STATE; and so the checkpoint itself. Fed with bytes, does no reading.
/// Memory: the consent-state map and 63 hashes. Not safe for several threads.
/// </remarks>
public sealed class LedgerReplay
{
    /// <summary>After so many findings no more are collected: the ledger is broken.</summary>
    public const int MaxFindings = 1000;

    private readonly Dictionary<ulong, List<Checkpoint>> _expected = [];
    private readonly Checkpoint _checkpoint;
    private readonly CompactRange _tree = new();
    private readonly ReplayConsentState _replay = new();
    private readonly List<AuditFinding> _findings = [];

    /// <summary>An audit up to a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint, verified.</param>
    /// <param name="earlier">Earlier verified checkpoints that the entries must also lead to.</param>
    public LedgerReplay(Checkpoint checkpoint, IEnumerable<Checkpoint>? earlier = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        _checkpoint = checkpoint;
        foreach (var each in (earlier ?? []).Append(checkpoint))
        {
            if (each.Origin != checkpoint.Origin || each.Size > checkpoint.Size)
            {
                Report(null, new Fault("append-only-shrunk", $"A checkpoint of {each.Size} entries of {each.Origin} is not before this one."));
                continue;
            }

            if (!_expected.TryGetValue(each.Size, out var list))
            {
                _expected[each.Size] = list = [];
            }

            list.Add(each);
        }

        CompareWithCheckpoints();
    }

    /// <summary>Entries read so far.</summary>
    public ulong Count => _tree.Size;

    /// <summary>The consent-state map so far.</summary>
    public ConsentMap Map => _replay.Map;

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<AuditFinding> Findings => _findings;

    /// <summary>The next bundle that <see cref="AddBundle"/> wants; null where all were read.</summary>
    public TilePath? NextBundle => TilePath.In(_checkpoint.Size, TilePath.EntriesLevel, Count / TilePath.FullWidth) is { } path && Count < _checkpoint.Size ? path : null;

    /// <summary>Reads the next bundle of entries.</summary>
    /// <param name="bundle">The bytes at <see cref="NextBundle"/>.</param>
    /// <param name="tile">The bytes of the level-0 hash tile at the same place; empty where they are not at hand.</param>
    /// <returns>False where the bundle cannot be read at all, so that the audit cannot go on.</returns>
    /// <exception cref="InvalidOperationException">Everything was read, or single entries were read inside this bundle.</exception>
    public bool AddBundle(ReadOnlyMemory<byte> bundle, ReadOnlySpan<byte> tile)
    {
        var path = NextBundle ?? throw new InvalidOperationException("Everything was read.");
        if (Count % TilePath.FullWidth != 0)
        {
            throw new InvalidOperationException("Entries of this bundle were read one by one.");
        }

        if (!EntryBundle.Parse(bundle, path.Width).TryGet(out var entries, out var fault))
        {
            Report(Count, fault);
            return false;
        }

        if (!tile.IsEmpty && Tile.MatchesEntries(tile, entries) is { Holds: false } mismatch)
        {
            Report(Count, mismatch.Fault!);
        }

        foreach (var entry in entries)
        {
            AddEntry(entry.Span);
        }

        return true;
    }

    /// <summary>Reads the next entry.</summary>
    /// <exception cref="InvalidOperationException">Everything was read.</exception>
    public void AddEntry(ReadOnlySpan<byte> bytes)
    {
        var index = Count;
        if (index >= _checkpoint.Size)
        {
            throw new InvalidOperationException("Everything was read.");
        }

        _tree.Append(MerkleHash.Leaf(bytes));
        if (LedgerEntry.Parse(bytes).TryGet(out var entry, out var fault))
        {
            if (_replay.Apply(entry) is { Holds: false } violation)
            {
                Report(index, violation.Fault!);
            }
        }
        else
        {
            Report(index, fault);
            _replay.SkipUnreadable();
        }

        CompareWithCheckpoints();
    }

    /// <summary>All findings, once everything was read; before that one more, that it was not.</summary>
    public IReadOnlyList<AuditFinding> Finish()
    {
        if (Count < _checkpoint.Size)
        {
            Report(Count, new Fault("audit-incomplete", $"Only {Count} of {_checkpoint.Size} entries were read."));
        }

        return _findings;
    }

    private void CompareWithCheckpoints()
    {
        if (!_expected.TryGetValue(Count, out var checkpoints))
        {
            return;
        }

        var root = _tree.Root;
        foreach (var checkpoint in checkpoints)
        {
            if (checkpoint.Root != root)
            {
                Report(null, new Fault("audit-root", $"The entries do not lead to the root that the checkpoint of {Count} entries names."));
            }
        }

        if (Count > 0 && !_replay.EndsWithState)
        {
            Report(Count - 1, new Fault("end-state-missing", $"The checkpoint of {Count} entries does not end with a STATE entry."));
        }
    }

    private void Report(ulong? index, Fault fault)
    {
        if (_findings.Count < MaxFindings)
        {
            _findings.Add(new AuditFinding(index, fault));
        }
    }
}
