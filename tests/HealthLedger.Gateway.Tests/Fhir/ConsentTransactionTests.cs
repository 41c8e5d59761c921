// http://hl7.org/fhir/R4/http.html#transaction with docs/consent.md, "Who may record a consent": a transaction may hold Consents beside other records. It is one
// append, all or nothing, and who may grant, change or withdraw is decided just as for a single change.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class ConsentTransactionTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string One = "urn:uuid:7a0b7c9e-0001-4000-8000-000000000001";
    private const string Two = "urn:uuid:7a0b7c9e-0002-4000-8000-000000000002";
    private const string Pulse = "urn:uuid:7a0b7c9e-0003-4000-8000-000000000003";

    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_patient_their_consent_and_their_records_are_one_append()
    {
        var answer = await Transaction(Hospital, Consent(One), Patient(One), Observation(One), Observation(One));
        Assert.Equal(["201", "201", "201", "201"], Statuses(answer.Is(200)));
        var patient = Ids(answer)[1];

        // An entry for the patient's records, one for the grant, and the STATE that the batch ends with.
        Assert.Equal(3u, answer.Growth);
        var facts = Facts(patient);
        Assert.Equal(["consent consent-granted", "record custodian"], facts.Select(f => $"{f[FactField.Event]} {f[FactField.Reason]}").Order());
        var record = facts.Single(f => f[FactField.Event] == "record");
        Assert.Contains(record[FactField.Evidence]!, facts.Single(f => f[FactField.Event] == "consent")[FactField.Evidence]);
        Assert.All(Ids(answer), id => Assert.Contains(id, record[FactField.Targets]));
        var receipt = (await _gateway.Get(Hospital, new Uri(answer.Receipt!).PathAndQuery)).Is(200);
        Assert.NotNull(receipt.Json["fact"]);

        // The grant holds from the next request on, for whom it names.
        (await _gateway.Get(Clinic, "Observation/" + Ids(answer)[2])).Is(200);
        (await _gateway.Get(Stranger, "Observation/" + Ids(answer)[2])).Is(404);
        var stored = (await _gateway.Get(Hospital, "Consent/" + Ids(answer)[0])).Is(200);
        Assert.Equal("Patient/" + patient, stored.Json["patient"]!["reference"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_consent_is_withdrawn_in_the_same_way_whether_it_came_alone_or_not()
    {
        var created = Ids((await Transaction(Hospital, Patient(One), Observation(One), Consent(One))).Is(200));
        (await _gateway.Get(Clinic, "Observation/" + created[1])).Is(200);
        (await _gateway.Delete(Hospital, "Consent/" + created[2])).Is(204);
        (await _gateway.Get(Clinic, "Observation/" + created[1])).Is(404);
        Assert.Equal("consent-withdrawn", Facts(created[0])[^2][FactField.Reason]);
    }

    [Fact]
    public async Task Several_consents_of_several_patients_are_granted_changed_and_withdrawn_at_once()
    {
        var created = Ids((await Transaction(
            Hospital, Patient(One), Patient(Two), Observation(One), Observation(Two), Consent(One), Consent(One, "harbour"), Consent(Two))).Is(200));
        Assert.Equal("200 200 200 404", await Reads(created[2], created[3]));

        // The one's first consent is withdrawn, the second given to somebody else; the other gets one for the stranger.
        JsonObject Again(string id, string patient, string grantee) => Records.Consent(id, patient, Records.Permit(grantee));
        var changed = await Transaction(
            Hospital,
            Records.Entry("DELETE", "Consent/" + created[4]),
            Records.Entry("PUT", "Consent/" + created[5], Again(created[5], created[0], "nobody"), ifMatch: "W/\"1\""),
            Records.Entry("POST", "Consent", Records.Consent(null, created[1], Records.Permit("harbour"))),
            Records.Entry("POST", "Observation", Records.Observation(null, created[0])));
        Assert.Equal(["204", "200", "201", "201"], Statuses(changed.Is(200)));
        Assert.Equal("404 404 200 200", await Reads(created[2], created[3]));
        Assert.Equal(
            ["consent-granted", "consent-withdrawn", "consent-withdrawn", "custodian"],
            Facts(created[0]).Where(f => f[FactField.Interaction] == "transaction").Skip(3).Select(f => f[FactField.Reason]).Order());

        async Task<string> Reads(string ofOne, string ofTwo) => string.Join(' ', (await Task.WhenAll(
            new[] { ofOne, ofTwo }.SelectMany(o => new[] { _gateway.Get(Clinic, "Observation/" + o), _gateway.Get(Stranger, "Observation/" + o) }))).Select(a => a.Status));
    }

    [Fact]
    public async Task A_consent_may_speak_of_a_record_of_its_own_transaction()
    {
        var provision = Records.Permit().Except(Records.Provision("deny").With(
            "data", new JsonArray(new JsonObject { ["meaning"] = "instance", ["reference"] = Records.Reference(Pulse) })));
        var created = Ids((await Transaction(Hospital, Patient(One), Observation(One, Pulse), Observation(One), Entry("Consent", Records.Consent(null, "x", provision), One, "patient"))).Is(200));
        (await _gateway.Get(Clinic, "Observation/" + created[1])).Is(404);
        (await _gateway.Get(Clinic, "Observation/" + created[2])).Is(200);
    }

    [Fact]
    public async Task A_refused_consent_takes_the_whole_transaction_with_it_and_says_where()
    {
        var family = "Whole" + Guid.NewGuid().ToString("N");
        var bad = Records.Consent(null, "x", Records.Permit().Except(new JsonObject { ["purpose"] = new JsonArray(Records.Coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT")) }));
        var answer = (await Transaction(Hospital, Patient(One, family), Entry("Consent", bad, One, "patient"))).IsFault(422, "business-rule", family);
        Assert.Contains(answer.Places, p => p.StartsWith("Bundle.entry[1].resource.provision.provision[0]", StringComparison.Ordinal));
        Assert.Equal(0, (await _gateway.Get(Hospital, "Patient?family=" + family)).Is(200).Total);
    }

    [Fact]
    public async Task A_refused_record_leaves_every_consent_of_the_transaction_as_it_was()
    {
        var created = Ids((await Transaction(Hospital, Patient(One), Observation(One), Consent(One))).Is(200));
        var answer = await Transaction(
            Hospital,
            Records.Entry("DELETE", "Consent/" + created[2]),
            Records.Entry("POST", "Consent", Records.Consent(null, created[0], Records.Permit("harbour"))),
            Records.Entry("PUT", "Observation/" + created[1], Records.Observation(created[1], created[0]), ifMatch: "W/\"9\""));
        answer.IsFault(412, "conflict");
        Assert.Equal(2u, answer.Growth);
        (await _gateway.Get(Clinic, "Observation/" + created[1])).Is(200);
        (await _gateway.Get(Stranger, "Observation/" + created[1])).Is(404);
        Assert.Equal(1, (await _gateway.Get(Hospital, "Consent?patient=" + created[0])).Is(200).Total);
    }

    [Fact]
    public async Task What_is_not_understood_in_a_consent_is_said_with_its_entry()
    {
        var strange = Records.Permit().With("code", new JsonArray(new JsonObject { ["text"] = "only the nice things" }));
        foreach (var type in new[] { "transaction", "batch" })
        {
            var entry = Records.Entry("POST", "Consent", Records.Consent(null, SmallHospital.Closed, strange.DeepClone().AsObject()));
            var answer = (await _gateway.Post(Hospital, "", Records.Bundle(type, entry, Records.Entry("POST", "Observation", Records.Observation(null, SmallHospital.Closed))))).Is(200);
            Assert.Equal("warning", answer.Entries[0]["response"]!["outcome"]!["issue"]![0]!["severity"]!.GetValue<string>());
            Assert.Null(answer.Entries[1]["response"]!["outcome"]);
        }
    }

    public static TheoryData<string> Grabs => new()
    {
        "beside an own patient",
        "beside a record about the patient",
        "with the patient's record under its id",
        "with a patient found by a condition",
        "as the only entry",
    };

    [Theory]
    [MemberData(nameof(Grabs))]
    public async Task A_transaction_records_no_consent_for_a_patient_whom_somebody_else_keeps(string how)
    {
        (await _gateway.Put(Hospital, "Patient/grabbed", Records.Patient("grabbed", "Grabbed")))
            .Is((await _gateway.Get(Hospital, "Patient/grabbed")).Json["meta"]!["versionId"]!.GetValue<string>() == "1" ? 201 : 200);
        var grant = Records.Entry("POST", "Consent", Records.Consent(null, "grabbed", Records.Permit("harbour")));
        var conditional = Records.Entry("POST", "Patient", Records.Patient(null, "Grabbed"), One);
        conditional["request"]!["ifNoneExist"] = "identifier=urn:mrn|mrn-Grabbed";
        JsonObject[] entries = how switch
        {
            "beside an own patient" => [Patient(One), Consent(One, "harbour"), grant],
            "beside a record about the patient" => [Records.Entry("POST", "Observation", Records.Observation(null, "grabbed")), grant],
            "with the patient's record under its id" => [grant, Records.Entry("PUT", "Patient/grabbed", Records.Patient("grabbed", "Grabbed"))],
            "with a patient found by a condition" => [conditional, Consent(One, "harbour")],
            _ => [grant],
        };
        var answer = await Transaction(Stranger, entries);
        if (how == "with a patient found by a condition")
        {
            // Hidden counts as no match: a patient of the stranger's own, whose consent says nothing about the other.
            answer.Is(200);
            Assert.DoesNotContain("grabbed", answer.Text, StringComparison.Ordinal);
        }
        else
        {
            answer.IsFault(how == "with the patient's record under its id" ? 405 : 404, "not-found");
            Assert.Equal(2u, answer.Growth);
        }

        (await _gateway.Get(Stranger, "Patient/grabbed")).IsFault(404, "not-found");
        Assert.Equal(0, (await _gateway.Get(Hospital, "Consent?patient=grabbed")).Is(200).Total);
    }

    [Fact]
    public async Task A_permit_to_see_a_patient_found_by_a_condition_is_none_to_record_consents_for_them()
    {
        var family = "Found" + Guid.NewGuid().ToString("N");
        var created = Ids((await Transaction(Hospital, Patient(One, family), Consent(One))).Is(200));
        var conditional = Patient(One, family);
        conditional["request"]!["ifNoneExist"] = "identifier=urn:mrn|mrn-" + family;
        (await Transaction(Clinic, conditional.DeepClone().AsObject(), Consent(One, "harbour"))).IsFault(404, "not-found");
        Assert.Equal(1, (await _gateway.Get(Hospital, "Consent?patient=" + created[0])).Is(200).Total);

        // A record about the patient is another matter: anybody may write one.
        var written = Ids((await Transaction(Clinic, conditional, Observation(One))).Is(200));
        Assert.Equal(created[0], written[0]);
        Assert.Equal("Patient/" + created[0], (await _gateway.Get(Clinic, "Observation/" + written[1])).Is(200).Json["subject"]!["reference"]!.GetValue<string>());
    }

    [Fact]
    public async Task Who_writes_a_new_patient_keeps_it_and_records_its_consents()
    {
        var created = Ids((await Transaction(Stranger, Consent(One), Patient(One))).Is(200));
        (await _gateway.Get(Clinic, "Patient/" + created[1])).Is(200);
        (await _gateway.Get(Hospital, "Patient/" + created[1])).Is(404);
        (await Transaction(Hospital, Records.Entry("POST", "Consent", Records.Consent(null, created[1], Records.Permit("north"))))).IsFault(404, "not-found");
    }

    [Fact]
    public async Task A_consent_may_be_loaded_under_an_id_of_its_own_by_who_may_migrate()
    {
        var name = "loaded-" + Guid.NewGuid().ToString("N")[..8];
        JsonObject[] Load() =>
        [
            Records.Entry("PUT", "Consent/" + name, Records.Consent(name, name, Records.Permit())),
            Records.Entry("PUT", "Patient/" + name, Records.Patient(name, "Loaded")),
            Records.Entry("PUT", "Observation/" + name, Records.Observation(name, name)),
        ];
        (await Transaction(Stranger, Load())).IsFault(405, "not-found");
        Assert.Equal(["201", "201", "201"], Statuses((await Transaction(Hospital, Load())).Is(200)));
        (await _gateway.Get(Clinic, "Observation/" + name)).Is(200);
        Assert.Equal(["200", "200", "200"], Statuses((await Transaction(Hospital, Load())).Is(200)));
        (await _gateway.Get(Clinic, "Observation/" + name)).Is(200);
    }

    [Fact]
    public async Task More_entries_than_one_append_takes_are_refused_and_nothing_is_stored()
    {
        var family = "Many" + Guid.NewGuid().ToString("N");
        JsonObject Crowd(int from)
        {
            var provision = Records.Permit();
            provision["actor"] = new JsonArray([.. Enumerable.Range(from, 200).Select(i => Records.Permit("o" + i)["actor"]![0]!.DeepClone())]);
            return Entry("Consent", Records.Consent(null, "x", provision), One, "patient");
        }

        var answer = await Transaction(Hospital, [Patient(One, family), .. Enumerable.Range(0, 81).Select(i => Crowd(1000 * i))]);
        answer.IsFault(422, "too-costly");
        Assert.Equal(2u, answer.Growth);
        Assert.Equal(0, (await _gateway.Get(Hospital, "Patient?family=" + family)).Is(200).Total);
    }

    private Task<Answer> Transaction(string client, params JsonObject[] entries) => _gateway.Post(client, "", Records.Bundle("transaction", entries));

    private static JsonObject Patient(string fullUrl, string family = "Transacted") => Records.Entry("POST", "Patient", Records.Patient(null, family), fullUrl);

    private static JsonObject Observation(string patient, string? fullUrl = null) => Entry("Observation", Records.Observation(null, "x"), patient, "subject", fullUrl);

    private static JsonObject Consent(string patient, string grantee = "riverside") => Entry("Consent", Records.Consent(null, "x", Records.Permit(grantee)), patient, "patient");

    private static JsonObject Entry(string type, JsonObject record, string patient, string element, string? fullUrl = null) =>
        Records.Entry("POST", type, record.With(element, Records.Reference(patient)), fullUrl);

    private static string[] Statuses(Answer answer) => [.. answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3])];

    private static string[] Ids(Answer answer) => [.. answer.Entries.Select(e => e["response"]!["location"]!.GetValue<string>().Split('/')[^3])];

    private List<Fact> Facts(string patient)
    {
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).TryGet(out var fact, out _) ? fact : throw new InvalidDataException("The fact cannot be read."))];
    }
}
