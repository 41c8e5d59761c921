namespace HealthLedger.Vault;

/// <summary>
/// The Merkle tree over the current versions of a shelf, one leaf for each record in the order in which the records first came. Hashed as RFC 6962
/// section 2.1 says, so the ledger's proofs apply to it. Owned by whoever holds the shelf's write lock; readers only ever see the root.
/// </summary>
internal sealed class VersionSet
{
    private readonly List<List<Hash256>> levels = [[]];

    /// <summary>How many records.</summary>
    internal int Count => levels[0].Count;

    internal Hash256 Root => Count == 0 ? Hash256.Of([]) : levels[^1][0];

    internal static Hash256 Leaf(ShelfEntry entry)
    {
        Span<byte> leaf = stackalloc byte[1 + KeyedName.Size + sizeof(int) + 1 + Hash256.Size];
        leaf[0] = 0;
        entry.Handle.CopyTo(leaf[1..]);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(leaf[(1 + KeyedName.Size)..], entry.Key.Version);
        leaf[1 + KeyedName.Size + sizeof(int)] = (byte)entry.State;
        entry.CiphertextHash.CopyTo(leaf[(1 + KeyedName.Size + sizeof(int) + 1)..]);
        return Hash256.Of(leaf);
    }

    internal static Hash256 RootOf(IReadOnlyList<Hash256> leaves) => Of(leaves).Root;

    /// <summary>The tree over these leaves.</summary>
    internal static VersionSet Of(IEnumerable<Hash256> leaves)
    {
        var set = new VersionSet();
        var level = set.levels[0];
        level.AddRange(leaves);
        while (level.Count > 1)
        {
            var parents = new List<Hash256>((level.Count + 1) / 2);
            for (var left = 0; left < level.Count; left += 2)
            {
                // the last node of an odd level has no sibling and rises as it is
                parents.Add(left + 1 < level.Count ? Parent(level[left], level[left + 1]) : level[left]);
            }

            set.levels.Add(level = parents);
        }

        return set;
    }

    /// <summary>What the tree becomes with these leaves set; nothing changes yet. New slots follow the last without a gap.</summary>
    internal Change Preview(IReadOnlyList<KeyValuePair<int, Hash256>> leaves)
    {
        var count = Count;
        var dirty = new SortedDictionary<int, Hash256>();
        foreach (var (slot, leaf) in leaves)
        {
            dirty[slot] = leaf;
            count = Math.Max(count, slot + 1);
        }

        var changed = new List<SortedDictionary<int, Hash256>>();
        for (var level = 0; ; level++)
        {
            changed.Add(dirty);
            if (count <= 1)
            {
                var root = count == 0 ? Hash256.Of([]) : Node(level, 0, dirty);
                return new Change(root, changed);
            }

            var parents = new SortedDictionary<int, Hash256>();
            foreach (var index in dirty.Keys)
            {
                var left = index & ~1;
                if (!parents.ContainsKey(left >> 1))
                {
                    // the last node of an odd level has no sibling and rises as it is
                    parents[left >> 1] = left + 1 < count ? Parent(Node(level, left, dirty), Node(level, left + 1, dirty)) : Node(level, left, dirty);
                }
            }

            dirty = parents;
            count = (count + 1) >> 1;
        }
    }

    /// <summary>Makes a previewed change real. Does not throw.</summary>
    internal void Apply(Change change)
    {
        for (var level = 0; level < change.Nodes.Count; level++)
        {
            if (level == levels.Count)
            {
                levels.Add([]);
            }

            foreach (var (index, hash) in change.Nodes[level])
            {
                if (index < levels[level].Count)
                {
                    levels[level][index] = hash;
                }
                else
                {
                    levels[level].Add(hash);
                }
            }
        }
    }

    private Hash256 Node(int level, int index, SortedDictionary<int, Hash256> dirty) =>
        dirty.TryGetValue(index, out var hash) ? hash : levels[level][index];

    private static Hash256 Parent(Hash256 left, Hash256 right)
    {
        Span<byte> node = stackalloc byte[1 + (2 * Hash256.Size)];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + Hash256.Size)..]);
        return Hash256.Of(node);
    }

    /// <summary>A change that was computed and not yet made.</summary>
    internal sealed record Change(Hash256 Root, IReadOnlyList<SortedDictionary<int, Hash256>> Nodes);
}
