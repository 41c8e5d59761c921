// FHIR R4 Consent (4.0.1): what compiles, what is refused and where, and what is not understood (docs/consent.md, "What a rule says").
using System.Text;
using HealthLedger.Access;
using HealthLedger.Consents;
using static HealthLedger.Tests.Consents.ConsentText;

namespace HealthLedger.Tests.Consents;

public sealed class ConsentCompilerTests
{
    [Fact]
    public void Everything_that_matters_is_kept()
    {
        var directive = Directive(
            $$"""{"type":"permit","period":{"end":"2027"},"actor":[{{Actor("Practitioner/x")}},{{Actor("Organization/a")}}],"provision":[{"type":"deny","securityLabel":[{{Label("R")}}]}]}""",
            more: """
                ,"performer":[{"reference":"Patient/p1"}],"organization":[{"reference":"Organization/a"}],
                "policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},
                "verification":[{"verified":true,"verifiedWith":{"reference":"Patient/p1"},"verificationDate":"2026-01-02"}]
                """);
        Assert.Equal(("Consent/c1", 3, Patient, "active"), (directive.Reference, directive.Version, directive.Patient, directive.Status));
        Assert.Equal(ConsentSubject.Privacy, directive.Subject);
        Assert.Equal<IEnumerable<object>>(["http://loinc.org|59284-0"], directive.Categories);
        Assert.Equal("2026-01-01", directive.DateTime);
        Assert.Equal<IEnumerable<object>>(["Patient/p1"], directive.Performers);
        Assert.Equal<IEnumerable<object>>(["Organization/a"], directive.Organizations);
        Assert.Equal<IEnumerable<object>>(["urn:example:policy"], directive.Policies);
        Assert.Equal<IEnumerable<object>>(["http://terminology.hl7.org/CodeSystem/v3-ActCode|OPTIN"], directive.PolicyRules);
        Assert.Equal<IEnumerable<object>>([new ConsentVerification(true, "Patient/p1", "2026-01-02")], directive.Verifications);
        Assert.Equal<IEnumerable<object>>(["Organization/a", "Practitioner/x"], directive.Grantees);
        Assert.Equal(ProvisionType.Deny, directive.Root!.Provisions[0].Type);
    }

    [Theory]
    [InlineData("", "Consent")]
    [InlineData("[]", "Consent.resourceType")]
    [InlineData("""{"resourceType":"Patient"}""", "Consent.resourceType")]
    [InlineData("""{"resourceType":"Consent","status":"active","status":"inactive"}""", "Consent")]
    [InlineData("""{"resourceType":"Consent","status":"\ud800"}""", "Consent")]
    [InlineData("""{"resourceType":"Consent"}""", "Consent.status", "Consent.patient", "Consent.scope")]
    public void What_is_no_Consent_is_refused(string json, params string[] places) =>
        Assert.Equal(places, Issues(Encoding.UTF8.GetBytes(json)).Select(i => i.Place));

    [Theory]
    [InlineData("""{"type":"allow"}""", "Consent.provision.type")]
    [InlineData("""{"type":"permit","provision":[{}]}""", "Consent.provision.provision[0].type")]
    [InlineData("""{"type":"permit","provision":[{"type":"deny"},{"type":1}]}""", "Consent.provision.provision[1].type")]
    [InlineData("""{"type":"permit","provision":{"type":"deny"}}""", "Consent.provision.provision")]
    [InlineData("""{"type":"permit","provision":[]}""", "Consent.provision.provision")]
    [InlineData("""{"type":"permit","provision":["deny"]}""", "Consent.provision.provision[0]")]
    [InlineData("""{"type":"permit","period":{"start":"2027","end":"2026"}}""", "Consent.provision.period")]
    [InlineData("""{"type":"permit","period":{"start":"soon"}}""", "Consent.provision.period")]
    [InlineData("""{"type":"permit","dataPeriod":"2026"}""", "Consent.provision.dataPeriod")]
    [InlineData("""{"type":"permit","actor":[{"reference":{"reference":"Organization/a"}}]}""", "Consent.provision.actor[0]")]
    [InlineData("""{"type":"permit","purpose":[]}""", "Consent.provision.purpose")]
    [InlineData("""{"type":"permit","purpose":{"code":"TREAT"}}""", "Consent.provision.purpose")]
    [InlineData("""{"type":"permit","data":[{"meaning":"everything","reference":{"reference":"Observation/1"}}]}""", "Consent.provision.data[0]")]
    [InlineData("""{"type":"permit","resourceType":[{"code":"Observation"}]}""", "Consent.provision")]
    [InlineData("[]", "Consent.provision")]
    public void A_provision_that_cannot_be_enforced_is_refused_with_its_place(string provision, string place) =>
        Assert.Equal([place], Issues(Json(provision)).Select(i => i.Place));

    [Fact]
    public void No_issue_or_remark_carries_a_value_out_of_the_Consent()
    {
        const string Secret = "Zanzibar";
        var refused = Issues(Json($$"""{"type":"{{Secret}}","period":{"start":"{{Secret}}"},"{{Secret}}":1}""", status: Secret));
        Assert.All(refused, i => Assert.DoesNotContain(Secret, i.Place + i.Message));
        var remarks = Remarks($$"""{"type":"permit","purpose":[{"system":"{{Secret}}","code":"{{Secret}}"}],"actor":[{{Actor("urn:" + Secret)}}],"class":[{"code":"{{Secret}}"}]}""");
        Assert.Equal(3, remarks.Length);
        Assert.All(remarks, i => Assert.DoesNotContain(Secret, i.Place + i.Message));
    }

    [Fact]
    public void Nesting_and_number_have_their_limits()
    {
        static string Nest(int depth) => depth == 1 ? """{"type":"deny"}""" : $$"""{"type":"permit","provision":[{{Nest(depth - 1)}}]}""";
        static string Wide(int count) => $$"""{"type":"permit","provision":[{{string.Join(',', Enumerable.Repeat("""{"type":"deny"}""", count - 1))}}]}""";
        Assert.Equal(8, Compile(Json(Nest(8))).Rules.Length);
        Assert.Single(Issues(Json(Nest(9))));
        Assert.Equal(200, Compile(Json(Wide(200))).Rules.Length);
        Assert.Single(Issues(Json(Wide(201))));
        Assert.Single(Issues(Json(Wide(4000))));
        Assert.Single(Issues(Json($$"""{"type":"permit","purpose":[{{string.Join(',', Enumerable.Repeat(Purpose("TREAT"), 4097))}}]}""")));
        Assert.Equal(["Consent"], Issues(new byte[ConsentCompiler.MaxBytes + 1]).Select(i => i.Place));
    }

    [Fact]
    public void An_absolute_reference_counts_only_under_the_servers_own_base()
    {
        var json = Json($$"""{"type":"permit","actor":[{{Actor("https://here.example/fhir/Organization/a")}}]}""");
        var own = Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(json, "https://here.example/fhir"));
        Assert.Equal<IEnumerable<object>>(["Organization/a"], own.Directive.Grantees);
        var foreign = Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(json, "https://here.example/fh"));
        Assert.Empty(foreign.Directive.Grantees);
        Assert.Equal(["Consent.provision.actor[0]"], foreign.Remarks.Select(r => r.Place));
    }

    [Fact]
    public void Denying_marketing_leaves_treatment_alone()
    {
        var denial = Directive($$"""{"type":"deny","purpose":[{{Purpose("HMARKT")}}]}""");
        var permit = Directive("""{"type":"permit"}""", "c2");
        Assert.True(Decide(Request(), Record(), denial, permit).Permitted);
    }

    [Fact]
    public void Denying_a_trial_denies_research()
    {
        var denial = Directive($$"""{"type":"deny","purpose":[{{Purpose("CLINTRCH")}}]}""");
        var permit = Directive("""{"type":"permit"}""", "c2");
        Assert.Equal(DecisionReason.ConsentDeny, Decide(Request(purpose: PurposeOfUse.Research), Record(), denial, permit).Reason);
        Assert.True(Decide(Request(), Record(), denial, permit).Permitted);
    }

    [Fact]
    public void A_research_consent_without_purposes_is_for_research()
    {
        var research = Directive("""{"type":"permit"}""", scope: "research");
        Assert.True(Decide(Request(purpose: PurposeOfUse.Research), Record(), research).Permitted);
        Assert.False(Decide(Request(), Record(), research).Permitted);
    }

    [Fact]
    public void A_do_not_resuscitate_order_says_nothing_about_data()
    {
        var order = Directive("""{"type":"deny"}""", scope: "adr");
        Assert.False(order.IsActive);
        Assert.True(Decide(Request(), Record(), order, Directive("""{"type":"permit"}""", "c2")).Permitted);
    }

    [Theory]
    [InlineData(""","modifierExtension":[{"url":"urn:x","valueBoolean":true}]""")]
    [InlineData(""","implicitRules":"urn:x" """)]
    [InlineData(""","verification":[{"verified":true,"modifierExtension":[{"url":"urn:x","valueBoolean":true}]}]""")]
    public void A_modifier_on_the_Consent_covers_all_its_rules(string modifier)
    {
        Assert.Equal(DecisionReason.OutsidePermit, Decide(Request(), Record(), Directive("""{"type":"permit"}""", more: modifier)).Reason);
        var denial = Directive($$"""{"type":"deny","actor":[{{Actor("Organization/z")}}]}""", more: modifier);
        Assert.Equal(DecisionReason.ConsentDeny, Decide(Request(), Record(), denial).Reason);
    }

    [Fact]
    public void An_opt_out_rule_gives_a_root_without_type_its_meaning()
    {
        const string OptOut = ""","policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTOUT"}]}""";
        Assert.Equal(DecisionReason.ConsentDeny, Decide(Request(), Record(), Directive("{}", more: OptOut)).Reason);
        Assert.Equal(DecisionReason.ImplicitDeny, Decide(Request(), Record(), Directive("{}")).Reason);
        Assert.Equal(["Consent.provision.type"], Remarks("{}").Select(r => r.Place));
    }

    [SharedDataFact("r4-examples")]
    public void Every_official_example_compiles_and_permits_nobody_by_accident()
    {
        var files = Directory.GetFiles(SharedData.Find("r4-examples")!, "Consent-*.json");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var directive = Compile(File.ReadAllBytes(file));
            var decision = new CombiningRule(new ConsentPolicy()).Decide(new ConsentState(directive.Patient, 1, [directive]), Request(), Record());
            Assert.False(decision.Permitted, file);
        }
    }

    private static System.Collections.Immutable.ImmutableArray<ConsentIssue> Issues(byte[] json) =>
        Assert.IsType<CompileOutcome.Invalid>(ConsentCompiler.Compile(json)).Issues;

    private static System.Collections.Immutable.ImmutableArray<ConsentIssue> Remarks(string provision) =>
        Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(Json(provision))).Remarks;
}
