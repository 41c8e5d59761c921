// http://hl7.org/fhir/R4/terminologies.html#strength, http://hl7.org/fhir/R4/references.html#literal
using System.Text;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class CodesAndReferencesTests
{
    [Theory]
    [InlineData("""[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]""", true)]
    [InlineData("""[{"system":"http://a.example","code":"x"},{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]""", true)]
    [InlineData("""[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"activ"}]""", false)]
    [InlineData("""[{"system":"http://a.example","code":"active"}]""", false)]
    [InlineData("""[{"code":"active"}]""", false)]
    public void A_required_concept_has_a_coding_of_its_value_set(string codings, bool valid)
    {
        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"coding":{{codings}} } }"""));

        Assert.Equal(valid, outcome.IsValid);
        Assert.All(outcome.Issues, i => Assert.Equal((IssueType.CodeInvalid, "Condition.clinicalStatus"), (i.Type, i.Location)));
    }

    // http://hl7.org/fhir/R4/terminologies.html#extensible, #preferred
    [Theory]
    [InlineData("""{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]}}""", null, "")]
    [InlineData("""{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://a.example","code":"x"},{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]}}""", null, "")]
    [InlineData("""{"resourceType":"Patient","maritalStatus":{"text":"It is complicated"}}""", null, "")]
    [InlineData("""{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://a.example","code":"M"}]}}""", IssueSeverity.Warning, "Patient.maritalStatus")]
    [InlineData("""{"resourceType":"Patient","maritalStatus":{"coding":[{"code":"M"}]}}""", IssueSeverity.Warning, "Patient.maritalStatus")]
    [InlineData("""{"resourceType":"Observation","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]}""", null, "")]
    [InlineData("""{"resourceType":"Observation","status":"final","code":{"text":"x"},"category":[{"text":"a"},{"coding":[{"system":"http://a.example","code":"vital-signs"}]}]}""", IssueSeverity.Information, "Observation.category[1]")]
    [InlineData("""{"resourceType":"Patient","language":"en"}""", null, "")]
    [InlineData("""{"resourceType":"Patient","language":"x-unheard"}""", IssueSeverity.Information, "Patient.language")]
    [InlineData("""{"resourceType":"Condition","subject":{"display":"x"},"code":{"coding":[{"system":"http://a.example","code":"x"}]}}""", null, "")]
    [InlineData("""{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://a.example","code":"x"}]}}""", null, "")]
    public void A_code_outside_an_advised_value_set_is_told_to_who_asks_and_is_no_error(string resource, IssueSeverity? severity, string place)
    {
        var bytes = Encoding.UTF8.GetBytes(resource);
        var told = Advised.Value.Validate(bytes, withWarnings: true);

        Assert.True(told.IsValid);
        Assert.Equal(severity is null ? [] : [(severity.Value, place)], told.Issues.Where(i => i.Type == IssueType.CodeInvalid).Select(i => (i.Severity, i.Location)));
        Assert.DoesNotContain(Advised.Value.Validate(bytes).Issues, i => i.Type == IssueType.CodeInvalid);
    }

    [Fact]
    public void Warnings_never_keep_an_error_out()
    {
        var contacts = string.Join(',', Enumerable.Repeat("""{"relationship":[{"coding":[{"system":"http://a.example","code":"x"}]}],"name":{"text":"x"}}""", 300));
        var outcome = Advised.Value.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","contact":[{{contacts}}],"gender":"Male"}"""), withWarnings: true);

        Assert.Single(outcome.Issues, i => i.Severity == IssueSeverity.Error);
        Assert.Equal(ResourceValidator.MaxAdvice, outcome.Issues.Count(i => i.Severity != IssueSeverity.Error));
        Assert.Contains("the rest is not listed", outcome.Issues.Last(i => i.Severity != IssueSeverity.Error).Message, StringComparison.Ordinal);
        Assert.True(Advised.Value.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","contact":[{{contacts}}]}"""), withWarnings: true).IsValid);
    }

    private static readonly Lazy<ProfileValidator> Advised = new(() =>
    {
        var resources = new ConformanceResources(R4Terminology.Resources);
        return new(resources, new ValueSets(resources));
    });

    [Fact]
    public void A_code_of_a_value_set_that_cannot_be_computed_is_accepted() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Patient","photo":[{"contentType":"image/x-unheard-of"}],"communication":[{"language":{"text":"x"}}]}"""u8.ToArray()).IsValid);

    [Fact]
    public void Codes_are_compared_with_regard_to_case() =>
        Assert.Equal(IssueType.CodeInvalid, Assert.Single(ResourceValidator.Validate("""{"resourceType":"Patient","gender":"Male"}"""u8.ToArray()).Issues).Type);

    [Theory]
    [InlineData("Organization/1", null)]
    [InlineData("Organization/1/_history/2", null)]
    [InlineData("http://a.example/fhir/Organization/1", null)]
    [InlineData("http://a.example/anything", null)]
    [InlineData("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", null)]
    [InlineData("urn:oid:1.2.3", null)]
    [InlineData("#o", null)]
    [InlineData("#q", "ref-1")]
    [InlineData("#p", "not allowed here; allowed are Organization")]
    [InlineData("Patient/1", "not allowed here; allowed are Organization")]
    [InlineData("Organisation/1", "none of the allowed forms")]
    [InlineData("/Organization/1", "none of the allowed forms")]
    [InlineData("fhir/Organization/1", "none of the allowed forms")]
    [InlineData("Organization/1/", "none of the allowed forms")]
    [InlineData("Organization/a_b", "none of the allowed forms")]
    [InlineData("Organization/1/_history/", "none of the allowed forms")]
    [InlineData("Organization", "none of the allowed forms")]
    [InlineData("urn:uuid:", "none of the allowed forms")]
    [InlineData("a b", "none of the allowed forms")]
    [InlineData("Organization?name=x", "in a transaction Bundle only")]
    public void A_reference_has_one_of_the_literal_forms(string reference, string? message)
    {
        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes($$"""
            {"resourceType":"Patient","managingOrganization":{"reference":"{{reference}}"},"generalPractitioner":[{"reference":"#o"},{"reference":"#p"}],
             "contained":[{"resourceType":"Organization","id":"o","name":"x"},{"resourceType":"Practitioner","id":"p"}]}
            """));

        Assert.Equal(message is null, outcome.IsValid);
        Assert.All(outcome.Issues, i => Assert.Equal("Patient.managingOrganization.reference", i.Location));
        Assert.All(outcome.Issues, i => Assert.Contains(message!, i.Message, StringComparison.Ordinal));
    }

    // http://hl7.org/fhir/R4/references-definitions.html#Reference.type
    [Theory]
    [InlineData("Patient/1", "Patient", true)]
    [InlineData("Patient/1", "http://hl7.org/fhir/StructureDefinition/Patient", true)]
    [InlineData("http://a.example/fhir/Patient/1/_history/2", "Patient", true)]
    [InlineData("http://a.example/anything", "Practitioner", true)]
    [InlineData("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "Practitioner", true)]
    [InlineData("Patient/1", "Practitioner", false)]
    [InlineData("Patient/1/_history/2", "Patients", false)]
    [InlineData("http://a.example/fhir/Patient/1", "Practitioner", false)]
    [InlineData("Patient/1", "http://hl7.org/fhir/StructureDefinition/Practitioner", false)]
    public void The_type_of_a_reference_is_the_type_that_it_names(string reference, string type, bool valid)
    {
        foreach (var properties in new[] { $"\"reference\":\"{reference}\",\"type\":\"{type}\"", $"\"type\":\"{type}\",\"reference\":\"{reference}\"" })
        {
            var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Basic","code":{"text":"x"},"subject":{ {{properties}} } }"""));

            Assert.Equal(valid, outcome.IsValid);
            Assert.All(outcome.Issues, i => Assert.Equal((IssueType.Structure, "Basic.subject.type"), (i.Type, i.Location)));
        }
    }

    [Fact]
    public void A_conditional_reference_is_allowed_inside_a_bundle() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","managingOrganization":{"reference":"Organization?identifier=a%7Cb"}},"request":{"method":"POST","url":"Patient"}}]}"""u8.ToArray()).IsValid);

    [Fact]
    public void An_element_that_refers_to_any_type_takes_any_type() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Substance/1"}}"""u8.ToArray()).IsValid);
}
