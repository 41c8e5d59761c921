// RFC 8032; C2SP/wycheproof ed25519_test.json; C2SP/CCTV ed25519vectors.json.
// Of CCTV's edge cases we must refuse: low_order_A and non_canonical_A (when the key is read), non_canonical_R (RFC 8032 section 5.1.7)
// and low_order_residue (we verify without the cofactor). low_order_R and low-order components that cancel out are allowed by RFC 8032.
using System.Security.Cryptography;
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

    /// <summary>RFC 8032 section 7.1, TEST 1 to 3 and TEST SHA(abc).</summary>
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    [InlineData("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704")]
    public void The_published_messages_get_the_published_signatures_from_both_implementations(string seed, string message, string signature)
    {
        foreach (var native in new[] { true, false })
        {
            using var key = Ed25519PrivateKey.FromSeed(Convert.FromHexString(seed), native);
            Assert.Equal(signature, Convert.ToHexStringLower(key.Sign(Convert.FromHexString(message))));
        }
    }

    [Fact]
    public void Both_implementations_sign_alike_and_a_disposed_key_does_not_sign()
    {
        Assert.True(Ed25519PrivateKey.HasNative, "libsodium is part of the package, for every system that this runs on.");
        for (var length = 0; length < 300; length += 7)
        {
            var (seed, message) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(length));
            using var native = Ed25519PrivateKey.FromSeed(seed, native: true);
            using var managed = Ed25519PrivateKey.FromSeed(seed, native: false);
            Assert.Equal(managed.Sign(message), native.Sign(message));
            Assert.True(native.PublicKey.Verify(message, native.Sign(message)));
            native.Dispose();
            Assert.Throws<ObjectDisposedException>(() => native.Sign(message));
        }
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
