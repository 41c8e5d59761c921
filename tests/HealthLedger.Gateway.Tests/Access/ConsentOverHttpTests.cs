// docs/consent.md over HTTP, http://hl7.org/fhir/R4/consent.html: what a patient said holds from the next request on, and a refusal looks like absence.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class ConsentOverHttpTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_grant_opens_the_record_to_its_organization_and_purpose_alone()
    {
        var (patient, observation) = await Record();
        Assert.Equal("404 404 404", await Reads(observation, Clinic, Stranger, Researcher));
        await Consent(patient, Records.Permit());
        Assert.Equal("200 404 404", await Reads(observation, Clinic, Stranger, Researcher));
        await Consent(patient, Records.Permit(purpose: "HRESCH"));
        Assert.Equal("200 404 200", await Reads(observation, Clinic, Stranger, Researcher));
    }

    [Fact]
    public async Task An_exception_hides_a_class_and_a_label_everywhere()
    {
        var (patient, observation) = await Record();
        var restricted = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, label: "R"))).Is(201).Id;
        var condition = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient))).Is(201).Id;
        await Consent(patient, Records.Permit().Except(Records.Provision("deny").WithLabel("R"), Records.Provision("deny").WithClass("Condition")));

        (await _gateway.Get(Clinic, observation)).Is(200);
        (await _gateway.Get(Clinic, "Observation/" + restricted)).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, "Condition/" + condition)).IsFault(404, "not-found");
        Assert.Equal([observation.Split('/')[1]], (await _gateway.Get(Clinic, "Observation?patient=" + patient)).Is(200).Ids);
        Assert.Equal(0, (await _gateway.Get(Clinic, "Condition?_summary=count&patient=" + patient)).Is(200).Total);
    }

    [Fact]
    public async Task A_new_label_hides_a_record_from_the_next_request_on()
    {
        var (patient, observation) = await Record();
        await Consent(patient, Records.Permit().Except(Records.Provision("deny").WithLabel("R")));
        (await _gateway.Get(Clinic, observation)).Is(200);
        var id = observation.Split('/')[1];
        (await _gateway.Put(Hospital, observation, Records.Observation(id, patient, label: "R"))).Is(200);
        (await _gateway.Get(Clinic, observation)).Is(404);
        (await _gateway.Get(Clinic, observation + "/_history/1")).Is(404);
        (await _gateway.Get(Hospital, observation + "/_history/1")).Is(200);
    }

    [Fact]
    public async Task A_consent_ends_with_its_time()
    {
        var clock = new TestClock();
        await using var gateway = await TestGateway.Start(clock);
        (await gateway.Put(Hospital, "Patient/timed", Records.Patient("timed", "Timed"))).Is(201);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "timed", Records.Permit(end: "2026-11-20T12:30:00Z")))).Is(201);
        (await gateway.Get(Clinic, "Patient/timed")).Is(200);
        clock.Advance(TimeSpan.FromMinutes(31));
        gateway.ForgetTokens();
        (await gateway.Get(Clinic, "Patient/timed")).IsFault(404, "not-found");
        Assert.Equal(0, (await gateway.Get(Clinic, "Patient")).Is(200).Total);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("inactive")]
    [InlineData("narrowed")]
    public async Task A_withdrawal_holds_for_the_token_in_hand(string how)
    {
        var (patient, observation) = await Record();
        var consent = await Consent(patient, Records.Permit());
        var seen = (await _gateway.Get(Clinic, observation)).Is(200);
        _ = how switch
        {
            "deleted" => (await _gateway.Delete(Hospital, "Consent/" + consent)).Is(204),
            "inactive" => (await _gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit(), "inactive"))).Is(200),
            _ => (await _gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit("harbour")))).Is(200),
        };
        var after = (await _gateway.Get(Clinic, observation)).IsFault(404, "not-found");
        var absent = (await _gateway.Get(Clinic, "Observation/" + new string('0', 32))).IsFault(404, "not-found");
        Assert.Equal(absent.Body, after.Body);
        Assert.Equal(absent.Growth, after.Growth);
        Assert.Equal(0, (await _gateway.Get(Clinic, "Observation?patient=" + patient)).Is(200).Total);

        // The receipt of what was seen before stays what it was.
        (await _gateway.Get(Clinic, new Uri(seen.Receipt!).PathAndQuery)).Is(200);
    }

    [Fact]
    public async Task An_emergency_opens_the_record_and_stands_with_its_reason_on_the_patients_chain()
    {
        var (patient, observation) = await Record();
        (await _gateway.Get(Clinic, observation)).Is(404);
        (await _gateway.Get(Clinic, observation, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious after a fall"))).Is(200);

        var facts = Facts(patient);
        var (refused, opened) = (facts[^2], facts[^1]);
        Assert.Equal(("refusal", "deny", "TREAT"), (refused[FactField.Event], refused[FactField.Decision], refused[FactField.Purpose]));
        Assert.Equal(("access", "permit", "BTG"), (opened[FactField.Event], opened[FactField.Decision], opened[FactField.Purpose]));
        Assert.Equal("unconscious after a fall", opened[FactField.Evidence]);
        Assert.Equal("emergency", opened[FactField.Reason]);
        Assert.Equal("Organization/riverside", opened[FactField.Organization]);
        Assert.Contains(observation, opened[FactField.Targets]);
    }

    [Fact]
    public async Task A_deny_that_names_the_emergency_holds_against_it()
    {
        var (patient, observation) = await Record();
        await Consent(patient, Records.Provision("deny", purpose: "BTG"));
        (await _gateway.Get(Clinic, observation, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "a reason"))).Is(404);
        (await _gateway.Get(Clinic, observation, ("X-Purpose-Of-Use", "ETREAT"), ("X-Break-Glass-Reason", "a reason"))).Is(200);
    }

    [Fact]
    public async Task Each_search_stands_on_the_chains_of_the_patients_it_disclosed_and_no_others()
    {
        var (one, _) = await Record();
        var (other, _) = await Record();
        await Consent(one, Records.Permit());
        var (before, beforeOther) = (Facts(one).Count, Facts(other).Count);
        (await _gateway.Get(Clinic, $"Observation?patient={one},{other}")).Is(200);
        Assert.Equal((before + 1, beforeOther), (Facts(one).Count, Facts(other).Count));
    }

    [Fact]
    public async Task A_record_of_two_patients_needs_the_permit_of_both()
    {
        var (one, _) = await Record();
        var (other, _) = await Record();
        var shared = "Appointment/" + (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, one, other))).Is(201).Id;
        (await _gateway.Get(Hospital, shared)).Is(200);
        (await _gateway.Get(Clinic, shared)).Is(404);
        var first = await Consent(one, Records.Permit());
        (await _gateway.Get(Clinic, shared)).Is(404);
        Assert.Empty((await _gateway.Get(Clinic, $"Appointment?patient={one}")).Is(200).Ids);
        await Consent(other, Records.Permit());
        (await _gateway.Get(Clinic, shared)).Is(200);
        Assert.Single((await _gateway.Get(Clinic, $"Appointment?patient={other}")).Is(200).Ids);
        var (before, beforeOther) = (Facts(one).Count, Facts(other).Count);
        (await _gateway.Get(Clinic, shared)).Is(200);
        Assert.Equal((before + 1, beforeOther + 1), (Facts(one).Count, Facts(other).Count));
        (await _gateway.Delete(Hospital, "Consent/" + first)).Is(204);
        (await _gateway.Get(Clinic, shared)).Is(404);
        Assert.Empty((await _gateway.Get(Clinic, $"Appointment?patient={other}")).Is(200).Ids);
    }

    [Fact]
    public async Task Without_the_custodian_policy_the_keeper_too_needs_a_permit()
    {
        await using var gateway = await TestGateway.Start(new TestClock(), "--HealthLedger:Consents:Custodian=off", "--HealthLedger:Consents:Emergency=off");
        (await gateway.Put(Hospital, "Patient/kept", Records.Patient("kept", "Kept"))).Is(201);
        (await gateway.Get(Hospital, "Patient/kept")).Is(404);
        (await gateway.Get(Clinic, "Patient/kept", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "a reason"))).Is(404);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "kept", Records.Permit("north")))).Is(201);
        (await gateway.Get(Hospital, "Patient/kept")).Is(200);
    }

    [Fact]
    public async Task An_implicit_policy_permits_treatment_where_no_consent_applies()
    {
        await using var gateway = await TestGateway.Start(new TestClock(), "--HealthLedger:Consents:ImplicitPolicy=permit-treatment");
        (await gateway.Put(Hospital, "Patient/implied", Records.Patient("implied", "Implied"))).Is(201);
        (await gateway.Get(Clinic, "Patient/implied")).Is(200);
        (await gateway.Get(Researcher, "Patient/implied")).Is(404);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "implied", Records.Provision("deny", "riverside")))).Is(201);
        (await gateway.Get(Clinic, "Patient/implied")).Is(404);
        (await gateway.Get(Stranger, "Patient/implied")).Is(200);
    }

    [Fact]
    public async Task A_Consent_is_read_by_who_keeps_it_and_not_by_who_it_names()
    {
        var (patient, _) = await Record();
        var consent = await Consent(patient, Records.Permit());
        (await _gateway.Get(Hospital, "Consent/" + consent)).Is(200);
        (await _gateway.Get(Clinic, "Consent/" + consent)).Is(404);
        Assert.Equal(0, (await _gateway.Get(Clinic, "Consent?patient=" + patient)).Is(200).Total);
        (await _gateway.Delete(Clinic, "Consent/" + consent)).Is(204);
        (await _gateway.Get(Hospital, "Consent/" + consent)).Is(200);
    }

    public static TheoryData<string, string> Unenforceable => new()
    {
        { "no patient", "Consent" },
        { "a patient by name only", "Consent.patient" },
        { "a nested provision without a type", "Consent.provision.provision[0]" },
    };

    [Theory]
    [MemberData(nameof(Unenforceable))]
    public async Task A_Consent_that_cannot_be_enforced_is_refused_with_its_place(string what, string place)
    {
        var (patient, observation) = await Record();
        var consent = Records.Consent(null, patient, Records.Permit());
        switch (what)
        {
            case "no patient":
                consent.Remove("patient");
                break;
            case "a patient by name only":
                consent["patient"] = new JsonObject { ["display"] = "Zebedee" };
                break;
            default:
                consent["provision"]!["provision"] = new JsonArray(new JsonObject { ["purpose"] = new JsonArray(Records.Coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT")) });
                break;
        }

        var answer = (await _gateway.Post(Hospital, "Consent", consent)).IsFault(422, "business-rule", "Zebedee");
        Assert.Contains(answer.Places, p => p.StartsWith(place, StringComparison.Ordinal));
        (await _gateway.Get(Clinic, observation)).Is(404);
    }

    private async Task<(string Patient, string Observation)> Record()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Consenting"))).Is(201).Id;
        return (patient, "Observation/" + (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id);
    }

    private async Task<string> Consent(string patient, JsonObject provision) => (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, provision))).Is(201).Id;

    private async Task<string> Reads(string path, params string[] clients)
    {
        var statuses = new int[clients.Length];
        for (var i = 0; i < clients.Length; i++)
        {
            statuses[i] = (await _gateway.Get(clients[i], path)).Status;
        }

        return string.Join(' ', statuses);
    }

    private List<Fact> Facts(string patient)
    {
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).TryGet(out var fact, out _) ? fact : throw new InvalidDataException("The fact cannot be read."))];
    }
}
