// http://hl7.org/fhir/R4/graphql.html and GraphQL, October 2021: queries over records, each record decided on and recorded by itself.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Operations;

public sealed class GraphQlTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Open = SmallHospital.Open;
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_record_is_read_field_by_field()
    {
        var answer = await Ask("{ who: Patient(id: \"" + Open + "\") { resourceType id name { family given } birthDate active contact { gender } __typename } }");
        Same("""{"who":{"resourceType":"Patient","id":"patient-open","name":[{"family":"Openshaw","given":["Quillon"]}],"birthDate":"1970-05-04","active":null,"contact":null,"__typename":"Patient"}}""", answer);
        Assert.Null(answer.Json["errors"]);
        Assert.Equal("application/json; charset=utf-8", answer.Headers["Content-Type"]);
        Assert.Equal(2u, answer.Growth);
        Assert.NotNull(answer.Receipt);

        var instance = await Ask("{ id subject { reference } valueQuantity { value unit } }", $"Observation/pulse-{Open}/$graphql");
        Same("""{"id":"pulse-patient-open","subject":{"reference":"Patient/patient-open"},"valueQuantity":{"value":72,"unit":"/min"}}""", instance);
    }

    [Fact]
    public async Task It_is_asked_by_get_and_by_post_with_variables_and_a_choice_of_operations()
    {
        const string Text = "query one($id: String!, $names: Boolean = false) { Patient(id: $id) { ...P name @include(if: $names) { family } } } query two { Patient(id: \"absent\") { id } } fragment P on Patient { id gender @skip(if: $names) }";
        var url = $"$graphql?operationName=one&query={Uri.EscapeDataString(Text)}&variables={Uri.EscapeDataString("{\"id\":\"" + Open + "\"}")}";
        Same("""{"Patient":{"id":"patient-open","gender":"female"}}""", (await _gateway.Get(Clinic, url)).Is(200));
        var json = new JsonObject { ["query"] = Text, ["operationName"] = "one", ["variables"] = new JsonObject { ["id"] = Open, ["names"] = true } };
        Same("""{"Patient":{"id":"patient-open","name":[{"family":"Openshaw"}]}}""", (await _gateway.SendBytes(Clinic, "POST", "$graphql", Encoding.UTF8.GetBytes(json.ToJsonString()), "application/json")).Is(200));
        Wrong(await Ask(Text, status: 400), "invalid");
        json.Remove("variables");
        Wrong((await _gateway.SendBytes(Clinic, "POST", "$graphql", Encoding.UTF8.GetBytes(json.ToJsonString()), "application/json")).Is(400), "invalid");
        Wrong((await _gateway.Get(Clinic, "$graphql")).Is(400), "required");
        Wrong((await _gateway.SendBytes(Clinic, "POST", "$graphql", "<x/>"u8.ToArray(), "text/xml")).Is(400), "not-supported");
    }

    [Fact]
    public async Task Searches_come_as_lists_as_connections_and_from_what_refers_to_a_record()
    {
        var patient = await Patient("Listed");
        foreach (var value in new[] { 60, 70 })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: value, date: $"2026-03-{value / 10:00}"))).Is(201);
        }

        Same("""{"ObservationList":[{"valueQuantity":{"value":70}}]}""", await Ask($"{{ ObservationList(patient: \"{patient}\", value_quantity: \"gt65\") {{ valueQuantity {{ value }} }} }}"));
        Same("""{"ObservationList":[]}""", await Ask("{ ObservationList(patient: \"absent\") { id } }"));
        Same("""{"ObservationConnection":{"count":2,"pagesize":1,"edges":[{"mode":"match","resource":{"effectiveDateTime":"2026-03-07"}}]}}""",
            await Ask($"{{ ObservationConnection(patient: \"{patient}\", _sort: \"-date\", _count: 1) {{ count pagesize edges {{ mode resource {{ effectiveDateTime }} }} }} }}"));
        var reverse = await Ask($"{{ Patient(id: \"{patient}\") {{ id ObservationList(_reference: patient, _sort: \"date\") {{ valueQuantity {{ value }} }} }} }}");
        Same("""{"Patient":{"id":"ID","ObservationList":[{"valueQuantity":{"value":60}},{"valueQuantity":{"value":70}}]}}""".Replace("ID", patient, StringComparison.Ordinal), reverse);

        // The read, the search with its patient, and their STATEs.
        Assert.True(reverse.Growth is 4 or 5, $"{reverse.Growth}");
        Wrong(await Ask("{ ObservationList(zebedee: 1) { id } }"), "invalid");
        Wrong(await Ask($"{{ Patient(id: \"{patient}\") {{ ObservationList(code: \"1\") {{ id }} }} }}", status: 400), "invalid");
    }

    [Fact]
    public async Task References_lead_to_what_the_caller_may_see_and_nowhere_else()
    {
        var patient = await Patient("Linked");
        var pulse = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient)
            .With("performer", new JsonArray(Records.Reference("Practitioner/doctor"), Records.Reference("#inside"), Records.Reference("Practitioner/absent")))
            .With("contained", new JsonArray(Records.Practitioner("inside", "Insider")))
            .With("derivedFrom", new JsonArray(Records.Reference("Observation/pulse-" + SmallHospital.Closed), Records.Reference("Observation/absent"))))).Is(201).Id;
        var query = "{ Observation(id: \"" + pulse + "\") { subject { resource { ... on Patient { name { family } } } } performer { resource(optional: true) { id ... on Practitioner { name { family } } } } p2: performer { resource(type: Patient) { id } } } }";
        Same("""{"Observation":{"subject":{"resource":{"name":[{"family":"Linked"}]}},"performer":[{"resource":{"id":"doctor","name":[{"family":"Doctorow"}]}},{"resource":{"id":"inside","name":[{"family":"Insider"}]}},{"resource":null}],"p2":[{"resource":null},{"resource":null},{"resource":null}]}}""", await Ask(query));

        var links = await Ask("{ Observation(id: \"" + pulse + "\") { derivedFrom { reference resource { id } } } }");
        Assert.All(links.Json["data"]!["Observation"]!["derivedFrom"]!.AsArray(), d => Assert.Null(d!["resource"]));
        var errors = links.Json["errors"]!.AsArray();
        Assert.Equal(2, errors.Count);
        Assert.Equal(errors[0]!["message"]!.GetValue<string>(), errors[1]!["message"]!.GetValue<string>());
        Assert.Equal("""["Observation","derivedFrom",0,"resource"]""", errors[0]!["path"]!.ToJsonString());
        Assert.NotNull((await Ask("{ Observation(id: \"" + pulse + "\") { derivedFrom { resource { id } } } }", client: Hospital)).Json["data"]!["Observation"]!["derivedFrom"]![0]!["resource"]);
    }

    [Fact]
    public async Task A_connection_goes_on_by_its_cursor()
    {
        var patient = await Patient("Connected");
        foreach (var value in new[] { 61, 62, 63 })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: value))).Is(201);
        }

        var seen = new List<decimal>();
        var asked = $"patient: \"{patient}\", _sort: \"_id\", _count: 2";
        for (string? cursor = ""; cursor is not null;)
        {
            // "The client cannot change the parameters for the search (and should not specify them) when providing a cursor" (#searching).
            var page = (await Ask($"{{ ObservationConnection({(cursor.Length == 0 ? asked : $"_cursor: \"{cursor}\"")}) {{ count offset pagesize first previous next last edges {{ resource {{ valueQuantity {{ value }} }} }} }} }}"))
                .Json["data"]!["ObservationConnection"]!;
            Assert.Equal((3, 2, cursor.Length == 0), (page["count"]!.GetValue<int>(), page["pagesize"]!.GetValue<int>(), page["offset"] is not null));
            seen.AddRange(page["edges"]!.AsArray().Select(e => e!["resource"]!["valueQuantity"]!["value"]!.GetValue<decimal>()));
            cursor = page["next"]?.GetValue<string>();
            foreach (var wrong in cursor is null ? [] : new[] { $"_cursor: \"{cursor}\", {asked}", $"_cursor: \"{cursor[..cursor.IndexOf('.')]}\"", $"_cursor: \"{cursor[..cursor.IndexOf('.')]}.YT1i\"" })
            {
                Wrong(await Ask($"{{ ObservationConnection({wrong}) {{ next }} }}"), "invalid");
            }

            if (cursor is not null)
            {
                Wrong(await Ask($"{{ ObservationConnection(_cursor: \"{cursor}\") {{ next }} }}", client: Hospital), "invalid");
                Wrong(await Ask($"{{ ObservationList(_cursor: \"{cursor}\") {{ id }} }}"), "invalid");
            }
        }

        Assert.Equal([61, 62, 63], seen.Order());
        Wrong(await Ask("{ ObservationConnection(_cursor: \"AAAA\") { next } }"), "invalid");
    }

    /// <summary>#searching: values in an array are alternatives; <c>fhirpath</c> is evaluated on the matches.</summary>
    [Fact]
    public async Task Arrays_are_alternatives_and_matches_are_narrowed_by_FHIRPath()
    {
        var patient = await Patient("Alternative");
        foreach (var value in new[] { 71, 72, 73 })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: value))).Is(201);
        }

        const string Fields = "{ valueQuantity { value } }";
        Same("""{"ObservationList":[{"valueQuantity":{"value":71}},{"valueQuantity":{"value":73}}]}""", await Ask($"{{ ObservationList(patient: \"{patient}\", value_quantity: [71, 73], _sort: [\"value-quantity\", \"_id\"]) {Fields} }}"));
        Same("""{"ObservationList":[{"valueQuantity":{"value":72}}]}""", await Ask($"{{ ObservationList(patient: \"{patient}\", fhirpath: \"value.value = 72\") {Fields} }}"));
        Same("""{"ObservationConnection":{"count":3,"edges":[]}}""", await Ask($"{{ ObservationConnection(patient: \"{patient}\", fhirpath: \"value.value = 0\") {{ count edges {{ mode }} }} }}"));
    }

    /// <summary>#list: "the server returns everything, or an error"; a part comes only to who asks for it.</summary>
    [Fact]
    public async Task A_list_is_whole_or_an_error()
    {
        var patient = await Patient("Wholly");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", [.. Enumerable.Range(0, 120).Select(i => Records.Entry("POST", "Observation", Records.Observation(null, patient, value: i)))]))).Is(200);
        Assert.Equal(120, (await Ask($"{{ ObservationList(patient: \"{patient}\") {{ id }} }}")).Json["data"]!["ObservationList"]!.AsArray().Count);
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", [.. Enumerable.Range(0, 381).Select(i => Records.Entry("POST", "Observation", Records.Observation(null, patient, value: i)))]))).Is(200);
        var more = await Ask($"{{ ObservationList(patient: \"{patient}\") {{ id }} }}");
        Wrong(more, "too-costly");
        Same("""{"ObservationList":null}""", more);
        Assert.Equal(7, (await Ask($"{{ ObservationList(patient: \"{patient}\", _count: 7) {{ id }} }}")).Json["data"]!["ObservationList"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_schema_is_told_to_who_is_signed_in_and_recorded_nowhere()
    {
        var answer = await Ask("{ __schema { queryType { name } mutationType { name } directives { name } } __type(name: \"PatientContact\") { kind name fields(includeDeprecated: true) { name } } none: __type(name: \"Zebedee\") { name } }");
        var data = answer.Json["data"]!;
        Assert.Equal(("Query", null, null), (data["__schema"]!["queryType"]!["name"]!.GetValue<string>(), data["__schema"]!["mutationType"], data["none"]));
        Assert.Contains("relationship", data["__type"]!["fields"]!.AsArray().Select(f => f!["name"]!.GetValue<string>()));
        Assert.Equal(0u, answer.Growth);
        Assert.Equal("Patient", (await Ask("{ __schema { queryType { name } } }", $"Patient/{Open}/$graphql")).Json["data"]!["__schema"]!["queryType"]!["name"]!.GetValue<string>());
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await _gateway.Http.PostAsync(_gateway.Fhir + "/$graphql", new StringContent("{ __schema { queryType { name } } }", Encoding.UTF8, "application/graphql"))).StatusCode);
    }

    /// <summary>#errors: each error has an OperationOutcome.</summary>
    [Fact]
    public async Task Each_error_carries_its_outcome()
    {
        var outcome = (await Ask("{ Patient(id: \"absent\") { id } }")).Json["errors"]![0]!["extensions"]!["resource"]!;
        Assert.Equal(("OperationOutcome", "not-found"), (outcome["resourceType"]!.GetValue<string>(), outcome["issue"]![0]!["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_answer_is_json_and_laid_out_for_people_where_they_ask()
    {
        var query = "$graphql?query=" + Uri.EscapeDataString($"{{ Patient(id: \"{Open}\") {{ id }} }}");
        Assert.Equal("{\"data\":{\"Patient\":{\"id\":\"patient-open\"}}}", (await _gateway.Get(Clinic, query + "&_format=json")).Is(200).Text);
        Assert.Contains("\n  \"data\"", (await _gateway.Get(Clinic, query + "&_pretty=true")).Is(200).Text, StringComparison.Ordinal);
        Assert.StartsWith("{", (await _gateway.Get(Clinic, query + "&_format=xml")).Is(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_and_absent_records_are_answered_alike()
    {
        var closed = await Ask("{ Patient(id: \"" + SmallHospital.Closed + "\") { id } }");
        var absent = await Ask("{ Patient(id: \"absent\") { id } }");
        Assert.Equal((absent.Text, absent.Growth), (closed.Text, closed.Growth));
        Same("""{"Patient":null}""", closed);
        Wrong(closed, "not-found");
        (await Ask("{ id }", $"Patient/{SmallHospital.Closed}/$graphql", status: 404)).IsFault(404, "not-found");
        (await Ask("{ id }", "Patient/absent/$graphql", status: 404)).IsFault(404, "not-found");
        Wrong(await Ask("{ Patient(id: \"" + Open + "\") { id } }", client: Narrow), "forbidden");
        (await Ask("{ id }", $"Patient/{Open}/$graphql", status: 403, client: Narrow)).IsFault(403, "forbidden");
        Wrong(await Ask("{ PatientList { id } }", client: Narrow), "forbidden");
    }

    [Fact]
    public async Task Lists_are_narrowed_and_shaped()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Named").With("name", JsonNode.Parse(
            """[{"use":"official","family":"One","given":["A","B"]},{"use":"usual","family":"Two","given":["C"]},{"use":"official","family":"Three"}]""")))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        foreach (var (fields, data) in new[]
        {
            ("name(use: official) { family }", """{"name":[{"family":"One"},{"family":"Three"}]}"""),
            ("name(use: \"usual\") { given }", """{"name":[{"given":["C"]}]}"""),
            ("name(fhirpath: \"given.count() = 2\") { family }", """{"name":[{"family":"One"}]}"""),
            ("name(_offset: 1, _count: 1) { family }", """{"name":[{"family":"Two"}]}"""),
            ("name @first { family }", """{"name":{"family":"One"}}"""),
            ("name @flatten { family given }", """{"family":["One","Two","Three"],"given":["A","B","C"]}"""),
            ("name @flatten @first { family given @first }", """{"family":"One","given":"A"}"""),
            ("name(use: usual) @flatten { family @singleton }", """{"family":"Two"}"""),
            ("name(_count: 2) @slice(fhirpath: \"use\") @flatten { family @singleton }", """{"family.official":"One","family.usual":"Two"}"""),
            ("name(_count: 2) @slice(path: \"$index\") { family }", """{"name.0":{"family":"One"},"name.1":{"family":"Two"}}"""),
            ("a: name(_count: 1) { family } a: name(_count: 1) { use }", """{"a":[{"family":"One","use":"official"}]}"""),
        })
        {
            Same(data, await Ask($"{{ {fields} }}", $"Patient/{patient}/$graphql"));
        }
    }

    [Theory]
    [InlineData("", "invalid")]
    [InlineData("{", "invalid")]
    [InlineData("{ Patient(id: \"a\") }", "invalid")]
    [InlineData("{ Patient { id } }", "invalid")]
    [InlineData("{ Zebedee(id: 1) { id } }", "invalid")]
    [InlineData("{ __type { name } }", "invalid")]
    [InlineData("{ __schema { zebedee } }", "invalid")]
    [InlineData("{ __schema { types } }", "invalid")]
    [InlineData("{ __type(name: \"Patient\") { fields(zebedee: true) { name } } }", "invalid")]
    [InlineData("{ Patient(id: 1) { __schema { queryType { name } } } }", "invalid")]
    [InlineData("{ Patient(id: 1) { name { given(fhirpath: \"true\") } } }", "invalid")]
    [InlineData("{ PatientList(_include: \"Patient:organization\") { id } }", "invalid")]
    [InlineData("{ PatientList(fhirpath: \"((\") { id } }", "invalid")]
    [InlineData("{ Patient(id: 1) { contact { ... on Patient_contact { gender } } } }", "invalid")]
    [InlineData("mutation { PatientCreate(x: 1) { id } }", "not-supported")]
    [InlineData("{ Patient(id: 1) { zebedee } }", "invalid")]
    [InlineData("{ Patient(id: 1) { id { x } } }", "invalid")]
    [InlineData("{ Patient(id: 1) { name } }", "invalid")]
    [InlineData("{ Patient(id: 1) { id @zebedee } }", "not-supported")]
    [InlineData("{ Patient(id: 1) { name(zebedee: 1) { family } } }", "invalid")]
    [InlineData("{ Patient(id: 1) { name(fhirpath: \"((\") { family } } }", "invalid")]
    [InlineData("{ Patient(id: $x) { id } }", "invalid")]
    [InlineData("{ ...A } fragment A on Query { ...A }", "invalid")]
    [InlineData("{ ...B }", "invalid")]
    [InlineData("mutation { PatientCreate(id: 1) { id } }", "not-supported")]
    [InlineData("{ Patient(id: \"unended) { id } }", "invalid")]
    [InlineData("{ Patient(id: {a: 1}) { id } }", "not-supported")]
    public async Task A_query_that_cannot_be_run_opens_nothing(string query, string code)
    {
        var answer = await Ask(query, status: 400);
        Wrong(answer, code);
        Assert.Null(answer.Json["data"]);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task A_query_that_would_cost_too_much_is_refused()
    {
        Wrong(await Ask("{ Patient(id: 1) " + string.Concat(Enumerable.Repeat("{ extension ", 40)) + "{ url }" + new string('}', 41), status: 400), "too-costly");
        var doubling = string.Concat(Enumerable.Range(0, 20).Select(i => $" fragment F{i} on Patient {{ ...F{i + 1} ...F{i + 1} }}")) + " fragment F20 on Patient { id }";
        Wrong(await Ask("{ Patient(id: 1) { ...F0 } }" + doubling, status: 400), "too-costly");
        Wrong(await Ask("{" + new string(' ', 40_000) + "}", status: 400), "too-long");
        Wrong(await Ask("{" + string.Concat(Enumerable.Range(0, 30).Select(i => $" a{i}: PatientList(_id: \"x{i}\") {{ id }}")) + "}"), "too-costly");
        Wrong(await Ask("{" + string.Concat(Enumerable.Range(0, 600).Select(i => $" a{i}: Patient(id: \"x{i}\") {{ id }}")) + "}"), "too-costly");
    }

    private static void Same(string data, Answer answer) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(data), answer.Json["data"]), $"expected {data}\n     got {answer.Text}");

    private static void Wrong(Answer answer, string code) => Assert.Equal(code, answer.Json["errors"]![0]!["extensions"]!["code"]!.GetValue<string>());

    private async Task<Answer> Ask(string query, string path = "$graphql", int status = 200, string client = Clinic) =>
        (await _gateway.SendBytes(client, "POST", path, Encoding.UTF8.GetBytes(query), "application/graphql")).Is(status);

    private async Task<string> Patient(string family)
    {
        var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, family))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, Records.Permit()))).Is(201);
        return id;
    }
}
