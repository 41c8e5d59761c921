using System.Diagnostics.CodeAnalysis;

namespace HealthLedger.Proofs.ConsentStateMap;

/// <summary>The consent-state map: a compact sparse Merkle tree from handles to states, in memory (docs/formats/consent-state-map.md).</summary>
/// <remarks>
/// A handle's leaf stands at the shortest prefix of its bits, most significant first, that no other handle shares. Nodes that a change
/// touches are hashed when a root or proof is asked for, once for all changes before it. About 200 bytes for each handle.
/// Not safe for several threads: asking for the root writes too.
/// </remarks>
public sealed class ConsentMap
{
    // A reference is 0 for an empty place, i + 1 for inner node i, -(i + 1) for leaf i.
    private readonly ChunkedList<Inner> _inner = new();
    private readonly ChunkedList<Leaf> _leaves = new();
    private int _root;

    private struct Inner
    {
        public int Left, Right;
        public bool Dirty;
        public Hash Hash;

        public readonly int Child(int bit) => bit == 0 ? Left : Right;

        public void SetChild(int bit, int reference)
        {
            if (bit == 0)
            {
                Left = reference;
            }
            else
            {
                Right = reference;
            }
        }
    }

    private struct Leaf
    {
        public Hash Handle;
        public Hash Hash;
        public ConsentState State;
    }

    /// <summary>Handles in the map, granted and withdrawn.</summary>
    public int Count => _leaves.Count;

    /// <summary>The root: 32 zero bytes for the empty map, a leaf's hash for a single one.</summary>
    public Hash Root => HashOf(_root);

    /// <summary>All handles with their states, in the order of their first setting.</summary>
    public IEnumerable<KeyValuePair<Hash, ConsentState>> Entries
    {
        get
        {
            for (var i = 0; i < _leaves.Count; i++)
            {
                yield return new(_leaves[i].Handle, _leaves[i].State);
            }
        }
    }

    /// <summary>The state of a handle; false where it is absent.</summary>
    public bool TryGet(in Hash handle, [MaybeNullWhen(false)] out ConsentState state)
    {
        var reference = _root;
        for (var depth = 0; reference > 0; depth++)
        {
            reference = _inner[reference - 1].Child(handle.Bit(depth));
        }

        var found = reference < 0 && _leaves[-reference - 1].Handle == handle;
        state = found ? _leaves[-reference - 1].State : default;
        return found;
    }

    /// <summary>Sets the state of a handle, new or present. Knows nothing of rules: see <see cref="ReplayConsentState"/>.</summary>
    public void Set(in Hash handle, in ConsentState state)
    {
        var parent = 0;
        var reference = _root;
        var depth = 0;
        while (reference > 0)
        {
            ref var node = ref _inner[reference - 1];
            node.Dirty = true;
            parent = reference;
            reference = node.Child(handle.Bit(depth++));
        }

        var hash = MapHash.Leaf(handle, state.ValueHash());
        if (reference < 0 && _leaves[-reference - 1].Handle == handle)
        {
            ref var present = ref _leaves[-reference - 1];
            (present.State, present.Hash) = (state, hash);
            return;
        }

        var leaf = -(_leaves.Add(new Leaf { Handle = handle, Hash = hash, State = state }) + 1);
        var subtree = reference == 0 ? leaf : Fork(reference, leaf, depth);
        if (parent == 0)
        {
            _root = subtree;
        }
        else
        {
            _inner[parent - 1].SetChild(handle.Bit(depth - 1), subtree);
        }
    }

    /// <summary>A proof of the handle's state, or of its absence, under <see cref="Root"/>.</summary>
    public ConsentMapProof Prove(in Hash handle)
    {
        _ = Root;
        var siblings = new List<Hash>(40);
        var reference = _root;
        for (var depth = 0; reference > 0; depth++)
        {
            ref var node = ref _inner[reference - 1];
            var bit = handle.Bit(depth);
            siblings.Add(HashOf(node.Child(1 - bit)));
            reference = node.Child(bit);
        }

        if (reference == 0)
        {
            return ConsentMapProof.OfEmptyPlace([.. siblings]);
        }

        ref var leaf = ref _leaves[-reference - 1];
        return leaf.Handle == handle
            ? ConsentMapProof.OfPresence([.. siblings], leaf.State)
            : ConsentMapProof.OfOtherLeaf([.. siblings], leaf.Handle, leaf.State.ValueHash());
    }

    /// <summary>Inner nodes from the depth where both leaves meet down to the bit at which they part.</summary>
    private int Fork(int first, int second, int depth)
    {
        var a = _leaves[-first - 1].Handle;
        var b = _leaves[-second - 1].Handle;
        var parting = depth;
        while (a.Bit(parting) == b.Bit(parting))
        {
            parting++;
        }

        var node = new Inner { Dirty = true };
        node.SetChild(a.Bit(parting), first);
        node.SetChild(b.Bit(parting), second);
        var reference = _inner.Add(node) + 1;
        while (parting-- > depth)
        {
            var above = new Inner { Dirty = true };
            above.SetChild(a.Bit(parting), reference);
            reference = _inner.Add(above) + 1;
        }

        return reference;
    }

    /// <summary>Hashes what is dirty below a reference; at most 256 deep.</summary>
    private Hash HashOf(int reference)
    {
        if (reference == 0)
        {
            return Hash.Zero;
        }

        if (reference < 0)
        {
            return _leaves[-reference - 1].Hash;
        }

        ref var node = ref _inner[reference - 1];
        if (node.Dirty)
        {
            node.Hash = MapHash.Node(HashOf(node.Left), HashOf(node.Right));
            node.Dirty = false;
        }

        return node.Hash;
    }
}
