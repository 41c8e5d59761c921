// RFC 9068 (JWT access tokens) section 4; RFC 8725 sections 3.1, 3.8, 3.11: one algorithm, one audience, one type.
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.Tests.Kit;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Smart.Tests.Tokens;

public class AccessTokenTests
{
    [Fact]
    public async Task A_token_says_who_calls_and_nothing_else()
    {
        var server = await Server.Start();
        var parts = (await server.Token()).Text.Split('.');
        var header = Decode(parts[0]);
        var claims = Decode(parts[1]);
        Assert.Equal(["alg", "typ", "kid"], header.Select(member => member.Key));
        Assert.Equal("at+jwt", header["typ"]!.GetValue<string>());
        Assert.Equal(
            ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "hl_role", "hl_org", "hl_purposes"], claims.Select(member => member.Key));
        Assert.Equal("http://localhost:5080/fhir", claims["aud"]!.GetValue<string>());
        Assert.Equal(300, claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_persons_caller_comes_back_as_it_went_in()
    {
        var server = await Server.Start();
        await server.Registry.Register(server.Clinic with { ClientId = "app", Kind = ClientKind.Confidential, Scopes = ["patient/*.rs", "user/*.rs"], Purposes = [PurposeOfUse.PatientRequested] }, default);
        var caller = new Caller
        {
            ClientId = "app",
            Role = CallerRole.Patient,
            UserId = "u1",
            FhirUser = "Patient/p1",
            Patient = "p1",
            Purposes = [PurposeOfUse.PatientRequested],
            Scopes = [SmartScope.Parse("patient/Observation.rs")!],
        };
        var token = server.Issuer.Issue(caller, ["patient/Observation.rs"]);
        var read = Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token.Text)).Caller;
        Assert.Equal((caller.ClientId, caller.Role, caller.UserId, caller.FhirUser, caller.Patient, caller.Organization), (read.ClientId, read.Role, read.UserId, read.FhirUser, read.Patient, read.Organization));
        Assert.Equal<IEnumerable<SmartScope>>(caller.Scopes, read.Scopes);
    }

    [Fact]
    public async Task A_token_counts_until_its_end_whether_remembered_or_not()
    {
        var server = await Server.Start();
        var token = (await server.Token()).Text;
        server.Time.Advance(299);
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token));
        server.Time.Advance(1);
        Assert.Equal(new TokenValidation.Invalid(TokenFault.Expired), server.Validator.Validate(token));
        Assert.Equal(new TokenValidation.Invalid(TokenFault.Expired), server.Validator.Validate(token));
    }

    [Fact]
    public async Task A_repeated_token_gives_the_remembered_caller()
    {
        var server = await Server.Start();
        var token = (await server.Token()).Text;
        Assert.Same(server.Validator.Validate(token), server.Validator.Validate(token));
    }

    [Fact]
    public async Task A_disabled_client_loses_tokens_in_hand_at_once()
    {
        var server = await Server.Start();
        var token = (await server.Token()).Text;
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token));
        await server.Registry.Register(server.Clinic with { Disabled = true }, default);
        Assert.Equal(new TokenValidation.Invalid(TokenFault.ClientRefused), server.Validator.Validate(token));
        await server.Registry.Register(server.Clinic, default);
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token));
    }

    [Fact]
    public async Task A_client_that_loses_rights_loses_them_for_tokens_in_hand()
    {
        var server = await Server.Start();
        await server.Registry.Register(server.Clinic with { MayMigrate = true }, default);
        var token = (await server.Token()).Text;
        Assert.True(Valid(server, token).MayMigrate);
        await server.Registry.Register(server.Clinic with { Scopes = ["system/Patient.rs"], Purposes = [PurposeOfUse.Operations] }, default);
        var caller = Valid(server, token);
        Assert.False(caller.MayMigrate);
        Assert.False(caller.Covers("Observation", ScopeInteraction.Read));
        Assert.True(caller.Covers("Patient", ScopeInteraction.Read));
        Assert.Equal<IEnumerable<PurposeOfUse>>([PurposeOfUse.Operations], caller.Purposes);
        await server.Registry.Register(server.Clinic with { Organization = "Organization/south" }, default);
        Assert.Equal(new TokenValidation.Invalid(TokenFault.ClientRefused), server.Validator.Validate(token));
    }

    [Fact]
    public async Task Tokens_of_another_server_and_forged_ones_are_refused()
    {
        var server = await Server.Start();
        var other = await Server.Start();
        Assert.Equal(new TokenValidation.Invalid(TokenFault.UnknownKey), server.Validator.Validate((await other.Token()).Text));

        var good = (await server.Token()).Text.Split('.');
        var claims = Decode(good[1]);
        claims["scope"] = "system/*.cruds";
        var widened = $"{good[0]}.{Encode(claims.ToJsonString())}.{good[2]}";
        Assert.Equal(new TokenValidation.Invalid(TokenFault.BadSignature), server.Validator.Validate(widened));

        var none = $"{Encode($$"""{"alg":"none","typ":"at+jwt","kid":"{{server.SigningKey.Public.KeyId}}"}""")}.{good[1]}.AA";
        Assert.Equal(new TokenValidation.Invalid(TokenFault.BadSignature), server.Validator.Validate(none));

        // The classic: the public key's own bytes as an HMAC secret.
        var mac = Encode($$"""{"alg":"HS256","typ":"at+jwt","kid":"{{server.SigningKey.Public.KeyId}}"}""") + "." + good[1];
        var forged = mac + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(server.SigningKey.Public.ToJson()), Encoding.ASCII.GetBytes(mac)));
        Assert.Equal(new TokenValidation.Invalid(TokenFault.BadSignature), server.Validator.Validate(forged));
    }

    [Fact]
    public async Task Every_changed_character_of_a_token_is_refused()
    {
        var server = await Server.Start();
        var token = (await server.Token()).Text;
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token));
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.True(server.Validator.Validate(changed) is TokenValidation.Invalid, $"character {i}");
        }
    }

    [Theory]
    [InlineData("iss", "http://localhost:5081", TokenFault.Foreign)]
    [InlineData("aud", "http://localhost:5080", TokenFault.Foreign)]
    [InlineData("aud", null, TokenFault.Foreign)]
    [InlineData("exp", null, TokenFault.BadClaims)]
    [InlineData("iat", null, TokenFault.BadClaims)]
    [InlineData("jti", null, TokenFault.BadClaims)]
    [InlineData("client_id", null, TokenFault.BadClaims)]
    [InlineData("hl_role", "root", TokenFault.BadClaims)]
    [InlineData("hl_purposes", null, TokenFault.BadClaims)]
    [InlineData("client_id", "nobody", TokenFault.ClientRefused)]
    [InlineData("hl_role", "operator", TokenFault.ClientRefused)]
    [InlineData("hl_purposes", "HRESCH", TokenFault.ClientRefused)]
    [InlineData("scope", "", TokenFault.ClientRefused)]
    [InlineData("scope", null, TokenFault.ClientRefused)]
    public async Task Even_a_signed_token_must_be_whole(string claim, string? value, TokenFault fault)
    {
        var server = await Server.Start();
        var claims = Decode((await server.Token()).Text.Split('.')[1]);
        claims[claim] = value;
        if (value is null)
        {
            claims.Remove(claim);
        }

        Assert.Equal(new TokenValidation.Invalid(fault), server.Validator.Validate(SignAsServer(server, claims, "at+jwt")));
    }

    [Fact]
    public async Task A_JWT_of_another_type_is_no_access_token()
    {
        var server = await Server.Start();
        var claims = Decode((await server.Token()).Text.Split('.')[1]);
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(SignAsServer(server, claims, "at+jwt")));
        Assert.Equal(new TokenValidation.Invalid(TokenFault.Malformed), server.Validator.Validate(SignAsServer(server, claims, "JWT")));
    }

    [Fact]
    public async Task A_token_from_the_future_does_not_count_yet()
    {
        var server = await Server.Start();
        server.Time.Advance(31);
        var token = (await server.Token()).Text;
        server.Time.Advance(-31);
        Assert.Equal(new TokenValidation.Invalid(TokenFault.NotYetValid), server.Validator.Validate(token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("é")]
    [InlineData("Bearer x")]
    public async Task Rubbish_is_malformed(string text)
    {
        var server = await Server.Start();
        Assert.Equal(new TokenValidation.Invalid(TokenFault.Malformed), server.Validator.Validate(text));
        Assert.Equal(new TokenValidation.Invalid(TokenFault.Malformed), server.Validator.Validate(new string('a', 9000)));
    }

    [Fact]
    public async Task The_memory_of_validated_tokens_is_bounded_and_forgets_only_to_validate_again()
    {
        var server = await Server.Start();
        var tokens = new List<string>();
        var memory = new ValidatedTokens(16);
        for (var i = 0; i < 100; i++)
        {
            var token = (await server.Token()).Text;
            tokens.Add(token);
            Assert.True(TokenHash.TryCompute(token, out var hash));
            var valid = Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token));
            memory.Remember(hash, new ValidatedToken(valid, server.Clinic, server.SigningKey.Published), server.Time.Now);
            Assert.InRange(memory.Count, 1, 16);
            Assert.NotNull(memory.Find(hash));
        }

        Assert.All(tokens, token => Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token)));
    }

    [Fact]
    public void The_signing_key_survives_and_a_damaged_one_stops_the_start()
    {
        var secrets = new MemorySecrets();
        using var first = new TokenSigningKey(secrets);
        using var second = new TokenSigningKey(secrets);
        Assert.Equal(first.Public.KeyId, second.Public.KeyId);
        var damaged = new MemorySecrets();
        damaged.GetOrCreate(SecretNames.Signing, () => [1, 2, 3]);
        Assert.Throws<InvalidDataException>(() => new TokenSigningKey(damaged));
    }

    [Fact]
    public async Task A_rotated_key_signs_the_one_before_still_verifies_and_the_one_before_that_no_more_remembered_or_not()
    {
        var server = await Server.Start();
        var tokens = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            tokens.Add((await server.Token()).Text);
            Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(tokens[^1]));
            if (i < 2)
            {
                server.SigningKey.Rotate();
            }
        }

        Assert.Equal(2, server.SigningKey.Published.Count);
        Assert.Equal(new TokenValidation.Invalid(TokenFault.UnknownKey), server.Validator.Validate(tokens[0]));
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(tokens[1]));
        Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(tokens[2]));
    }

    [Fact]
    public void Rotated_keys_survive_in_their_order_and_damaged_ones_stop_the_start()
    {
        var secrets = new MemorySecrets();
        using var first = new TokenSigningKey(secrets);
        first.Rotate();
        first.Rotate();
        using var again = new TokenSigningKey(secrets);
        Assert.Equal(first.Published.Select(key => key.KeyId), again.Published.Select(key => key.KeyId));
        var stored = secrets.GetOrCreate(SecretNames.Signing, () => []);
        foreach (var damage in new byte[][] { [2], stored[..^1], [.. stored, 0], [.. stored, 0, 1, 0] })
        {
            secrets.Replace(SecretNames.Signing, damage);
            Assert.Throws<InvalidDataException>(() => new TokenSigningKey(secrets));
        }
    }

    private static Caller Valid(Server server, string token) => Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token)).Caller;

    private static JsonObject Decode(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static string SignAsServer(Server server, JsonObject claims, string type)
    {
        var input = $"{Encode($$"""{"alg":"ES256","typ":"{{type}}","kid":"{{server.SigningKey.Public.KeyId}}"}""")}.{Encode(claims.ToJsonString())}";
        return $"{input}.{Base64Url.EncodeToString(server.SigningKey.Sign(_ => Encoding.ASCII.GetBytes(input)))}";
    }
}
