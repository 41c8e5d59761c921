// FIPS 180-4; RFC 2104 and RFC 5869 by C2SP/wycheproof hmac_sha256_test.json and hkdf_sha256_test.json; the framework as the second opinion.
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Proofs.Hashing;
using Xunit.Abstractions;

namespace HealthLedger.Proofs.Tests.Hashing;

public sealed class Sha256Tests(ITestOutputHelper output)
{
    /// <summary>All short lengths, and those around the length from which OpenSSL is called in another way.</summary>
    public static TheoryData<int> Lengths => [.. Enumerable.Range(0, 200).Concat([1000, 4095, 4096, 4097, 70_000])];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_hash_is_the_frameworks_for_every_length_in_one_part_and_in_two(int length)
    {
        var data = Bytes(length);
        var hash = new byte[Sha256.Size];
        Sha256.Hash(data, hash);
        Assert.Equal(SHA256.HashData(data), hash);
        Sha256.Hash(data.AsSpan(..(length / 3)), data.AsSpan(length / 3), hash);
        Assert.Equal(SHA256.HashData(data), hash);
        Sha256.HashByFramework(data.AsSpan(..(length / 3)), data.AsSpan(length / 3), hash);
        Assert.Equal(SHA256.HashData(data), hash);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_mac_is_the_frameworks_for_every_length_of_key_and_message(int length)
    {
        var mac = new byte[Sha256.Size];
        Sha256.Hmac(Bytes(length), Bytes(40), mac);
        Assert.Equal(HMACSHA256.HashData(Bytes(length), Bytes(40)), mac);
        Sha256.Hmac(Bytes(32), Bytes(length), mac);
        Assert.Equal(HMACSHA256.HashData(Bytes(32), Bytes(length)), mac);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_key_serves_several_messages_in_parts_one_of_which_the_mac_may_overwrite(bool direct)
    {
        using var key = new HmacKey(Bytes(32), direct && OpenSslSha256.IsThere);
        for (var i = 0; i < 3; i++)
        {
            var mac = Bytes(32);
            key.Mac(mac, Bytes(i), [7], mac);
            Assert.Equal(HMACSHA256.HashData(Bytes(32), (byte[])[.. Bytes(32), .. Bytes(i), 7]), mac);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_prepared_for_many_keys_has_its_mac_under_each_after_longer_ones_too(bool direct)
    {
        for (var length = Sha256Rest.Size; length >= 0; length--)
        {
            var message = new PreparedMessage(Bytes(length));
            Assert.Equal(Bytes(length), message.Bytes.ToArray());
            using var key = new HmacKey(Bytes(32), direct && OpenSslSha256.IsThere);
            var mac = new byte[Sha256.Size];
            foreach (var before in (int[])[0, Sha256Rest.Size, 200])
            {
                key.Mac(Bytes(before), mac);
                Assert.Equal(HMACSHA256.HashData(Bytes(32), Bytes(before)), mac);
                key.Mac(message, mac);
                Assert.Equal(HMACSHA256.HashData(Bytes(32), Bytes(length)), mac);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new PreparedMessage(Bytes(Sha256Rest.Size + 1)));
    }

    [Fact]
    public void Every_published_mac_is_met()
    {
        foreach (var test in Tests("hmac_sha256_test.json"))
        {
            var mac = new byte[Sha256.Size];
            Sha256.Hmac(Hex(test, "key"), Hex(test, "msg"), mac);
            var tag = Hex(test, "tag");
            Assert.Equal(test.GetProperty("result").GetString() == "valid", mac.AsSpan(0, tag.Length).SequenceEqual(tag));
        }
    }

    [Fact]
    public void Every_published_derivation_is_met_and_one_that_asks_too_much_refused()
    {
        foreach (var test in Tests("hkdf_sha256_test.json"))
        {
            var derived = new byte[test.GetProperty("size").GetInt32()];
            if (test.GetProperty("result").GetString() == "valid")
            {
                Sha256.Hkdf(Hex(test, "ikm"), Hex(test, "salt"), Hex(test, "info"), derived);
                Assert.Equal(Hex(test, "okm"), derived);
            }
            else
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => Sha256.Hkdf(Hex(test, "ikm"), Hex(test, "salt"), Hex(test, "info"), derived));
            }
        }
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + length))];

    private static byte[] Hex(JsonElement test, string name) => Convert.FromHexString(test.GetProperty(name).GetString()!);

    private IEnumerable<JsonElement> Tests(string file)
    {
        if (SharedData.Find("crypto/wycheproof/" + file, output) is not { } path)
        {
            return [];
        }

        var vectors = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
        var tests = vectors.GetProperty("testGroups").EnumerateArray().SelectMany(group => group.GetProperty("tests").EnumerateArray()).ToList();
        Assert.Equal(vectors.GetProperty("numberOfTests").GetInt32(), tests.Count);
        return tests;
    }
}
