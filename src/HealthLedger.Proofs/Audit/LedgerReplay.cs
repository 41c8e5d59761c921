using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Audit;

/// <summary>Reads a whole ledger, entry by entry from index 0, and collects what an honest one does not show.</summary>
/// <remarks>
/// Checks: each entry is well formed; each bundle hashes to its tile; the consent-state map is the replay at every STATE entry; each EPOCH
/// entry commits to the tags of its entries; each known earlier checkpoint has the root of its first entries and ends with STATE; and so the checkpoint itself; and
/// what further checks are given. Fed with bytes, does no reading. Memory: the consent-state map, 63 hashes, 40 bytes for each entry since the last EPOCH.
/// Not safe for several threads.
/// </remarks>
public sealed class LedgerReplay
{
    /// <summary>After so many findings no more are collected: the ledger is broken.</summary>
    public const int MaxFindings = 1000;

    private readonly Dictionary<ulong, List<Checkpoint>> _expected = [];
    private readonly Checkpoint _checkpoint;
    private readonly CompactRange _tree = new();
    private readonly ReplayConsentState _replay = new();
    private readonly EpochReplay _epochs = new();
    private readonly IReplayCheck[] _checks;
    private readonly List<AuditFinding> _findings = [];

    /// <summary>An audit up to a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint, verified.</param>
    /// <param name="earlier">Earlier verified checkpoints that the entries must also lead to.</param>
    /// <param name="checks">Checks beside those of the consent-state map and the epochs; each is fed every entry.</param>
    public LedgerReplay(Checkpoint checkpoint, IEnumerable<Checkpoint>? earlier = null, IEnumerable<IReplayCheck>? checks = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        _checkpoint = checkpoint;
        _checks = [_replay, _epochs, .. checks ?? []];
        foreach (var each in (earlier ?? []).Append(checkpoint))
        {
            if (each.Origin != checkpoint.Origin || each.Size > checkpoint.Size)
            {
                Report(AuditPart.AppendOnly, null, new Fault("append-only-shrunk", $"A checkpoint of {each.Size} entries of {each.Origin} is not before this one."));
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

    /// <summary>The epochs so far.</summary>
    public EpochReplay Epochs => _epochs;

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
            Report(AuditPart.Inclusion, Count, fault);
            return false;
        }

        if (!tile.IsEmpty && tile.Length != path.Width * Hash.Length)
        {
            Report(AuditPart.Inclusion, Count, new Fault("tile-width", $"The tile beside {path} has {tile.Length} bytes, not {path.Width * Hash.Length}."));
            tile = [];
        }

        for (var i = 0; i < entries.Count; i++)
        {
            var leaf = MerkleHash.Leaf(entries[i].Span);
            if (!tile.IsEmpty && leaf != Tile.At(tile, i))
            {
                Report(AuditPart.Inclusion, Count, new Fault("tile-entry", $"Entry {Count} does not hash to its place in the tile."));
            }

            Add(leaf, entries[i].Span);
        }

        return true;
    }

    /// <summary>Reads the next entry.</summary>
    /// <exception cref="InvalidOperationException">Everything was read.</exception>
    public void AddEntry(ReadOnlySpan<byte> bytes)
    {
        if (Count >= _checkpoint.Size)
        {
            throw new InvalidOperationException("Everything was read.");
        }

        Add(MerkleHash.Leaf(bytes), bytes);
    }

    /// <summary>All findings, once everything was read; before that one more, that it was not.</summary>
    public IReadOnlyList<AuditFinding> Finish()
    {
        if (Count < _checkpoint.Size)
        {
            Report(AuditPart.Inclusion, Count, new Fault("audit-incomplete", $"Only {Count} of {_checkpoint.Size} entries were read."));
        }

        return _findings;
    }

    private void Add(in Hash leaf, ReadOnlySpan<byte> bytes)
    {
        var index = Count;
        _tree.Append(leaf);
        if (LedgerEntry.Parse(bytes).TryGet(out var entry, out var fault))
        {
            foreach (var check in _checks)
            {
                if (check.Apply(index, entry) is { Holds: false } violation)
                {
                    Report(check.Part, index, violation.Fault!);
                }
            }
        }
        else
        {
            Report(AuditPart.Inclusion, index, fault);
            foreach (var check in _checks)
            {
                check.Skip(index);
            }
        }

        CompareWithCheckpoints();
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
            if (checkpoint.Root == root)
            {
                continue;
            }

            if (ReferenceEquals(checkpoint, _checkpoint))
            {
                Report(AuditPart.Inclusion, null, new Fault("audit-root", $"The entries do not lead to the root that the checkpoint of {Count} entries names."));
            }
            else
            {
                Report(AuditPart.AppendOnly, null, new Fault("append-only-fork", $"An earlier checkpoint names another root for the first {Count} entries."));
            }
        }

        if (Count > 0 && !_replay.EndsWithState)
        {
            Report(AuditPart.MapReplay, Count - 1, new Fault("end-state-missing", $"The checkpoint of {Count} entries does not end with a STATE entry."));
        }
    }

    private void Report(AuditPart part, ulong? index, Fault fault)
    {
        if (_findings.Count < MaxFindings)
        {
            _findings.Add(new AuditFinding(part, index, fault));
        }
    }
}
