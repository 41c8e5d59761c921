// R4 conformance-rules.html#constraints: invariants as validation reports them.
using System.Text;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class InvariantChecksTests
{
    [Theory]
    [InlineData("""{"resourceType":"Observation","status":"final","code":{"text":"x"},"dataAbsentReason":{"text":"x"},"valueString":"v"}""", "Observation", "obs-6: dataAbsentReason SHALL only be present if Observation.value[x] is not present")]
    [InlineData("""{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"period":{"start":"2021-01-02","end":"2021-01-01"}}""", "Encounter.period", "per-1")]
    [InlineData("""{"resourceType":"Patient","contact":[{"gender":"male"},{"name":{"text":"x"}}]}""", "Patient.contact[0]", "pat-1")]
    [InlineData("""{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"display","required":true}]}]}""", "Questionnaire.item[0].item[0]", "que-6")]
    [InlineData("""{"resourceType":"Organization","name":"x","telecom":[{"system":"phone","value":"1"},{"system":"phone","value":"2","use":"home"}]}""", "Organization.telecom[1]", "org-3")]
    [InlineData("""{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Organization"}}]}""", "Bundle.entry[0].resource", "org-1")]
    [InlineData("""{"resourceType":"StructureDefinition","url":"http://a.example","name":"A","status":"draft","kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://b.example","snapshot":{"element":[{"id":"x","path":"Group","definition":"x","min":0,"max":"*","base":{"path":"x","min":0,"max":"*"}}]}}""", "StructureDefinition.snapshot", "sdf-8")]
    [InlineData("""{"resourceType":"CareTeam","participant":[{"member":{"reference":"Patient/1"},"onBehalfOf":{"reference":"Organization/1"}}]}""", "CareTeam.participant[0]", "ctm-1")]
    [InlineData("""{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}]}""", "Patient.contained", "dom-3")]
    [InlineData("""{"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x","meta":{"versionId":"1"}}]}""", "Patient", "dom-4")]
    public void A_broken_rule_is_named_with_its_key_and_place(string json, string place, string key)
    {
        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes(json));

        Assert.Contains(outcome.Issues, i => i.Severity == IssueSeverity.Error && i.Type == IssueType.Invariant && i.Location == place && i.Message.StartsWith(key, StringComparison.Ordinal));
        Assert.False(outcome.IsValid);
    }

    [Fact]
    public void Rules_of_severity_warning_are_for_those_who_ask()
    {
        var patient = """{"resourceType":"Patient","active":true}"""u8.ToArray();

        Assert.Empty(ResourceValidator.Validate(patient).Issues);
        var advice = ResourceValidator.Validate(patient, withWarnings: true);
        Assert.True(advice.IsValid);
        Assert.StartsWith("dom-6:", Assert.Single(advice.Issues, i => i.Severity == IssueSeverity.Warning).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_contained_resource_may_refer_to_the_one_that_contains_it_instead_of_being_referred_to() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Patient","contained":[{"resourceType":"Provenance","id":"p","target":[{"reference":"#"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}]}"""u8.ToArray()).IsValid);

    [Fact]
    public void Content_made_to_be_costly_ends_in_an_issue_and_in_bounded_time()
    {
        // csd-1 compares the codes of all descendants; here every second one is a duplicate.
        var open = new StringBuilder("""{"resourceType":"CodeSystem","status":"draft","content":"complete","concept":[""");
        for (var i = 0; i < 20_000; i++)
        {
            open.Append(i == 0 ? "" : ",").Append($$"""{"code":"a{{i}}","concept":[{"code":"b"}]}""");
        }

        Assert.False(ResourceValidator.Validate(Encoding.UTF8.GetBytes(open.Append("]}").ToString())).IsValid);
    }
}
