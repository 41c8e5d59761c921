using HealthLedger.Cli.Verify;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Witness;

/// <summary>What following a ledger to a checkpoint came to.</summary>
/// <param name="Fault">What an honest ledger does not show; null where it was replayed and agrees.</param>
/// <param name="Proven">True where the fault lies in entries that the log itself signed; false where what was served are not the signed entries, which may pass.</param>
internal sealed record Followed(Fault? Fault, bool Proven)
{
    public static Followed Holds { get; } = new(null, true);
}

/// <summary>
/// Replays a ledger as it grows: fetches the entries that are new, and holds each STATE entry against the map that the entries before it add up to, each EPOCH entry
/// against the tags of its entries. Memory: the consent-state map, 40 bytes for each entry since the last EPOCH. Not safe for several threads.
/// </summary>
internal sealed class LedgerFollower(LedgerSource source)
{
    private const int MaxBundle = TilePath.FullWidth * (LedgerEntry.Size + sizeof(ushort));

    private CompactRange tree = new();
    private ReplayConsentState replay = new();
    private EpochReplay epochs = new();
    private Fault? found;
    private (CompactRange Before, byte[] Last)? end;

    /// <summary>Goes on where an earlier process was.</summary>
    public LedgerFollower(LedgerSource source, ReplaySnapshot? earlier)
        : this(source)
    {
        if (earlier is not null)
        {
            tree = earlier.Before.Clone();
            tree.Append(MerkleHash.Leaf(earlier.Last));
            replay = ReplayConsentState.After(earlier.Map, tree.Size);
            epochs = new EpochReplay(tree.Size);
            end = (earlier.Before, earlier.Last);
        }
    }

    /// <summary>Entries replayed so far.</summary>
    public ulong Size => tree.Size;

    /// <summary>Replays up to a checkpoint that its log signed.</summary>
    /// <exception cref="UnreachableException">The entries cannot be fetched; the next call goes on.</exception>
    public async Task<Followed> ReadTo(Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint.Size < tree.Size)
        {
            return new Followed(new Fault("witness-replayed-further", "A later checkpoint was replayed already."), Proven: false);
        }

        while (tree.Size < checkpoint.Size)
        {
            var path = TilePath.In(checkpoint.Size, TilePath.EntriesLevel, tree.Size / TilePath.FullWidth)!.Value;
            var entries = await Fetch(path, cancellationToken);
            if (entries is null)
            {
                return Forget("entries-unreadable", $"{path} is no bundle of entries.");
            }

            for (var i = (int)(tree.Size % TilePath.FullWidth); i < path.Width; i++)
            {
                if (tree.Size == checkpoint.Size - 1)
                {
                    end = (tree.Clone(), entries[i].ToArray());
                }

                var fault = Add(entries[i].Span);
                found ??= fault;
            }
        }

        if (tree.Root != checkpoint.Root)
        {
            return Forget("audit-root", "The entries do not lead to the checkpoint's root.");
        }

        if (!replay.EndsWithState)
        {
            found ??= new Fault("end-state-missing", $"The checkpoint of {checkpoint.Size} entries does not end with a STATE entry.");
        }

        return found is null ? Followed.Holds : new Followed(found, Proven: true);
    }

    /// <summary>What to keep under a checkpoint that was cosigned; null where it is not the one that was replayed last, or where the replay found a fault.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="note">It as a signed note, with this witness's cosignature.</param>
    public ReplaySnapshot? Snapshot(Checkpoint checkpoint, byte[] note) =>
        found is null && end is var (before, last) && tree.Size == checkpoint.Size && tree.Root == checkpoint.Root ? new ReplaySnapshot(note, before, last, replay.Map) : null;

    private Fault? Add(ReadOnlySpan<byte> bytes)
    {
        var index = tree.Size;
        tree.Append(MerkleHash.Leaf(bytes));
        if (!LedgerEntry.Parse(bytes).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        var (state, epoch) = (replay.Apply(entry), epochs.Apply(index, entry));
        return state.Fault ?? epoch.Fault;
    }

    /// <summary>What was served may be nobody's word, so that nothing is concluded from it and the next call begins anew.</summary>
    private Followed Forget(string code, string detail)
    {
        (tree, replay, epochs, found, end) = (new CompactRange(), new ReplayConsentState(), new EpochReplay(), null, null);
        return new Followed(new Fault(code, detail), Proven: false);
    }

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>?> Fetch(TilePath path, CancellationToken cancellationToken)
    {
        // A log may drop a partial bundle once the full one exists (c2sp.org/tlog-tiles, "Partial tiles").
        var bytes = await source.Fetch(path.ToString(), MaxBundle, cancellationToken);
        var read = path;
        if (bytes is null && path.IsPartial)
        {
            read = path.Full;
            bytes = await source.Fetch(read.ToString(), MaxBundle, cancellationToken);
        }

        if (bytes is null)
        {
            throw new UnreachableException($"{source.Name}{path} is missing.");
        }

        return EntryBundle.Parse(bytes, read.Width).TryGet(out var entries, out _) ? entries : null;
    }
}
