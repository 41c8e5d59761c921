// docs/operations.md, "Start and stop", a killed process: kill -9 under concurrent writes and reads; whatever was acknowledged is there afterwards, byte for byte, and every receipt verifies.
using System.Collections.Concurrent;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class KilledGatewayTests
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 25 : 3;

    [Fact]
    public async Task A_killed_gateway_loses_nothing_that_it_acknowledged()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        string verifierKey;
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            verifierKey = gateway.Host.Storage.Ledger.VerifierKey;
            (await gateway.Put(Hospital, "Patient/survivor", Records.Patient("survivor", "Survivor"))).Is(201);
        }

        Assert.True(NoteVerifier.Parse(verifierKey).TryGet(out var key, out _));
        var policy = LogPolicy.ForLog(key);
        var written = new ConcurrentDictionary<string, byte[]>();
        for (var round = 0; round < Rounds; round++)
        {
            var receipts = new ConcurrentBag<string>();
            await using (var child = await ChildGateway.Start(directory))
            {
                await using var gateway = TestGateway.Attach(child.Url, clients);
                await gateway.Token(Hospital);
                var enough = new TaskCompletionSource();
                var wanted = written.Count + 20 + (7 * round);
                var writers = Enumerable.Range(0, 4).Select(_ => UntilKilled(async () =>
                {
                    var answer = await gateway.Post(Hospital, "Observation", Records.Observation(null, "survivor", value: round));
                    if (answer.Status == 201)
                    {
                        written[answer.Id] = answer.Body;
                        receipts.Add(new Uri(answer.Receipt!).PathAndQuery);
                        if (written.Count >= wanted)
                        {
                            enough.TrySetResult();
                        }
                    }
                }));
                var readers = Enumerable.Range(0, 2).Select(_ => UntilKilled(async () =>
                {
                    var answer = await gateway.Get(Hospital, "Patient/survivor");
                    if (answer.Status == 200)
                    {
                        receipts.Add(new Uri(answer.Receipt!).PathAndQuery);
                    }
                }));
                var load = Task.WhenAll(writers.Concat(readers).ToArray());
                await Task.WhenAny(enough.Task, load).WaitAsync(TimeSpan.FromMinutes(2));
                await child.Kill();
                await load;
            }

            await using var again = await ChildGateway.Start(directory);
            await using var survivor = TestGateway.Attach(again.Url, clients);
            foreach (var (id, body) in written)
            {
                Assert.Equal(body, (await survivor.Get(Hospital, "Observation/" + id)).Is(200).Body);
            }

            Assert.InRange((await survivor.Get(Hospital, "Observation?patient=survivor&_summary=count")).Is(200).Total!.Value, written.Count, int.MaxValue);
            foreach (var path in receipts)
            {
                var fetched = (await survivor.Get(Hospital, path)).Is(200);
                Assert.True(Receipt.Parse(fetched.Body).TryGet(out var receipt, out _));
                var verdict = receipt.Verify(policy);
                Assert.True(verdict.Holds, $"{verdict.Fault?.Code} in round {round}");
            }
        }
    }

    /// <summary>A transaction of a patient, a consent and a record is there whole or not at all, what was acknowledged is there, and the consent holds.</summary>
    [Fact]
    public async Task A_killed_gateway_leaves_no_half_of_a_transaction_with_a_consent()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        await using (await TestGateway.Start(directory, clients))
        {
            // Registers the clients.
        }

        var acknowledged = new ConcurrentBag<string>();
        for (var round = 0; round < Rounds; round++)
        {
            await using (var child = await ChildGateway.Start(directory))
            {
                await using var gateway = TestGateway.Attach(child.Url, clients);
                await gateway.Token(Hospital);
                var enough = new TaskCompletionSource();
                var wanted = acknowledged.Count + 5 + (round % 5);
                var writers = Enumerable.Range(0, 4).Select(_ => UntilKilled(async () =>
                {
                    const string Patient = "urn:uuid:7a0b7c9e-0001-4000-8000-000000000001";
                    var answer = (await gateway.Post(Hospital, "", Records.Bundle(
                        "transaction",
                        Records.Entry("POST", "Patient", Records.Patient(null, "Whole"), Patient),
                        Records.Entry("POST", "Consent", Records.Consent(null, "x", Records.Permit()).With("patient", Records.Reference(Patient))),
                        Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference(Patient)))))).Is(200);
                    acknowledged.Add(answer.Entries[0]["response"]!["location"]!.GetValue<string>().Split('/')[^3]);
                    if (acknowledged.Count >= wanted)
                    {
                        enough.TrySetResult();
                    }
                }));
                var load = Task.WhenAll(writers.ToArray());
                await Task.WhenAny(enough.Task, load).WaitAsync(TimeSpan.FromMinutes(2));
                await child.Kill();
                await load;
            }

            await using var again = await ChildGateway.Start(directory);
            await using var survivor = TestGateway.Attach(again.Url, clients);
            var patients = (await survivor.Get(Hospital, "Patient?family=Whole&_count=500")).Is(200);
            Assert.True(patients.Total < 500, "More patients than one page holds.");
            Assert.Empty(acknowledged.Except(patients.Ids));

            // The clinic sees what the consents permit: every patient has a consent that stands in the ledger's map, and a record.
            Assert.Equal(patients.Ids, (await survivor.Get(Clinic, "Patient?family=Whole&_count=500")).Is(200).Ids);
            foreach (var type in new[] { "Consent", "Observation" })
            {
                var found = (await survivor.Get(Hospital, type + "?_count=500")).Is(200);
                Assert.Equal(patients.Ids.Order(), found.Entries.Select(e => e["resource"]![type == "Consent" ? "patient" : "subject"]!["reference"]!.GetValue<string>()["Patient/".Length..]).Order());
            }
        }
    }

    private static async Task UntilKilled(Func<Task> request)
    {
        try
        {
            while (true)
            {
                await request();
            }
        }
        catch (HttpRequestException)
        {
            // The process is gone: this request was not acknowledged.
        }
        catch (IOException)
        {
            // The same, in the middle of an answer.
        }
    }
}
