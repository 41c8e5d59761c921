// FHIRPath Patch, http://hl7.org/fhir/R4/fhirpatch.html.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Patch;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Patch;

public sealed class FhirPathPatchTests
{
    private const string Empty = """{"resourceType":"Patient"}""";
    private const string Identified = """{"resourceType":"Patient","identifier":[{"value":"1"},{"value":"2"},{"value":"3"}]}""";
    private const string Contact = """{"resourceType":"Patient","contact":[{"name":{"text":"a name","use":"usual"},"gender":"male"}]}""";

    public static TheoryData<string, string, string> Cases => new()
    {
        { Empty, Op("add", "Patient", name: "birthDate", value: V("valueDate", "1930-01-01")), """{"resourceType":"Patient","birthDate":"1930-01-01"}""" },
        { Empty, Op("add", "Patient", name: "identifier", value: """,{"name":"value","valueIdentifier":{"value":"1"}}"""), """{"resourceType":"Patient","identifier":[{"value":"1"}]}""" },
        { Identified, Op("add", "Patient", name: "identifier", value: """,{"name":"value","valueIdentifier":{"value":"4"}}"""), """{"resourceType":"Patient","identifier":[{"value":"1"},{"value":"2"},{"value":"3"},{"value":"4"}]}""" },
        { Empty, Op("add", "Patient", name: "deceased", value: V("valueDateTime", "2020")), """{"resourceType":"Patient","deceasedDateTime":"2020"}""" },
        {
            Empty, Op("add", "Patient", name: "contact", value: """,{"name":"value","part":[{"name":"name","valueHumanName":{"text":"a name"}},{"name":"relationship","valueCodeableConcept":{"text":"x"}},{"name":"relationship","valueCodeableConcept":{"text":"y"}}]}"""),
            """{"resourceType":"Patient","contact":[{"name":{"text":"a name"},"relationship":[{"text":"x"},{"text":"y"}]}]}"""
        },
        { Contact, Op("replace", "Patient.contact[0].gender", value: V("valueCode", "female")), """{"resourceType":"Patient","contact":[{"name":{"text":"a name","use":"usual"},"gender":"female"}]}""" },
        { Contact, Op("delete", "Patient.contact[0].name.text"), """{"resourceType":"Patient","contact":[{"name":{"use":"usual"},"gender":"male"}]}""" },
        { Contact, Op("delete", "Patient.contact[0]"), Empty },
        { Contact, Op("delete", "Patient.contact[3]"), Contact },
        { Contact, Op("delete", "Patient.contact.where(gender = 'male')"), Empty },
        { """{"resourceType":"Patient","deceasedBoolean":true}""", Op("replace", "Patient.deceased", value: V("valueDateTime", "2020")), """{"resourceType":"Patient","deceasedDateTime":"2020"}""" },
        { Identified, Op("insert", "Patient.identifier", value: """,{"name":"value","valueIdentifier":{"value":"0"}}""", index: 0), """{"resourceType":"Patient","identifier":[{"value":"0"},{"value":"1"},{"value":"2"},{"value":"3"}]}""" },
        { Identified, Op("insert", "Patient.identifier", value: """,{"name":"value","valueIdentifier":{"value":"4"}}""", index: 3), """{"resourceType":"Patient","identifier":[{"value":"1"},{"value":"2"},{"value":"3"},{"value":"4"}]}""" },
        { Empty, Op("insert", "Patient.identifier", value: """,{"name":"value","valueIdentifier":{"value":"1"}}""", index: 0), """{"resourceType":"Patient","identifier":[{"value":"1"}]}""" },
        { Identified, Op("delete", "Patient.identifier[1]"), """{"resourceType":"Patient","identifier":[{"value":"1"},{"value":"3"}]}""" },
        { Identified, Op("move", "Patient.identifier", source: 2, destination: 0), """{"resourceType":"Patient","identifier":[{"value":"3"},{"value":"1"},{"value":"2"}]}""" },
        { Identified, Op("move", "Patient.identifier", source: 0, destination: 2), """{"resourceType":"Patient","identifier":[{"value":"2"},{"value":"3"},{"value":"1"}]}""" },

        // Primitives with extensions: the value and its shadow stay together.
        { """{"resourceType":"Patient","birthDate":"1930","_birthDate":{"id":"b"}}""", Op("delete", "Patient.birthDate"), Empty },
        { """{"resourceType":"Patient","birthDate":"1930"}""", Op("add", "Patient.birthDate", name: "extension", value: """,{"name":"value","valueExtension":{"url":"urn:a","valueBoolean":true}}"""), """{"resourceType":"Patient","birthDate":"1930","_birthDate":{"extension":[{"url":"urn:a","valueBoolean":true}]}}""" },
        { """{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]}""", Op("move", "Patient.name[0].given", source: 1, destination: 0), """{"resourceType":"Patient","name":[{"given":["B","A"],"_given":[{"id":"b"},null]}]}""" },
        { """{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]}""", Op("delete", "Patient.name[0].given[0]"), """{"resourceType":"Patient","name":[{"given":["B"],"_given":[{"id":"b"}]}]}""" },
        { """{"resourceType":"Patient","name":[{"given":["A"]}]}""", Op("add", "Patient.name[0]", name: "given", value: """,{"name":"value","valueString":"B","_valueString":{"id":"b"}}"""), """{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]}""" },
        { """{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]}""", Op("replace", "Patient.name[0].given[1]", value: V("valueString", "C")), """{"resourceType":"Patient","name":[{"given":["A","C"]}]}""" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_operation_changes_what_its_path_names(string resource, string operation, string expected)
    {
        var patched = Patched(resource, operation, out var fault);
        Assert.Null(fault);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(patched!)), Encoding.UTF8.GetString(patched!));
        Assert.True(ResourceValidator.Validate(patched!, "Patient").IsValid);
    }

    [Fact]
    public void Operations_see_what_the_ones_before_left()
    {
        var patched = Patched(Identified, string.Join(',', Op("delete", "Patient.identifier[0]"), Op("delete", "Patient.identifier[0]"), Op("replace", "Patient.identifier[0].value", value: V("valueString", "9"))), out _);
        Assert.Equal("""{"resourceType":"Patient","identifier":[{"value":"9"}]}""", Encoding.UTF8.GetString(patched!));
        Assert.Equal(Identified, Encoding.UTF8.GetString(Patched(Identified, "", out _)!));
    }

    public static TheoryData<string, string> Misfits => new()
    {
        { Empty, Op("replace", "Patient.birthDate", value: V("valueDate", "1930")) },
        { Identified, Op("delete", "Patient.identifier") },
        { Identified, Op("replace", "Patient.identifier", value: V("valueString", "x")) },
        { Identified, Op("insert", "Patient.identifier", value: """,{"name":"value","valueIdentifier":{"value":"1"}}""", index: 4) },
        { Identified, Op("insert", "Patient.identifier.where(value = '1')", value: """,{"name":"value","valueIdentifier":{"value":"1"}}""", index: 0) },
        { Identified, Op("move", "Patient.identifier", source: 3, destination: 0) },
        { Identified, Op("move", "Patient.identifier", source: 0, destination: 3) },
        { Identified, Op("delete", "Patient") },
        { Identified, Op("delete", "Patient.identifier.count()") },
        { Identified, Op("delete", "1 + 'a'") },
        { Identified, Op("delete", "Patient.identifier.where(value.matches('(?=1)(1+)+$'))") },
        { Identified, Op("add", "Patient", name: "zebedee", value: V("valueString", "x")) },
        { """{"resourceType":"Patient","gender":"male"}""", Op("add", "Patient", name: "gender", value: V("valueCode", "female")) },
        { """{"resourceType":"Patient","deceasedBoolean":true}""", Op("add", "Patient", name: "deceased", value: V("valueDateTime", "2020")) },
        { """{"resourceType":"Patient","deceasedBoolean":true}""", Op("replace", "Patient.deceased", value: V("valueString", "x")) },
        { Identified, Op("delete", "Patient.identifier.repeat(%resource | $this).repeat(%resource).where(true)") },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void What_does_not_fit_changes_nothing(string resource, string operation)
    {
        Assert.Null(Patched(resource, operation, out var fault));
        Assert.Equal((PatchFaultKind.NotApplicable, 0), (fault!.Kind, fault.Operation));
    }

    [Fact]
    public void A_patch_whose_paths_cost_too_much_is_refused_as_a_whole()
    {
        var resource = $$"""{"resourceType":"Patient","identifier":[{{string.Join(',', Enumerable.Repeat($$"""{"value":"{{new string('a', 1000)}}!"}""", 100))}}]}""";
        var operation = Op("delete", "Patient.identifier.where(value.matches('(a+)+$'))");
        Assert.Null(Patched(resource, string.Join(',', Enumerable.Repeat(operation, 1000)), out var fault));
        Assert.Equal((PatchFaultKind.TooCostly, 0), (fault!.Kind, fault.Operation));
    }

    [Theory]
    [InlineData("""{"name":"zebedee"}""")]
    [InlineData("""{"name":"operation","part":[]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"change"},{"name":"path","valueString":"Patient"}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"delete"}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient."}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"value","valueString":"x"}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.gender"}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"move"},{"name":"path","valueString":"Patient.name"},{"name":"source","valueInteger":-1},{"name":"destination","valueInteger":0}]}""")]
    [InlineData("""{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.gender"}]}""")]
    public void A_document_that_is_no_patch_is_told_from_itself(string parameter) =>
        Assert.Equal(PatchFaultKind.Malformed, FhirPathPatch.Parse(Encoding.UTF8.GetBytes($$"""{"resourceType":"Parameters","parameter":[{{parameter}}]}""")).Fault!.Kind);

    /// <summary>Operations that nest one value into the last end by a limit, wherever they are noticed.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(14)]
    public void Values_that_nest_in_each_other_end_at_a_limit(int operations)
    {
        const int Levels = 20;
        var value = string.Concat(Enumerable.Repeat("""{"url":"urn:a","extension":[""", Levels - 1)) + """{"url":"urn:a"}""" + string.Concat(Enumerable.Repeat("]}", Levels - 1));
        var nested = Enumerable.Range(0, operations).Select(i => Op(
            "add", "Patient" + string.Concat(Enumerable.Repeat(".extension[0]", i * Levels)), name: "extension", value: $$""",{"name":"value","valueExtension":{{value}}}"""));
        Assert.Null(Patched(Empty, string.Join(',', nested), out var fault));
        Assert.NotEqual(PatchFaultKind.Malformed, fault!.Kind);
    }

    private static byte[]? Patched(string resource, string operations, out PatchFault? fault)
    {
        var document = operations.Length == 0 ? """{"resourceType":"Parameters"}""" : $$"""{"resourceType":"Parameters","parameter":[{{operations}}]}""";
        var (patch, malformed) = FhirPathPatch.Parse(Encoding.UTF8.GetBytes(document));
        Assert.Null(malformed);
        (var patched, fault) = patch!.Apply(Encoding.UTF8.GetBytes(resource));
        return patched;
    }

    private static string V(string name, string value) => $$""",{"name":"value","{{name}}":"{{value}}"}""";

    private static string Op(string type, string path, string? name = null, string value = "", int? index = null, int? source = null, int? destination = null)
    {
        var parts = new StringBuilder($$"""{"name":"operation","part":[{"name":"type","valueCode":"{{type}}"},{"name":"path","valueString":"{{path}}"}""");
        parts.Append(name is null ? "" : $$""",{"name":"name","valueString":"{{name}}"}""").Append(value);
        foreach (var (part, number) in new[] { ("index", index), ("source", source), ("destination", destination) })
        {
            parts.Append(number is null ? "" : $$""",{"name":"{{part}}","valueInteger":{{number}}}""");
        }

        return parts.Append("]}").ToString();
    }

    [Fact]
    public void Patches_of_one_request_share_the_time_of_their_expressions()
    {
        var patch = FhirPathPatch.Parse("""{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name.where(family = 'x')"}]}]}"""u8.ToArray()).Patch!;
        var patient = """{"resourceType":"Patient","name":[{"family":"x"},{"family":"y"}]}"""u8.ToArray();
        var time = new PatchTime(TimeSpan.FromTicks(1));
        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(patient, time).Fault!.Kind);
        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(patient, time).Fault!.Kind);
        Assert.NotNull(JsonPatch.Parse("[]"u8.ToArray()).Patch!.Apply(patient, time).Patched);
        Assert.NotNull(patch.Apply(patient, new PatchTime()).Patched);
        Assert.NotNull(patch.Apply(patient).Patched);
    }
}
