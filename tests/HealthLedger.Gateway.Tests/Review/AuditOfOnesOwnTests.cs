// FHIR R4 auditevent.html; docs/surfaces.md, "Recorded events": patients see the own chain with every field; AuditEvents that clients stored stay records like any other.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Fhir.Export;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Review;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Review;

public sealed class AuditOfOnesOwnTests : IAsyncLifetime
{
    private const string Marker = "stored-by-a-client";
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start(new TestClock());
        foreach (var patient in new[] { "mine", "theirs" })
        {
            (await _gateway.Put(Hospital, "Patient/" + patient, Records.Patient(patient, "Namely"))).Is(201);
            (await _gateway.Put(Hospital, "Observation/pulse-" + patient, Records.Observation("pulse-" + patient, patient))).Is(201);
            (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
            (await _gateway.Get(Clinic, "Observation/pulse-" + patient)).Is(200);
            (await _gateway.Get(Stranger, "Observation/pulse-" + patient)).Is(404);
        }
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_patient_sees_each_own_event_whole_with_its_proof_and_nobody_elses()
    {
        var token = await _gateway.PatientToken("mine");
        var total = _gateway.Host.Services.GetRequiredService<PatientEvents>().Of("mine", 0, 1).Total;
        var answer = (await _gateway.GetAs(token, "AuditEvent?_count=200")).Is(200);
        Assert.Equal((total, 2UL), ((ulong)answer.Entries.Length, answer.Growth));
        foreach (var resource in answer.Entries.Select(e => e["resource"]!))
        {
            var proven = AuditEventProof.Verify(Encoding.UTF8.GetBytes(resource.ToJsonString()), Policy());
            Assert.True(proven.IsValid, proven.Fault?.ToString());
            Assert.Equal(resource["id"]!.GetValue<string>(), AuditEventWriter.IdOf(proven.Value));
            var opening = Opening(resource);
            Assert.All(FactFields.All, field => Assert.True(opening[field].Opened, $"{field}"));
            Assert.Equal("Patient/mine", opening.ValueOf(FactField.Patient));
        }

        Assert.Contains("Observation/pulse-mine", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("theirs", answer.Text, StringComparison.Ordinal);
        var changed = answer.Entries.Select(e => e["resource"]!.DeepClone()).First(r => r["outcome"]!.GetValue<string>() == "4");
        changed["outcome"] = "0";
        Assert.False(AuditEventProof.Verify(Encoding.UTF8.GetBytes(changed.ToJsonString()), Policy()).IsValid);
    }

    [Fact]
    public async Task Whatever_a_patient_names_only_own_events_are_found_and_a_foreign_one_is_as_absent()
    {
        var (mine, theirs) = (await _gateway.PatientToken("mine"), await _gateway.PatientToken("theirs"));
        var foreign = (await _gateway.GetAs(theirs, "AuditEvent?outcome=4")).Is(200).Ids.Single();
        foreach (var query in new[] { "patient=theirs", "patient=Patient/theirs&_count=200", "entity=Observation/pulse-theirs", "_id=" + foreign })
        {
            Assert.Empty((await _gateway.GetAs(mine, "AuditEvent?" + query)).Is(200).Entries);
        }

        var hidden = (await _gateway.GetAs(mine, "AuditEvent/" + foreign)).Is(404);
        var absent = (await _gateway.GetAs(mine, "AuditEvent/entry-99999")).Is(404);
        Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        var own = (await _gateway.GetAs(mine, "AuditEvent?outcome=4")).Is(200).Ids.Single();
        Assert.Equal(own, (await _gateway.GetAs(mine, "AuditEvent/" + own)).Is(200).Id);
        Assert.Equal([foreign], (await _gateway.GetAs(theirs, "AuditEvent?agent:identifier=stranger")).Is(200).Ids);
    }

    [Fact]
    public async Task Pages_belong_to_the_patient_who_asked()
    {
        var (mine, theirs) = (await _gateway.PatientToken("mine"), await _gateway.PatientToken("theirs"));
        var first = (await _gateway.GetAs(mine, "AuditEvent?_count=2")).Is(200);
        var next = first.Link("next")!;
        Assert.Empty((await _gateway.GetAs(mine, next)).Is(200).Ids.Intersect(first.Ids));
        (await _gateway.GetAs(theirs, next)).Is(400);
        Assert.Equal(400, (await _gateway.Get(Auditor, next)).Status);
    }

    [Theory]
    [InlineData("patient/Observation.rs")]
    [InlineData("patient/Patient.r")]
    public async Task A_token_without_the_scope_gets_no_event(string scope)
    {
        var token = await _gateway.PatientToken("mine", scope);
        (await _gateway.GetAs(token, "AuditEvent")).Is(403);
        (await _gateway.GetAs(token, "AuditEvent/entry-1")).Is(403);
    }

    [Fact]
    public async Task Stored_AuditEvents_are_for_who_keeps_them_and_for_the_patient_on_every_road()
    {
        var id = (await _gateway.Post(Hospital, "AuditEvent", Stored(null, "mine"))).Is(201).Id;
        var mine = await _gateway.PatientToken("mine");

        // The clinic may read the patient's records, and even so none of these.
        foreach (var path in new[]
        {
            "AuditEvent", "AuditEvent?patient=mine", "AuditEvent/" + id, "AuditEvent/" + id + "/_history", "AuditEvent/_history", "_history", "Patient/mine/AuditEvent", "Patient/mine/*", "Patient/mine/$everything",
            "?_type=AuditEvent", "Observation?_id=pulse-mine&_revinclude=AuditEvent:entity",
        })
        {
            foreach (var client in new[] { Clinic, Stranger })
            {
                Assert.DoesNotContain(Marker, (await _gateway.Get(client, path)).Text, StringComparison.Ordinal);
            }
        }

        foreach (var client in new[] { Clinic, Stranger })
        {
            var bundle = (await _gateway.Post(client, "", Records.Bundle("batch", Records.Entry("GET", "AuditEvent/" + id), Records.Entry("GET", "AuditEvent?patient=mine"), Records.Entry("GET", "AuditEvent/_history")))).Is(200);
            Assert.DoesNotContain(Marker, bundle.Text, StringComparison.Ordinal);
            var status = await _gateway.KickOff(client, "Patient/$export?_type=AuditEvent,Observation");
            Assert.DoesNotContain(Marker, (await _gateway.File(client, status, "AuditEvent")).Text, StringComparison.Ordinal);
        }

        // Auditors are answered from facts alone: nobody can put an event before them by storing one.
        Assert.DoesNotContain(Marker, (await _gateway.Get(Auditor, "AuditEvent?_count=200")).Is(200).Text, StringComparison.Ordinal);
        (await _gateway.Get(Auditor, "AuditEvent/" + id)).Is(404);
        (await _gateway.Get(Auditor, "AuditEvent/_history")).Is(403);
        (await _gateway.Get(Auditor, "Patient/mine/AuditEvent")).Is(403);
        (await _gateway.Get(Auditor, "?_type=AuditEvent")).Is(403);
        Assert.DoesNotContain(Marker, (await _gateway.Post(Auditor, "", Records.Bundle("batch", Records.Entry("GET", "AuditEvent/" + id)))).Text, StringComparison.Ordinal);
        (await _gateway.Get(Auditor, "Patient/$export?_type=AuditEvent", Exports.Async)).Is(403);

        // Who keeps it and the patient read it, as the record that it is.
        Assert.Contains(Marker, (await _gateway.Get(Hospital, "AuditEvent/" + id)).Is(200).Text, StringComparison.Ordinal);
        Assert.Contains(Marker, (await _gateway.GetAs(mine, "AuditEvent/" + id)).Is(200).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Marker, (await _gateway.GetAs(mine, "AuditEvent?_count=200")).Is(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_stores_an_AuditEvent_under_the_name_of_an_entry()
    {
        // The hospital may choose ids, as here.
        (await _gateway.Put(Hospital, "AuditEvent/of-my-own", Stored("of-my-own", "mine"))).Is(201);
        (await _gateway.Put(Hospital, "AuditEvent/entry-01", Stored("entry-01", "mine"))).Is(201);
        foreach (var id in new[] { "entry-1", "entry-0", "entry-4000000" })
        {
            (await _gateway.Put(Hospital, "AuditEvent/" + id, Stored(id, "mine"))).Is(405);
            (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("PUT", "AuditEvent/" + id, Stored(id, "mine"))))).Is(405);
        }
    }

    private static JsonObject Stored(string? id, string patient)
    {
        var audit = new JsonObject
        {
            ["resourceType"] = "AuditEvent",
            ["type"] = Records.Coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"),
            ["recorded"] = "2026-03-01T00:00:00Z",
            ["agent"] = new JsonArray(new JsonObject { ["who"] = new JsonObject { ["display"] = Marker }, ["requestor"] = true }),
            ["source"] = new JsonObject { ["observer"] = new JsonObject { ["display"] = Marker } },
            ["entity"] = new JsonArray(new JsonObject { ["what"] = Records.Reference("Patient/" + patient) }, new JsonObject { ["what"] = Records.Reference("Observation/pulse-" + patient) }),
        };
        if (id is not null)
        {
            audit["id"] = id;
        }

        return audit;
    }

    private static FactOpening Opening(JsonNode resource) => FactOpening.Parse(Convert.FromBase64String(resource["extension"]![0]!["extension"]![2]!["valueBase64Binary"]!.GetValue<string>())).Value;

    private LogPolicy Policy() => LogPolicy.ForLog(NoteVerifier.Parse(_gateway.Host.Storage.Ledger.VerifierKey).Value);
}
