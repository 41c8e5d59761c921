using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Review;

/// <summary>
/// Checks the running ledger as an auditor with the entries would: signature, every hash up to the signed root, the STATE entry at the end, and the consent-state
/// map by replay. What runs inside the gateway can be made to say anything by who runs the gateway: whoever does not trust it runs <c>healthledger verify</c>.
/// </summary>
public sealed class LedgerCheck(LedgerLog ledger)
{
    private const int LevelsPerTile = 8;

    /// <summary>Reads the whole ledger up to its newest checkpoint: about a second for each 100,000 entries.</summary>
    public LedgerCheckResult Run(CancellationToken cancellation)
    {
        var published = ledger.Published;
        if (!CheckpointVerification.Verify(published.Note.Span, ledger.OwnPolicy).TryGet(out var verified, out var fault))
        {
            return new LedgerCheckResult(published, ledger.VerifierKey, [new LedgerCheckFinding(fault.Code, fault.Detail)], 0, 0);
        }

        var findings = ImmutableArray.CreateBuilder<LedgerCheckFinding>();
        var replay = new LedgerReplay(verified.Checkpoint);
        var rows = new List<Hash>[LevelsPerTile];
        var tree = new CompactRange();
        var tiles = 0;
        while (replay.NextBundle is { } path)
        {
            cancellation.ThrowIfCancellationRequested();
            var entries = ledger.ReadEntryBundle(path.Index, path.Width);
            var tile = ledger.ReadTile(0, path.Index, path.Width);
            if (entries is null || tile is null || Tile.CheckLength(path with { Level = 0 }, tile).Fault is not null)
            {
                findings.Add(new LedgerCheckFinding("tile-missing", $"The entries or hashes at {path} cannot be read."));
                return Result();
            }

            if (!replay.AddBundle(entries, tile))
            {
                return Result();
            }

            tiles++;
            for (var i = 0; i < path.Width; i++)
            {
                tree.Append(Tile.At(tile, i), Keep);
            }
        }

        for (var level = 1; TilePath.HashesAt(level, published.Size) > 0; level++)
        {
            foreach (var path in TilePath.AllAt(level, published.Size))
            {
                cancellation.ThrowIfCancellationRequested();
                tiles++;
                CompareTile(path, ledger.ReadTile(level, path.Index, path.Width), rows[level]);
            }
        }

        if (replay.Map.Root != published.MapRoot)
        {
            findings.Add(new LedgerCheckFinding("map-root", "The consent-state map in use is not the one that the entries lead to."));
        }

        return Result();

        LedgerCheckResult Result()
        {
            var all = replay.Finish().Select(f => new LedgerCheckFinding(f.Fault.Code, f.Index is { } at ? $"Entry {at}: {f.Fault.Detail}" : f.Fault.Detail)).Concat(findings);
            return new LedgerCheckResult(published, ledger.VerifierKey, [.. all], tiles, replay.Map.Count);
        }

        void Keep(int level, ulong index, in Hash hash)
        {
            if (level > 0 && level % LevelsPerTile == 0 && level / LevelsPerTile < rows.Length)
            {
                (rows[level / LevelsPerTile] ??= []).Add(hash);
            }
        }

        void CompareTile(TilePath path, byte[]? tile, List<Hash> row)
        {
            for (var i = 0; i < path.Width; i++)
            {
                if (tile is null || tile.Length != path.Width * Hash.Length || Tile.At(tile, i) != row[checked((int)((path.Index * TilePath.FullWidth) + (ulong)i))])
                {
                    findings.Add(new LedgerCheckFinding("tile-hash", $"Hash {i} of {path} is not what the tiles below give."));
                    return;
                }
            }
        }
    }
}

/// <summary>What a check of the ledger came to.</summary>
/// <param name="Checkpoint">The checkpoint that was checked.</param>
/// <param name="VerifierKey">The key that its signature was checked with, for comparing with one got elsewhere.</param>
/// <param name="Findings">What does not hold; empty where everything checked does.</param>
/// <param name="Tiles">Hash tiles read.</param>
/// <param name="Consents">Handles in the consent-state map, granted and withdrawn.</param>
public sealed record LedgerCheckResult(Published Checkpoint, string VerifierKey, ImmutableArray<LedgerCheckFinding> Findings, int Tiles, int Consents)
{
    /// <summary>True where everything checked holds.</summary>
    public bool Holds => Findings.IsEmpty;
}

/// <summary>Something that an honest ledger does not show.</summary>
/// <param name="Code">Stable, for programs.</param>
/// <param name="Detail">A plain sentence.</param>
public sealed record LedgerCheckFinding(string Code, string Detail);
