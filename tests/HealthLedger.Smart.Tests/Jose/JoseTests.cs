// RFC 7515 (JWS): sections 2, 4.1.11, 5.2, appendix A.3. RFC 7517 (JWK), RFC 7518 section 6, RFC 7638 section 3.1. Wycheproof ecdsa_secp256r1_sha256_p1363.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Proofs;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Tests.Kit;

namespace HealthLedger.Smart.Tests.Jose;

public class JoseTests
{
    private const string A3Key =
        """{"kty":"EC","crv":"P-256","kid":"a3","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""";

    private const string A3Token =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    [Fact]
    public void The_example_of_RFC_7515_A_3_verifies()
    {
        var token = SignedToken.Parse(A3Token)!;
        Assert.True(token.IsSignedBy(Key(A3Key)!));
        Assert.Equal("joe", token.Claims.Text("iss"));
    }

    [Fact]
    public void Every_changed_character_of_the_example_is_refused()
    {
        var key = Key(A3Key)!;
        for (var i = 0; i < A3Token.Length; i++)
        {
            var changed = A3Token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.False(SignedToken.Parse(changed)?.IsSignedBy(key) ?? false, $"character {i}");
        }
    }

    [Fact]
    public void The_thumbprint_example_of_RFC_7638_holds()
    {
        const string n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        var key = Key($$"""{"kty":"RSA","kid":"2011-04-29","alg":"RS384","n":"{{n}}","e":"AQAB"}""")!;
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Thumbprint());
    }

    [Fact]
    public void The_Wycheproof_vectors_for_P256_come_out_as_published()
    {
        if (SharedData.Find("crypto/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json") is not { } path)
        {
            return;
        }

        using var vectors = JsonDocument.Parse(File.ReadAllBytes(path));
        var run = 0;
        foreach (var group in vectors.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var point = group.GetProperty("publicKey");
            var key = Key($$"""{"kty":"EC","crv":"P-256","kid":"w","alg":"ES256","x":"{{Coordinate(point, "wx")}}","y":"{{Coordinate(point, "wy")}}"}""")!;
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var expected = test.GetProperty("result").GetString() == "valid";
                var actual = key.Verify(Convert.FromHexString(test.GetProperty("msg").GetString()!), Convert.FromHexString(test.GetProperty("sig").GetString()!));
                Assert.True(expected == actual, $"tcId {test.GetProperty("tcId")}: {test.GetProperty("comment")}");
                run++;
            }
        }

        Assert.Equal(262, run);
    }

    [Theory]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"HS256"}""")]
    [InlineData("""{"alg":"ES256"}""")]
    [InlineData("""{"alg":"es384"}""")]
    [InlineData("""{"alg":"RS384"}""")]
    [InlineData("""{}""")]
    [InlineData("""{"alg":["ES384"]}""")]
    [InlineData("""{"alg":"ES384","crit":["exp"]}""")]
    [InlineData("""{"alg":"ES384","b64":true}""")]
    [InlineData("""{"alg":"ES384","alg":"ES384"}""")]
    [InlineData("""{"alg":"ES384","x":"\ud800"}""")]
    [InlineData("""["ES384"]""")]
    [InlineData("""{"alg":"ES384"} {}""")]
    [InlineData("""{"alg":"ES384",}""")]
    public void A_header_that_is_not_plainly_this_keys_is_refused(string header)
    {
        var key = ClientKey.Es384();
        Assert.False(SignedToken.Parse(key.SignRaw("{}", header))?.IsSignedBy(key.Public()) ?? false);
    }

    [Fact]
    public void A_member_twice_in_the_claims_is_refused()
    {
        var key = ClientKey.Es384();
        Assert.NotNull(SignedToken.Parse(key.SignRaw("""{"a":1}""", """{"alg":"ES384"}""")));
        Assert.Null(SignedToken.Parse(key.SignRaw("""{"a":1,"a":1}""", """{"alg":"ES384"}""")));
        Assert.Null(SignedToken.Parse(key.SignRaw("""{"a":1,"\u0061":1}""", """{"alg":"ES384"}""")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("e30.e30")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AA.AA")]
    [InlineData("e30.W10.AA")]
    [InlineData("_w.e30.AA")]
    public void What_is_not_a_compact_JWS_is_refused(string text) => Assert.Null(SignedToken.Parse(text));

    [Fact]
    public void A_token_over_the_limit_is_refused() => Assert.Null(SignedToken.Parse(new string('A', SignedToken.MaxLength + 1)));

    [Fact]
    public void An_empty_or_cut_signature_is_refused()
    {
        var key = ClientKey.Es384();
        var token = key.Sign(new JsonObject());
        var dot = token.LastIndexOf('.');
        Assert.Null(SignedToken.Parse(token.AsSpan(0, dot + 1)));
        Assert.False(SignedToken.Parse(token.AsSpan(0, token.Length - 4))!.IsSignedBy(key.Public()));
        Assert.False(SignedToken.Parse(token[..(dot + 1)] + new string('A', 128))!.IsSignedBy(key.Public()));
    }

    [Fact]
    public void Keys_that_are_not_plain_public_signing_keys_are_refused()
    {
        var good = ClientKey.Es384().PublicJwk();
        Assert.NotNull(Key(good.ToJsonString()));
        foreach (var (name, value) in new (string, JsonNode?)[]
        {
            ("kty", "oct"), ("crv", "P-521"), ("crv", "secp256k1"), ("x", "AAAA"), ("y", "AAAA"), ("kid", ""), ("kid", null), ("use", "enc"), ("alg", "ES256"), ("alg", "none"),
            ("d", "AAAA"), ("k", "AAAA"), ("y", good["x"]!.GetValue<string>()),
        })
        {
            var bad = good.DeepClone().AsObject();
            bad[name] = value;
            Assert.True(Key(bad.ToJsonString()) is null, $"{name} = {value}");
        }
    }

    [Fact]
    public void Weak_RSA_keys_are_refused()
    {
        var good = ClientKey.Rs384().PublicJwk();
        Assert.NotNull(Key(good.ToJsonString()));
        Assert.Null(Key(ClientKey.Rs384(bits: 1024).PublicJwk().ToJsonString()));
        foreach (var exponent in new[] { "Aw", "AQAA", "AAEAAQ", "" })
        {
            var bad = good.DeepClone().AsObject();
            bad["e"] = exponent;
            Assert.True(Key(bad.ToJsonString()) is null, exponent);
        }
    }

    [Fact]
    public void A_key_set_is_read_whole_or_not_at_all()
    {
        string Set(params JsonObject[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString();
        static bool Read(string json) => JsonWebKeySet.Parse(Encoding.UTF8.GetBytes(json)) is not null;
        Assert.True(Read(Set(ClientKey.Es384().PublicJwk(), ClientKey.Rs384().PublicJwk())));
        Assert.False(Read(Set()));
        Assert.False(Read(Set(ClientKey.Es384("same").PublicJwk(), ClientKey.Es384("same").PublicJwk())));
        Assert.False(Read(Set(ClientKey.Es384().PublicJwk(), new JsonObject { ["kty"] = "oct", ["kid"] = "x", ["k"] = "AAAA" })));
        Assert.False(Read(Set([.. Enumerable.Range(0, 9).Select(i => ClientKey.Es384($"k{i}").PublicJwk())])));
        Assert.False(Read("[]"));
    }

    [Fact]
    public void A_key_reads_back_as_it_was_written()
    {
        foreach (var key in new[] { ClientKey.Es384(), ClientKey.Rs384(), ClientKey.Es256() })
        {
            var token = key.Sign(new JsonObject { ["a"] = 1 });
            Assert.True(SignedToken.Parse(token)!.IsSignedBy(Key(key.Public().ToJson())!));
        }
    }

    /// <summary>The vectors' hexadecimal numbers may be short or long of 32 bytes.</summary>
    private static string Coordinate(JsonElement point, string name) =>
        StrictBase64.EncodeUrl(Convert.FromHexString(point.GetProperty(name).GetString()!.TrimStart('0').PadLeft(64, '0')));

    private static JsonWebKey? Key(string json) => JsonWebKey.Parse(Encoding.UTF8.GetBytes(json));
}
