// docs/surfaces.md, "Operators": clients are registered, changed and disabled by operators; each change is recorded before it is done and holds from the next request on; no private key is taken.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class ClientsApiTests : IAsyncLifetime
{
    private readonly DemoClientKey _key = new();
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.Start();

    public async Task DisposeAsync()
    {
        _key.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_registered_client_reads_what_its_organization_is_permitted_and_a_disabled_one_nothing_from_the_next_request_on()
    {
        await _gateway.AddPatient("one");
        var registered = (await _gateway.Admin("clients", Registration("imaging"))).Is(200);
        Assert.Equal("system", registered.Json["client"]!["role"]!.GetValue<string>());
        Assert.DoesNotContain("\"x\"", registered.Text, StringComparison.Ordinal);

        var token = (await Token("imaging", _key)).Is(200).Json["access_token"]!.GetValue<string>();
        (await Read(token)).Is(200);
        (await _gateway.Admin("clients/imaging/disable")).Is(200);
        (await Read(token)).Is(401);
        (await Token("imaging", _key)).Is(400);
        (await _gateway.Admin("clients/imaging/enable")).Is(200);
        (await Read(token)).Is(200);

        (await _gateway.Admin("clients/imaging", new JsonObject { ["scopes"] = new JsonArray("system/Condition.rs") })).Is(200);
        (await Read(token)).Is(403);
        (await _gateway.Admin("clients/imaging", new JsonObject { ["scopes"] = new JsonArray("system/*.rs"), ["organization"] = "Organization/harbour" })).Is(200);
        (await Read(token)).Is(401);
        var moved = (await Token("imaging", _key)).Is(200).Json["access_token"]!.GetValue<string>();
        (await Read(moved)).Is(404);
        _gateway.AssertReplays();
    }

    [Fact]
    public async Task Keys_are_put_in_the_place_of_those_before()
    {
        (await _gateway.Admin("clients", Registration("imaging"))).Is(200);
        using var next = new DemoClientKey();
        (await _gateway.Admin("clients/imaging", new JsonObject { ["keys"] = new JsonArray(JsonNode.Parse(next.PublicJwk())) })).Is(200);
        (await Token("imaging", _key)).Is(400);
        (await Token("imaging", next)).Is(200);
    }

    [Fact]
    public async Task Each_change_stands_on_the_ledger_with_what_was_before_and_auditors_see_it()
    {
        (await _gateway.Admin("clients", Registration("imaging"))).Is(200);
        (await _gateway.Admin("clients/imaging", new JsonObject { ["scopes"] = new JsonArray("system/*.cruds"), ["name"] = "Doctor Zebedee's" })).Is(200);
        (await _gateway.Admin("clients", Registration("imaging"))).Is(409);
        (await _gateway.Admin("clients/elsewhere/disable")).Is(404);

        var acts = _gateway.Acts();
        Assert.Equal(
            ["client-registered permit", "client-changed permit", "client-registered deny", "client-disabled deny"],
            acts.Select(act => $"{act.Act} {act.Decision}"));
        Assert.Equal(("imaging", "Organization/riverside"), (acts[0].Detail!["client"]!.GetValue<string>(), acts[0].Detail!["organization"]!.GetValue<string>()));
        Assert.Equal(("system/*.rs", "system/*.cruds"), (acts[1].Detail!["before"]!["scopes"]![0]!.GetValue<string>(), acts[1].Detail!["after"]!["scopes"]![0]!.GetValue<string>()));
        Assert.Equal("exists", acts[2].Detail!["refused"]!.GetValue<string>());
        Assert.DoesNotContain("elsewhere", acts[3].Detail!.ToJsonString(), StringComparison.Ordinal);
        Assert.All(acts, act => Assert.DoesNotContain("Zebedee", act.Detail!.ToJsonString(), StringComparison.Ordinal));

        var seen = (await _gateway.Get(Auditor, "AuditEvent?_count=50")).Is(200).Entries.Select(e => e["resource"]!.ToJsonString()).ToList();
        Assert.Contains(seen, resource => resource.Contains("client-changed", StringComparison.Ordinal) && resource.Contains("system/*.cruds", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_list_and_a_client_are_shown_and_recorded_and_hold_no_key_but_its_thumbprint()
    {
        var list = (await _gateway.Admin("clients", method: "GET")).Is(200);
        Assert.Equal(2ul, list.Growth); // with the STATE entry of its batch
        var ids = list.Json["clients"]!.AsArray().Select(client => client!["clientId"]!.GetValue<string>()).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Contains(Clinic, ids);
        var one = (await _gateway.Admin("clients/" + Clinic, method: "GET")).Is(200);
        Assert.Equal("Organization/riverside", one.Json["client"]!["organization"]!.GetValue<string>());
        Assert.Equal(["alg", "kid", "thumbprint"], one.Json["client"]!["keys"]![0]!.AsObject().Select(member => member.Key).Order(StringComparer.Ordinal));
        Assert.Equal(2ul, (await _gateway.Admin("clients/nobody", method: "GET")).Is(404).Growth);
    }

    [Fact]
    public async Task A_private_key_is_not_taken_and_nothing_of_it_is_said_or_kept()
    {
        var registration = Registration("imaging");
        registration["keys"] = new JsonArray(_key.PrivateJwk());
        var answer = (await _gateway.Admin("clients", registration)).Is(400);
        Assert.Contains("private key", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(_key.PrivateJwk()["d"]!.GetValue<string>(), answer.Text, StringComparison.Ordinal);
        (await _gateway.Admin("clients/imaging", method: "GET")).Is(404);
    }

    [Fact]
    public async Task The_last_operator_can_neither_be_disabled_nor_lose_the_scope()
    {
        foreach (var other in new[] { Caretaker, Supervisor })
        {
            (await _gateway.Admin($"clients/{other}/disable")).Is(200);
        }

        Assert.Equal("last-operator", (await _gateway.Admin($"clients/{Operator}/disable")).Is(409).Error());
        Assert.Equal("last-operator", (await _gateway.Admin("clients/" + Operator, new JsonObject { ["scopes"] = new JsonArray("system/*.rs") })).Is(409).Error());
        (await _gateway.Admin($"clients/{Supervisor}/enable")).Is(200);
        (await _gateway.Admin($"clients/{Operator}/disable")).Is(200);
        (await _gateway.Admin("clients", method: "GET")).Is(401);
    }

    [Theory]
    [InlineData("""{"clientId":".."}""")]
    [InlineData("""{"clientId":"two words"}""")]
    [InlineData("""{"clientId":7}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"role":"clinician"}""")]
    [InlineData("""{"organization":"Organization/../x"}""")]
    [InlineData("""{"organization":"Patient/x"}""")]
    [InlineData("""{"scopes":[]}""")]
    [InlineData("""{"scopes":["healthledger/admin"]}""")]
    [InlineData("""{"scopes":["everything"]}""")]
    [InlineData("""{"scopes":[1]}""")]
    [InlineData("""{"purposes":[]}""")]
    [InlineData("""{"purposes":["FUN"]}""")]
    [InlineData("""{"purposes":["TREAT","TREAT"]}""")]
    [InlineData("""{"mayMigrate":"yes"}""")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[{"kty":"EC"}]}""")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"secret":"x"}""")]
    [InlineData("""{"disabled":false}""")]
    public async Task What_breaks_a_rule_is_refused_in_plain_words(string spoiled)
    {
        var registration = Registration("imaging");
        foreach (var (name, value) in JsonNode.Parse(spoiled)!.AsObject())
        {
            registration[name] = value?.DeepClone();
        }

        var answer = (await _gateway.Admin("clients", registration)).Is(400);
        Assert.Equal("invalid", answer.Error());
        Assert.False(string.IsNullOrWhiteSpace(answer.Json["message"]!.GetValue<string>()));
        (await _gateway.Admin("clients/imaging", method: "GET")).Is(404);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"clientId":"a","clientId":"b"}""")]
    [InlineData("""{"name":"\ud800"}""")]
    [InlineData("{}")]
    public async Task What_is_no_such_object_is_refused(string body)
    {
        Assert.Equal("invalid", (await _gateway.SendBytes(Operator, "POST", "/admin/clients", Encoding.UTF8.GetBytes(body), "application/json")).Is(400).Error());
        Assert.Equal("invalid", (await _gateway.SendBytes(Operator, "POST", "/admin/clients/clinic", Encoding.UTF8.GetBytes(body), "application/json")).Is(400).Error());
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused() =>
        Assert.Equal("invalid", (await _gateway.SendBytes(Operator, "POST", "/admin/clients", new byte[70_000], "application/json")).Is(400).Error());

    private JsonObject Registration(string id) => new()
    {
        ["clientId"] = id,
        ["name"] = "Imaging",
        ["organization"] = "Organization/riverside",
        ["scopes"] = new JsonArray("system/*.rs"),
        ["purposes"] = new JsonArray("TREAT"),
        ["keys"] = new JsonArray(JsonNode.Parse(_key.PublicJwk())),
    };

    private Task<Answer> Token(string client, DemoClientKey key) => _gateway.Send(new HttpRequestMessage(HttpMethod.Post, "/auth/token")
    {
        Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = "system/*.rs",
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = key.Assertion(client, _gateway.Host.Url + "/auth/token", DateTimeOffset.UtcNow),
        }),
    });

    private Task<Answer> Read(string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fhir/Observation/pulse-one");
        request.Headers.Authorization = new("Bearer", token);
        return _gateway.Send(request);
    }
}
