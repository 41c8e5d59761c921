// RFC 2104 by C2SP/wycheproof hmac_sha256_test.json: salts and scope commitments stand on the platform's HMAC-SHA-256, one-shot and reused.
using System.Security.Cryptography;
using System.Text.Json;
using Xunit.Abstractions;

namespace HealthLedger.Proofs.Tests.Facts;

public class HmacVectorTests(ITestOutputHelper output)
{
    [Fact]
    public void Wycheproof_tags_are_judged_as_published()
    {
        if (SharedData.Find("crypto/wycheproof/hmac_sha256_test.json", output) is not { } file)
        {
            return;
        }

        using var vectors = JsonDocument.Parse(File.ReadAllBytes(file));
        var count = 0;
        foreach (var group in vectors.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var length = group.GetProperty("tagSize").GetInt32() / 8;
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                byte[] Hex(string name) => Convert.FromHexString(test.GetProperty(name).GetString()!);
                var valid = test.GetProperty("result").GetString() == "valid";
                using var reused = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Hex("key"));
                reused.AppendData([1, 2, 3]);
                reused.GetHashAndReset();
                reused.AppendData(Hex("msg"));
                Assert.Equal(valid, HMACSHA256.HashData(Hex("key"), Hex("msg"))[..length].AsSpan().SequenceEqual(Hex("tag")));
                Assert.Equal(valid, reused.GetHashAndReset()[..length].AsSpan().SequenceEqual(Hex("tag")));
                count++;
            }
        }

        Assert.Equal(174, count);
    }
}
