// Laws of RFC 6962 section 2.1 over random trees: what is constructed verifies, what is changed does not.
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Tests.Merkle;

public class ProofLawTests
{
    private static Hash[] Leaves(Random random, int size) => [.. Enumerable.Range(0, size).Select(_ => random.Hash())];

    private static NodeReader Reader(Hash[] leaves) =>
        (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level));

    [Fact]
    public void Inclusion_proofs_verify_for_every_leaf_and_for_no_other_place() => Laws.Check(60, random =>
    {
        var leaves = Leaves(random, random.Next(1, 600));
        var root = MerkleHash.Root(leaves);
        var index = random.Next(leaves.Length);
        var size = (ulong)leaves.Length;
        var proof = ProofConstruction.Inclusion((ulong)index, size, Reader(leaves));
        var other = (ulong)random.Next(leaves.Length);
        return InclusionProof.Verify(leaves[index], (ulong)index, size, proof, root).Holds
            && (other == (ulong)index || !InclusionProof.Verify(leaves[index], other, size, proof, root).Holds)
            && !InclusionProof.Verify(leaves[index], size, size, proof, root).Holds
            && !InclusionProof.Verify(leaves[index], (ulong)index, size, [.. proof, Hash.Zero], root).Holds;
    });

    [Fact]
    public void A_changed_byte_of_an_inclusion_proof_fails() => Laws.Check(60, random =>
    {
        var leaves = Leaves(random, random.Next(2, 300));
        var index = random.Next(leaves.Length);
        var proof = ProofConstruction.Inclusion((ulong)index, (ulong)leaves.Length, Reader(leaves));
        var bytes = proof[random.Next(proof.Length)].ToArray();
        var at = Array.FindIndex(proof, hash => hash.Bytes.SequenceEqual(bytes));
        bytes[random.Next(32)] ^= (byte)(1 << random.Next(8));
        proof[at] = new Hash(bytes);
        return !InclusionProof.Verify(leaves[index], (ulong)index, (ulong)leaves.Length, proof, MerkleHash.Root(leaves)).Holds;
    });

    [Fact]
    public void Consistency_proofs_verify_between_all_sizes_and_not_with_a_changed_leaf() => Laws.Check(80, random =>
    {
        var leaves = Leaves(random, random.Next(1, 600));
        var oldSize = random.Next(0, leaves.Length + 1);
        var oldRoot = MerkleHash.Root(leaves.AsSpan(0, oldSize));
        var root = MerkleHash.Root(leaves);
        var proof = ProofConstruction.Consistency((ulong)oldSize, (ulong)leaves.Length, Reader(leaves));
        var valid = ConsistencyProof.Verify((ulong)oldSize, (ulong)leaves.Length, proof, oldRoot, root);
        if (oldSize == 0)
        {
            return !valid.Holds && proof.Length == 0;
        }

        if (!valid.Holds)
        {
            return false;
        }

        leaves[random.Next(oldSize)] = random.Hash();
        var rewritten = ProofConstruction.Consistency((ulong)oldSize, (ulong)leaves.Length, Reader(leaves));
        return !ConsistencyProof.Verify((ulong)oldSize, (ulong)leaves.Length, rewritten, oldRoot, MerkleHash.Root(leaves)).Holds
            && !ConsistencyProof.Verify((ulong)oldSize, (ulong)leaves.Length, [.. proof, Hash.Zero], oldRoot, root).Holds;
    });

    [Fact]
    public void An_append_tells_every_node_that_it_completes() => Laws.Check(20, random =>
    {
        var leaves = Leaves(random, random.Next(1, 300));
        var nodes = new Dictionary<(int, ulong), Hash>();
        var range = new CompactRange();
        foreach (var leaf in leaves)
        {
            range.Append(leaf, (int level, ulong index, in Hash hash) => nodes.Add((level, index), hash));
        }

        var read = Reader(leaves);
        return nodes.Count == Enumerable.Range(0, 10).Sum(level => leaves.Length >> level)
            && nodes.All(node => read(node.Key.Item1, node.Key.Item2) == node.Value)
            && ProofConstruction.Root((ulong)leaves.Length, read) == range.Root;
    });

    [Fact]
    public void Tiles_give_the_same_nodes_and_a_flipped_byte_in_any_tile_is_found() => Laws.Check(4, random =>
    {
        var leaves = Leaves(random, random.Next(1, 140_000));
        var size = (ulong)leaves.Length;
        var tiles = TileStore.Of(leaves);
        var root = MerkleHash.Root(leaves);
        var proof = ProofConstruction.Inclusion(size / 2, size, Tile.Nodes(size, path => tiles[path]));
        var ok = InclusionProof.Verify(leaves[size / 2], size / 2, size, proof, root).Holds
            && VerifiedTiles.Open(size, root, path => tiles[path]).TryGet(out var verified, out _)
            && tiles.Keys.All(path => verified.Get(path).IsValid);

        var victim = tiles.Keys.ElementAt(random.Next(tiles.Count));
        var bytes = tiles[victim].ToArray();
        bytes[random.Next(bytes.Length)] ^= 1;
        tiles[victim] = bytes;
        var found = !VerifiedTiles.Open(size, root, path => tiles[path]).TryGet(out var again, out _)
            || tiles.Keys.Any(path => !again.Get(path).IsValid);
        return ok && found;
    });
}

/// <summary>All tiles of a tree, in memory.</summary>
internal static class TileStore
{
    public static Dictionary<TilePath, ReadOnlyMemory<byte>> Of(Hash[] leaves)
    {
        var rows = new List<Hash>[8];
        var range = new CompactRange();
        foreach (var leaf in leaves)
        {
            range.Append(leaf, (int level, ulong _, in Hash hash) =>
            {
                if (level % 8 == 0)
                {
                    (rows[level / 8] ??= []).Add(hash);
                }
            });
        }

        var tiles = new Dictionary<TilePath, ReadOnlyMemory<byte>>();
        foreach (var path in TilePath.Grown(0, (ulong)leaves.Length).Where(path => !path.IsEntries))
        {
            tiles[path] = rows[path.Level].Skip((int)path.Index * 256).Take(path.Width).SelectMany(hash => hash.ToArray()).ToArray();
        }

        return tiles;
    }
}
