// docs/surfaces.md, "Operators": people are registered by operators, who choose no passwords; NIST SP 800-63B section 5.1.1 for passwords, OWASP ASVS 4.0.3 section 2.3 for the first one.
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Tests.Portal;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class UsersApiTests : IAsyncLifetime
{
    private const string Password = "nine green bottles";
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.Start();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_patient_who_is_registered_sets_a_password_by_the_code_once_and_sees_it_among_the_events()
    {
        await _gateway.AddPatient("one");
        var added = (await Add("anna", "patient", ("patient", "one"))).Is(200);
        var code = added.Json["invitation"]!["code"]!.GetValue<string>();
        Assert.Matches("^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$", code);
        Assert.False(added.Json["user"]!["hasPassword"]!.GetValue<bool>());

        using var anna = new Person(_gateway);
        Assert.Contains("failed", (await anna.SignIn("anna", "")).Location, StringComparison.Ordinal);
        var page = (await anna.Load("/enrol")).Is(200);
        PageRules.Hold(page);
        Assert.Equal("/enrol?failed=repeated", (await Enrol(anna, "anna", code, Password, Password + "x")).Location);
        Assert.Equal("/enrol?failed=password", (await Enrol(anna, "anna", code, "short")).Location);
        Assert.Equal("/enrol?failed=password", (await Enrol(anna, "anna", code, "aaaaaaaaaaaaaaa")).Location);
        foreach (var failed in new[] { "code", "password", "repeated" })
        {
            var told = (await anna.Load("/enrol?failed=" + failed)).Is(200);
            PageRules.Hold(told);
            Assert.Contains("Your password is not set", told.Text("[role=alert]"), StringComparison.Ordinal);
        }

        var set = await Enrol(anna, "ANNA", code.Replace("-", " ", StringComparison.Ordinal).ToLowerInvariant(), Password);
        Assert.Equal("/?enrolled=1", set.Location);
        var start = (await anna.Load(set.Location!)).Is(200);
        PageRules.Hold(start);
        Assert.Contains("Your password is set", start.Text("[role=status]"), StringComparison.Ordinal);
        Assert.Equal("/portal", (await anna.SignIn("anna", Password)).Location);
        Assert.Equal("/enrol?failed=code", (await Enrol(anna, "anna", code, Password)).Location);
        var events = (await anna.Load("/portal/events")).Is(200);
        Assert.Contains("registered somebody to sign in as you", events.Text("td"), StringComparison.Ordinal);
        _gateway.AssertReplays();
    }

    [Fact]
    public async Task A_wrong_code_an_unknown_name_a_disabled_person_and_one_without_a_code_look_alike()
    {
        var code = (await Add("anna", "regulator")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        var disabled = (await Add("bert", "regulator")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        (await Act("disable", "bert")).Is(200);
        var (with, _) = await Person.Register(_gateway, CallerRole.Regulator);
        using var somebody = new Person(_gateway);
        foreach (var (name, tried) in new[] { ("anna", "00000-00000-00000-00000"), ("anna", ""), ("nobody", code), ("bert", disabled), (with, code), (with, ""), ("anna", new string('7', 60)) })
        {
            Assert.Equal("/enrol?failed=code", (await Enrol(somebody, name, tried, Password)).Location);
        }

        Assert.Equal("/?enrolled=1", (await Enrol(somebody, "anna", code, Password)).Location);
    }

    [Fact]
    public async Task A_code_ends()
    {
        var clock = new TestClock(DateTimeOffset.UtcNow);
        await using var gateway = await TestGateway.Start(clock);
        var code = (await Add("anna", "regulator", gateway)).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        clock.Advance(TimeSpan.FromHours(72));
        using var anna = new Person(gateway);
        Assert.Equal("/enrol?failed=code", (await Enrol(anna, "anna", code, Password)).Location);
    }

    [Fact]
    public async Task A_new_code_ends_the_one_before_and_the_password()
    {
        using var anna = new Person(_gateway);
        var first = (await Add("anna", "regulator")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        var second = (await Act("invite", "anna")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        var third = (await Act("invite", "anna")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        Assert.Equal("/enrol?failed=code", (await Enrol(anna, "anna", first, Password)).Location);
        Assert.Equal("/enrol?failed=code", (await Enrol(anna, "anna", second, Password)).Location);
        Assert.Equal("/?enrolled=1", (await Enrol(anna, "anna", third, Password)).Location);
        Assert.Equal("/review", (await anna.SignIn("anna", Password)).Location);
        (await Act("invite", "anna")).Is(200);
        Assert.Equal(303, (await anna.Load("/review")).Status);
        Assert.Contains("failed", (await anna.SignIn("anna", Password)).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_done_to_people_is_recorded_by_their_ids_and_of_a_patient_on_the_patients_own_chain()
    {
        await _gateway.AddPatient("one");
        var doctor = (await Add("dr.berg", "clinician", ("organization", "Organization/riverside"), ("fhirUser", "Practitioner/berg"))).Is(200);
        (await Add("anna", "patient", ("patient", "one"))).Is(200);
        (await Add("ANNA", "patient", ("patient", "one"))).Is(409);
        (await Add("otto", "patient", ("patient", "nowhere"))).Is(404);
        (await Act("disable", "anna")).Is(200);
        (await Act("disable", "zebedee")).Is(404);
        (await _gateway.Admin("users/organization", new JsonObject { ["username"] = "dr.berg", ["organization"] = "Organization/harbour" })).Is(200);
        (await Act("remove", "dr.berg")).Is(200);
        (await Act("show", "dr.berg")).Is(404);

        Assert.Equal(["user-registered permit", "user-registered deny", "user-disabled permit"], _gateway.Acts("one").Select(act => $"{act.Act} {act.Decision}"));
        var acts = _gateway.Acts();
        Assert.Equal(
            ["user-registered permit", "user-registered deny", "user-disabled deny", "user-moved permit", "user-removed permit", "user-shown deny"],
            acts.Select(act => $"{act.Act} {act.Decision}"));
        Assert.Equal(doctor.Json["user"]!["userId"]!.GetValue<string>(), acts[0].Detail!["user"]!.GetValue<string>());
        Assert.Equal("Practitioner/berg", acts[0].Detail!["fhirUser"]!.GetValue<string>());
        Assert.All(acts.Concat(_gateway.Acts("one")), act => Assert.DoesNotMatch("anna|ANNA|berg\"|zebedee|nowhere|otto|one", act.Detail!.ToJsonString().Replace("Practitioner/berg", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_list_shows_who_may_sign_in_and_no_secret()
    {
        var code = (await Add("inspector", "regulator")).Is(200).Json["invitation"]!["code"]!.GetValue<string>();
        var list = (await _gateway.Admin("users", method: "GET")).Is(200);
        Assert.Equal(2ul, list.Growth); // with the STATE entry of its batch
        var user = Assert.Single(list.Json["users"]!.AsArray())!;
        Assert.Equal(("inspector", "regulator"), (user["username"]!.GetValue<string>(), user["role"]!.GetValue<string>()));
        Assert.DoesNotContain(code, list.Text, StringComparison.Ordinal);
        Assert.Null(list.Json["next"]);
        Assert.Empty((await _gateway.Admin("users?after=" + new string('f', 64), method: "GET")).Is(200).Json["users"]!.AsArray());
        foreach (var after in new[] { "after=", "after=FF", "after=" + new string('F', 64), "after=a&after=b" })
        {
            (await _gateway.Admin("users?" + after, method: "GET")).Is(400);
        }
    }

    [Theory]
    [InlineData("""{"username":"anna"}""")]
    [InlineData("""{"username":"anna","role":"system"}""")]
    [InlineData("""{"username":"anna","role":"patient"}""")]
    [InlineData("""{"username":"anna","role":"regulator","patient":"one"}""")]
    [InlineData("""{"username":"anna","role":"clinician"}""")]
    [InlineData("""{"username":"anna","role":"clinician","organization":"riverside"}""")]
    [InlineData("""{"username":"anna","role":"regulator","fhirUser":"anna"}""")]
    [InlineData("""{"username":"anna","role":"regulator","fhirUser":"Group/x"}""")]
    [InlineData("""{"username":"anna","role":"patient","patient":"one","fhirUser":"Patient/other"}""")]
    [InlineData("""{"username":"anna","role":"patient","patient":"../one"}""")]
    [InlineData("""{"username":"two words","role":"regulator"}""")]
    [InlineData("""{"username":"","role":"regulator"}""")]
    [InlineData("""{"username":"anna","role":"regulator","password":"chosen by an operator"}""")]
    [InlineData("""{"username":"anna","username":"bert","role":"regulator"}""")]
    [InlineData("""{"username":["anna"],"role":"regulator"}""")]
    [InlineData("[]")]
    public async Task What_breaks_a_rule_is_refused(string body)
    {
        Assert.Equal("invalid", (await _gateway.SendBytes(TestClients.Operator, "POST", "/admin/users", System.Text.Encoding.UTF8.GetBytes(body), "application/json")).Is(400).Error());
        Assert.Empty((await _gateway.Admin("users", method: "GET")).Is(200).Json["users"]!.AsArray());
    }

    private Task<Answer> Add(string name, string role, params (string Name, string Value)[] more) => Add(name, role, _gateway, more);

    private static Task<Answer> Add(string name, string role, TestGateway gateway, params (string Name, string Value)[] more)
    {
        var body = new JsonObject { ["username"] = name, ["role"] = role };
        foreach (var (member, value) in more)
        {
            body[member] = value;
        }

        return gateway.Admin("users", body);
    }

    private Task<Answer> Act(string act, string name) => _gateway.Admin("users/" + act, new JsonObject { ["username"] = name });

    private static async Task<SeenPage> Enrol(Person person, string name, string code, string password, string? repeated = null) =>
        await person.Submit((await person.Load("/enrol")).Form("/account/enrol"), ("username", name), ("code", code), ("password", password), ("repeated", repeated ?? password));
}
