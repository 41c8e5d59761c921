// http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/references.html#contained, http://hl7.org/fhir/R4/extensibility.html
using System.Text;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class StructureTests
{
    [Theory]
    // JSON and the resource type
    [InlineData("", IssueType.Structure, "", "There is no content")]
    [InlineData("[]", IssueType.Structure, "", "A resource is a JSON object")]
    [InlineData("{}", IssueType.Required, "resourceType", "resourceType is missing")]
    [InlineData("""{"resourceType":7}""", IssueType.Structure, "resourceType", "must be a string")]
    [InlineData("""{"resourceType":"Pateint"}""", IssueType.Structure, "resourceType", "'Pateint' is not a resource type of FHIR R4; did you mean 'Patient'?")]
    [InlineData("""{"resourceType":"DomainResource"}""", IssueType.Structure, "resourceType", "not a resource type")]
    [InlineData("""{"resourceType":"Patient","resourceType":"Patient"}""", IssueType.Structure, "Patient.resourceType", "there twice")]
    [InlineData("""{"resourceType":"Patient"} x""", IssueType.Structure, "", "not well-formed")]
    [InlineData("""{"resourceType":"Patient",}""", IssueType.Structure, "Patient", "not well-formed")]
    [InlineData("""{"resourceType":"Patient","id":"a" """, IssueType.Structure, "Patient", "ends too early")]
    [InlineData("""{"resourceType":"Patient",/* c */"id":"a"}""", IssueType.Structure, "Patient", "not well-formed")]
    // unknown elements
    [InlineData("""{"resourceType":"Patient","brithDate":"1970-01-01"}""", IssueType.Structure, "Patient.brithDate", "Patient has no element 'brithDate'; did you mean 'birthDate'?")]
    [InlineData("""{"resourceType":"Patient","Gender":"male"}""", IssueType.Structure, "Patient.Gender", "did you mean 'gender'?")]
    [InlineData("""{"resourceType":"Patient","colour":"red"}""", IssueType.Structure, "Patient.colour", "Patient has no element 'colour'")]
    [InlineData("""{"resourceType":"Patient","contact":[{"nmae":{"family":"x"},"gender":"male"}]}""", IssueType.Structure, "Patient.contact[0].nmae", "did you mean 'name'?")]
    [InlineData("""{"resourceType":"Patient","J\u0061ne Roe":1}""", IssueType.Structure, "Patient.(unknown)", "escapes")]
    [InlineData("""{"resourceType":"Patient","Jane Roe, 12 Elm Street":1}""", IssueType.Structure, "Patient.(unknown)", "A name with unusual characters")]
    [InlineData("""{"resourceType":"Patient","name":[{"resourceType":"HumanName","family":"x"}]}""", IssueType.Structure, "Patient.name[0].resourceType", "belongs to resources only")]
    [InlineData("""{"resourceType":"Patient","deceased":true}""", IssueType.Structure, "Patient.deceased", "write it with its type, as 'deceasedBoolean'")]
    [InlineData("""{"resourceType":"Patient","deceasedString":"yes"}""", IssueType.Structure, "Patient.deceasedString", "has no element")]
    [InlineData("""{"resourceType":"Patient","_name":[{"id":"a"}]}""", IssueType.Structure, "Patient._name", "not a primitive")]
    [InlineData("""{"resourceType":"Patient","fhir_comments":["x"]}""", IssueType.Structure, "Patient.fhir_comments", "has no element")]
    // duplicates and choices
    [InlineData("""{"resourceType":"Patient","gender":"male","gender":"male"}""", IssueType.Structure, "Patient.gender", "there twice")]
    [InlineData("""{"resourceType":"Patient","_gender":{"id":"a"},"_gender":{"id":"a"}}""", IssueType.Structure, "Patient._gender", "there twice")]
    [InlineData("""{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}""", IssueType.Structure, "Patient.deceased", "as deceasedBoolean and as deceasedDateTime")]
    [InlineData("""{"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"a"}}""", IssueType.Structure, "Patient.deceased", "Keep one")]
    // cardinalities
    [InlineData("""{"resourceType":"Observation","status":"final"}""", IssueType.Required, "Observation.code", "Observation needs the element code")]
    [InlineData("""{"resourceType":"Patient","link":[{"type":"refer"}]}""", IssueType.Required, "Patient.link[0].other", "Patient.link needs the element other")]
    [InlineData("""{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"x"}}""", IssueType.Required, "MedicationRequest.medication", "medication[x] (one of CodeableConcept, Reference)")]
    [InlineData("""{"resourceType":"Patient","name":{"family":"x"}}""", IssueType.Structure, "Patient.name", "put its value into an array")]
    [InlineData("""{"resourceType":"Patient","birthDate":["1970-01-01"]}""", IssueType.Structure, "Patient.birthDate", "without an array")]
    [InlineData("""{"resourceType":"Patient","name":[[{"family":"x"}]]}""", IssueType.Structure, "Patient.name[0]", "must be a JSON object (HumanName)")]
    // empty things and null
    [InlineData("""{"resourceType":"Patient","name":[]}""", IssueType.Structure, "Patient.name", "array name is empty")]
    [InlineData("""{"resourceType":"Patient","name":[{}]}""", IssueType.Structure, "Patient.name[0]", "object is empty")]
    [InlineData("""{"resourceType":"Patient","name":[{"id":"a"}]}""", IssueType.Invariant, "Patient.name[0]", "has an id only")]
    [InlineData("""{"resourceType":"Patient","name":[{"family":""}]}""", IssueType.Value, "Patient.name[0].family", "string is empty")]
    [InlineData("""{"resourceType":"Patient","birthDate":null}""", IssueType.Structure, "Patient.birthDate", "null is not a value")]
    [InlineData("""{"resourceType":"Patient","name":[null]}""", IssueType.Structure, "Patient.name[0]", "null is not a value")]
    [InlineData("""{"resourceType":"Patient","name":null}""", IssueType.Structure, "Patient.name", "put its value into an array")]
    // JSON kinds
    [InlineData("""{"resourceType":"Patient","active":"true"}""", IssueType.Structure, "Patient.active", "true or false without quotes")]
    [InlineData("""{"resourceType":"Patient","birthDate":1970}""", IssueType.Structure, "Patient.birthDate", "must be a JSON string (date)")]
    [InlineData("""{"resourceType":"Patient","multipleBirthInteger":"2"}""", IssueType.Structure, "Patient.multipleBirth", "must be a JSON number")]
    [InlineData("""{"resourceType":"Patient","maritalStatus":"M"}""", IssueType.Structure, "Patient.maritalStatus", "must be a JSON object (CodeableConcept)")]
    // companions of primitives
    [InlineData("""{"resourceType":"Patient","_birthDate":[{"id":"a"}]}""", IssueType.Structure, "Patient._birthDate", "give _birthDate as an object")]
    [InlineData("""{"resourceType":"Patient","name":[{"given":["a"],"_given":{"id":"a"}}]}""", IssueType.Structure, "Patient.name[0]._given", "as an array beside it")]
    [InlineData("""{"resourceType":"Patient","name":[{"given":["a",null]}]}""", IssueType.Structure, "Patient.name[0].given[1]", "null only fills a place")]
    [InlineData("""{"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"b"},null]}]}""", IssueType.Structure, "Patient.name[0].given[1]", "null only fills a place")]
    [InlineData("""{"resourceType":"Patient","name":[{"_given":[null,{"id":"b"}]}]}""", IssueType.Structure, "Patient.name[0].given[0]", "null only fills a place")]
    [InlineData("""{"resourceType":"Patient","_birthDate":{"colour":"red","id":"b"}}""", IssueType.Structure, "Patient.birthDate.colour", "date has no element")]
    [InlineData("""{"resourceType":"Patient","_birthDate":"x"}""", IssueType.Structure, "Patient.birthDate", "holds objects with id and extension")]
    // extensions
    [InlineData("""{"resourceType":"Patient","extension":[{"valueString":"x"}]}""", IssueType.Required, "Patient.extension[0].url", "Extension needs the element url")]
    [InlineData("""{"resourceType":"Patient","extension":[{"url":"http://a.example/x"}]}""", IssueType.Invariant, "Patient.extension[0]", "needs a value[x]")]
    [InlineData("""{"resourceType":"Patient","extension":[{"url":"http://a.example/x","valueString":"x","extension":[{"url":"y","valueCode":"z"}]}]}""", IssueType.Invariant, "Patient.extension[0]", "not both")]
    // resources inside resources
    [InlineData("""{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","contained":[{"resourceType":"Organization","id":"p","name":"x"}]}],"generalPractitioner":[{"reference":"#p"},{"reference":"#o"}]}""", IssueType.Invariant, "Patient.contained[0].contained[0]", "cannot contain resources")]
    [InlineData("""{"resourceType":"Patient","contained":[{"id":"o"}]}""", IssueType.Required, "Patient.contained[0].resourceType", "resourceType is missing")]
    [InlineData("""{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","gender":"x"}}]}""", IssueType.CodeInvalid, "Bundle.entry[0].resource.gender", "allowed: female, male, other, unknown")]
    [InlineData("""{"resourceType":"Parameters","parameter":[{"name":"p","resource":{"resourceType":"Nothing"}}]}""", IssueType.Structure, "Parameters.parameter[0].resource.resourceType", "not a resource type")]
    public void A_fault_is_named_with_its_place(string json, IssueType type, string location, string message)
    {
        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes(json));

        var issue = Assert.Single(outcome.Issues);
        Assert.Equal((type, location), (issue.Type, issue.Location));
        Assert.Contains(message, issue.Message, StringComparison.Ordinal);
        Assert.False(outcome.IsValid);
    }

    [Theory]
    [InlineData("""{"resourceType":"Patient"}""")]
    [InlineData("""{"id":"a","resourceType":"Patient"}""")]
    [InlineData("""{"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"id":"b"}]}]}""")]
    [InlineData("""{"resourceType":"Patient","name":[{"_given":[{"id":"b"}]}],"_birthDate":{"extension":[{"url":"http://a.example/x","valueInteger":1}]}}""")]
    [InlineData("""{"resourceType":"Patient","deceasedBoolean":true,"_deceasedBoolean":{"id":"a"}}""")]
    [InlineData("""{"resourceType":"Observation","_status":{"extension":[{"url":"http://a.example/x","valueCode":"y"}]},"code":{"text":"x"}}""")]
    [InlineData("""{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}}""")]
    public void What_the_json_form_allows_is_valid(string json)
    {
        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes(json));

        Assert.Empty(outcome.Issues);
        Assert.True(outcome.IsValid);
    }

    [Fact]
    public void All_faults_are_named_in_one_pass()
    {
        var outcome = ResourceValidator.Validate("""
            {
              "resourceType": "Patient",
              "active": "yes",
              "gender": "man",
              "birthDate": "1970-02-30",
              "name": [{ "family": "x", "given": "y" }, { "use": "best" }]
            }
            """u8.ToArray());

        Assert.Equal(
            ["Patient.active", "Patient.gender", "Patient.birthDate", "Patient.name[0].given", "Patient.name[1].use"],
            outcome.Issues.Select(i => i.Location));
        Assert.Equal([(3, 13), (4, 13), (5, 16), (6, 38), (6, 54)], outcome.Issues.Select(i => (i.Line, i.Column)));
    }

    [Fact]
    public void Faults_before_the_place_where_the_json_breaks_are_named_too()
    {
        var outcome = ResourceValidator.Validate("""{"resourceType":"Patient","gender":"man","birthDate":}"""u8.ToArray());

        Assert.Equal([IssueType.CodeInvalid, IssueType.Structure], outcome.Issues.Select(i => i.Type));
        Assert.Equal(IssueSeverity.Fatal, outcome.Issues[1].Severity);
        Assert.Equal((1, 54), (outcome.Issues[1].Line, outcome.Issues[1].Column));
    }

    [Fact]
    public void Another_resource_type_than_expected_is_refused()
    {
        var outcome = ResourceValidator.Validate("""{"resourceType":"Patient"}"""u8.ToArray(), "Observation");

        Assert.Equal(IssueType.Invalid, Assert.Single(outcome.Issues).Type);
        Assert.Equal("Patient", outcome.ResourceType);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused_with_its_place()
    {
        var outcome = ResourceValidator.Validate((byte[])[.. "{\"resourceType\":\n\""u8, 0xC3, 0x28, .. "\"}"u8]);

        var issue = Assert.Single(outcome.Issues);
        Assert.Equal((IssueType.Structure, 2, 2), (issue.Type, issue.Line, issue.Column));
        Assert.Contains("UTF-8", issue.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_refused() =>
        Assert.Contains("byte order mark", Assert.Single(ResourceValidator.Validate("\uFEFF{}"u8.ToArray()).Issues).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"resourceType":"Patient","extension":[""")]
    [InlineData("""{"extension":[""")]
    [InlineData("""{"resourceType":"Patient","unknown":[""")]
    public void Nesting_is_limited_and_does_not_exhaust_the_stack(string start)
    {
        var deep = start + string.Concat(Enumerable.Repeat("""{"url":"a","extension":[""", 100_000));

        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes(deep));

        Assert.Equal(IssueType.TooCostly, outcome.Issues[^1].Type);
        Assert.Equal(IssueSeverity.Fatal, outcome.Issues[^1].Severity);
    }

    [Fact]
    public void At_most_200_issues_are_listed_and_the_last_says_so()
    {
        var names = string.Join(",", Enumerable.Range(0, 500).Select(_ => """{"use":"x"}"""));

        var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","name":[{{names}}]}"""));

        Assert.Equal(ResourceValidator.MaxIssues, outcome.Issues.Count);
        Assert.Equal(IssueType.TooCostly, outcome.Issues[^1].Type);
    }
}
