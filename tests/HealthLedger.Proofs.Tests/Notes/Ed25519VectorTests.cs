// RFC 8032; C2SP/wycheproof ed25519_test.json; C2SP/CCTV ed25519vectors.json.
// Of CCTV's edge cases we must refuse: low_order_A and non_canonical_A (when the key is read), non_canonical_R (RFC 8032 section 5.1.7)
// and low_order_residue (we verify without the cofactor). low_order_R and low-order components that cancel out are allowed by RFC 8032.
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Notes;
using Xunit.Abstractions;

namespace HealthLedger.Proofs.Tests.Notes;

public class Ed25519VectorTests(ITestOutputHelper output)
{
    [Fact]
    public void Wycheproof_signatures_are_judged_as_published()
    {
        if (SharedData.Find("crypto/wycheproof/ed25519_test.json", output) is not { } file)
        {
            return;
        }

        using var vectors = JsonDocument.Parse(File.ReadAllBytes(file));
        var count = 0;
        foreach (var group in vectors.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var key = Ed25519PublicKey.Parse(Hex(group.GetProperty("publicKey"), "pk"));
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var holds = key.IsValid && key.Value.Verify(Hex(test, "msg"), Hex(test, "sig"));
                Assert.True(holds == (test.GetProperty("result").GetString() == "valid"), $"tcId {test.GetProperty("tcId")}");
                count++;
            }
        }

        Assert.Equal(151, count);
    }

    [Fact]
    public void Edge_cases_of_points_are_judged_as_documented_above()
    {
        if (SharedData.Find("crypto/cctv/ed25519/ed25519vectors.json", output) is not { } file)
        {
            return;
        }

        using var vectors = JsonDocument.Parse(File.ReadAllBytes(file));
        var accepted = 0;
        var refusedKeys = 0;
        foreach (var test in vectors.RootElement.EnumerateArray())
        {
            var flags = test.GetProperty("flags").ValueKind == JsonValueKind.Null
                ? []
                : test.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()!).ToHashSet();
            var key = Ed25519PublicKey.Parse(Hex(test, "key"));
            Assert.Equal(!flags.Overlaps(["low_order_A", "non_canonical_A"]), key.IsValid);
            refusedKeys += key.IsValid ? 0 : 1;
            if (key.IsValid)
            {
                var holds = key.Value.Verify(Encoding.UTF8.GetBytes(test.GetProperty("msg").GetString()!), Hex(test, "sig"));
                Assert.True(holds != flags.Overlaps(["non_canonical_R", "low_order_residue"]), $"number {test.GetProperty("number")}");
                accepted += holds ? 1 : 0;
            }
        }

        Assert.True(refusedKeys > 100 && accepted > 10, $"{refusedKeys} keys refused, {accepted} signatures accepted");
    }

    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "key-small-order")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080", "key-small-order")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "key-small-order")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "key-small-order")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "key-small-order")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080", "key-small-order")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "key-encoding")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "key-encoding")]
    public void Small_order_and_non_canonical_keys_are_refused(string hex, string code) =>
        Assert.Equal(code, Ed25519PublicKey.Parse(Convert.FromHexString(hex)).Fault!.Code);

    [Fact]
    public void The_identity_key_would_verify_a_signature_that_nobody_made_and_so_is_refused_in_a_verifier_key()
    {
        byte[] typed = [1, 1, .. new byte[31]];
        var id = System.Security.Cryptography.SHA256.HashData([.. "x\n"u8, .. typed]).AsSpan(0, 4);
        Assert.Equal("key-small-order", NoteVerifier.Parse($"x+{Convert.ToHexStringLower(id)}+{Convert.ToBase64String(typed)}").Fault!.Code);
    }

    private static byte[] Hex(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);
}
