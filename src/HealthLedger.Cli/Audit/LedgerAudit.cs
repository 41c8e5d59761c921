using System.Runtime.CompilerServices;
using HealthLedger.Cli.Verify;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Audit;

/// <summary>
/// Reads every entry of a ledger, in order, into <see cref="LedgerReplay"/>: the root, the growth since an earlier checkpoint, and what the entries add up to.
/// It trusts nothing of the source and keeps the consent-state map in memory.
/// </summary>
internal sealed class LedgerAudit(LedgerSource source, Followed followed, VerifiedCheckpoint? earlier, Challenge? challenge = null)
{
    private const int Ahead = 16;
    private const int MaxBundle = TilePath.FullWidth * (LedgerEntry.Size + sizeof(ushort));
    private const int MaxTile = TilePath.FullWidth * Hash.Length;

    private readonly List<Finding> findings = [];

    /// <summary>The signed note as it was served, once <see cref="Run"/> has read it.</summary>
    public byte[] Note { get; private set; } = [];

    /// <summary>Audits. <paramref name="progress"/> makes the bar once the size is known.</summary>
    /// <exception cref="UnreachableException">The source cannot be read, or has no checkpoint.</exception>
    public async Task<Report> Run(Func<ulong, ProgressBar> progress, CancellationToken cancellationToken)
    {
        var served = await ServedCheckpoint.Fetch(source, followed.Policy, earlier, cancellationToken);
        Note = served.Note;
        if (!served.Verified.TryGet(out var verified, out var fault))
        {
            findings.Add(new Finding(fault.Code, "checkpoint", null, fault.Detail));
            return Report(null, AuditParts.OfUnsigned(findings[0]));
        }

        IReplayCheck keys = new SuccessionReplay(followed.Lineage, followed.ServedAt ?? verified.Checkpoint.Size);
        var replay = new LedgerReplay(
            verified.Checkpoint, followed.Fixed(verified.Checkpoint).Append(earlier?.Checkpoint).OfType<Checkpoint>(), challenge is null ? [keys] : [keys, challenge.Sample]);
        using (var bar = progress(verified.Checkpoint.Size))
        {
            await Read(replay, verified.Checkpoint.Size, bar, cancellationToken);
        }

        var found = Own(replay.Finish());
        if (challenge is not null && found.Count == 0)
        {
            found.AddRange(await challenge.Ask(followed.Policy, cancellationToken));
        }

        findings.AddRange(found.Select(FindingOf));
        return Report(verified, [.. AuditParts.Of(verified, served.IsFinal, followed.Lineage, earlier, replay, found, challenge?.Sample.Drawn.Count)]);
    }

    private Report Report(VerifiedCheckpoint? verified, IReadOnlyList<ReportPart> parts) =>
        new() { Source = source.Name, Checkpoint = verified, Earlier = earlier, Lineage = followed.Lineage, Parts = parts, Findings = findings };

    /// <summary>Feeds the replay, until everything was read or what comes can no longer be read.</summary>
    private async Task Read(LedgerReplay replay, ulong size, ProgressBar bar, CancellationToken cancellationToken)
    {
        await foreach (var (path, bundle, tile) in Bundles(size, cancellationToken))
        {
            if (bundle is null)
            {
                findings.Add(new Finding("entries-missing", path.ToString(), null, "The bundle of entries is missing."));
                return;
            }

            if (!replay.AddBundle(bundle, tile) || replay.Findings.Count == LedgerReplay.MaxFindings)
            {
                return;
            }

            bar.Report(replay.Count);
        }
    }

    /// <summary>All bundles in order, some fetched ahead, each with the hash tile beside it: the tile tells which entry was changed.</summary>
    private async IAsyncEnumerable<(TilePath Path, byte[]? Bundle, byte[]? Tile)> Bundles(ulong size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waiting = new Queue<(TilePath Path, Task<byte[]?> Bundle, Task<byte[]?> Tile)>();
        foreach (var path in TilePath.AllAt(TilePath.EntriesLevel, size))
        {
            waiting.Enqueue((path, Fetch(path, MaxBundle, LedgerEntry.Size + sizeof(ushort), cancellationToken), Fetch(path with { Level = 0 }, MaxTile, Hash.Length, cancellationToken)));
            if (waiting.Count > Ahead)
            {
                var (first, bundle, tile) = waiting.Dequeue();
                yield return (first, await bundle, await tile);
            }
        }

        while (waiting.TryDequeue(out var next))
        {
            yield return (next.Path, await next.Bundle, await next.Tile);
        }
    }

    /// <summary>A log may drop a partial tile once the full one exists (c2sp.org/tlog-tiles, "Partial tiles"): then the full one's beginning stands for it.</summary>
    private async Task<byte[]?> Fetch(TilePath path, int limit, int each, CancellationToken cancellationToken)
    {
        var bytes = await source.Fetch(path.ToString(), limit, cancellationToken);
        if (bytes is not null || !path.IsPartial)
        {
            return bytes;
        }

        var full = await source.Fetch(path.Full.ToString(), limit, cancellationToken);
        return full?.Length == TilePath.FullWidth * each ? full[..(path.Width * each)] : full;
    }

    /// <summary>
    /// Entries that are not the signed ones lead to another root at the earlier checkpoint too: that convicts who served them, and not the log of two histories.
    /// </summary>
    private static List<AuditFinding> Own(IReadOnlyList<AuditFinding> all) =>
        [.. all.Where(finding => finding.Fault.Code != "append-only-fork" || all.All(other => other.Part != AuditPart.Inclusion))];

    private static Finding FindingOf(AuditFinding finding)
    {
        var place = finding.Index is { } index ? new TilePath(TilePath.EntriesLevel, index / TilePath.FullWidth, TilePath.FullWidth).ToString() : "checkpoint";
        return new Finding(finding.Fault.Code, place, (int?)(finding.Index % TilePath.FullWidth), finding.Fault.Detail);
    }
}
