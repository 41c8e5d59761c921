// R4 profiling.html, elementdefinition.html, extensibility.html; US Core 6.1 as published.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class ProfileTests
{
    private const string Url = "http://a.example/profile";

    [Theory]
    [InlineData("""{"path":"Patient.name","min":1}""", """{"name":[{"text":"x"}]}""", true)]
    [InlineData("""{"path":"Patient.name","min":1}""", """{}""", false)]
    [InlineData("""{"path":"Patient.name","max":"1"}""", """{"name":[{"text":"x"},{"text":"y"}]}""", false)]
    [InlineData("""{"path":"Patient.photo","max":"0"}""", """{"photo":[{"title":"x"}]}""", false)]
    [InlineData("""{"path":"Patient.gender","fixedCode":"female"}""", """{"gender":"male"}""", false)]
    [InlineData("""{"path":"Patient.gender","fixedCode":"female"}""", """{"gender":"female"}""", true)]
    [InlineData("""{"path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}}""", """{"maritalStatus":{"text":"x","coding":[{"code":"A"},{"system":"http://s.example","code":"M"}]}}""", true)]
    [InlineData("""{"path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}}""", """{"maritalStatus":{"coding":[{"code":"A"}]}}""", false)]
    [InlineData("""{"path":"Patient.maritalStatus","fixedCodeableConcept":{"coding":[{"code":"M"}]}}""", """{"maritalStatus":{"text":"x","coding":[{"code":"M"}]}}""", false)]
    [InlineData("""{"path":"Patient.deceased[x]","type":[{"code":"boolean"}]}""", """{"deceasedDateTime":"2020"}""", false)]
    [InlineData("""{"path":"Patient.deceased[x]","type":[{"code":"boolean"}]}""", """{"deceasedBoolean":true}""", true)]
    [InlineData("""{"path":"Patient.deceasedBoolean","min":1,"fixedBoolean":true}""", """{"deceasedBoolean":true}""", true)]
    [InlineData("""{"path":"Patient.deceasedBoolean","min":1,"fixedBoolean":true}""", """{"deceasedBoolean":false}""", false)]
    [InlineData("""{"path":"Patient.birthDate","maxValueDate":"2000-01-01"}""", """{"birthDate":"2001-01-01"}""", false)]
    [InlineData("""{"path":"Patient.birthDate","minValueDate":"2000-01-01"}""", """{"birthDate":"2001-01-01"}""", true)]
    [InlineData("""{"path":"Patient.name.family","maxLength":3}""", """{"name":[{"family":"Long"}]}""", false)]
    [InlineData("""{"path":"Patient.generalPractitioner","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]}""", """{"generalPractitioner":[{"reference":"Practitioner/1"}]}""", false)]
    [InlineData("""{"path":"Patient.generalPractitioner","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]}""", """{"generalPractitioner":[{"reference":"Organization/1"}]}""", true)]
    [InlineData("""{"path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"h","expression":"name.exists() or active.exists()"}]}""", """{"gender":"male"}""", false)]
    [InlineData("""{"path":"Patient","constraint":[{"key":"x-1","severity":"warning","human":"h","expression":"name.exists()"}]}""", """{"gender":"male"}""", true)]
    [InlineData("""{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}""", """{"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}}""", true)]
    [InlineData("""{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}""", """{"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"x"}]}}""", false)]
    [InlineData("""{"path":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}""", """{"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"x"}]}}""", true)]
    [InlineData("""{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://a.example/unknown"}}""", """{"maritalStatus":{"coding":[{"code":"x"}]}}""", true)]
    public void An_element_of_a_profile_is_compared(string element, string patient, bool isValid) => Judge("Patient", element, patient, isValid);

    [Theory]
    [InlineData("open", false, """[{"system":"phone","value":"1"},{"system":"fax","value":"2"},{"system":"email","value":"3"}]""", true)]
    [InlineData("open", false, """[{"system":"email","value":"3"}]""", false)]
    [InlineData("open", false, """[{"system":"phone","value":"1"},{"system":"phone","value":"2"}]""", false)]
    [InlineData("closed", false, """[{"system":"phone","value":"1"},{"system":"fax","value":"2"}]""", false)]
    [InlineData("openAtEnd", false, """[{"system":"phone","value":"1"},{"system":"fax","value":"2"}]""", true)]
    [InlineData("openAtEnd", false, """[{"system":"fax","value":"2"},{"system":"phone","value":"1"}]""", false)]
    [InlineData("open", true, """[{"system":"phone","value":"1"},{"system":"email","value":"3"}]""", true)]
    [InlineData("open", true, """[{"system":"email","value":"3"},{"system":"phone","value":"1"}]""", false)]
    public void Slices_by_value_keep_their_rules(string rules, bool ordered, string telecom, bool isValid) => Judge(
        "Patient",
        $$"""
        {"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"{{rules}}","ordered":{{(ordered ? "true" : "false")}} } },
        {"path":"Patient.telecom","sliceName":"phone","min":1,"max":"1"},{"path":"Patient.telecom.system","fixedCode":"phone"},
        {"path":"Patient.telecom","sliceName":"email"},{"path":"Patient.telecom.system","fixedCode":"email"}
        """,
        $$"""{"telecom":{{telecom}} }""",
        isValid);

    [Theory]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.code","patternCodeableConcept":{"coding":[{"code":"a"}]}}""", "pattern", "code", true)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.code","patternCodeableConcept":{"coding":[{"code":"b"}]}}""", "pattern", "code", false)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","type":[{"code":"Quantity"}]}""", "type", "value", true)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","type":[{"code":"string"}]}""", "type", "value", false)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","min":1}""", "exists", "value", true)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","max":"0"}""", "exists", "value", false)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","type":[{"code":"Quantity","profile":["http://a.example/mg"]}]}""", "profile", "value", true)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.component.value[x]","type":[{"code":"Quantity","profile":["http://a.example/kg"]}]}""", "profile", "value", false)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","slicing":{"discriminator":[{"type":"value","path":"value.unit"}],"rules":"open"}},{"path":"Observation.component.code","patternCodeableConcept":{"coding":[{"code":"a"}]}},{"path":"Observation.component","sliceName":"a/b","min":1},{"path":"Observation.component.value[x].unit","fixedString":"kg"}""", "pattern", "code", false)]
    [InlineData("""{"path":"Observation.component","sliceName":"a","slicing":{"discriminator":[{"type":"value","path":"value.unit"}],"rules":"open"}},{"path":"Observation.component.code","patternCodeableConcept":{"coding":[{"code":"a"}]}},{"path":"Observation.component","sliceName":"a/b","min":1},{"path":"Observation.component.value[x].unit","fixedString":"mg"}""", "pattern", "code", true)]
    public void Slices_are_told_apart_by_each_kind_of_discriminator(string slices, string type, string path, bool isValid) => Judge(
        "Observation",
        $$"""{"path":"Observation.component","slicing":{"discriminator":[{"type":"{{type}}","path":"{{path}}"}],"rules":"open"} },{{slices}}""",
        """{"status":"final","code":{"text":"x"},"component":[{"code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1,"unit":"mg"}}]}""",
        isValid);

    [Fact]
    public void A_slice_of_a_profile_can_be_narrowed_by_a_profile_on_it()
    {
        var validator = Validator(
            Definition("http://a.example/base", "Patient", """{"path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},{"path":"Patient.telecom","sliceName":"phone"},{"path":"Patient.telecom.system","fixedCode":"phone"}"""),
            Definition(Url, "Patient", """{"path":"Patient.telecom","sliceName":"phone","min":1},{"path":"Patient.telecom.use","fixedCode":"home"}""", "http://a.example/base"));

        Assert.True(validator.Validate(Resource("Patient", """{"telecom":[{"system":"phone","value":"1","use":"home"},{"system":"fax","value":"2","use":"work"}]}"""), profiles: [Url]).IsValid);
        Assert.False(validator.Validate(Resource("Patient", """{"telecom":[{"system":"phone","value":"1","use":"work"}]}"""), profiles: [Url]).IsValid);
        Assert.False(validator.Validate(Resource("Patient", """{"telecom":[{"system":"fax","value":"1","use":"home"}]}"""), profiles: [Url]).IsValid);
    }

    [Fact]
    public void A_claimed_profile_is_compared_where_it_is_known_and_remarked_where_it_is_not()
    {
        var validator = Validator(Definition(Url, "Patient", """{"path":"Patient.name","min":1}"""));

        Assert.False(validator.Validate(Resource("Patient", $$"""{"meta":{"profile":["{{Url}}"]} }""")).IsValid);
        Assert.True(validator.Validate(Resource("Patient", $$"""{"meta":{"profile":["{{Url}}"]},"name":[{"text":"x"}]}""")).IsValid);
        var unknown = Resource("Patient", """{"meta":{"profile":["http://b.example/other"]}}""");
        Assert.Empty(validator.Validate(unknown).Issues);
        Assert.Contains(validator.Validate(unknown, withWarnings: true).Issues, i => i is { Severity: IssueSeverity.Warning, Location: "Patient.meta.profile[0]" });
        Assert.False(validator.Validate(unknown, profiles: ["http://b.example/other"]).IsValid);
        Assert.False(validator.Validate(Resource("Patient", "{}"), profiles: ["http://hl7.org/fhir/StructureDefinition/Group"]).IsValid);
    }

    [Fact]
    public void Must_support_is_noted_and_never_an_error()
    {
        var outcome = Validator(Definition(Url, "Patient", """{"path":"Patient.name","mustSupport":true}""")).Validate(Resource("Patient", "{}"), profiles: [Url], withWarnings: true);

        Assert.True(outcome.IsValid);
        Assert.Contains(outcome.Issues, i => i.Severity == IssueSeverity.Information && i.Message.Contains("Patient.name", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"extension":[{"url":"http://a.example/ext","valueString":"x"}]}""", true)]
    [InlineData("""{"extension":[{"url":"http://a.example/ext","valueBoolean":true}]}""", false)]
    [InlineData("""{"name":[{"extension":[{"url":"http://a.example/ext","valueString":"x"}]}]}""", false)]
    [InlineData("""{"extension":[{"url":"http://a.example/unknown","valueBoolean":true}]}""", true)]
    [InlineData("""{"extension":[{"url":"http://a.example/ext|1","valueString":"x"}]}""", false)]
    public void An_extension_meets_its_definition_and_stands_in_its_context(string patient, bool isValid)
    {
        var definition = JsonNode.Parse(Definition("http://a.example/ext", "Extension", """{"path":"Extension.value[x]","type":[{"code":"string"}]}"""))!;
        definition["context"] = new JsonArray(new JsonObject { ["type"] = "element", ["expression"] = "Patient" });

        Assert.Equal(isValid, Validator(definition.ToJsonString()).Validate(Resource("Patient", patient)).IsValid);
    }

    [Fact]
    public void References_that_go_round_in_a_circle_are_compared_once()
    {
        var validator = Validator(Definition(Url, "Patient", $$"""{"path":"Patient.gender","min":1},{"path":"Patient.link.other","type":[{"code":"Reference","targetProfile":["{{Url}}"]}]}"""));
        var bundle = $$$"""
            {"resourceType":"Bundle","type":"collection","entry":[
             {"fullUrl":"http://s.example/Patient/1","resource":{"resourceType":"Patient","id":"1","meta":{"profile":["{{{Url}}}"]},"gender":"male","link":[{"other":{"reference":"Patient/2"},"type":"seealso"}]}},
             {"fullUrl":"http://s.example/Patient/2","resource":{"resourceType":"Patient","id":"2","GENDER""link":[{"other":{"reference":"Patient/1"},"type":"seealso"}]}}]}
            """;

        Assert.True(validator.Validate(Encoding.UTF8.GetBytes(bundle.Replace("GENDER\"", "gender\":\"male\",", StringComparison.Ordinal))).IsValid);
        Assert.False(validator.Validate(Encoding.UTF8.GetBytes(bundle.Replace("GENDER\"", "", StringComparison.Ordinal))).IsValid);
    }

    [Fact]
    public void Profiles_made_to_be_costly_end_in_bounded_time()
    {
        // Each profile asks for one of eight that ask the same: without a bound, eight to the power of the depth.
        string[] many = [.. Enumerable.Range(0, 8).Select(i => $"http://a.example/{i}")];
        var list = string.Join(',', many.Select(u => $"\"{u}\""));
        var definitions = many.Select((u, i) => Definition(u, "Extension", $$"""{"path":"Extension.extension","type":[{"code":"Extension","profile":[{{list}}]}]},{"path":"Extension.url","fixedUri":"x{{i}}"}"""));
        var extension = """{"url":"y"}""";
        for (var i = 0; i < 28; i++)
        {
            extension = $$"""{"url":"y","extension":[{{extension}},{"url":"z","valueString":"x"}]}""";
        }

        extension = extension.Replace("""{"url":"y"}""", """{"url":"y","valueString":"x"}""", StringComparison.Ordinal);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var outcome = Validator([.. definitions, Definition(Url, "Patient", $$"""{"path":"Patient.extension","type":[{"code":"Extension","profile":[{{list}}]}]}""")]).Validate(Resource("Patient", $$"""{"extension":[{{extension}}]}"""), profiles: [Url]);

        Assert.False(outcome.IsValid);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        Assert.False(Validator(Definition(Url, "Patient", """{"path":"Patient.name","min":1}""", Url)).Validate(Resource("Patient", "{}"), profiles: [Url]).IsValid);
    }

    [Fact]
    public void Every_example_of_US_Core_meets_the_profiles_it_claims()
    {
        if (SharedData.Folder("ig/us-core/610") is not { } folder || SharedData.Folder("fhir-r4/core-4.0.1") is not { } core)
        {
            return;
        }

        var resources = new ConformanceResources(
            () => Read(Path.Combine(core, "structuredefinitions-extensions.json.gz")).Concat(Read(Path.Combine(core, "structuredefinitions-profiles.json.gz"))).Concat(Read(Path.Combine(folder, "definitions.json.gz"))),
            new ConformanceResources(R4Terminology.Resources));
        var validator = new ProfileValidator(resources, new ValueSets(resources));
        Assert.True(validator.Knows("http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|6.1.0"));
        var broken = new List<string>();
        var count = 0;
        foreach (var example in Read(Path.Combine(folder, "examples.json.gz")))
        {
            count++;
            var outcome = validator.Validate(example);
            if (!outcome.IsValid)
            {
                var id = JsonNode.Parse(example.Span)!["id"];
                // Two searchsets have a fullUrl that says another id than its resource; pd-1 ("telecom or endpoint") cannot be evaluated over several telecoms.
                broken.AddRange(outcome.Issues.Where(i => i.Severity <= IssueSeverity.Error && i.Location != "Bundle.entry[2].fullUrl" && !i.Message.StartsWith("pd-1:", StringComparison.Ordinal)).Select(i => $"{outcome.ResourceType}/{id} {i.Location}: {i.Message}"));
            }
        }

        Assert.True(count > 100);
        Assert.True(broken.Count == 0, string.Join("\n", broken));
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> Read(string file)
    {
        using var stream = File.OpenRead(file);
        return PackageReader.Resources(file, stream);
    }

    private static void Judge(string type, string elements, string content, bool isValid)
    {
        var outcome = Validator(
            Definition(Url, type, elements),
            Definition("http://a.example/mg", "Quantity", """{"path":"Quantity.unit","fixedString":"mg"}"""),
            Definition("http://a.example/kg", "Quantity", """{"path":"Quantity.unit","fixedString":"kg"}""")).Validate(Resource(type, content), profiles: [Url]);

        Assert.True(isValid == outcome.IsValid, string.Join("; ", outcome.Issues));
    }

    private static ProfileValidator Validator(params string[] definitions)
    {
        var resources = new ConformanceResources(() => definitions.Select(d => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(d)), new ConformanceResources(R4Terminology.Resources));
        return new ProfileValidator(resources, new ValueSets(resources));
    }

    private static string Definition(string url, string type, string elements, string? on = null) =>
        $$"""
        {"resourceType":"StructureDefinition","url":"{{url}}","name":"P","status":"draft","kind":"resource","abstract":false,"type":"{{type}}",
         "baseDefinition":"{{on ?? "http://hl7.org/fhir/StructureDefinition/" + type}}","derivation":"constraint","differential":{"element":[{{elements}}]} }
        """;

    private static byte[] Resource(string type, string content)
    {
        var json = JsonNode.Parse(content)!.AsObject();
        json["resourceType"] = type;
        if (type == "Patient" && json.Count == 1)
        {
            json["active"] = true;
        }

        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
