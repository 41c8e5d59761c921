// RFC 6750 section 3 (WWW-Authenticate), RFC 9068 section 4 (validation), SMART App Launch 2.2 scopes; purposes of use as docs/surfaces say.
using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Smart;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BearerTokenTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Path = "/fhir/Observation/pulse-" + SmallHospital.Open;
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task Without_a_token_nothing_is_answered_and_nothing_recorded()
    {
        foreach (var path in new[] { Path, "/fhir/Observation", "/fhir/Zebedee", "/fhir", "/ledger/receipts/a" })
        {
            var answer = (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, path))).IsFault(401, "login");
            Assert.Equal("Bearer", answer.Headers["WWW-Authenticate"]);
            Assert.Equal(0u, answer.Growth);
            Assert.Null(answer.Receipt);
        }
    }

    [Fact]
    public async Task A_token_that_is_expired_forged_foreign_unsigned_or_cut_is_refused_alike()
    {
        var good = await _gateway.Token(Hospital);
        var parts = good.Split('.');
        var services = _gateway.Host.Services;
        var caller = new Caller { ClientId = Hospital, Organization = "Organization/north", Role = CallerRole.System, Purposes = [PurposeOfUse.Treatment], Scopes = [], MayMigrate = true };
        var key = services.GetRequiredService<TokenSigningKey>();
        var options = services.GetRequiredService<IOptions<SmartOptions>>();
        var elsewhere = new SmartUrls();
        elsewhere.Use(new Uri("https://elsewhere.example"));
        AccessToken Issue(SmartUrls urls, TimeProvider time, Caller whom) => new AccessTokenIssuer(key, urls, time, options).Issue(whom, ["system/*.cruds"]);
        var here = services.GetRequiredService<SmartUrls>();

        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        claims["hl_org"] = "Organization/riverside";
        var tokens = new Dictionary<string, string>
        {
            ["expired"] = Issue(here, new TestClock(hospital.Clock.GetUtcNow().AddHours(-1)), caller).Text,
            ["of the future"] = Issue(here, new TestClock(hospital.Clock.GetUtcNow().AddHours(1)), caller).Text,
            ["foreign"] = Issue(elsewhere, hospital.Clock, caller).Text,
            ["of an unknown client"] = Issue(here, hospital.Clock, caller with { ClientId = "nobody" }).Text,
            ["of another organization than its client's"] = Issue(here, hospital.Clock, caller with { Organization = "Organization/riverside" }).Text,
            ["forged"] = $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}.{parts[2]}",
            ["unsigned"] = $"{Encode("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.",
            ["signed by its public key as a secret"] = $"{Encode("""{"alg":"HS256","typ":"at+jwt"}""")}.{parts[1]}.{parts[2]}",
            ["cut"] = good[..^10],
            ["without signature"] = $"{parts[0]}.{parts[1]}.",
            ["two parts"] = $"{parts[0]}.{parts[1]}",
            ["an assertion"] = _gateway.Clients.Key(Hospital).Assertion(Hospital, _gateway.Fhir, hospital.Clock.GetUtcNow()),
            ["long"] = new string('a', 12_000),
            ["dots"] = "...",
            ["empty"] = "",
        };

        Answer? first = null;
        foreach (var (what, token) in tokens)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, Path);
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            var answer = await _gateway.Send(request);
            Assert.True(answer.Status == 401, $"{what}: {answer.Status}");
            Assert.Equal("Bearer error=\"invalid_token\"", answer.Headers["WWW-Authenticate"]);
            Assert.Equal(0u, answer.Growth);
            first ??= answer.IsFault(401, "login");
            Assert.Equal(first.Body, answer.Body);
        }

        (await _gateway.Get(Hospital, Path)).Is(200);
    }

    [Fact]
    public async Task A_token_ends_with_its_time_and_with_its_client()
    {
        await using var gateway = await TestGateway.Start(new TestClock());
        var clock = (TestClock)gateway.Host.Services.GetRequiredService<TimeProvider>();
        (await gateway.Get(Hospital, "Patient")).Is(200);
        clock.Advance(TimeSpan.FromSeconds(299));
        (await gateway.Get(Hospital, "Patient")).Is(200);
        clock.Advance(TimeSpan.FromSeconds(1));
        (await gateway.Get(Hospital, "Patient")).Is(401);

        gateway.ForgetTokens();
        (await gateway.Get(Hospital, "Patient")).Is(200);
        var registry = gateway.Host.Services.GetRequiredService<ClientRegistry>();
        Assert.IsNotType<Registration.Refused>(await registry.Register(registry.Find(Hospital)! with { Disabled = true }, CancellationToken.None));
        (await gateway.Get(Hospital, "Patient")).Is(401);
    }

    [Fact]
    public async Task Other_schemes_and_two_tokens_are_refused()
    {
        var token = await _gateway.Token(Hospital);
        foreach (var value in new[] { "Basic aG9zcGl0YWw6c2VjcmV0", token, "bearer", $"Bearer {token}, Bearer {token}" })
        {
            var request = new HttpRequestMessage(HttpMethod.Get, Path);
            request.Headers.TryAddWithoutValidation("Authorization", value);
            (await _gateway.Send(request)).Is(401);
        }

        (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, Path + "?access_token=" + token))).Is(401);
        var lower = new HttpRequestMessage(HttpMethod.Get, Path) { Headers = { Authorization = new AuthenticationHeaderValue("bearer", token) } };
        (await _gateway.Send(lower)).Is(200);
    }

    [Fact]
    public async Task What_no_scope_covers_is_forbidden_before_anything_is_looked_at()
    {
        (await _gateway.Get(Narrow, Path)).Is(200);
        foreach (var (method, path) in new[]
        {
            ("GET", "Patient/" + SmallHospital.Open), ("GET", "Patient/absent"), ("GET", "Observation"), ("DELETE", "Observation/pulse-" + SmallHospital.Open), ("POST", "Observation"),
            ("PUT", "Observation/absent"), ("GET", "Patient/absent/_history/1"),
        })
        {
            var answer = (await _gateway.Send(Narrow, method, path, method is "POST" or "PUT" ? Records.Observation("absent", SmallHospital.Open) : null)).IsFault(403, "forbidden");
            Assert.Equal(0u, answer.Growth);
        }

        // Roles that see the ledger or run the gateway have no scope for records at all.
        foreach (var client in new[] { Auditor, Operator })
        {
            Assert.Equal(403, (await _gateway.Get(client, Path)).Status);
        }
    }

    [Fact]
    public async Task A_client_gets_no_scope_that_it_is_not_registered_for()
    {
        var answer = await _gateway.RequestToken(Narrow, "system/*.cruds");
        Assert.True(answer.Status == 400 || answer.Json["scope"]!.GetValue<string>() == "system/Observation.r", answer.Text);
    }

    [Fact]
    public async Task A_purpose_is_chosen_among_the_clients_own()
    {
        (await Purpose("TREAT")).Is(200);
        (await Purpose("")).Is(200);
        (await Purpose("HRESCH")).IsFault(403, "forbidden");
        (await Purpose("treat")).IsFault(400, "code-invalid");
        (await Purpose("Zebedee")).IsFault(400, "code-invalid", "Zebedee");

        var ambiguous = new HttpRequestMessage(HttpMethod.Get, Path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", await _gateway.Token(Clinic)) } };
        Assert.Equal(0u, (await _gateway.Send(ambiguous)).IsFault(400, "required").Growth);

        Task<Answer> Purpose(string code) => _gateway.Get(Hospital, Path, ("X-Purpose-Of-Use", code));
    }

    [Fact]
    public async Task An_emergency_needs_a_reason_of_reasonable_length()
    {
        foreach (var reason in new[] { "", "   ", new string('a', 501) })
        {
            foreach (var code in new[] { "ETREAT", "BTG" })
            {
                Assert.Equal(0u, (await _gateway.Get(Clinic, Path, ("X-Purpose-Of-Use", code), ("X-Break-Glass-Reason", reason))).IsFault(400, "required").Growth);
            }
        }

        (await _gateway.Get(Clinic, Path, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious after a fall"))).Is(200);
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
