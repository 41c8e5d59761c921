// http://hl7.org/fhir/R4/http.html#transaction and #trules: a transaction is all or nothing, a batch is its entries one by one.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BundleTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_transaction_stores_records_that_refer_to_each_other()
    {
        const string Patient = "urn:uuid:6d2a3ea5-f2b2-4a83-9c3e-6a3c1f4cf001";
        var observation = Records.Observation(null, "x").With("subject", Records.Reference(Patient))
            .With("performer", new JsonArray(Records.Reference("Practitioner?identifier=urn:npi|npi-Doctorow")));
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("POST", "Observation", observation, "urn:uuid:6d2a3ea5-f2b2-4a83-9c3e-6a3c1f4cf002"),
            Records.Entry("POST", "Patient", Records.Patient(null, "Transacted"), Patient)))).Is(200);
        Assert.Equal("transaction-response", answer.Json["type"]!.GetValue<string>());
        Assert.All(answer.Entries, e => Assert.StartsWith("201", e["response"]!["status"]!.GetValue<string>()));
        var locations = answer.Entries.Select(e => e["response"]!["location"]!.GetValue<string>()).ToArray();
        var patient = locations[1].Split('/')[^3];

        var stored = (await _gateway.Get(Hospital, locations[0])).Is(200);
        Assert.Equal("Patient/" + patient, stored.Json["subject"]!["reference"]!.GetValue<string>());
        Assert.Equal("Practitioner/doctor", stored.Json["performer"]![0]!["reference"]!.GetValue<string>());
        Assert.Single((await _gateway.Get(Hospital, "Observation?patient=" + patient)).Is(200).Ids);
        (await _gateway.Get(Clinic, locations[0])).Is(404);
    }

    public static TheoryData<string, int, string> Faulty => new()
    {
        { "a dangling urn:uuid", 422, "not-found" },
        { "a conditional reference to nobody", 422, "not-found" },
        { "a conditional reference to a patient", 422, "not-found" },
        { "two entries of one fullUrl", 400, "invariant" },
        { "one target twice", 422, "invalid" },
        { "an invalid resource", 400, "required" },
        { "an unknown type", 404, "not-supported" },
        { "no request", 400, "invariant" },
        { "a bad method", 400, "code-invalid" },
        { "an id that is none", 400, "value" },
        { "another type than in the URL", 400, "value" },
        { "a bad ifMatch", 400, "value" },
        { "another version", 412, "conflict" },
        { "a Consent that cannot be enforced", 422, "business-rule" },
        { "a record that is not there", 412, "conflict" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task A_transaction_with_one_faulty_entry_stores_nothing_and_names_the_entry(string what, int status, string code)
    {
        var family = "Nothing" + Guid.NewGuid().ToString("N");
        var good = Records.Entry("POST", "Patient", Records.Patient(null, family), "urn:uuid:00000000-0000-4000-8000-000000000001");
        JsonObject Observation() => Records.Observation(null, SmallHospital.Open);
        var bad = what switch
        {
            "a dangling urn:uuid" => Records.Entry("POST", "Observation", Observation().With("subject", Records.Reference("urn:uuid:00000000-0000-4000-8000-00000000dead"))),
            "a conditional reference to nobody" => Records.Entry("POST", "Observation", Observation().With("performer", new JsonArray(Records.Reference("Practitioner?identifier=nobody")))),
            "a conditional reference to a patient" => Records.Entry("POST", "Observation", Observation().With("subject", Records.Reference("Patient?identifier=urn:mrn|mrn-Nobodyhere"))),
            "two entries of one fullUrl" => Records.Entry("POST", "Observation", Observation(), "urn:uuid:00000000-0000-4000-8000-000000000001"),
            "one target twice" => Records.Entry("PUT", "Patient/twice", Records.Patient("twice", "Twice")),
            "an invalid resource" => Records.Entry("POST", "Observation", Observation().With("status", null)),
            "an unknown type" => Records.Entry("POST", "Zebedee", Observation()),
            "no request" => new JsonObject { ["resource"] = Observation() },
            "a bad method" => Records.Entry("FETCH", "Observation", Observation()),
            "an id that is none" => Records.Entry("PUT", "Observation/a b", Observation()),
            "another type than in the URL" => Records.Entry("POST", "Condition", Observation()),
            "a bad ifMatch" => Records.Entry("PUT", "Observation/pulse-patient-open", Records.Observation("pulse-patient-open", SmallHospital.Open), ifMatch: "Zebedee"),
            "another version" => Records.Entry("PUT", "Observation/pulse-patient-open", Records.Observation("pulse-patient-open", SmallHospital.Open), ifMatch: "W/\"7\""),
            "a Consent that cannot be enforced" => Records.Entry("POST", "Consent", Records.Consent(null, SmallHospital.Open, Records.Permit()).With("patient", new JsonObject { ["display"] = "Zebedee" })),
            _ => Records.Entry("PUT", "Observation/absent", Records.Observation("absent", SmallHospital.Open), ifMatch: "W/\"1\""),
        };
        JsonObject[] entries = what == "one target twice" ? [good, Records.Entry("PUT", "Patient/twice", Records.Patient("twice", "Twice")), bad] : [good, bad];
        if (what == "an invalid resource")
        {
            bad["resource"]!.AsObject().Remove("status");
        }

        var answer = await _gateway.Post(Hospital, "", Records.Bundle("transaction", entries));
        answer.IsFault(status, code, "Zebedee", family);
        Assert.Contains(answer.Places, p => p.StartsWith(code == "invariant" ? "Bundle" : $"Bundle.entry[{entries.Length - 1}]", StringComparison.Ordinal));

        Assert.InRange(answer.Growth, 0u, what == "a conditional reference to a patient" ? 3u : 2u);
        Assert.Equal(0, (await _gateway.Get(Hospital, "Patient?family=" + family)).Is(200).Total);
        (await _gateway.Get(Hospital, "Patient/twice")).Is(404);
    }

    [Fact]
    public async Task A_batch_answers_each_entry_for_itself()
    {
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch",
            Records.Entry("POST", "Patient", Records.Patient(null, "Batched")),
            Records.Entry("GET", "Patient/absent"),
            Records.Entry("GET", "Observation/pulse-" + SmallHospital.Open),
            Records.Entry("GET", "Observation?patient=" + SmallHospital.Open),
            Records.Entry("GET", "Observation?zebedee=1"),
            Records.Entry("GET", "Zebedee/1"),
            Records.Entry("DELETE", "Observation/absent"),
            Records.Entry("PUT", "Observation/absent", Records.Observation("other", SmallHospital.Open)),
            Records.Entry("PATCH", "Observation/absent"),
            Records.Entry("GET", "Observation/pulse-" + SmallHospital.Open + "/_history/1")))).Is(200);
        Assert.Equal("batch-response", answer.Json["type"]!.GetValue<string>());
        Assert.Equal(
            ["201", "404", "200", "200", "400", "404", "204", "400", "400", "200"],
            answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
        Assert.Equal("pulse-" + SmallHospital.Open, answer.Entries[2]["resource"]!["id"]!.GetValue<string>());
        Assert.Equal("searchset", answer.Entries[3]["resource"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_batch_of_more_searches_than_the_limit_is_refused_whole()
    {
        JsonObject Searches(int count) =>
            Records.Bundle("batch", [.. Enumerable.Range(0, count).Select(_ => Records.Entry("GET", "Observation?patient=" + SmallHospital.Open))]);
        (await _gateway.Post(Hospital, "", Searches(100))).Is(200);
        (await _gateway.Post(Hospital, "", Searches(101))).Is(400);
    }

    // http://hl7.org/fhir/R4/http.html#brules: the entries of a batch do not depend on each other.
    public static TheoryData<string, string> Broken => new()
    {
        { """{"resource":{"resourceType":"Observation","code":{"text":"x"}},"request":{"method":"POST","url":"Observation"}}""", "resource" },
        { """{"resource":{"resourceType":"Observation","status":"final","code":{"text":"\ud800"}},"request":{"method":"POST","url":"Observation"}}""", "resource" },
        { """{"resource":{"resourceType":"Patient","\udc00":1},"request":{"method":"POST","url":"Patient"}}""", "resource" },
        { """{"resource":{"resourceType":"Patient","contact":[{"gender":"male"}]},"request":{"method":"POST","url":"Patient"}}""", "resource" },
        { """{"resource":{"resourceType":"Zebedee"},"request":{"method":"POST","url":"Zebedee"}}""", "resource" },
        { """{"resource":[],"request":{"method":"POST","url":"Patient"}}""", "resource" },
        { """{"resource":{"resourceType":"Patient"},"request":{"method":"FETCH","url":"Patient"}}""", "request" },
        { """{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"\udfff"}}""", "request" },
        { """{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifMatch":{}}}""", "request" },
        { """{"resource":{"resourceType":"Patient"},"request":[]}""", "request" },
        { """{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","\ud800":"x"}}""", "request" },
        { """{"fullUrl":"\ud800","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}""", "fullUrl" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_batch_answers_an_entry_that_breaks_R4_for_itself_and_a_transaction_as_a_whole(string broken, string place)
    {
        var read = Records.Entry("GET", "Observation/pulse-" + SmallHospital.Open).ToJsonString();
        var create = Records.Entry("POST", "Patient", Records.Patient(null, "Beside")).ToJsonString();
        Task<Answer> Send(string type) => _gateway.SendBytes(
            Hospital, "POST", "", Encoding.UTF8.GetBytes($$"""{"resourceType":"Bundle","type":"{{type}}","entry":[{{read}},{{broken}} , {{create}}]}"""), "application/fhir+json");

        var batch = (await Send("batch")).Is(200);
        Assert.Equal(["200", "400", "201"], Statuses(batch));
        Assert.All(batch.Entries[1]["response"]!["outcome"]!["issue"]!.AsArray(), i => Assert.StartsWith("Bundle.entry[1]." + place, i!["expression"]![0]!.GetValue<string>(), StringComparison.Ordinal));

        Assert.Equal(0u, (await Send("transaction")).Is(400).Growth);
    }

    [Fact]
    public async Task A_rule_that_was_not_asked_beside_a_fault_is_asked_of_the_other_entries()
    {
        // The first lacks an element; the second breaks an invariant alone (pat-1).
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch",
            Records.Entry("POST", "Observation", new JsonObject { ["resourceType"] = "Observation" }),
            Records.Entry("POST", "Patient", new JsonObject { ["resourceType"] = "Patient", ["contact"] = new JsonArray(new JsonObject { ["gender"] = "male" }) }),
            Records.Entry("GET", "Observation/pulse-" + SmallHospital.Open)))).Is(200);
        Assert.Equal(["400", "400", "200"], Statuses(answer));
        Assert.StartsWith("Bundle.entry[1].resource", answer.Entries[1]["response"]!["outcome"]!["issue"]![0]!["expression"]![0]!.GetValue<string>(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Unreadable =>
    [
        """{"resourceType":"Bundle","type":"batch","entry":[1,{"request":{"method":"GET","url":"Patient/x"}}]}""",
        """{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient"}},{"request":{"method":"GET","url":"Patient/x"}}]}""",
        """{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","x":tru},"request":{"method":"GET","url":"Patient/x"}}]}""",
        """{"resourceType":"Bundle","type":"batch","total":"x","entry":[{"request":{"method":"GET","url":"Patient/x"}}]}""",
        """{"resourceType":"Bundle","type":"batch","entry":[{"resourcex":{},"request":{"method":"GET","url":"Patient/x"}}]}""",
        """{"resourceType":"Bundle","type":"\ud800","entry":[{"resource":{},"request":{"method":"GET","url":"Patient/x"}}]}""",
    ];

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_batch_that_is_wrong_beside_its_entries_is_refused_whole(string bundle)
    {
        var answer = (await _gateway.SendBytes(Hospital, "POST", "", Encoding.UTF8.GetBytes(bundle), "application/fhir+json")).Is(400);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task A_batch_of_more_faults_than_are_listed_is_refused_whole()
    {
        var many = new JsonObject { ["resourceType"] = "Patient", ["name"] = new JsonArray([.. Enumerable.Range(0, 250).Select(_ => new JsonObject { ["zebedee"] = 1 })]) };
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Records.Entry("POST", "Patient", many), Records.Entry("POST", "Patient", Records.Patient(null, "Never"))))).Is(400);
        Assert.Equal(0u, answer.Growth);
    }

    // http://hl7.org/fhir/R4/http.html#ccreate
    [Fact]
    public async Task A_conditional_create_of_a_directory_record_makes_it_once_for_everybody()
    {
        const string Condition = "identifier=urn:npi|npi-Conditional";
        JsonObject Doctor() => Records.Practitioner(null, "Conditional");
        JsonObject Entry()
        {
            var entry = Records.Entry("POST", "Practitioner", Doctor());
            entry["request"]!["ifNoneExist"] = Condition;
            return entry;
        }

        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Entry(), Entry()))).Is(200);
        Assert.Equal(["201", "200"], batch.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
        var location = batch.Entries[0]["response"]!["location"]!.GetValue<string>();
        Assert.Equal(location, batch.Entries[1]["response"]!["location"]!.GetValue<string>());

        (await _gateway.Post(Clinic, "Practitioner", Doctor(), ("If-None-Exist", Condition))).Is(200);
        var again = (await _gateway.Post(Hospital, "Practitioner", Doctor(), ("If-None-Exist", Condition))).Is(200);
        Assert.Equal((location, 2u), (again.Headers["Location"], again.Growth));
        Assert.NotNull(again.Receipt);

        // The refusal, what was asked, and the STATE.
        (await _gateway.Post(Hospital, "Practitioner", Doctor())).Is(201);
        Assert.Equal(3u, (await _gateway.Post(Hospital, "Practitioner", Doctor(), ("If-None-Exist", Condition))).IsFault(412, "multiple-matches").Growth);
    }

    [Fact]
    public async Task Scopes_hold_for_each_entry()
    {
        (await _gateway.Post(Narrow, "", Records.Bundle("transaction", Records.Entry("GET", "Patient/" + SmallHospital.Open)))).IsFault(403, "forbidden");
        var batch = (await _gateway.Post(Narrow, "", Records.Bundle(
            "batch", Records.Entry("GET", "Patient/" + SmallHospital.Open), Records.Entry("GET", "Observation/pulse-" + SmallHospital.Open)))).Is(200);
        Assert.Equal(["403", "200"], batch.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
    }

    [Fact]
    public async Task Other_Bundles_and_other_resources_are_refused_at_the_base()
    {
        (await _gateway.Post(Hospital, "", Records.Bundle("collection", Records.Entry("GET", "Patient/a")))).Is(400);
        (await _gateway.Post(Hospital, "", Records.Bundle("searchset", Records.Entry("GET", "Patient/a")))).Is(400);
        (await _gateway.Post(Hospital, "", Records.Patient(null, "Base"))).Is(400);
        (await _gateway.SendBytes(Hospital, "POST", "", "{}"u8.ToArray(), "application/fhir+json")).Is(400);
    }

    [Fact]
    public async Task A_transaction_may_delete_update_and_read_at_once()
    {
        (await _gateway.Put(Hospital, "Observation/tx-old", Records.Observation("tx-old", SmallHospital.Open))).Is(201);
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("GET", "Observation/tx-new"),
            Records.Entry("DELETE", "Observation/tx-old"),
            Records.Entry("PUT", "Observation/tx-new", Records.Observation("tx-new", SmallHospital.Open))))).Is(200);
        Assert.Equal(["200", "204", "201"], answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
        (await _gateway.Get(Hospital, "Observation/tx-old")).Is(410);
        Assert.NotNull(answer.Receipt);
    }

    private static IEnumerable<string> Statuses(Answer answer) => answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]);
}
