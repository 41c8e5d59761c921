// http://hl7.org/fhir/R4/http.html#ccreate: no match creates, one is taken, several are refused. A condition is a search of the caller: what the caller may not see is no
// match, and what it finds stands on the patient's chain.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class ConditionalCreateTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string One = "urn:uuid:7a0b7c9e-0001-4000-8000-000000000001";

    private readonly TestGateway _gateway = hospital.Gateway;

    public static TheoryData<string> Types => new() { "Patient", "Observation", "Consent", "Practitioner", "Questionnaire" };

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_record_of_any_type_is_made_once(string type)
    {
        var name = "Once" + Guid.NewGuid().ToString("N");
        var about = type is "Observation" or "Consent" ? (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201).Id : "";
        JsonObject Record() => type switch
        {
            "Patient" => Records.Patient(null, name),
            "Observation" => Records.Observation(null, about),
            "Consent" => Records.Consent(null, about, Records.Permit()),
            "Practitioner" => Records.Practitioner(null, name),
            _ => new JsonObject { ["resourceType"] = "Questionnaire", ["status"] = "active", ["name"] = name },
        };
        var condition = type switch
        {
            "Patient" => "identifier=urn:mrn|mrn-" + name,
            "Practitioner" => "identifier=urn:npi|npi-" + name,
            "Questionnaire" => "name=" + name,
            _ => "patient=" + about,
        };
        var first = (await _gateway.Post(Hospital, type, Record(), ("If-None-Exist", condition))).Is(201);
        var again = (await _gateway.Post(Hospital, type, Record(), ("If-None-Exist", condition))).Is(200);
        Assert.Equal(first.Headers["Location"], again.Headers["Location"]);
        Assert.Equal(first.Headers["ETag"], again.Headers["ETag"]);
        Assert.Empty(again.Body);
        Assert.NotNull(again.Receipt);

        (await _gateway.Post(Hospital, type, Record())).Is(201);
        (await _gateway.Post(Hospital, type, Record(), ("If-None-Exist", condition))).IsFault(412, "multiple-matches", name);
        Assert.Equal(2, (await _gateway.Get(Hospital, $"{type}?{condition}")).Is(200).Total);
    }

    [Fact]
    public async Task References_lead_to_what_a_condition_found()
    {
        var name = "Referred" + Guid.NewGuid().ToString("N");
        JsonObject Bundle(string client) => Records.Bundle(
            "transaction",
            Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference(One))),
            Conditional("Patient", Records.Patient(null, name), "identifier=urn:mrn|mrn-" + name, One),
            Records.Entry("POST", "Consent", Records.Consent(null, "x", Records.Permit(client)).With("patient", Records.Reference(One))));
        var first = (await _gateway.Post(Hospital, "", Bundle("riverside"))).Is(200);
        var again = (await _gateway.Post(Hospital, "", Bundle("harbour"))).Is(200);
        Assert.Equal(["201 201 201", "201 200 201"], new[] { first, again }.Select(a => string.Join(' ', a.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]))));
        Assert.Equal(Location(first, 1), Location(again, 1));
        var patient = Location(first, 1).Split('/')[^3];
        Assert.Equal(2, (await _gateway.Get(Clinic, "Observation?patient=" + patient)).Is(200).Total);
        Assert.Equal(2, (await _gateway.Get(Stranger, "Observation?patient=" + patient)).Is(200).Total);
    }

    [Fact]
    public async Task A_transaction_of_records_that_are_all_there_changes_nothing()
    {
        var entry = Conditional("Patient", Records.Patient(null, "Openshaw"), "identifier=urn:mrn|mrn-Openshaw");
        var answer = (await _gateway.Post(Clinic, "", Records.Bundle("transaction", entry))).Is(200);
        Assert.Equal("200", answer.Entries[0]["response"]!["status"]!.GetValue<string>()[..3]);
        Assert.Equal($"{_gateway.Fhir}/Patient/{SmallHospital.Open}/_history/1", Location(answer, 0));

        // The search, what it disclosed of the patient, and the STATE: as for a search.
        Assert.Equal((await _gateway.Get(Clinic, "Patient?identifier=urn:mrn|mrn-Openshaw")).Growth, answer.Growth);
        var told = Facts(SmallHospital.Open).Last(f => f[FactField.Interaction] == "search-type");
        Assert.Equal(("access", "permit"), (told[FactField.Event], told[FactField.Decision]));
        Assert.NotNull(answer.Receipt);
    }

    // http://hl7.org/fhir/R4/http.html#ops: what return asks for, of what was there already.
    [Fact]
    public async Task What_was_there_is_shown_to_who_asks_for_it_and_may_read_it()
    {
        (string, string) condition = ("If-None-Exist", "identifier=urn:mrn|mrn-Openshaw");
        var stored = (await _gateway.Get(Clinic, "Patient/" + SmallHospital.Open)).Is(200);
        var bare = (await _gateway.Post(Clinic, "Patient", Records.Patient(null, "Openshaw"), condition)).Is(200);
        Assert.Empty(bare.Body);

        var shown = (await _gateway.Post(Clinic, "Patient", Records.Patient(null, "Openshaw"), condition, ("Prefer", "return=representation"))).Is(200);
        Assert.Equal(stored.Body, shown.Body);
        Assert.Equal((stored.Headers["ETag"], bare.Headers["Location"]), (shown.Headers["ETag"], shown.Headers["Location"]));
        Assert.Equal(bare.Growth + stored.Growth, shown.Growth);
        Assert.Equal("vread", Facts(SmallHospital.Open).Last(f => f[FactField.Event] == "access" && f[FactField.Client] == Clinic)[FactField.Interaction]);

        var outcome = (await _gateway.Post(Clinic, "Patient", Records.Patient(null, "Openshaw"), condition, ("Prefer", "return=OperationOutcome"))).Is(200);
        Assert.Equal(("OperationOutcome", "informational"), (outcome.Json["resourceType"]!.GetValue<string>(), outcome.Codes.Single()));
        Assert.Equal(bare.Headers["Location"], outcome.Headers["Location"]);
        foreach (var type in new[] { "batch", "transaction" })
        {
            var bundle = (await _gateway.Post(Clinic, "", Records.Bundle(type, Conditional("Patient", Records.Patient(null, "Openshaw"), "identifier=urn:mrn|mrn-Openshaw")), ("Prefer", "return=representation"))).Is(200);
            Assert.Equal(SmallHospital.Open, bundle.Entries[0]["resource"]!["id"]!.GetValue<string>());
        }

        foreach (var (scope, isShown) in new[] { ("system/Patient.cs", false), ("system/Patient.crs", true) })
        {
            var token = (await _gateway.RequestToken(Hospital, scope)).Is(200).Json["access_token"]!.GetValue<string>();
            var request = new HttpRequestMessage(HttpMethod.Post, "/fhir/Patient") { Content = new StringContent(Records.Patient(null, "Openshaw").ToJsonString(), Encoding.UTF8, "application/fhir+json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Add("If-None-Exist", "identifier=urn:mrn|mrn-Openshaw");
            request.Headers.Add("Prefer", "return=representation");
            Assert.Equal(isShown, (await _gateway.Send(request)).Is(200).Body.Length > 0);
        }
    }

    [Theory]
    [InlineData("Patient?identifier=urn:mrn|mrn-Openshaw")]
    [InlineData("http://localhost/fhir/Patient?identifier=urn:mrn|mrn-Openshaw")]
    public async Task A_condition_is_the_query_alone(string condition)
    {
        var answer = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Openshaw"), ("If-None-Exist", condition))).IsFault(400, "value");
        Assert.Contains("the query alone", answer.Text, StringComparison.Ordinal);
        (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Openshaw"), ("If-None-Exist", "?identifier=urn:mrn|mrn-Openshaw"))).Is(200);
    }

    [Fact]
    public async Task What_the_caller_may_not_see_is_no_match()
    {
        foreach (var client in new[] { Stranger, Clinic })
        {
            var made = (await _gateway.Post(client, "Patient", Records.Patient(null, "Closely"), ("If-None-Exist", "identifier=urn:mrn|mrn-Closely"))).Is(201);
            var found = (await _gateway.Post(client, "Patient", Records.Patient(null, "Closely"), ("If-None-Exist", "identifier=urn:mrn|mrn-Closely"))).Is(200);
            Assert.Equal(made.Headers["Location"], found.Headers["Location"]);
        }

        Assert.DoesNotContain(Facts(SmallHospital.Closed), f => f[FactField.Client] is Stranger or Clinic && f[FactField.Purpose] == "TREAT" && f[FactField.Decision] == "permit");
    }

    [Fact]
    public async Task A_withdrawn_consent_makes_no_match_from_the_next_request_on()
    {
        var name = "Withdrawn" + Guid.NewGuid().ToString("N");
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201).Id;
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
        (string, string) condition = ("If-None-Exist", "identifier=urn:mrn|mrn-" + name);
        (await _gateway.Post(Clinic, "Patient", Records.Patient(null, name), condition)).Is(200);
        (await _gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
        (await _gateway.Post(Clinic, "Patient", Records.Patient(null, name), condition)).Is(201);
    }

    [Fact]
    public async Task A_withdrawal_that_races_with_a_condition_wins()
    {
        for (var round = 0; round < 10; round++)
        {
            var name = "Raced" + Guid.NewGuid().ToString("N");
            var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201).Id;
            var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
            var withdrawal = _gateway.Delete(Hospital, "Consent/" + consent);
            var asked = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _gateway.Post(Clinic, "Patient", Records.Patient(null, name), ("If-None-Exist", "identifier=urn:mrn|mrn-" + name))));
            (await withdrawal).Is(204);
            Assert.All(asked, a => Assert.True(a.Status is 200 or 201, $"{a.Status} {a.Text}"));

            // On the patient's chain every access comes before the withdrawal: an entry's number there is the order in which the sequencer took it.
            var reasons = Facts(patient).Where(f => f[FactField.Client] == Clinic || f[FactField.Reason] == "consent-withdrawn").Select(f => f[FactField.Event]).ToList();
            Assert.Equal(reasons.Count - 1, reasons.IndexOf("consent"));
        }
    }

    [Fact]
    public async Task Of_many_equal_conditional_creates_at_once_one_creates()
    {
        var name = "Crowd" + Guid.NewGuid().ToString("N");
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _gateway.Post(Hospital, "Patient", Records.Patient(null, name), ("If-None-Exist", "identifier=urn:mrn|mrn-" + name))));
        Assert.Single(answers, a => a.Status == 201);
        Assert.Equal(11, answers.Count(a => a.Status == 200));
        Assert.Single(answers.Select(a => a.Headers["Location"]).Distinct());
    }

    [Fact]
    public async Task A_refusal_keeps_what_its_conditions_found_on_the_patients_chain()
    {
        var before = Facts(SmallHospital.Open).Count(f => f[FactField.Client] == Clinic);
        var answer = (await _gateway.Post(Clinic, "", Records.Bundle(
            "transaction",
            Conditional("Patient", Records.Patient(null, "Openshaw"), "identifier=urn:mrn|mrn-Openshaw", One),
            Records.Entry("PUT", "Observation/absent", Records.Observation("absent", "x").With("subject", Records.Reference(One)))))).IsFault(405, "not-found");
        Assert.Contains("Bundle.entry[1]", answer.Places);

        // The refusal, the search, what it disclosed, the STATE.
        Assert.Equal(4u, answer.Growth);
        Assert.Equal(before + 1, Facts(SmallHospital.Open).Count(f => f[FactField.Client] == Clinic));
    }

    [Fact]
    public async Task An_emergency_tells_the_patient_why_a_condition_found_them()
    {
        var answer = await _gateway.Post(
            Clinic, "Patient", Records.Patient(null, "Closely"), ("If-None-Exist", $"_id={SmallHospital.Closed}"), ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious after a fall"));
        Assert.EndsWith($"/Patient/{SmallHospital.Closed}/_history/1", answer.Is(200).Headers["Location"]);
        Assert.Equal("unconscious after a fall", Facts(SmallHospital.Closed)[^1][FactField.Evidence]);
    }

    [Theory]
    [InlineData("zebedee=1", "not-supported")]
    [InlineData("birthdate=Zebedee", "value")]
    [InlineData("", "value")]
    [InlineData("_count=1", "value")]
    [InlineData("family=Openshaw&_sort=family", "value")]
    [InlineData("family=Openshaw&_summary=count", "value")]
    [InlineData("general-practitioner.zebedee=x", "not-supported")]
    [InlineData("family=x&_include=Patient:organization", "value")]
    public async Task A_condition_that_is_no_search_is_refused_before_anything_is_looked_at(string condition, string code)
    {
        var size = _gateway.LedgerSize;
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Conditional("Patient", Records.Patient(null, "Zebedee"), condition)))).IsFault(400, code, "Zebedee");
        if (condition.Length > 0)
        {
            (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Zebedee"), ("If-None-Exist", condition))).IsFault(400, code, "Zebedee");
        }

        Assert.Equal(size, _gateway.LedgerSize);
    }

    [Fact]
    public async Task A_condition_needs_the_scope_to_search()
    {
        var token = (await _gateway.RequestToken(Hospital, "system/Patient.cr")).Is(200).Json["access_token"]!.GetValue<string>();
        foreach (var condition in new[] { null, "identifier=urn:mrn|mrn-Openshaw" })
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/fhir/Patient")
            {
                Content = new StringContent(Records.Patient(null, "Scoped").ToJsonString(), Encoding.UTF8, "application/fhir+json"),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (condition is not null)
            {
                request.Headers.Add("If-None-Exist", condition);
            }

            var answer = await _gateway.Send(request);
            _ = condition is null ? answer.Is(201) : answer.IsFault(403, "forbidden");
        }
    }

    [Fact]
    public async Task Two_entries_of_a_transaction_cannot_have_one_condition_nor_change_what_one_found()
    {
        JsonObject Entry() => Conditional("Patient", Records.Patient(null, "Openshaw"), "identifier=urn:mrn|mrn-Openshaw");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Entry(), Entry()))).IsFault(422, "invalid");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Entry(), Records.Entry("DELETE", "Patient/" + SmallHospital.Open)))).IsFault(422, "invalid");
        (await _gateway.Get(Hospital, "Patient/" + SmallHospital.Open)).Is(200);
    }

    [Fact]
    public async Task Conditions_count_as_searches_of_a_Bundle_but_those_of_directory_records_do_not()
    {
        JsonObject Bundle(int conditions) => Records.Bundle("transaction", [.. Enumerable.Range(0, conditions).Select(i => Conditional("Patient", Records.Patient(null, "Limit" + i), $"family=Limit{i}"))]);
        JsonObject Directory(int conditions) => Records.Bundle("transaction", [.. Enumerable.Range(0, conditions).Select(i => Conditional("Practitioner", Records.Practitioner(null, "Limit" + i), $"identifier=urn:npi|npi-Limit{i}"))]);
        (await _gateway.Post(Hospital, "", Bundle(101))).IsFault(400, "too-costly");
        (await _gateway.Post(Hospital, "", Directory(101))).Is(200);
    }

    private static JsonObject Conditional(string type, JsonObject record, string condition, string? fullUrl = null)
    {
        var entry = Records.Entry("POST", type, record, fullUrl);
        entry["request"]!["ifNoneExist"] = condition;
        return entry;
    }

    private static string Location(Answer answer, int entry) => answer.Entries[entry]["response"]!["location"]!.GetValue<string>();

    private List<Fact> Facts(string patient)
    {
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).TryGet(out var fact, out _) ? fact : throw new InvalidDataException("The fact cannot be read."))];
    }
}
