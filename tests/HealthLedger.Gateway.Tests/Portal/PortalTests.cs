// The portal: consents in plain words, withdrawal that holds from the next request on, the patient's own events (design: Surfaces; issue "The main job").
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Portal;

public sealed class PortalTests : IClassFixture<PortalTests.Hospital>
{
    private readonly TestGateway _gateway;

    public PortalTests(Hospital hospital) => _gateway = hospital.Gateway;

    [Fact]
    public async Task A_wrong_password_leads_back_with_a_message_and_the_right_one_to_the_own_page()
    {
        var (name, password) = await Person.Register(_gateway, CallerRole.Patient, "anna");
        using var person = new Person(_gateway);
        var wrong = await person.SignIn(name, password + "x");
        Assert.Equal("/?failed=1", wrong.Location);
        var page = (await person.Load(wrong.Location!)).Is(200);
        Assert.Contains("You are not signed in", page.Text("[role=alert]"), StringComparison.Ordinal);
        Assert.Equal("/?returnUrl=/portal", (await person.Load("/portal")).Location);

        Assert.Equal("/portal", (await person.SignIn(name, password)).Location);
        page = (await person.Load("/portal")).Is(200);
        (await person.Submit(page.Form("/account/sign-out"))).Is(303);
        Assert.Equal(303, (await person.Load("/portal")).Status);
    }

    [Fact]
    public async Task A_consent_withdrawn_by_the_form_ends_access_with_the_very_next_request()
    {
        var id = await NewPatient();
        var consent = await Consent(id);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(200);
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, id);
        var page = (await patient.Load("/portal")).Is(200);
        Assert.Contains("May see the whole record.", page.Text("#consents ~ ul"), StringComparison.Ordinal);
        Assert.Contains("treatment", page.Text("#consents ~ ul dl"), StringComparison.Ordinal);
        var path = Assert.Single(page.Document.QuerySelectorAll("#consents ~ ul a.button")).GetAttribute("href")!;
        Assert.Equal($"/portal/consents/{consent}/withdraw", path);

        var confirm = (await patient.Load(path)).Is(200);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(200);
        var done = (await patient.Submit(confirm.Form(path))).Is(303);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(404);

        page = (await patient.Load(done.Location!)).Is(200);
        Assert.Contains("holds from the next request on", page.Text(".done"), StringComparison.Ordinal);
        Assert.Matches("entry \\d+ of the ledger", page.Text(".done"));
        Assert.Contains("withdrawn", page.Text("#consents ~ ul .tag"), StringComparison.Ordinal);
        Assert.Empty(page.Document.QuerySelectorAll("#consents ~ ul a.button"));
        Assert.Contains("refused", page.Text("table tr.refused"), StringComparison.Ordinal);

        // Once more, from an old tab: nothing changes and nothing breaks.
        Assert.Equal(done.Location, (await patient.Submit(confirm.Form(path))).Location);
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused_and_changes_nothing()
    {
        var id = await NewPatient();
        var consent = await Consent(id);
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, id);
        using var stranger = new Person(_gateway);
        var foreign = (await stranger.Load("/")).Form("/account/sign-in").Elements.OfType<AngleSharp.Html.Dom.IHtmlInputElement>().First(i => i.Type == "hidden");
        foreach (var fields in new Dictionary<string, string>[] { [], new() { [foreign.Name!] = foreign.Value }, new() { [foreign.Name!] = "x" } })
        {
            (await patient.Post($"/portal/consents/{consent}/withdraw", fields)).Is(400);
            (await patient.Post("/portal/consents", fields)).Is(400);
        }

        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(200);
    }

    [Fact]
    public async Task A_patient_neither_sees_nor_withdraws_what_is_anothers_and_cannot_tell_it_from_absent()
    {
        var id = await NewPatient();
        var consent = await Consent(id);
        using var other = await Person.SignedIn(_gateway, CallerRole.Patient, "anna");
        var foreign = (await other.Load($"/portal/consents/{consent}/withdraw")).Is(404);
        var absent = (await other.Load("/portal/consents/0123456789abcdef0123456789abcdef/withdraw")).Is(404);
        Assert.Equal(WithoutTokens(absent), WithoutTokens(foreign));
        var own = await other.Load("/portal");
        var token = own.Form("/portal/consents").Elements.OfType<AngleSharp.Html.Dom.IHtmlInputElement>().First(i => i.Type == "hidden");
        (await other.Post($"/portal/consents/{consent}/withdraw", new() { [token.Name!] = token.Value })).Is(404);
        Assert.DoesNotContain(consent, own.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(id, own.Html, StringComparison.Ordinal);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(200);
    }

    [Fact]
    public async Task A_consent_given_in_the_portal_opens_the_record_and_a_bad_form_says_which_field()
    {
        var id = await NewPatient();
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, id);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(404);
        var form = (await patient.Load("/portal")).Form("/portal/consents");
        var wrong = (await patient.Submit(form, ("organization", "Organization/none"), ("purpose", "TREAT"), ("until", "1999-01-01"))).Is(422);
        Assert.Equal(["#organization", "#until"], wrong.Document.QuerySelectorAll("[role=alert] a").Select(a => a.GetAttribute("href")));
        Assert.Equal("true", wrong.Document.QuerySelector("#until")!.GetAttribute("aria-invalid"));
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(404);

        var given = (await patient.Submit(form, ("organization", "Organization/riverside"), ("purpose", "TREAT"), ("until", "2090-01-01"))).Is(303);
        (await _gateway.Get(TestClients.Clinic, "Patient/" + id)).Is(200);
        Assert.Contains("Until\n1 January 2090", System.Text.RegularExpressions.Regex.Replace((await patient.Load(given.Location!)).Text("#consents ~ ul dl"), "\\s*\n\\s*", "\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Older_events_name_organizations_as_the_newest_do()
    {
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, "anna");
        (await _gateway.Get(TestClients.Clinic, "Patient/anna")).Is(200);
        foreach (var page in new[] { "/portal", "/portal/events" })
        {
            Assert.Contains(">Riverside Clinic, client ", (await patient.Load(page)).Is(200).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Hostile_text_is_shown_as_text()
    {
        const string Hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
        await using var gateway = await TestGateway.Start();
        (await gateway.Put(TestClients.Hospital, "Organization/hostile", new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Organization", ["id"] = "hostile", ["name"] = Hostile })).Is(201);
        (await gateway.Put(TestClients.Hospital, "Patient/p", Records.Patient("p", Hostile))).Is(201);
        (await gateway.Get(TestClients.Clinic, "Patient/p", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "<b>unconscious</b>"))).Is(200);
        using var patient = await Person.SignedIn(gateway, CallerRole.Patient, "p");
        var page = (await patient.Load("/portal")).Is(200);
        Assert.All(page.Document.Scripts, s => Assert.Equal("/assets/healthledger.js", s.GetAttribute("src")));
        Assert.Empty(page.Document.QuerySelectorAll("img, q b"));
        Assert.Equal(Hostile, page.Document.QuerySelector("option[value='Organization/hostile']")!.TextContent);
        Assert.Equal("<b>unconscious</b>", page.Text("tr.emergency q"));
    }

    [Fact]
    public async Task The_open_page_is_told_of_new_events_and_nobody_elses()
    {
        var id = await NewPatient();
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, id);
        var shown = (await patient.Load("/portal")).Document.QuerySelector("[data-shown]")!.GetAttribute("data-shown");
        Assert.Equal("{\"changed\":false}", (await patient.Load("/portal/changes?since=" + shown)).Html);
        (await _gateway.Get(TestClients.Stranger, "Patient/anna")).Is(404);
        (await _gateway.Get(TestClients.Stranger, "Patient/" + id)).Is(404);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await patient.Load("/portal/changes?since=" + shown)).Html != "{\"changed\":true}")
        {
            patience.Token.ThrowIfCancellationRequested();
        }

        (await patient.Load("/portal/changes?since=x")).Is(400);
        using var stranger = new Person(_gateway);
        (await stranger.Load("/portal/changes?since=0")).Is(401);
    }

    /// <summary>A browser that slept, or a gateway that was started again: what the page missed meanwhile is news too.</summary>
    [Fact]
    public async Task An_open_page_that_is_not_watched_any_more_is_told_what_it_missed()
    {
        var id = await NewPatient();
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, id);
        Assert.Equal("{\"changed\":true}", (await patient.Load("/portal/changes?since=0")).Html);
        var newest = _gateway.LedgerSize - 1;
        Assert.Equal("{\"changed\":false}", (await patient.Load("/portal/changes?since=" + newest)).Html);
        (await _gateway.Get(TestClients.Stranger, "Patient/" + id)).Is(404);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await patient.Load("/portal/changes?since=" + newest)).Html != "{\"changed\":true}")
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/portal")]
    [InlineData("/portal/events?skip=1")]
    [InlineData("/nothing-here")]
    public async Task Every_page_has_strict_headers_and_a_sound_structure(string path)
    {
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, "anna");
        PageRules.Hold(await patient.Load(path));
    }

    [Fact]
    public async Task A_person_of_another_role_is_sent_to_their_own_page()
    {
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, "anna");
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        using var clinician = await Person.SignedIn(_gateway, CallerRole.Clinician);
        Assert.Equal("/portal", (await patient.Load("/review")).Location);
        Assert.Equal("/review", (await regulator.Load("/portal")).Location);
        Assert.Equal("/", (await clinician.Load("/portal")).Location);
        Assert.Equal("/", (await clinician.Load("/review?list=1")).Location);
    }

    private async Task<string> NewPatient()
    {
        var id = "p-" + Guid.NewGuid().ToString("n");
        (await _gateway.Put(TestClients.Hospital, "Patient/" + id, Records.Patient(id, "Newly"))).Is(201);
        return id;
    }

    private async Task<string> Consent(string patient) => (await _gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;

    private static string WithoutTokens(SeenPage page) => System.Text.RegularExpressions.Regex.Replace(page.Html, "value=\"[^\"]{40,}\"", "");

    public sealed class Hospital : IAsyncLifetime
    {
        internal TestGateway Gateway { get; private set; } = null!;

        async Task IAsyncLifetime.InitializeAsync()
        {
            Gateway = await TestGateway.Start();
            (await Gateway.Put(TestClients.Hospital, "Organization/riverside", new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Organization", ["id"] = "riverside", ["name"] = "Riverside Clinic" })).Is(201);
            (await Gateway.Put(TestClients.Hospital, "Patient/anna", Records.Patient("anna", "Annason"))).Is(201);
            (await Gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, "anna", Records.Permit()))).Is(201);
        }

        async Task IAsyncLifetime.DisposeAsync() => await Gateway.DisposeAsync();
    }
}
