// RFC 6962 section 2.1: the tree over n leaves splits at the largest power of two below n.
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Vault;

namespace HealthLedger.Tests.Vault;

public sealed class VersionSetTests
{
    [Fact]
    public void The_empty_tree_is_the_hash_of_nothing() =>
        Assert.Equal("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", Convert.ToHexString(new VersionSet().Root.ToArray()));

    [Fact]
    public void Built_at_once_it_is_what_single_changes_make_and_changes_further()
    {
        for (var count = 0; count <= 70; count++)
        {
            var leaves = Enumerable.Range(0, count).Select(_ => Hash256.Read(RandomNumberGenerator.GetBytes(32))).ToList();
            var set = VersionSet.Of(leaves);
            Assert.Equal(Defined([.. leaves]), set.Root);
            Assert.Equal(count, set.Count);
            leaves.Add(Hash256.Read(RandomNumberGenerator.GetBytes(32)));
            set.Apply(set.Preview([KeyValuePair.Create(count, leaves[count])]));
            Assert.Equal(Defined([.. leaves]), set.Root);
        }
    }

    [Fact]
    public void Its_root_is_that_of_the_definition_after_any_changes() =>
        Prop.ForAll<PositiveInt[]>(changes =>
        {
            var set = new VersionSet();
            var leaves = new List<Hash256>();
            foreach (var batch in changes.Chunk(3))
            {
                var preview = new List<KeyValuePair<int, Hash256>>();
                foreach (var change in batch)
                {
                    var slot = change.Get % (leaves.Count + 1);
                    var leaf = Hash256.Read(RandomNumberGenerator.GetBytes(32));
                    if (slot == leaves.Count)
                    {
                        leaves.Add(leaf);
                    }
                    else
                    {
                        leaves[slot] = leaf;
                    }

                    preview.Add(KeyValuePair.Create(slot, leaf));
                }

                var before = set.Root;
                var next = set.Preview(preview);
                if (set.Root != before || next.Root != Defined([.. leaves]))
                {
                    return false;
                }

                set.Apply(next);
                if (set.Root != next.Root || set.Count != leaves.Count)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    private static Hash256 Defined(ReadOnlySpan<Hash256> leaves)
    {
        if (leaves.Length < 2)
        {
            return leaves.Length == 0 ? Hash256.Of([]) : leaves[0];
        }

        var split = 1;
        while (2 * split < leaves.Length)
        {
            split *= 2;
        }

        return Hash256.Of([1, .. Defined(leaves[..split]).ToArray(), .. Defined(leaves[split..]).ToArray()]);
    }
}
