using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>
/// The public part of verifying a ledger: signature, then every hash up to the signed root, then the tiles above, then the checkpoint of an earlier run.
/// It reads the source once, trusts nothing of it, and needs 1/256 of it in memory.
/// </summary>
internal sealed class LedgerVerification(LedgerSource source, Followed followed, VerifiedCheckpoint? earlier)
{
    private readonly List<Finding> findings = [];
    private readonly Dictionary<TilePath, byte[]> kept = [];
    private bool entriesChecked;
    private bool isFinal;

    /// <summary>The signed note as it was served, once <see cref="Run"/> has read it.</summary>
    public byte[] Note { get; private set; } = [];

    /// <summary>Verifies. <paramref name="progress"/> makes the bar once the size is known.</summary>
    /// <exception cref="UnreachableException">The source cannot be read, or has no checkpoint.</exception>
    public async Task<Report> Run(Func<ulong, ProgressBar> progress, CancellationToken cancellationToken)
    {
        var served = await ServedCheckpoint.Fetch(source, followed.Policy, earlier, cancellationToken);
        (Note, isFinal) = (served.Note, served.IsFinal);
        if (!served.Verified.TryGet(out var verified, out var fault))
        {
            findings.Add(new Finding(fault.Code, "checkpoint", null, fault.Detail));
            return Report(null);
        }

        var checkpoint = verified.Checkpoint;
        var tree = new TreeRecomputation([.. followed.Fixed(checkpoint).Append(earlier?.Checkpoint).OfType<Checkpoint>().Select(each => each.Size)]);
        using (var bar = progress(checkpoint.Size))
        {
            if (!await ReadLeaves(tree, checkpoint.Size, bar, cancellationToken))
            {
                return Report(verified);
            }
        }

        var rootHolds = tree.Root == checkpoint.Root;
        if (await ReadTilesAbove(tree, checkpoint.Size, rootHolds, cancellationToken) && !rootHolds)
        {
            FaultyTiles.Find(tree, checkpoint, kept, findings);
        }

        if (rootHolds)
        {
            CompareWithEarlier(tree, checkpoint);
            CompareWithSuccessions(tree, checkpoint);
        }

        return Report(verified);
    }

    private Report Report(VerifiedCheckpoint? verified) => new()
    {
        Source = source.Name,
        Checkpoint = verified,
        Earlier = earlier,
        Lineage = followed.Lineage,
        Parts = verified is null ? ReportParts.Unsigned(findings[0], "append-only", "inclusion", "map-replay", "epochs", "facts") : [.. Parts(verified)],
        Findings = findings,
    };

    private IEnumerable<ReportPart> Parts(VerifiedCheckpoint verified)
    {
        var appendOnly = findings.Count(finding => finding.Code.StartsWith("append-only", StringComparison.Ordinal));
        var hashes = findings.Count - appendOnly;
        foreach (var part in ReportParts.Signed(verified, isFinal, followed.Lineage))
        {
            yield return part;
        }

        yield return ReportParts.Of(
            "inclusion", hashes, "Inclusion: the hashes do not all lead to the signed root.", $"Inclusion: all {verified.Checkpoint.Size} entry hashes lead to the signed root, and every tile above agrees.");
        if (entriesChecked && hashes == 0)
        {
            yield return ReportParts.Passed("entries", "Entries: each entry in this copy hashes to its place.");
        }

        yield return hashes > 0 && earlier is not null
            ? ReportParts.NotChecked("append-only", "Append-only: it needs hashes that lead to the signed root.")
            : ReportParts.AppendOnly(earlier, appendOnly);
        yield return ReportParts.NotChecked("map-replay", "Consent state: that the entries add up to the consents claimed needs the entries, which auditors can read (healthledger audit).");
        yield return ReportParts.NotChecked("epochs", "Epochs: that each EPOCH entry commits to the events of its epoch needs the entries too.");
        yield return ReportParts.NotChecked("facts", "Facts: the entries commit to them and do not show them.");
        yield return ReportParts.Completeness;
    }

    /// <summary>Reads level 0 whole; false where a tile is missing or has the wrong length, so that there is no tree to build.</summary>
    private async Task<bool> ReadLeaves(TreeRecomputation tree, ulong size, ProgressBar bar, CancellationToken cancellationToken)
    {
        await foreach (var (path, bytes) in TileFetch.Level(source, 0, size, cancellationToken))
        {
            if (!IsWhole(path, bytes))
            {
                return false;
            }

            if (source.MayHoldEntries)
            {
                await CheckEntries(path, bytes!, cancellationToken);
            }

            tree.Add(bytes);
            var done = (path.Index * TilePath.FullWidth) + (ulong)path.Width;
            if (done == size)
            {
                kept[path] = bytes!;
            }

            bar.Report(done);
        }

        return true;
    }

    /// <summary>Where the copy holds the entries themselves, each must hash to its place.</summary>
    private async Task CheckEntries(TilePath leaves, byte[] tile, CancellationToken cancellationToken)
    {
        var path = leaves with { Level = TilePath.EntriesLevel };
        if (await TileFetch.One(source, path, cancellationToken) is not { } bundle)
        {
            return;
        }

        entriesChecked = true;
        if (!EntryBundle.Parse(bundle, path.Width).TryGet(out var entries, out var fault))
        {
            findings.Add(new Finding(fault.Code, path.ToString(), null, fault.Detail));
            return;
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if (MerkleHash.Leaf(entries[i].Span) != Tile.At(tile, i))
            {
                findings.Add(new Finding("tile-entry", path.ToString(), i, $"Entry {(leaves.Index * TilePath.FullWidth) + (ulong)i} does not hash to hash {i} of {leaves}."));
            }
        }
    }

    /// <summary>Reads the levels above; where the root holds, each hash that the leaves do not give is a finding. False where a tile is missing.</summary>
    private async Task<bool> ReadTilesAbove(TreeRecomputation tree, ulong size, bool rootHolds, CancellationToken cancellationToken)
    {
        var whole = true;
        for (var level = 1; TilePath.HashesAt(level, size) > 0; level++)
        {
            await foreach (var (path, bytes) in TileFetch.Level(source, level, size, cancellationToken))
            {
                if (!IsWhole(path, bytes))
                {
                    whole = false;
                    continue;
                }

                kept[path] = bytes!;
                for (var i = 0; rootHolds && i < path.Width; i++)
                {
                    var expected = tree.Row(level)[checked((int)((path.Index * TilePath.FullWidth) + (ulong)i))];
                    if (Tile.At(bytes, i) != expected)
                    {
                        findings.Add(new Finding("tile-hash", path.ToString(), i, $"Hash {i} is {Tile.At(bytes, i)}, but the tiles below give {expected}."));
                    }
                }
            }
        }

        return whole;
    }

    private bool IsWhole(TilePath path, byte[]? bytes)
    {
        if (bytes is null)
        {
            findings.Add(new Finding("tile-missing", path.ToString(), null, "The tile is missing."));
            return false;
        }

        if (Tile.CheckLength(path, bytes).Fault is { } fault)
        {
            findings.Add(new Finding(fault.Code, path.ToString(), null, fault.Detail));
            return false;
        }

        return true;
    }

    private void CompareWithSuccessions(TreeRecomputation tree, Checkpoint checkpoint)
    {
        foreach (var fixedRoot in followed.Fixed(checkpoint).Where(each => tree.RootAt(each.Size) != each.Root))
        {
            findings.Add(new Finding("append-only-succession", "successions", null, $"The successions of the log's key are of another history: they name another root for its first {fixedRoot.Size} entries."));
        }
    }

    private void CompareWithEarlier(TreeRecomputation tree, Checkpoint checkpoint)
    {
        if (earlier?.Checkpoint is not { } before)
        {
            return;
        }

        if (before.Size > checkpoint.Size)
        {
            findings.Add(new Finding("append-only-shrunk", "checkpoint", null, $"The ledger had {before.Size} entries and now shows {checkpoint.Size}."));
        }
        else if (tree.RootAt(before.Size) != before.Root)
        {
            findings.Add(new Finding("append-only-fork", "checkpoint", null, $"The ledger signed another root for its first {before.Size} entries before: it was rewritten."));
        }
    }
}
