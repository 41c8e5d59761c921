// FHIR R4 AuditEvent (hl7.org/fhir/R4/auditevent.html); IHE BALP 1.1, PatientRead and Query patterns.
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Proofs.Tests.Facts;

public class AuditEventWriterTests
{
    private static readonly Fact s_read = new FactBuilder()
        .Set(FactField.Event, "access").At(SmallLog.Now).Set(FactField.Client, "demo-clinic").Set(FactField.User, "Practitioner/p1")
        .Set(FactField.Organization, "Organization/o1").Set(FactField.Purpose, "TREAT").Set(FactField.Interaction, "read")
        .Set(FactField.Patient, "Patient/x").Set(FactField.Targets, """[{"ref":"Observation/o/_history/2","sha256":"ab"},{"ref":"Patient/x"}]""")
        .Set(FactField.Decision, "permit").Set(FactField.Reason, "permit").Set(FactField.Consent, "Consent/c/_history/1#0.1")
        .Set(FactField.Request, "req-1").Set(FactField.Binding, "").Build(new byte[32]);

    private static JsonElement Write(FactOpening opening) => JsonDocument.Parse(AuditEventWriter.Write(7, "log.example/1", opening)).RootElement;

    private static string? Text(JsonElement element, string path)
    {
        foreach (var step in path.Split('.'))
        {
            element = int.TryParse(step, out var index) ? element[index] : element.GetProperty(step);
        }

        return element.ToString();
    }

    [Fact]
    public void A_read_has_the_parts_that_BALP_asks_for_and_says_that_it_knows_no_network_address()
    {
        var audit = Write(FactOpening.Full(s_read));
        Assert.Equal("AuditEvent", Text(audit, "resourceType"));
        Assert.Equal("entry-7", Text(audit, "id"));
        Assert.Equal("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead", Text(audit, "meta.profile.0"));
        Assert.Equal("2023-11-14T22:13:20.000Z", Text(audit, "meta.lastUpdated"));
        Assert.False(audit.GetProperty("meta").TryGetProperty("tag", out _));
        Assert.Equal(["unsupported", "unsupported"], audit.GetProperty("agent").EnumerateArray().Take(2).Select(agent => Text(agent, "network.extension.0.valueCode")));
        Assert.Equal("rest", Text(audit, "type.code"));
        Assert.Equal("read", Text(audit, "subtype.0.code"));
        Assert.Equal("R", Text(audit, "action"));
        Assert.Equal("2023-11-14T22:13:20.000Z", Text(audit, "recorded"));
        Assert.Equal("0", Text(audit, "outcome"));
        Assert.Equal("TREAT", Text(audit, "purposeOfEvent.0.coding.0.code"));
        Assert.Equal(["110153", "110152", "IRCP", "PROV"], audit.GetProperty("agent").EnumerateArray().Select(agent => Text(agent, "type.coding.0.code")));
        Assert.Equal(["False", "False", "True", "False"], audit.GetProperty("agent").EnumerateArray().Select(agent => Text(agent, "requestor")));
        Assert.Equal("log.example/1", Text(audit, "source.observer.identifier.value"));
        var entities = audit.GetProperty("entity").EnumerateArray().ToList();
        Assert.Equal("log.example/1#7", Text(entities[0], "what.identifier.value"));
        Assert.Equal("Patient/x", Text(entities[1], "what.reference"));
        Assert.Equal("1", Text(entities[1], "role.code"));
        Assert.Equal("Observation/o/_history/2", Text(entities[2], "what.reference"));
        Assert.Equal("ab", Text(entities[2], "detail.0.valueString"));
        Assert.Equal(["4", "1", "2", "Patient", "Consent", "XrequestId"], entities.Select(entity => Text(entity, "type.code")));
        Assert.Equal("Consent/c/_history/1", Text(entities[4], "what.reference"));
        Assert.Equal("0.1", Text(entities[4], "detail.0.valueString"));
        Assert.Equal("XrequestId", Text(entities[5], "type.code"));
        Assert.Equal(6, entities.Count);
    }

    [Fact]
    public void The_same_opening_gives_the_same_bytes() =>
        Assert.Equal(AuditEventWriter.Write(7, "o", FactOpening.Full(s_read)), AuditEventWriter.Write(7, "o", FactOpening.Parse(FactOpening.Full(s_read).ToJson()).Value));

    [Fact]
    public void A_partial_opening_tells_only_what_was_opened_and_says_that_it_is_partial()
    {
        var json = AuditEventWriter.Write(7, "log.example/1", FactOpening.Of(s_read, [FactField.Purpose]));
        var text = Encoding.UTF8.GetString(json);
        var audit = JsonDocument.Parse(json).RootElement;
        Assert.Equal("SUBSETTED", Text(audit, "meta.tag.0.code"));
        Assert.Equal("TREAT", Text(audit, "purposeOfEvent.0.coding.0.code"));
        Assert.Equal("masked", Text(audit, "_recorded.extension.0.valueCode"));
        Assert.Equal("masked", Text(audit, "type.extension.0.valueCode"));
        Assert.False(Assert.Single(audit.GetProperty("agent").EnumerateArray()).TryGetProperty("type", out _));
        Assert.Single(audit.GetProperty("entity").EnumerateArray());
        Assert.False(audit.TryGetProperty("outcome", out _));
        foreach (var hidden in new[] { "Patient", "Observation/", "demo-clinic", "Practitioner", "Organization", "Consent/", "req-1" })
        {
            Assert.DoesNotContain(hidden, text);
        }
    }

    [Theory]
    [InlineData("access", "vread", "Patient/p", "PatientRead")]
    [InlineData("access", "read", null, "Read")]
    [InlineData("access", "search-type", "Patient/p", "PatientQuery")]
    [InlineData("request", "search-system", null, "Query")]
    [InlineData("record", "create", "Patient/p", "PatientCreate")]
    [InlineData("record", "patch", "Patient/p", "PatientUpdate")]
    [InlineData("consent", "update", "Patient/p", "PatientUpdate")]
    [InlineData("record", "delete", null, "Delete")]
    [InlineData("access", "history-instance", "Patient/p", "PrivacyDisclosure.Source")]
    [InlineData("access", "operation", "Patient/p", "PrivacyDisclosure.Source")]
    [InlineData("access", "history-instance", null, null)]
    [InlineData("request", "history-type", null, null)]
    [InlineData("request", "operation", null, null)]
    [InlineData("review", "search-type", null, "Query")]
    [InlineData("review", "search-type", "Patient/p", "PatientQuery")]
    [InlineData("review", "read", null, "Read")]
    [InlineData("review", "review", null, null)]
    [InlineData("review", "challenge", null, null)]
    [InlineData("erasure", "erase", "Patient/p", null)]
    [InlineData("consent", "erase", "Patient/p", null)]
    [InlineData("operation", "operate", null, null)]
    [InlineData("release", "release", "Patient/p", null)]
    [InlineData("record", "transaction", "Patient/p", null)]
    [InlineData("risk", "search-type", "Patient/p", null)]
    public void What_was_done_claims_its_pattern_and_nothing_else_does(string kind, string interaction, string? patient, string? pattern)
    {
        var fields = new FactBuilder().Set(FactField.Event, kind).At(SmallLog.Now).Set(FactField.Client, "c").Set(FactField.Interaction, interaction).Set(FactField.Patient, patient);
        var permitted = Write(FactOpening.Full(fields.Set(FactField.Decision, "permit").Build(new byte[32])));
        var refused = Write(FactOpening.Full(fields.Set(FactField.Decision, "deny").Build(new byte[32])));
        Assert.Equal(pattern is null ? null : "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit." + pattern, permitted.GetProperty("meta").TryGetProperty("profile", out var profile) ? profile[0].GetString() : null);
        Assert.False(refused.GetProperty("meta").TryGetProperty("profile", out _));
    }

    [Theory]
    [InlineData("consent-deny", "read", "AuthZ-Consent")]
    [InlineData("implicit-deny", "history-instance", "AuthZ-Consent")]
    [InlineData("not-visible", "update", "AuthZ-Consent")]
    [InlineData("other-custodian", "update", "AuthZ-Role")]
    [InlineData("role-excluded", "read", "AuthZ-Role")]
    [InlineData("absent", "read", null)]
    [InlineData("version-conflict", "update", null)]
    [InlineData("invalid", "create", null)]
    public void A_refusal_that_was_a_decision_says_so_and_one_that_was_a_mistake_does_not(string reason, string interaction, string? subtype)
    {
        var audit = Write(FactOpening.Full(Refused(reason, interaction).Build(new byte[32])));
        Assert.Equal(subtype is not null, audit.GetProperty("meta").TryGetProperty("profile", out var profile) && profile[0].GetString()!.EndsWith("IHE.BasicAudit.AuthZconsent", StringComparison.Ordinal));
        Assert.Equal(subtype ?? interaction, Text(audit, "subtype.0.code"));
        Assert.Equal(1, audit.GetProperty("subtype").GetArrayLength());
        Assert.Equal((subtype is null ? "rest" : "110113", "4", reason), (Text(audit, "type.code"), Text(audit, "outcome"), Text(audit, "outcomeDesc")));
    }

    [Theory]
    [InlineData(FactField.Patient)]
    [InlineData(FactField.Client)]
    [InlineData(FactField.Organization)]
    public void A_decision_of_which_a_part_is_not_known_claims_nothing(FactField missing) =>
        Assert.False(Write(FactOpening.Full(Refused("consent-deny", "read").Set(missing, null).Build(new byte[32]))).GetProperty("meta").TryGetProperty("profile", out _));

    [Fact]
    public void A_decision_shows_the_patient_and_the_consents_and_the_rest_as_details_of_the_patient()
    {
        var fact = Refused("outside-permit", "read").Set(FactField.Consent, "Consent/c/_history/2#provision Consent/d/_history/1").Set(FactField.User, null).Build(new byte[32]);
        var audit = Write(FactOpening.Full(fact));
        Assert.Equal(["1", "Consent", "Consent"], audit.GetProperty("entity").EnumerateArray().Select(entity => Text(entity, "type.code")));
        Assert.Equal(["Patient/x", "Consent/c/_history/2", "Consent/d/_history/1"], audit.GetProperty("entity").EnumerateArray().Select(entity => Text(entity, "what.reference")));
        Assert.Equal(
            ["decision=deny", "interaction=read", "request=req-1", "target=Observation/o"], audit.GetProperty("entity")[0].GetProperty("detail").EnumerateArray().Select(detail => $"{Text(detail, "type")}={Text(detail, "valueString")}"));

        // Software on its own behalf is the subject of its token.
        Assert.Equal(["authserver", "110150", "IRCP", "PROV"], audit.GetProperty("agent").EnumerateArray().Select(agent => Text(agent, "type.coding.0.code")));
        Assert.Equal(["False", "False", "True", "False"], audit.GetProperty("agent").EnumerateArray().Select(agent => Text(agent, "requestor")));
        Assert.Equal("c", Text(audit, "agent.2.who.identifier.value"));
    }

    [Fact]
    public void That_no_consent_decided_is_not_told_to_whom_consents_are_closed()
    {
        var without = Refused("implicit-deny", "read").Build(new byte[32]);
        Assert.Equal("not-applicable", Text(Write(FactOpening.Full(without)), "entity.1.what.extension.0.valueCode"));
        var with = Refused("implicit-deny", "read").Set(FactField.Consent, "Consent/c/_history/1#provision").Build(new byte[32]);
        var seen = new[] { without, with }.Select(fact => Encoding.UTF8.GetString(AuditEventWriter.Write(7, "o", fact.OpenTo(OpenedTo.Auditor), pseudonyms: new AuditPseudonyms("P-1", null)))).ToArray();
        Assert.Contains("masked", seen[0], StringComparison.Ordinal);
        Assert.Equal(seen[0], seen[1]);
    }

    [Theory]
    [InlineData("""{"search":"AuditEvent?patient=x"}""", "AuditEvent?patient=x")]
    [InlineData("""{"client":"c"}""", null)]
    [InlineData("[]", null)]
    [InlineData("not json", null)]
    public void A_question_shows_what_was_searched_for(string evidence, string? query)
    {
        var audit = Write(FactOpening.Full(new FactBuilder().Set(FactField.Event, "review").Set(FactField.Client, "c").Set(FactField.Interaction, "search-type")
            .Set(FactField.Decision, "permit").Set(FactField.Evidence, evidence).Build(new byte[32])));
        Assert.Equal(query, audit.GetProperty("entity")[1].TryGetProperty("query", out var asked) ? Encoding.UTF8.GetString(asked.GetBytesFromBase64()) : null);
        Assert.Contains(audit.GetProperty("entity")[0].GetProperty("detail").EnumerateArray(), detail => Text(detail, "valueString") == evidence);
    }

    [Theory]
    [InlineData("erasure", "erase")]
    [InlineData("operation", "operate")]
    [InlineData("review", "challenge")]
    [InlineData("release", "release")]
    public void A_word_that_is_none_of_FHIRs_interactions_is_no_subtype(string kind, string interaction)
    {
        var audit = Write(FactOpening.Full(new FactBuilder().Set(FactField.Event, kind).Set(FactField.Client, "c").Set(FactField.Interaction, interaction).Build(new byte[32])));
        Assert.False(audit.TryGetProperty("subtype", out _));
        Assert.NotEqual("rest", Text(audit, "type.code"));
        Assert.Equal(interaction, Text(audit, "entity.0.detail.0.valueString"));
    }

    private static FactBuilder Refused(string reason, string interaction) => new FactBuilder()
        .Set(FactField.Event, "refusal").At(SmallLog.Now).Set(FactField.Client, "c").Set(FactField.User, "Practitioner/p").Set(FactField.Organization, "Organization/o").Set(FactField.Purpose, "TREAT")
        .Set(FactField.Interaction, interaction).Set(FactField.Patient, "Patient/x").Set(FactField.Targets, """[{"ref":"Observation/o"}]""").Set(FactField.Decision, "deny").Set(FactField.Reason, reason)
        .Set(FactField.Request, "req-1").Set(FactField.Binding, "");

    [Fact]
    public void A_search_shows_its_query_in_the_event_of_the_request_alone()
    {
        var query = Convert.ToBase64String("Observation?patient=a,b"u8);
        var fields = new FactBuilder().Set(FactField.Client, "c").Set(FactField.Interaction, "search-type").Set(FactField.Decision, "permit").Set(FactField.Evidence, query);
        var request = Write(FactOpening.Full(fields.Set(FactField.Event, "request").Build(new byte[32])));
        Assert.Equal(query, Text(request, "entity.1.query"));
        Assert.Equal("24", Text(request, "entity.1.role.code"));
        var access = Write(FactOpening.Full(fields.Set(FactField.Event, "access").Set(FactField.Patient, "Patient/a").Set(FactField.Evidence, null).Build(new byte[32])));
        Assert.Equal("masked", Text(access, "entity.2._query.extension.0.valueCode"));
    }

    [Fact]
    public void A_closed_patient_goes_by_the_pseudonym_that_is_stated()
    {
        var json = AuditEventWriter.Write(7, "o", s_read.OpenTo(OpenedTo.Auditor), pseudonyms: new AuditPseudonyms("P-1", null));
        var audit = JsonDocument.Parse(json).RootElement;
        Assert.Equal(("P-1", AuditPseudonyms.System), (Text(audit, "entity.1.what.identifier.value"), Text(audit, "entity.1.what.identifier.system")));
        Assert.Equal("masked", Text(audit, "entity.2.what.extension.0.valueCode"));
        Assert.Equal("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead", Text(audit, "meta.profile.0"));
        Assert.All(new[] { "Patient/x", "Observation/", "Consent/" }, hidden => Assert.DoesNotContain(hidden, Encoding.UTF8.GetString(json)));
    }

    [Fact]
    public void A_refusal_is_a_minor_failure_and_a_client_alone_is_its_requestor()
    {
        var audit = Write(FactOpening.Full(new FactBuilder().Set(FactField.Event, "refusal").At(SmallLog.Now).Set(FactField.Client, "c")
            .Set(FactField.Interaction, "search-type").Set(FactField.Decision, "deny").Set(FactField.Reason, "no-consent").Set(FactField.Targets, "not json").Build(new byte[32])));
        Assert.Equal("4", Text(audit, "outcome"));
        Assert.Equal("no-consent", Text(audit, "outcomeDesc"));
        Assert.Equal("E", Text(audit, "action"));
        Assert.Equal(["110152", "110153"], audit.GetProperty("agent").EnumerateArray().Select(agent => Text(agent, "type.coding.0.code")));
        Assert.Equal("True", Text(audit, "agent.1.requestor"));
        Assert.Equal("not json", Text(audit, "entity.1.what.identifier.value"));
    }

    [Theory]
    [InlineData("signin", "110114")]
    [InlineData("review", "110101")]
    [InlineData("risk", "110100")]
    [InlineData("release", "110100")]
    [InlineData("operation", "110100")]
    [InlineData("erasure", "destroy")]
    [InlineData("consent", "rest")]
    public void Other_events_have_their_types(string kind, string code) =>
        Assert.Equal(code, Text(Write(FactOpening.Full(new FactBuilder().Set(FactField.Event, kind).Build(new byte[32]))), "type.code"));
}
