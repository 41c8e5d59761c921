// RFC 7523 sections 2.2 and 3; SMART App Launch 2.2, "Client Authentication: Asymmetric (public key)"; RFC 6749 section 5.2 for the errors.
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.Tests.Kit;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Smart.Tests.Clients;

public class ClientAssertionTests
{
    [Fact]
    public async Task A_client_with_its_key_gets_a_token()
    {
        var server = await Server.Start();
        var token = await server.Token("system/Patient.rs system/Observation.cu");
        Assert.Equal<IEnumerable<string>>(["system/Patient.rs", "system/Observation.c"], token.Scopes);
        Assert.Equal(300, token.LifetimeSeconds);
        var caller = Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(token.Text)).Caller;
        Assert.Equal(("clinic", CallerRole.System, "Organization/north"), (caller.ClientId, caller.Role, caller.Organization));
        Assert.Equal<IEnumerable<PurposeOfUse>>([PurposeOfUse.Treatment, PurposeOfUse.Operations], caller.Purposes);
    }

    [Fact]
    public async Task An_RSA_client_gets_one_too()
    {
        var server = await Server.Start();
        var key = ClientKey.Rs384();
        await server.Registry.Register(server.Clinic with { ClientId = "rsa", Keys = [key.Public()] }, default);
        Assert.IsType<TokenAnswer.Granted>(await server.Ask(key.Sign(server.Claims("rsa"))));
    }

    [Theory]
    [InlineData("aud", Server.Url)]
    [InlineData("aud", "[" + "\"" + Server.TokenUrl + "\"]")]
    [InlineData("iat", null)]
    [InlineData("typ", "jwt")]
    [InlineData("typ", null)]
    public async Task What_the_profiles_allow_is_accepted(string member, string? value)
    {
        var server = await Server.Start();
        var (claims, header) = (server.Claims(), Header(server.Key));
        Set(member == "typ" ? header : claims, member, value);
        Assert.IsType<TokenAnswer.Granted>(await server.Ask(server.Key.Sign(claims, header)));
    }

    [Theory]
    [InlineData("sub", "other")]
    [InlineData("sub", null)]
    [InlineData("aud", "https://elsewhere.example/token")]
    [InlineData("aud", Server.TokenUrl + "/")]
    [InlineData("aud", null)]
    [InlineData("aud", "[]")]
    [InlineData("aud", "[" + "\"" + Server.TokenUrl + "\",\"https://elsewhere.example\"]")]
    [InlineData("jti", null)]
    [InlineData("jti", "")]
    [InlineData("jti", "7")]
    [InlineData("exp", null)]
    [InlineData("exp", "\"soon\"")]
    [InlineData("exp", "1e300")]
    [InlineData("iat", "\"now\"")]
    [InlineData("nbf", "-1")]
    [InlineData("typ", "at+jwt")]
    [InlineData("jku", "https://app.example/jwks")]
    public async Task A_signed_assertion_with_a_wrong_claim_is_refused(string member, string? value)
    {
        var server = await Server.Start();
        var (claims, header) = (server.Claims(), Header(server.Key));
        Set(member is "typ" or "jku" ? header : claims, member, value);
        var refused = Assert.IsType<TokenAnswer.Refused>(await server.Ask(server.Key.Sign(claims, header)));
        Assert.Equal((400, "invalid_client"), (refused.Status, refused.Error));
    }

    [Theory]
    [InlineData("exp", -31, false)]
    [InlineData("exp", -29, true)]
    [InlineData("exp", 329, true)]
    [InlineData("exp", 331, false)]
    [InlineData("iat", 29, true)]
    [InlineData("iat", 31, false)]
    [InlineData("iat", -331, false)]
    [InlineData("iat", -300, true)]
    [InlineData("nbf", 31, false)]
    [InlineData("nbf", -5, true)]
    public async Task Times_count_within_the_clocks_difference(string claim, int seconds, bool accepted)
    {
        var server = await Server.Start();
        var claims = server.Claims();
        claims[claim] = server.Time.Now.ToUnixTimeSeconds() + seconds;
        Assert.Equal(accepted, await server.Ask(server.Key.Sign(claims)) is TokenAnswer.Granted);
    }

    [Fact]
    public async Task Whoever_does_not_hold_the_key_gets_one_answer()
    {
        var server = await Server.Start();
        await server.Registry.Register(server.Clinic with { ClientId = "closed", Disabled = true }, default);
        var stranger = ClientKey.Es384();
        var otherKid = Header(server.Key);
        otherKid["kid"] = "k2";
        var noKid = Header(server.Key);
        noKid.Remove("kid");
        var wrongAudience = server.Claims();
        wrongAudience["aud"] = "https://elsewhere.example";
        string[] attempts =
        [
            stranger.Sign(server.Claims()),
            stranger.Sign(wrongAudience),
            stranger.Sign(server.Claims("nobody")),
            server.Key.Sign(server.Claims("nobody")),
            server.Key.Sign(server.Claims("closed")),
            server.Key.Sign(server.Claims(), otherKid),
            server.Key.Sign(server.Claims(), noKid),
            ClientKey.Rs384("k1").Sign(server.Claims()),
            ClientKey.Es256("k1").Sign(server.Claims()),
            server.Key.SignRaw("{}", Header(server.Key).ToJsonString()),
            "rubbish",
        ];
        foreach (var attempt in attempts)
        {
            Assert.Equal(new TokenAnswer.Refused(400, "invalid_client", "The client could not be authenticated."), await server.Ask(attempt));
        }
    }

    [Fact]
    public async Task An_assertion_counts_once()
    {
        var server = await Server.Start();
        var assertion = server.Key.Sign(server.Claims());
        Assert.IsType<TokenAnswer.Granted>(await server.Ask(assertion));
        Assert.Equal("invalid_client", Assert.IsType<TokenAnswer.Refused>(await server.Ask(assertion)).Error);
        server.Time.Advance(269);
        Assert.Contains("used before", Assert.IsType<TokenAnswer.Refused>(await server.Ask(assertion)).Description);
        server.Time.Advance(2);
        Assert.Contains("expired", Assert.IsType<TokenAnswer.Refused>(await server.Ask(assertion)).Description);
    }

    [Fact]
    public async Task A_jti_belongs_to_its_client()
    {
        var server = await Server.Start();
        await server.Registry.Register(server.Clinic with { ClientId = "second" }, default);
        var (first, second) = (server.Claims(), server.Claims("second"));
        second["jti"] = first["jti"]!.GetValue<string>();
        Assert.IsType<TokenAnswer.Granted>(await server.Ask(server.Key.Sign(first)));
        Assert.IsType<TokenAnswer.Granted>(await server.Ask(server.Key.Sign(second)));
    }

    [Fact]
    public async Task Where_no_more_assertions_can_be_remembered_none_is_honoured()
    {
        var server = await Server.Start();
        server.Replay.Capacity = 0;
        var refused = Assert.IsType<TokenAnswer.Refused>(await server.Ask(server.Key.Sign(server.Claims())));
        Assert.Equal((503, "temporarily_unavailable"), (refused.Status, refused.Error));
    }

    [Theory]
    [InlineData("grant_type", null, "invalid_request")]
    [InlineData("grant_type", "password", "unsupported_grant_type")]
    [InlineData("client_assertion", null, "invalid_client")]
    [InlineData("client_assertion_type", null, "invalid_client")]
    [InlineData("client_assertion_type", "urn:other", "invalid_client")]
    [InlineData("client_secret", "x", "invalid_client")]
    [InlineData("client_id", "other", "invalid_client")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "openid", "invalid_scope")]
    [InlineData("scope", "user/*.rs", "invalid_scope")]
    [InlineData("scope", "system/Observation.d", "invalid_scope")]
    public async Task A_faulty_form_gets_its_error(string name, string? value, string error)
    {
        var server = await Server.Start();
        var form = Server.Form(server.Key.Sign(server.Claims()));
        form.Remove(name);
        if (value is not null)
        {
            form[name] = value;
        }

        Assert.Equal(error, Assert.IsType<TokenAnswer.Refused>(await server.Endpoint.Answer(form, default)).Error);
    }

    [Fact]
    public async Task A_public_client_has_no_credentials_to_use()
    {
        var server = await Server.Start();
        await server.Registry.Register(server.Clinic with { ClientId = "app", Kind = ClientKind.Public, Keys = [], Scopes = ["user/*.rs"] }, default);
        Assert.Equal("invalid_client", Assert.IsType<TokenAnswer.Refused>(await server.Ask(server.Key.Sign(server.Claims("app")))).Error);
    }

    [Theory]
    [InlineData("""["TREAT"]""", "TREAT")]
    [InlineData("""["urn:oid:2.16.840.1.113883.5.8#HOPERAT","HRESCH"]""", "HOPERAT")]
    [InlineData("""["http://terminology.hl7.org/CodeSystem/v3-ActReason|HOPERAT","TREAT"]""", "TREAT HOPERAT")]
    [InlineData("""["HRESCH"]""", null)]
    [InlineData("""["treat", 7]""", null)]
    [InlineData("""[]""", null)]
    public async Task Purposes_in_the_assertion_narrow_the_tokens(string purposes, string? granted)
    {
        var server = await Server.Start();
        var claims = server.Claims();
        claims["extensions"] = new JsonObject { ["hl7-b2b"] = new JsonObject { ["purpose_of_use"] = JsonNode.Parse(purposes) } };
        var answer = await server.Ask(server.Key.Sign(claims));
        if (granted is null)
        {
            Assert.Equal("invalid_grant", Assert.IsType<TokenAnswer.Refused>(answer).Error);
            return;
        }

        var valid = Assert.IsType<TokenValidation.Valid>(server.Validator.Validate(Assert.IsType<TokenAnswer.Granted>(answer).Token.Text));
        Assert.Equal(granted, string.Join(' ', valid.Caller.Purposes.Select(purpose => purpose.Code())));
    }

    private static JsonObject Header(ClientKey key) => new() { ["alg"] = key.Algorithm, ["typ"] = "JWT", ["kid"] = key.KeyId };

    private static void Set(JsonObject target, string member, string? value)
    {
        if (value is null)
        {
            target.Remove(member);
        }
        else
        {
            target[member] = value is ['[' or '"' or '-' or (>= '0' and <= '9'), ..] ? JsonNode.Parse(value) : JsonValue.Create(value);
        }
    }
}
