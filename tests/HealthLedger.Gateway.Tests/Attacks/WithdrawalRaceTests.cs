// SECURITY.md, claim 6: a withdrawal holds from the next request on. Readers hammer while it happens; what began after its acknowledgement sees nothing.
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class WithdrawalRaceTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("delete")]
    [InlineData("inactive")]
    [InlineData("narrowed")]
    [InlineData("in a transaction")]
    public async Task No_read_that_begins_after_the_acknowledgement_is_answered(string how)
    {
        for (var round = 0; round < 5; round++)
        {
            var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Racer"))).Is(201).Id;
            var record = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id;
            var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
            (await _gateway.Get(Clinic, "Observation/" + record)).Is(200);
            var withdrawn = 0;
            var late = 0;
            var before = 0;
            using var stop = new CancellationTokenSource();
            var readers = Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var after = Volatile.Read(ref withdrawn) == 1;
                    var seen = i % 2 == 0
                        ? (await _gateway.Get(Clinic, "Observation/" + record)).Status == 200
                        : (await _gateway.Get(Clinic, "Observation?patient=" + patient)).Is(200).Total > 0;
                    if (seen)
                    {
                        Interlocked.Increment(ref after ? ref late : ref before);
                    }
                }
            })).ToList();

            while (Volatile.Read(ref before) < 20)
            {
                await Task.Yield();
            }

            var answer = how switch
            {
                "delete" => await _gateway.Delete(Hospital, "Consent/" + consent),
                "in a transaction" => await _gateway.Post(Hospital, "", Records.Bundle(
                    "transaction", Records.Entry("POST", "Observation", Records.Observation(null, patient)), Records.Entry("DELETE", "Consent/" + consent))),
                "inactive" => await _gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit(), "inactive")),
                _ => await _gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit("harbour"))),
            };
            Volatile.Write(ref withdrawn, 1);
            Assert.True(answer.Status is 200 or 204, answer.Text);
            for (var i = 0; i < 20; i++)
            {
                (await _gateway.Get(Clinic, "Observation/" + record)).Is(404);
            }

            await stop.CancelAsync();
            await Task.WhenAll(readers);
            Assert.Equal(0, late);
        }
    }

    [Fact]
    public async Task Of_two_changes_of_one_consent_at_once_neither_is_lost_and_the_last_one_holds()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Twice"))).Is(201).Id;
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            _gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit(i % 2 == 0 ? "riverside" : "harbour")))));
        Assert.All(answers, a => a.Is(200));
        Assert.Equal(Enumerable.Range(2, 12), answers.Select(a => int.Parse(a.Json["meta"]!["versionId"]!.GetValue<string>())).Order());
        var last = (await _gateway.Get(Hospital, "Consent/" + consent)).Is(200);
        var grantee = last.Json["provision"]!["actor"]![0]!["reference"]!["reference"]!.GetValue<string>();
        (await _gateway.Get(grantee.EndsWith("riverside", StringComparison.Ordinal) ? Clinic : Stranger, "Patient/" + patient)).Is(200);
        (await _gateway.Get(grantee.EndsWith("riverside", StringComparison.Ordinal) ? Stranger : Clinic, "Patient/" + patient)).Is(404);
    }

    [Fact]
    public async Task Of_many_updates_with_one_If_Match_exactly_one_is_made()
    {
        var record = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open))).Is(201).Id;
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            _gateway.Put(Hospital, "Observation/" + record, Records.Observation(record, SmallHospital.Open, value: i), ("If-Match", "W/\"1\""))));
        Assert.Single(answers, a => a.Status == 200);
        Assert.Equal(11, answers.Count(a => a.Status == 412));
        (await _gateway.Get(Hospital, $"Observation/{record}/_history/3")).Is(404);
    }

    [Fact]
    public async Task Of_many_creations_under_one_id_one_is_a_creation()
    {
        var id = "race-" + Guid.NewGuid().ToString("N");
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            _gateway.Put(Hospital, "Observation/" + id, Records.Observation(id, i % 2 == 0 ? SmallHospital.Open : SmallHospital.Closed))));
        Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers, a => Assert.True(a.Status is 200 or 201 or 404 or 422, $"{a.Status} {a.Text}"));
    }
}
