using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>Finds which tiles were changed where the leaves do not lead to the signed root.</summary>
internal static class FaultyTiles
{
    /// <summary>Adds at least one finding.</summary>
    /// <param name="tree">The tree over the leaves as they were served.</param>
    /// <param name="checkpoint">The verified checkpoint.</param>
    /// <param name="kept">All tiles above level 0, and the last of level 0.</param>
    /// <param name="findings">Receives the findings.</param>
    public static void Find(TreeRecomputation tree, Checkpoint checkpoint, IReadOnlyDictionary<TilePath, byte[]> kept, List<Finding> findings)
    {
        var before = findings.Count;

        // Where the right edge leads to the signed root, the tiles above are proven, and a disagreement is the lower tile's fault.
        var proven = VerifiedTiles.Open(checkpoint.Size, checkpoint.Root, path => kept[path]).TryGet(out var tiles, out _);
        for (var level = 1; TilePath.HashesAt(level, checkpoint.Size) > 0; level++)
        {
            foreach (var path in TilePath.AllAt(level, checkpoint.Size))
            {
                var certain = proven && tiles!.Get(path).IsValid;
                for (var i = 0; i < path.Width; i++)
                {
                    var index = (path.Index * TilePath.FullWidth) + (ulong)i;
                    var served = Tile.At(kept[path], i);
                    var computed = tree.Row(level)[checked((int)index)];
                    if (served != computed)
                    {
                        var lower = new TilePath(level - 1, index, TilePath.FullWidth);
                        findings.Add(certain
                            ? new Finding("tile-hash", lower.ToString(), null, $"The tile hashes to {computed}, but the signed tree has {served} there (hash {i} of {path}).")
                            : new Finding("tile-hash", path.ToString(), i, $"Hash {i} is {served}, but {lower} hashes to {computed}: one of the two was changed."));
                    }
                }
            }
        }

        if (findings.Count == before)
        {
            // All full tiles agree with those above, so that only the hashes after the last full tile are left.
            var last = TilePath.In(checkpoint.Size, 0, checkpoint.Size == 0 ? 0 : (checkpoint.Size - 1) / TilePath.FullWidth);
            findings.Add(new Finding(
                "tiles-root", last?.ToString() ?? "checkpoint", null, $"The tiles hash to the root {tree.Root}, but the checkpoint signs {checkpoint.Root}."));
        }
    }
}
