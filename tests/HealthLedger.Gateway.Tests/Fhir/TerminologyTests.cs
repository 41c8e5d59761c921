// http://hl7.org/fhir/R4/terminology-service.html and the OperationDefinitions ValueSet-expand, ValueSet-validate-code, CodeSystem-lookup, CodeSystem-validate-code and
// CodeSystem-subsumes of R4.
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class TerminologyTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Genders = "http://hl7.org/fhir/ValueSet/administrative-gender";
    private const string Gender = "http://hl7.org/fhir/administrative-gender";
    private const string Roles = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task An_expansion_is_a_valid_value_set_and_leaves_no_entry()
    {
        var answer = (await _gateway.Get(Clinic, $"ValueSet/$expand?url={Genders}")).Is(200);

        Assert.Equal(0u, answer.Growth);
        Assert.Null(answer.Receipt);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "ValueSet").Issues);
        Assert.Equal(["male", "female", "other", "unknown"], Codes(answer));
        Assert.Equal("Male", Contains(answer)[0]["display"]!.GetValue<string>());
        Assert.Equal("4.0.1", Contains(answer)[0]["version"]!.GetValue<string>());
        Assert.Null(answer.Json["compose"]);
        Assert.Equal(Gender + "|4.0.1", Parameter(answer.Json["expansion"]!["parameter"]!, "version")!["valueUri"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("&filter=mal", "male")]
    [InlineData("&count=2", "male female")]
    [InlineData("&system-version=http://hl7.org/fhir/administrative-gender|4.0.1&check-system-version=urn:other|1", "male female other unknown")]
    [InlineData("&exclude-system=urn:other", "male female other unknown")]
    [InlineData("&count=2&offset=1", "female other")]
    [InlineData("&count=0", "")]
    [InlineData("&offset=4", "")]
    [InlineData("&valueSetVersion=4.0.1", "male female other unknown")]
    [InlineData("|4.0.1&activeOnly=true&excludeNested=true&includeDesignations=true", "male female other unknown")]
    public async Task An_expansion_is_narrowed_and_paged(string parameters, string codes)
    {
        var answer = (await _gateway.Get(Clinic, $"ValueSet/$expand?url={Genders}{parameters}")).Is(200);

        Assert.Equal(codes, string.Join(' ', Codes(answer)));
        Assert.Equal(parameters.Contains("filter", StringComparison.Ordinal) ? 1 : 4, answer.Json["expansion"]!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_display_comes_in_the_language_asked_for_and_designations_on_demand()
    {
        const string Url = "http://terminology.hl7.org/ValueSet/v2-0001";
        var german = (await _gateway.Get(Clinic, $"ValueSet/$expand?url={Url}&displayLanguage=de&includeDesignations=true&includeDefinition=true")).Is(200);
        var plain = (await _gateway.Get(Clinic, $"ValueSet/$expand?url={Url}")).Is(200);

        var female = Contains(german).Single(c => c["code"]!.GetValue<string>() == "F");
        Assert.Equal("weiblich", female["display"]!.GetValue<string>());
        Assert.Contains(female["designation"]!.AsArray(), d => d!["language"]!.GetValue<string>() == "nl");
        Assert.NotNull(german.Json["compose"]);
        var dutch = (await _gateway.Get(Clinic, $"ValueSet/$expand?url={Url}&designation=urn:ietf:bcp:47|nl")).Is(200);
        Assert.All(Contains(dutch).SelectMany(c => c["designation"]!.AsArray()), d => Assert.Equal("nl", d!["language"]!.GetValue<string>()));
        Assert.All(Contains((await _gateway.Get(Clinic, $"ValueSet/$expand?url={Url}&designation=xx")).Is(200)), c => Assert.Null(c["designation"]));
        Assert.All(Contains(plain), c => Assert.Null(c["designation"]));
        Assert.Equal("Female", Contains(plain).Single(c => c["code"]!.GetValue<string>() == "F")["display"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_value_set_may_come_with_the_call_in_parameters_or_as_the_body()
    {
        var set = ValueSet($$"""{"include":[{"system":"{{Roles}}","filter":[{"property":"concept","op":"is-a","value":"SIB"}]}]}""");
        var asBody = (await _gateway.Post(Clinic, "ValueSet/$expand?count=3", set)).Is(200);
        var asParameter = (await _gateway.Post(Clinic, "ValueSet/$expand", Parameters(("valueSet", "resource", set.DeepClone()), ("count", "valueInteger", 3)))).Is(200);

        Assert.Equal(["SIB", "BRO", "HBRO"], Codes(asBody));
        Assert.Equal(asBody.Text, asParameter.Text);
        Assert.Equal(0u, asBody.Growth);
    }

    [Fact]
    public async Task Code_systems_are_left_out_of_an_expansion()
    {
        var set = ValueSet($$"""{"include":[{"system":"{{Gender}}"},{"system":"urn:listed","concept":[{"code":"a"}]}]}""");
        Assert.Equal(["a"], Codes((await _gateway.Post(Clinic, $"ValueSet/$expand?exclude-system={Gender}", set)).Is(200)));
        Assert.Equal(["a"], Codes((await _gateway.Post(Clinic, $"ValueSet/$expand?exclude-system={Gender}|4.0.1", set.DeepClone())).Is(200)));
        var other = (await _gateway.Post(Clinic, $"ValueSet/$expand?exclude-system={Gender}|3.0.0&exclude-system=urn:listed", set.DeepClone())).Is(200);
        Assert.Equal(["male", "female", "other", "unknown"], Codes(other));
        Assert.Equal(4, other.Json["expansion"]!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_code_system_may_come_with_the_code_to_validate()
    {
        var system = new JsonObject { ["resourceType"] = "CodeSystem", ["url"] = "urn:sent", ["status"] = "draft", ["content"] = "complete", ["concept"] = new JsonArray(new JsonObject { ["code"] = "a", ["display"] = "A" }) };
        foreach (var (code, isGood) in new[] { ("a", true), ("b", false) })
        {
            var sent = (await _gateway.Post(Clinic, "CodeSystem/$validate-code", Parameters(("codeSystem", "resource", system.DeepClone()), ("code", "valueCode", code)))).Is(200);
            Assert.Equal((isGood, 0u), (Parameter(sent, "result")!["valueBoolean"]!.GetValue<bool>(), sent.Growth));
        }

        (await _gateway.Post(Clinic, $"CodeSystem/$validate-code?url={Gender}&code=a", system.DeepClone())).IsFault(400, "invalid");
        system["content"] = "not-present";
        system.Remove("concept");
        (await _gateway.Post(Clinic, "CodeSystem/$validate-code?code=a", system)).IsFault(422, "not-found");
    }

    [Theory]
    [InlineData("ValueSet/$expand", 400, "required")]
    [InlineData($"ValueSet/$expand?url={Genders}&zebedee=1", 400, "not-supported")]
    [InlineData($"ValueSet/$expand?url={Genders}&context=Patient.gender", 400, "not-supported")]
    [InlineData($"ValueSet/$expand?url={Genders}&date=2020", 400, "not-supported")]
    [InlineData($"ValueSet/$expand?url={Genders}&contextDirection=incoming", 400, "not-supported")]
    [InlineData($"ValueSet/$expand?url={Genders}&check-system-version={Gender}|3.0.0", 422, "not-found")]
    [InlineData($"ValueSet/$expand?url={Genders}&force-system-version={Gender}|3.0.0", 422, "not-found")]
    [InlineData($"ValueSet/$expand?url={Genders}&system-version={Gender}", 400, "value")]
    [InlineData($"ValueSet/$expand?url={Genders}&count=many", 400, "value")]
    [InlineData($"ValueSet/$expand?url={Genders}&count=1&count=2", 400, "value")]
    [InlineData($"ValueSet/$expand?url={Genders}&activeOnly=yes", 400, "value")]
    [InlineData("ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/body-site&filter=abdo", 422, "not-found")]
    [InlineData("ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/ucum-units", 422, "not-found")]
    [InlineData("ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender&code=male", 400, "required")]
    [InlineData("ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/body-site&system=http://snomed.info/sct&code=1", 422, "not-found")]
    [InlineData($"ValueSet/$validate-code?url={Genders}&system={Gender}&systemVersion=3.0.0&code=male", 422, "not-found")]
    [InlineData("CodeSystem/$lookup?system=http://snomed.info/sct&code=1", 422, "not-found")]
    [InlineData($"CodeSystem/$lookup?system={Gender}&code=zebedee", 404, "not-found")]
    [InlineData($"CodeSystem/$lookup?system={Gender}", 400, "required")]
    [InlineData("CodeSystem/$lookup?code=male", 400, "required")]
    [InlineData("CodeSystem/$subsumes?system=http://snomed.info/sct&codeA=235856003&codeB=3738000", 422, "not-found")]
    [InlineData($"CodeSystem/$subsumes?system={Gender}&codeA=male&codeB=zebedee", 422, "not-found")]
    [InlineData($"CodeSystem/$subsumes?system={Gender}&codeA=male", 400, "required")]
    [InlineData("CodeSystem/$validate-code?code=male", 400, "required")]
    [InlineData("Patient/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender", 404, "not-supported")]
    [InlineData("$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender", 404, "not-supported")]
    public async Task What_is_wrong_or_cannot_be_told_is_said(string path, int status, string code) =>
        Assert.Equal(0u, (await _gateway.Get(Clinic, path)).IsFault(status, code).Growth);

    [Theory]
    [InlineData("male", null, true)]
    [InlineData("male", "MALE", true)]
    [InlineData("male", "Man", false)]
    [InlineData("zebedee", null, false)]
    public async Task A_code_is_validated_against_a_value_set_and_a_code_system(string code, string? display, bool result)
    {
        var rest = $"code={code}{(display is null ? "" : "&display=" + display)}";
        foreach (var answer in new[]
        {
            await _gateway.Get(Clinic, $"ValueSet/$validate-code?url={Genders}&system={Gender}&{rest}"),
            await _gateway.Get(Clinic, $"CodeSystem/$validate-code?url={Gender}&{rest}"),
        })
        {
            Assert.Equal(0u, answer.Is(200).Growth);
            Assert.Empty(ResourceValidator.Validate(answer.Body, "Parameters").Issues);
            Assert.Equal(result, Parameter(answer, "result")!["valueBoolean"]!.GetValue<bool>());
            Assert.Equal(result, Parameter(answer, "message") is null);
            Assert.Equal(code == "male" ? "Male" : null, Parameter(answer, "display")?["valueString"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task One_good_coding_of_a_concept_is_enough_and_an_unknown_one_is_no_false()
    {
        static JsonNode Coding(string system, string code) => new JsonObject { ["system"] = system, ["code"] = code };
        async Task<Answer> Validate(params JsonNode[] codings) => await _gateway.Post(Clinic, "ValueSet/$validate-code", Parameters(
            ("url", "valueUri", Genders), ("codeableConcept", "valueCodeableConcept", new JsonObject { ["coding"] = new JsonArray(codings) })));

        Assert.True(Parameter((await Validate(Coding("http://snomed.info/sct", "1"), Coding(Gender, "female"))).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
        Assert.False(Parameter((await Validate(Coding("http://snomed.info/sct", "1"), Coding(Gender, "zebedee"))).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
        (await _gateway.Post(Clinic, "ValueSet/$validate-code", Parameters(
            ("url", "valueUri", "http://hl7.org/fhir/ValueSet/body-site"), ("coding", "valueCoding", Coding("http://snomed.info/sct", "1"))))).IsFault(422, "not-found");
    }

    [Fact]
    public async Task A_code_that_only_groups_is_good_only_where_the_call_says_so()
    {
        const string Path = "ValueSet/$validate-code?url=http://terminology.hl7.org/ValueSet/v3-ActClass&system=http://terminology.hl7.org/CodeSystem/v3-ActClass&code=_ActClassRecordOrganizer";

        Assert.False(Parameter((await _gateway.Get(Clinic, Path)).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
        Assert.True(Parameter((await _gateway.Get(Clinic, Path + "&abstract=true")).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_look_up_tells_name_version_display_and_properties()
    {
        var answer = (await _gateway.Get(Clinic, $"CodeSystem/$lookup?system={Roles}&code=BRO")).Is(200);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "Parameters").Issues);
        Assert.Equal("brother", Parameter(answer, "display")!["valueString"]!.GetValue<string>());
        Assert.NotNull(Parameter(answer, "name"));
        Assert.Equal("2018-08-12", Parameter(answer, "version")!["valueString"]!.GetValue<string>());
        Assert.Contains(("parent", "SIB"), Properties(answer));
        Assert.Contains(("child", "HBRO"), Properties(answer));
        Assert.Contains(Properties(answer), p => p.Code == "definition");

        var some = (await _gateway.Post(Clinic, "CodeSystem/$lookup", Parameters(
            ("coding", "valueCoding", new JsonObject { ["system"] = Roles, ["code"] = "BRO" }), ("property", "valueCode", "parent"), ("property", "valueCode", "designation")))).Is(200);
        Assert.Equal([("parent", "SIB")], Properties(some));
    }

    [Theory]
    [InlineData("SIB", "HBRO", "subsumes")]
    [InlineData("HBRO", "SIB", "subsumed-by")]
    [InlineData("BRO", "BRO", "equivalent")]
    [InlineData("BRO", "SIS", "not-subsumed")]
    public async Task Two_codes_are_compared(string a, string b, string outcome)
    {
        var byCode = (await _gateway.Get(Clinic, $"CodeSystem/$subsumes?system={Roles}&codeA={a}&codeB={b}")).Is(200);
        var byCoding = (await _gateway.Post(Clinic, "CodeSystem/$subsumes", Parameters(
            ("codingA", "valueCoding", new JsonObject { ["system"] = Roles, ["code"] = a }), ("codingB", "valueCoding", new JsonObject { ["system"] = Roles, ["code"] = b })))).Is(200);

        Assert.Equal(outcome, Parameter(byCode, "outcome")!["valueCode"]!.GetValue<string>());
        Assert.Equal(byCode.Text, byCoding.Text);
    }

    [Fact]
    public async Task A_stored_value_set_and_code_system_come_by_the_disclosure_road()
    {
        var set = ValueSet($$"""{"include":[{"system":"{{Gender}}","concept":[{"code":"male"}]}]}""");
        set["url"] = "urn:test:stored-set";
        var system = JsonNode.Parse("""{"resourceType":"CodeSystem","url":"urn:test:stored-system","status":"draft","content":"complete","concept":[{"code":"a","display":"A","concept":[{"code":"b"}]}]}""")!;
        var stored = (await _gateway.Post(Hospital, "ValueSet", set)).Is(201).Id;
        var storedSystem = (await _gateway.Post(Hospital, "CodeSystem", system)).Is(201).Id;

        foreach (var path in new[] { $"ValueSet/{stored}/$expand", "ValueSet/$expand?url=urn:test:stored-set" })
        {
            var kept = (await _gateway.Get(Hospital, path)).Is(200);
            Assert.Equal(["male"], Codes(kept));
            Assert.NotNull(kept.Receipt);
            Assert.True(kept.Growth > 0);

            // It is for who keeps it, like a read of it; for others it is as one that is not there.
            var other = (await _gateway.Get(Stranger, path)).IsFault(404, "not-found");
            var absent = (await _gateway.Get(Stranger, path.Replace(stored, "absent", StringComparison.Ordinal).Replace("stored-set", "absent-set", StringComparison.Ordinal))).IsFault(404, "not-found");
            Assert.Equal((absent.Text, absent.Growth), (other.Text, other.Growth));
        }

        Assert.True(Parameter((await _gateway.Get(Hospital, $"ValueSet/{stored}/$validate-code?system={Gender}&code=male")).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
        Assert.Equal("A", Parameter((await _gateway.Get(Hospital, "CodeSystem/$lookup?system=urn:test:stored-system&code=a")).Is(200), "display")!["valueString"]!.GetValue<string>());
        Assert.True(Parameter((await _gateway.Get(Hospital, $"CodeSystem/{storedSystem}/$validate-code?code=b")).Is(200), "result")!["valueBoolean"]!.GetValue<bool>());
        Assert.Equal("subsumes", Parameter((await _gateway.Get(Hospital, $"CodeSystem/{storedSystem}/$subsumes?codeA=a&codeB=b")).Is(200), "outcome")!["valueCode"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_body_that_is_no_parameters_or_no_valid_value_set_is_refused_with_its_place()
    {
        (await _gateway.Post(Clinic, "ValueSet/$expand", JsonNode.Parse("""{"resourceType":"Patient"}""")!)).Is(400);
        var answer = (await _gateway.Post(Clinic, "ValueSet/$expand", JsonNode.Parse("""{"resourceType":"ValueSet","status":"draft","compose":{}}""")!)).Is(400);
        Assert.NotEmpty(answer.Places);
        (await _gateway.SendBytes(Clinic, "POST", "ValueSet/$expand", "{"u8.ToArray(), "application/fhir+json")).Is(400);
        (await _gateway.SendBytes(Clinic, "POST", "ValueSet/$expand", "url=a"u8.ToArray(), "application/x-www-form-urlencoded")).Is(415);
        var large = ValueSet("""{"include":[{"system":"urn:a"}]}""");
        large["description"] = new string('a', 1024 * 1024);
        (await _gateway.Post(Clinic, "ValueSet/$expand", large)).IsFault(413, "too-long");
    }

    [Fact]
    public async Task Only_a_token_with_a_scope_for_the_type_may_ask()
    {
        (await _gateway.Get(Narrow, $"ValueSet/$expand?url={Genders}")).IsFault(403, "forbidden");
        (await _gateway.Get(Narrow, $"CodeSystem/$lookup?system={Gender}&code=male")).IsFault(403, "forbidden");
        (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, $"/fhir/ValueSet/$expand?url={Genders}"))).IsFault(401, "login");
    }

    [Theory]
    [InlineData("code:in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult", true)]
    [InlineData("code:not-in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult", false)]
    [InlineData("status:in=http://hl7.org/fhir/ValueSet/observation-status", true)]
    [InlineData("status:below=http://hl7.org/fhir/observation-status|amended", false)]
    public async Task A_search_asks_the_same_terminology(string query, bool finds) =>
        Assert.Equal(finds ? ["pulse-" + SmallHospital.Open] : [], (await _gateway.Get(Clinic, $"Observation?patient={SmallHospital.Open}&{query}")).Is(200).Ids);

    [Fact]
    public async Task The_statement_lists_the_operations_and_where_they_are()
    {
        var rest = (await _gateway.Get(Clinic, "metadata")).Is(200).Json["rest"]![0]!;
        string[] Of(string type) => [.. (rest["resource"]!.AsArray().Single(r => r!["type"]!.GetValue<string>() == type)!["operation"] as JsonArray ?? []).Select(o => o!["definition"]!.GetValue<string>())];

        Assert.Superset(new HashSet<string> { "http://hl7.org/fhir/OperationDefinition/ValueSet-expand", "http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code" }, Of("ValueSet").ToHashSet());
        Assert.Superset(
            new HashSet<string> { "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup", "http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes", "http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code" },
            Of("CodeSystem").ToHashSet());
    }

    [Fact]
    public async Task The_terminology_statement_lists_the_code_systems_that_a_look_up_knows()
    {
        var answer = (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/metadata?mode=terminology"))).Is(200);
        var systems = answer.Json["codeSystem"]!.AsArray().ToDictionary(s => s!["uri"]!.GetValue<string>(), s => s!["version"]?[0]!["code"]!.GetValue<string>());

        Assert.Equal(0u, answer.Growth);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "TerminologyCapabilities").Issues);
        Assert.Equal("4.0.1", systems[Gender]);
        Assert.DoesNotContain("http://snomed.info/sct", systems.Keys);
        (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/metadata?mode=zebedee"))).IsFault(400, "value");
        Assert.Equal("CapabilityStatement", (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/metadata?mode=full"))).Is(200).Json["resourceType"]!.GetValue<string>());
    }

    private static JsonNode ValueSet(string compose) => new JsonObject { ["resourceType"] = "ValueSet", ["status"] = "active", ["compose"] = JsonNode.Parse(compose) };

    private static JsonNode Parameters(params (string Name, string Member, JsonNode Value)[] parameters) => new JsonObject
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray([.. parameters.Select(p => new JsonObject { ["name"] = p.Name, [p.Member] = p.Value })]),
    };

    private static JsonNode[] Contains(Answer answer) => [.. (answer.Json["expansion"]!["contains"] as JsonArray ?? []).Select(c => c!)];

    private static string[] Codes(Answer answer) => [.. Contains(answer).Select(c => c["code"]!.GetValue<string>())];

    private static JsonNode? Parameter(Answer answer, string name) => Parameter(answer.Json["parameter"]!, name);

    private static JsonNode? Parameter(JsonNode parameters, string name) => parameters.AsArray().FirstOrDefault(p => p!["name"]!.GetValue<string>() == name);

    private static (string Code, string? Value)[] Properties(Answer answer) =>
    [
        .. answer.Json["parameter"]!.AsArray().Where(p => p!["name"]!.GetValue<string>() == "property").Select(p =>
        {
            var value = Parameter(p!["part"]!, "value")!;
            return (Parameter(p["part"]!, "code")!["valueCode"]!.GetValue<string>(), value["valueCode"]?.GetValue<string>() ?? value["valueString"]?.GetValue<string>());
        }),
    ];
}
