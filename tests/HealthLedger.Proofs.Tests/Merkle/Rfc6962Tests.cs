// RFC 6962 section 2.1: the hashes and roots of the eight canonical Certificate Transparency leaves.
using System.Security.Cryptography;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Tests.Merkle;

public class Rfc6962Tests
{
    public static readonly string[] Leaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] s_roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void The_root_of_the_canonical_leaves_is_the_published_one(int size)
    {
        var hashes = Leaves.Take(size).Select(hex => MerkleHash.Leaf(Convert.FromHexString(hex))).ToArray();
        var range = new CompactRange();
        foreach (var hash in hashes)
        {
            range.Append(hash);
        }

        Assert.Equal(s_roots[size], MerkleHash.Root(hashes).ToString());
        Assert.Equal(s_roots[size], range.Root.ToString());
        Assert.Equal(s_roots[size], CompactRange.Import((ulong)size, range.Frontier).Root.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1022)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(70000)]
    public void A_leaf_of_any_length_is_hashed_with_a_zero_before_it(int length)
    {
        var entry = new Random(length).Bytes(length);
        Assert.Equal(SHA256.HashData([0, .. entry]), MerkleHash.Leaf(entry).ToArray());
    }

    [Fact]
    public void A_frontier_that_does_not_fit_the_size_is_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => CompactRange.Import(3, [Hash.Zero]));
        Assert.Throws<ArgumentException>(() => CompactRange.Import(1UL << 63, [Hash.Zero]));
    }

    [Fact]
    public void A_hash_has_exactly_32_bytes_and_orders_by_them()
    {
        Assert.Throws<ArgumentException>(() => new Hash(new byte[31]));
        var low = new Hash([.. new byte[31], 1]);
        var high = new Hash([1, .. new byte[31]]);
        Assert.True(low.CompareTo(high) < 0);
        Assert.Equal(1, high.Bit(7));
        Assert.Equal(0, high.Bit(0));
        Assert.Equal(1, low.Bit(255));
        Assert.True(Hash.TryParseBase64(low.ToBase64(), out var back) && back == low);
        Assert.False(Hash.TryParseBase64(low.ToBase64()[..^2] + "F=", out _));
        Assert.False(Hash.TryParseBase64(" " + low.ToBase64(), out _));
    }
}
