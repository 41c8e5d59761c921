// HL7 FHIR Bulk Data Access 2.0.0 (http://hl7.org/fhir/uv/bulkdata/STU2/export.html): kick-off, status, output files, deletion, and what is asked for.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Fhir.Export.Exports;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Export;

public sealed class ExportTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    /// <summary>The ledger's own last entry of each batch.</summary>
    private const uint State = 1;

    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_kick_off_gives_a_status_that_names_a_file_for_each_type()
    {
        const string Query = "$export?_type=Observation,Patient&_outputFormat=application/fhir%2Bndjson";
        var kickOff = (await _gateway.Get(Hospital, Query, Async)).Is(202);
        Assert.Equal(1u + State, kickOff.Growth);
        Assert.Empty(kickOff.Body);
        var status = (await _gateway.Get(Hospital, kickOff.Headers["Content-Location"])).Is(200);
        Assert.Equal(0u, status.Growth);
        Assert.Equal("application/json", status.Headers["Content-Type"]);
        Assert.True(status.Headers.ContainsKey("Expires"));
        Assert.Equal($"{_gateway.Fhir}/{Query}", status.Json["request"]!.GetValue<string>());
        Assert.True(status.Json["requiresAccessToken"]!.GetValue<bool>());
        Assert.True(DateTimeOffset.Parse(status.Json["transactionTime"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture) < hospital.Clock.GetUtcNow());
        Assert.Equal(["Observation", "Patient"], status.Json["output"]!.AsArray().Select(f => f!["type"]!.GetValue<string>()));
        Assert.All(new[] { "deleted", "error" }, name => Assert.Empty(status.Json[name]!.AsArray()));

        var file = await _gateway.File(Hospital, kickOff.Headers["Content-Location"], "Patient");
        Assert.Equal("application/fhir+ndjson", file.Headers["Content-Type"]);
        Assert.All(file.Text.Split('\n')[..^1], l => Assert.Empty(ResourceValidator.Validate(Encoding.UTF8.GetBytes(l), "Patient").Issues));
        Assert.EndsWith("\n", file.Text, StringComparison.Ordinal);
        Assert.Superset(new HashSet<string> { SmallHospital.Open, SmallHospital.Closed }, file.LineIds().ToHashSet());
    }

    [Fact]
    public async Task Each_patient_decides_and_each_who_is_disclosed_has_an_entry_that_names_the_export()
    {
        var status = await _gateway.KickOff(Clinic, "Patient/$export?_type=Observation,Condition");
        var file = await _gateway.File(Clinic, status, "Observation");
        Assert.Contains("pulse-" + SmallHospital.Open, file.LineIds());
        Assert.DoesNotContain("pulse-" + SmallHospital.Closed, file.LineIds());
        var patients = file.Lines().Select(l => l["subject"]!["reference"]!.GetValue<string>()).Distinct().Count();
        Assert.Equal(1u + (uint)patients + State, file.Growth);

        var job = new Uri(status).Segments[^1];
        var fact = Facts(ShelfId.ForPatient(SmallHospital.Open))[^1];
        Assert.Equal(("access", "permit", "TREAT", "operation"), (fact[FactField.Event], fact[FactField.Decision], fact[FactField.Purpose], fact[FactField.Interaction]));
        Assert.Equal($"$export/{job}/Observation", fact[FactField.Evidence]);
        Assert.Equal(file.Headers["X-Request-Id"], fact[FactField.Request]);
        Assert.Contains("pulse-" + SmallHospital.Open, fact[FactField.Targets]);

        var nothing = await _gateway.File(Clinic, status, "Condition");
        Assert.Equal((200, 1u + State, 0), (nothing.Status, nothing.Growth, nothing.Body.Length));
        Assert.NotNull(nothing.Receipt);
    }

    [Fact]
    public async Task The_system_has_directory_records_and_patients_have_their_compartments()
    {
        Assert.Contains("doctor", (await _gateway.File(Clinic, await _gateway.KickOff(Clinic, "$export"), "Practitioner")).LineIds());
        var types = (await _gateway.Get(Clinic, await _gateway.KickOff(Clinic, "Patient/$export"))).Json["output"]!.AsArray().Select(f => f!["type"]!.GetValue<string>()).ToList();
        Assert.Contains("Patient", types);
        Assert.Contains("Observation", types);
        Assert.DoesNotContain("Practitioner", types);
        Assert.DoesNotContain("Questionnaire", types);
    }

    [Fact]
    public async Task A_group_is_its_members_that_may_be_seen()
    {
        async Task<string> Member(string family, JsonObject? permit)
        {
            var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, family))).Is(201).Id;
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, id))).Is(201);
            if (permit is not null)
            {
                (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, permit))).Is(201);
            }

            return id;
        }

        var (one, other, former) = (await Member("One", Records.Permit()), await Member("Other", Records.Permit()), await Member("Former", Records.Permit()));
        var closed = await Member("Closed", null);
        var group = await Group((one, false), (other, false), (former, true));
        var status = await _gateway.KickOff(Clinic, $"Group/{group}/$export?_type=Patient,Observation");
        Assert.Equal(new[] { one, other }.Order(StringComparer.Ordinal), (await _gateway.File(Clinic, status, "Patient")).LineIds());
        Assert.Equal(2, (await _gateway.File(Clinic, status, "Observation")).Lines().Length);

        var narrowed = await _gateway.KickOff(
            Clinic, $"Group/{group}/$export", Parameter("patient", "Reference", Records.Reference("Patient/" + one)), Parameter("patient", "Reference", Records.Reference("Patient/" + SmallHospital.Open)));
        Assert.Equal([one], (await _gateway.File(Clinic, narrowed, "Patient")).LineIds());

        // A Group is in its members' compartments: where one of them refuses, it is absent.
        var withClosed = await Group((one, false), (closed, false));
        (await _gateway.Get(Clinic, $"Group/{withClosed}/$export", Async)).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, "Group/absent/$export", Async)).IsFault(404, "not-found");
        Assert.Equal(new[] { one, closed }.Order(StringComparer.Ordinal), (await _gateway.File(Hospital, await _gateway.KickOff(Hospital, $"Group/{withClosed}/$export"), "Patient")).LineIds());

        // The Group is read again for each file.
        (await _gateway.Delete(Hospital, "Group/" + group)).Is(204);
        (await _gateway.File(Clinic, status, "Patient")).IsFault(404, "not-found");

        async Task<string> Group(params (string Patient, bool IsInactive)[] members) => (await _gateway.Post(Hospital, "Group", new JsonObject
        {
            ["resourceType"] = "Group",
            ["type"] = "person",
            ["actual"] = true,
            ["member"] = new JsonArray([.. members.Select(m => new JsonObject { ["entity"] = Records.Reference("Patient/" + m.Patient), ["inactive"] = m.IsInactive })]),
        })).Is(201).Id;
    }

    [Fact]
    public async Task A_record_of_several_patients_is_told_once()
    {
        var other = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Shared"))).Is(201).Id;
        var shared = (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, SmallHospital.Open, other))).Is(201).Id;
        Assert.Single((await _gateway.File(Hospital, await _gateway.KickOff(Hospital, "$export"), "Appointment")).LineIds(), shared);
        foreach (var only in new[] { SmallHospital.Open, other })
        {
            var status = await _gateway.KickOff(Hospital, "Patient/$export", Parameter("patient", "Reference", Records.Reference("Patient/" + only)));
            Assert.Equal([shared], (await _gateway.File(Hospital, status, "Appointment")).LineIds());
        }

        // It takes each one's permit.
        Assert.DoesNotContain(shared, (await _gateway.File(Clinic, await _gateway.KickOff(Clinic, "$export"), "Appointment")).LineIds());
    }

    [Fact]
    public async Task Only_what_changed_since_and_what_a_filter_finds_is_exported()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Sincerely"))).Is(201).Id;
        var first = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: 50))).Is(201).Id;
        hospital.Clock.Advance(TimeSpan.FromMinutes(1));
        var status = await KickOff();
        Assert.Equal([first], (await _gateway.File(Hospital, status, "Observation")).LineIds());
        var time = (await _gateway.Get(Hospital, status)).Json["transactionTime"]!.GetValue<string>();

        hospital.Clock.Advance(TimeSpan.FromSeconds(30));
        var second = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: 60))).Is(201).Id;
        Assert.Equal([first], (await _gateway.File(Hospital, status, "Observation")).LineIds());
        Assert.Equal([second], (await _gateway.File(Hospital, await KickOff(Parameter("_since", "Instant", time)), "Observation")).LineIds());
        Assert.Equal([second], (await _gateway.File(Hospital, await KickOff(Parameter("_typeFilter", "String", "Observation?value-quantity=gt55")), "Observation")).LineIds());
        var either = await KickOff(Parameter("_typeFilter", "String", "Observation?value-quantity=60,61,Observation?value-quantity=50"));
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), (await _gateway.File(Hospital, either, "Observation")).LineIds());
        Assert.Equal([patient], (await _gateway.File(Hospital, either, "Patient")).LineIds());

        Task<string> KickOff(params JsonObject[] more) => _gateway.KickOff(
            Hospital, "Patient/$export", [Parameter("_type", "String", "Observation,Patient"), Parameter("patient", "Reference", Records.Reference("Patient/" + patient)), .. more]);
    }

    [Theory]
    [InlineData("$export?_type=Zebedee", 400, "value")]
    [InlineData("$export?_type=", 400, "value")]
    [InlineData("$export?_since=yesterday", 400, "value")]
    [InlineData("$export?_since=2026&_since=2025", 400, "value")]
    [InlineData("$export?_outputFormat=text/csv", 400, "not-supported")]
    [InlineData("$export?_elements=zebedee", 400, "value")]
    [InlineData("$export?_elements=Patient.zebedee", 400, "value")]
    [InlineData("$export?_elements=Zebedee.id", 400, "value")]
    [InlineData("$export?includeAssociatedData=LatestProvenanceResources", 400, "not-supported")]
    [InlineData("$export?patient=Patient/a", 400, "not-supported")]
    [InlineData("$export?zebedee=1", 400, "not-supported")]
    [InlineData("$export?_typeFilter=zebedee", 400, "value")]
    [InlineData("$export?_type=Patient&_typeFilter=Observation%3Fstatus%3Dfinal", 400, "value")]
    [InlineData("$export?_typeFilter=Observation%3Fzebedee%3D1", 400, "not-supported")]
    [InlineData("$export?_typeFilter=Observation%3F", 400, "value")]
    [InlineData("$export?_typeFilter=Observation%3Fstatus%3Dfinal%26_count%3D1", 400, "value")]
    [InlineData("Patient/$export?_type=Practitioner", 400, "not-supported")]
    [InlineData("Observation/$export", 404, "not-supported")]
    [InlineData("Patient/a/$export", 404, "not-supported")]
    [InlineData("Group/$export", 404, "not-supported")]
    [InlineData("$export/zebedee", 404, "not-found")]
    [InlineData("$export/zebedee/Patient.ndjson", 404, "not-found")]
    public async Task What_is_not_served_is_refused_before_anything_is_looked_at(string path, int status, string code)
    {
        var answer = (await _gateway.Get(Clinic, path, Async)).IsFault(status, code);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task Elements_are_chosen_for_all_types_or_for_one()
    {
        var some = await _gateway.KickOff(Hospital, "$export?_type=Patient,Observation,Practitioner&_elements=identifier,Observation.value[x]");
        var pulse = (await _gateway.File(Hospital, some, "Observation")).Lines().First(l => l["id"]!.GetValue<string>() == "pulse-" + SmallHospital.Open);
        Assert.NotNull(pulse["valueQuantity"]);
        Assert.NotNull(pulse["status"]);
        Assert.Null(pulse["subject"]);
        Assert.Equal("SUBSETTED", pulse["meta"]!["tag"]![0]!["code"]!.GetValue<string>());
        var patient = (await _gateway.File(Hospital, some, "Patient")).Lines().First(l => l["id"]!.GetValue<string>() == SmallHospital.Open);
        Assert.NotNull(patient["identifier"]);
        Assert.Null(patient["name"]);

        var one = await _gateway.KickOff(Hospital, "$export", Parameter("_type", "String", "Patient,Practitioner"), Parameter("_elements", "String", "Patient.name"));
        Assert.Null((await _gateway.File(Hospital, one, "Patient")).Lines()[0]["birthDate"]);
        Assert.NotNull((await _gateway.File(Hospital, one, "Practitioner")).Lines()[0]["identifier"]);
    }

    [Fact]
    public async Task What_is_not_served_is_left_out_where_the_client_says_so_and_an_error_file_names_it()
    {
        (string, string) lenient = ("Prefer", "respond-async, handling=lenient");
        var kickOff = (await _gateway.Get(Hospital, "$export?_type=Patient&includeAssociatedData=LatestProvenanceResources&zebedee=1", lenient)).Is(202);
        var manifest = (await _gateway.Get(Hospital, kickOff.Headers["Content-Location"])).Is(200).Json;
        var error = manifest["error"]!.AsArray().Single()!;
        Assert.Equal("OperationOutcome", error["type"]!.GetValue<string>());
        var file = (await _gateway.Get(Hospital, error["url"]!.GetValue<string>())).Is(200);
        Assert.Equal(("application/fhir+ndjson", 0u, 2), (file.Headers["Content-Type"], file.Growth, file.Lines().Length));
        Assert.All(file.Lines(), l => Assert.Equal("warning", l["issue"]![0]!["severity"]!.GetValue<string>()));
        Assert.Contains("zebedee", file.Text, StringComparison.Ordinal);
        (await _gateway.Get(Clinic, error["url"]!.GetValue<string>())).IsFault(404, "not-found");

        // What narrows an export is never left out.
        (await _gateway.Get(Hospital, "$export?patient=Patient/a", lenient)).IsFault(400, "not-supported");
        (await _gateway.Post(Hospital, "$export", Parameters(Parameter("patient", "Reference", Records.Reference("Patient/a"))), lenient)).IsFault(400, "not-supported");
        (await _gateway.Get(Hospital, "$export?_typeFilter=Patient%3Fzebedee%3D1", lenient)).IsFault(400, "not-supported");
        var whole = await _gateway.KickOff(Hospital, "$export?_type=Patient");
        (await _gateway.Get(Hospital, whole + "/errors.ndjson")).IsFault(404, "not-found");
    }

    [Fact]
    public async Task What_was_deleted_since_is_told_to_who_may_know_of_it()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Deleting"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        var old = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id;
        (await _gateway.Delete(Hospital, "Observation/" + old)).Is(204);
        hospital.Clock.Advance(TimeSpan.FromMinutes(1));
        var since = hospital.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        hospital.Clock.Advance(TimeSpan.FromMinutes(1));
        var (kept, gone) = ((await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id, (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id);
        (await _gateway.Delete(Hospital, "Observation/" + gone)).Is(204);
        hospital.Clock.Advance(TimeSpan.FromMinutes(1));

        var query = $"$export?_type=Observation,Patient&_since={since}";
        var status = await _gateway.KickOff(Hospital, query);
        hospital.Clock.Advance(TimeSpan.FromSeconds(1));
        (await _gateway.Delete(Hospital, "Observation/" + kept)).Is(204);
        var manifest = (await _gateway.Get(Hospital, status)).Json;
        Assert.Equal(["Bundle", "Bundle"], manifest["deleted"]!.AsArray().Select(f => f!["type"]!.GetValue<string>()));
        var file = (await _gateway.Get(Hospital, manifest["deleted"]![0]!["url"]!.GetValue<string>())).Is(200);
        var line = file.Lines().Single();
        Assert.Empty(ResourceValidator.Validate(Encoding.UTF8.GetBytes(line.ToJsonString()), "Bundle").Issues);
        Assert.Equal($$$"""[{"request":{"method":"DELETE","url":"Observation/{{{gone}}}"}}]""", line["entry"]!.ToJsonString());
        Assert.Equal(("application/fhir+ndjson", 2u + State), (file.Headers["Content-Type"], file.Growth));
        Assert.Empty((await _gateway.Get(Hospital, manifest["deleted"]![1]!["url"]!.GetValue<string>())).Is(200).Lines());

        // Who does not keep the records is not told that they are gone.
        var others = (await _gateway.Get(Clinic, await _gateway.KickOff(Clinic, query))).Json;
        Assert.Empty((await _gateway.Get(Clinic, others["deleted"]![0]!["url"]!.GetValue<string>())).Is(200).Lines());

        var whole = await _gateway.KickOff(Hospital, "$export?_type=Observation");
        Assert.Empty((await _gateway.Get(Hospital, whole)).Json["deleted"]!.AsArray());
        (await _gateway.Get(Hospital, whole + "/deleted-Observation.ndjson")).IsFault(404, "not-found");
    }

    [Fact]
    public async Task The_head_of_a_file_opens_nothing()
    {
        var status = await _gateway.KickOff(Clinic, "$export?_type=Patient");
        var head = (await _gateway.Send(Clinic, "HEAD", status + "/Patient.ndjson")).Is(200);
        Assert.Equal(("application/fhir+ndjson", 0u, 0), (head.Headers["Content-Type"], head.Growth, head.Body.Length));
        Assert.True(head.Headers.ContainsKey("Expires"));
        (await _gateway.Send(Hospital, "HEAD", status + "/Patient.ndjson")).Is(404);
        (await _gateway.Send(Clinic, "HEAD", status)).Is(200);
        (await _gateway.Delete(Clinic, status)).Is(202);
        (await _gateway.Send(Clinic, "HEAD", status + "/Patient.ndjson")).Is(404);
        (await _gateway.Get(Clinic, status)).IsFault(404, "not-found");
        (await _gateway.Delete(Clinic, status)).IsFault(404, "not-found");
    }

    [Fact]
    public async Task A_kick_off_says_that_it_will_wait_and_is_no_emergency()
    {
        (await _gateway.Get(Clinic, "$export")).IsFault(400, "required");
        (await _gateway.Get(Clinic, "$export", Async, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "curious"))).IsFault(403, "forbidden");
        (await _gateway.Get(Narrow, "$export", Async)).IsFault(403, "forbidden");
        (await _gateway.Get(Narrow, "$export?_type=Observation", Async)).IsFault(403, "forbidden");
        (await _gateway.Get(Auditor, "$export", Async)).IsFault(403, "forbidden");
        (await _gateway.Send(Clinic, "HEAD", "$export", null, Async)).Is(405);
        (await _gateway.Send(Clinic, "DELETE", "$export", null, Async)).Is(405);
        (await _gateway.Post(Clinic, "Patient/$export?patient=Patient/a", Parameters(), Async)).IsFault(400, "not-supported");
        (await _gateway.Post(Clinic, "$export", Parameters(Parameter("patient", "Reference", Records.Reference("Patient/a"))), Async)).IsFault(400, "not-supported");
        (await _gateway.Post(Clinic, "Patient/$export", Parameters(Parameter("patient", "Reference", Records.Reference("Practitioner/a"))), Async)).IsFault(400, "value");
        (await _gateway.Post(Clinic, "$export", Records.Patient(null, "Openshaw"), Async)).IsFault(400, "invalid");
        (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/$export/zebedee"))).IsFault(401, "login");
    }

    private List<Fact> Facts(ShelfId shelf)
    {
        var (vault, ledger) = (_gateway.Host.Storage.Vault, _gateway.Host.Storage.Ledger);
        var chain = vault.ChainOf(shelf)!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value)];
    }
}
