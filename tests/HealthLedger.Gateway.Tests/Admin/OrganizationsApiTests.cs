// docs/surfaces.md, "Operators": organizations are records of the directory, written and read on the roads of all records, and kept by the operators together.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class OrganizationsApiTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.Start();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task An_organization_is_registered_once_seen_by_everybody_and_changed_by_any_operator()
    {
        (await Add("riverside", "Riverside clinic")).Is(200);
        Assert.Equal("exists", (await Add("riverside", "Another")).Is(409).Error());
        Assert.Equal("Riverside clinic", (await _gateway.Get(Clinic, "Organization/riverside")).Is(200).Json["name"]!.GetValue<string>());
        (await Change("riverside", "Riverside hospital", "no", Supervisor)).Is(200);
        var read = (await _gateway.Get(Clinic, "Organization/riverside")).Is(200);
        Assert.Equal(("Riverside hospital", false), (read.Json["name"]!.GetValue<string>(), read.Json["active"]!.GetValue<bool>()));
        var shown = (await _gateway.Admin("organizations/riverside", method: "GET")).Is(200).Json["organization"]!;
        Assert.Equal(("riverside", "Riverside hospital", false), (shown["id"]!.GetValue<string>(), shown["name"]!.GetValue<string>(), shown["active"]!.GetValue<bool>()));

        (await Add("harbour", "Harbour clinic")).Is(200);
        var list = (await _gateway.Admin("organizations", method: "GET")).Is(200);
        Assert.Equal(["harbour", "riverside"], list.Json["organizations"]!.AsArray().Select(o => o!["id"]!.GetValue<string>()));
        Assert.Equal(["organization-registered", "organization-registered", "organization-changed", "organization-shown", "organization-registered", "organizations-listed"], _gateway.Acts().Select(act => act.Act));
        _gateway.AssertReplays();
    }

    [Fact]
    public async Task What_a_client_keeps_is_changed_by_that_client_and_what_operators_keep_by_no_client()
    {
        (await _gateway.Put(Hospital, "Organization/north", new JsonObject { ["resourceType"] = "Organization", ["id"] = "north", ["name"] = "North hospital" })).Is(201);
        Assert.Equal("other-keeper", (await Change("north", "South hospital", "yes")).Is(409).Error());
        (await Add("riverside", "Riverside clinic")).Is(200);
        (await _gateway.Put(Hospital, "Organization/riverside", new JsonObject { ["resourceType"] = "Organization", ["id"] = "riverside", ["name"] = "Mine" })).Is(403);
    }

    [Fact]
    public async Task What_is_not_there_is_absent()
    {
        (await _gateway.Admin("organizations/nowhere", method: "GET")).Is(404);
        Assert.Equal("absent", (await Change("nowhere", "Nowhere", "yes")).Is(404).Error());
        (await _gateway.Admin("organizations/no_id", method: "GET")).Is(404);
    }

    [Theory]
    [InlineData("""{"id":"two words","name":"x"}""")]
    [InlineData("""{"id":"..","name":"x"}""")]
    [InlineData("""{"id":"x"}""")]
    [InlineData("""{"id":"x","name":" x"}""")]
    [InlineData("""{"id":"x","name":"a\u0007b"}""")]
    [InlineData("""{"id":"x","name":"y","telecom":"z"}""")]
    public async Task What_breaks_a_rule_is_refused(string body)
    {
        Assert.Equal("invalid", (await _gateway.SendBytes(Operator, "POST", "/admin/organizations", System.Text.Encoding.UTF8.GetBytes(body), "application/json")).Is(400).Error());
        Assert.Empty((await _gateway.Admin("organizations", method: "GET")).Is(200).Json["organizations"]!.AsArray());
    }

    private Task<Answer> Add(string id, string name) => _gateway.Admin("organizations", new JsonObject { ["id"] = id, ["name"] = name });

    private Task<Answer> Change(string id, string name, string active, string client = Operator) =>
        _gateway.Admin("organizations/" + id, new JsonObject { ["name"] = name, ["active"] = active }, client);
}
