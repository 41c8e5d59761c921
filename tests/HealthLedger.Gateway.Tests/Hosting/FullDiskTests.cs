// docs/operations.md, "When it answers 503", a full disk: reads and writes answer 503, nothing acknowledged is lost, and when room returns the gateway goes on. Where a tmpfs cannot be mounted, the test says so.
using HealthLedger.Gateway.Tests.Fhir;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class FullDiskTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_full_disk_answers_503_and_loses_nothing()
    {
        using var directory = new TestDirectory();
        using var disk = SmallDisk.Mount("tmpfs", directory.Data, 160);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a tmpfs is not permitted here.");
            return;
        }

        await using var gateway = await TestGateway.Start(directory);
        await gateway.Token(Stranger);
        (await gateway.Put(Hospital, "Patient/full", Records.Patient("full", "Full"))).Is(201);
        var before = (await gateway.Get(Hospital, "Patient/full")).Is(200);

        disk.Fill();

        // How much room there is may be looked up now and then only: soon, and from then on always, the ledger takes nothing.
        Answer refused;
        var acknowledged = new Dictionary<string, byte[]>();
        var tries = 0;
        do
        {
            refused = await gateway.Post(Hospital, "Observation", Records.Observation(null, "full"));
            if (refused.Status == 201)
            {
                acknowledged[refused.Id] = refused.Body;
            }

            Assert.True(++tries < 5_000, "The disk never became full.");
        }
        while (refused.Status == 201);

        refused.IsFault(503, "transient");
        Assert.Equal(503, (await gateway.RequestToken(Hospital, TestClients.Scopes(Hospital))).Status);
        Assert.Null(refused.Receipt);
        (await gateway.Get(Hospital, "Patient/full")).IsFault(503, "transient");
        (await gateway.Get(Hospital, "Patient?family=Full")).IsFault(503, "transient");
        (await gateway.Get(Stranger, "Patient/full")).IsFault(503, "transient");
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "full", Records.Permit()))).IsFault(503, "transient");
        (await gateway.Delete(Hospital, "Patient/full")).IsFault(503, "transient");
        (await gateway.Post(Hospital, "Patient", Records.Patient(null, "Full"), ("If-None-Exist", "_id=full"))).IsFault(503, "transient");
        (await gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("POST", "Consent", Records.Consent(null, "full", Records.Permit("harbour"))),
            Records.Entry("POST", "Observation", Records.Observation(null, "full"))))).IsFault(503, "transient");

        disk.Clear();
        for (tries = 0; tries < 5_000 && (await gateway.Get(Hospital, "Patient/full")).Status == 503; tries++)
        {
        }

        Assert.Equal(before.Body, (await gateway.Get(Hospital, "Patient/full")).Is(200).Body);
        (await gateway.Get(Stranger, "Patient/full")).IsFault(404, "not-found");
        foreach (var (id, body) in acknowledged)
        {
            Assert.Equal(body, (await gateway.Get(Hospital, "Observation/" + id)).Is(200).Body);
        }

        (await gateway.Post(Hospital, "Observation", Records.Observation(null, "full"))).Is(201);
        (await gateway.RequestToken(Hospital, TestClients.Scopes(Hospital))).Is(200);
    }
}
