// A disk that somebody else filled to the last byte: consents are taken back all the same, out of room taken ahead, on ext4 as on tmpfs; everything else answers 503, whoever asks and
// whatever is stored; room that is back is used without a restart. Where nothing can be mounted, the tests say so.
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Portal;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class ReserveTests(ITestOutputHelper output)
{
    private const string Reserved = "--HealthLedger:ReserveMegabytes=16";

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public async Task On_a_full_disk_consents_are_taken_back_and_everything_else_answers_503_alike(string kind)
    {
        using var directory = new TestDirectory();
        using var disk = SmallDisk.Mount(kind, directory.Data, 256);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        await using var gateway = await TestGateway.Start(directory, settings: Reserved);
        (await gateway.Put(Hospital, "Patient/full", Records.Patient("full", "Full"))).Is(201);
        (await gateway.Put(Hospital, "Patient/other", Records.Patient("other", "Other"))).Is(201);
        var consents = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            consents.Add((await gateway.Post(Hospital, "Consent", Records.Consent(null, "full", Records.Permit()))).Is(201).Id);
        }

        (await gateway.Get(Clinic, "Patient/full")).Is(200);
        await gateway.Token(Stranger);
        using var patient = await Person.SignedIn(gateway, CallerRole.Patient, "full");
        Assert.Equal("ready", (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/ready"))).Is(200).Text);

        disk.Fill();
        Assert.Equal(0, disk.Free);

        // What reads, permits or writes waits for room, whoever asks and whether or not there is such a record.
        foreach (var client in new[] { Hospital, Clinic, Stranger })
        {
            var answers = new[]
            {
                await gateway.Get(client, "Patient/full"), await gateway.Get(client, "Patient/none"), await gateway.Get(client, "Patient?family=Full"), await gateway.Get(client, "Consent/" + consents[0]),
            };
            Assert.All(answers, answer => answer.IsFault(503, "transient"));
            Assert.Single(answers.Select(answer => answer.Text).Distinct());
            Assert.All(answers, answer => Assert.Equal(0ul, answer.Growth));
        }

        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "full", Records.Permit()))).IsFault(503, "transient");
        (await gateway.Put(Hospital, "Consent/" + consents[0], Records.Consent(consents[0], "full", Records.Permit("harbour")))).IsFault(503, "transient");
        (await gateway.Delete(Hospital, "Patient/other")).IsFault(503, "transient");
        (await gateway.Delete(Hospital, "Consent?patient=Patient/full")).IsFault(503, "transient");
        var ready = (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/ready"))).Is(200).Text;
        Assert.Contains("nearly full", ready, StringComparison.Ordinal);

        // Withdrawals: deleted, written back as inactive, in a transaction; by the patient on the portal.
        var inactive = Records.Consent(consents[1], "full", Records.Permit(), "inactive");
        Assert.Equal(2ul, (await gateway.Delete(Hospital, "Consent/" + consents[0])).Is(204).Growth);
        (await gateway.Put(Hospital, "Consent/" + consents[1], inactive)).Is(200);
        (await gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("DELETE", "Consent/" + consents[2])))).Is(200);
        var form = $"/portal/consents/{consents[3]}/withdraw";
        (await patient.Load("/portal")).Is(200);
        var done = (await patient.Submit((await patient.Load(form)).Is(200).Form(form))).Is(303);
        Assert.Contains("holds from the next request on", (await patient.Load(done.Location!)).Is(200).Text(".done"), StringComparison.Ordinal);

        // Tokens are issued, or a client whose token ends could take nothing back.
        for (var i = 0; i < 300; i++)
        {
            (await gateway.RequestToken(Hospital, TestClients.Scopes(Hospital))).Is(200);
        }

        // Attempts on what is hidden and on what is not there cost and answer the same.
        var hidden = (await gateway.Delete(Stranger, "Consent/" + consents[3])).Is(204);
        var absent = (await gateway.Delete(Stranger, "Consent/none")).Is(204);
        Assert.Equal((2ul, 2ul), (hidden.Growth, absent.Growth));
        Assert.NotNull(hidden.Receipt);
        Assert.NotNull(absent.Receipt);

        Assert.Equal(0, disk.Free);
        disk.Clear();
        (await gateway.Get(Clinic, "Patient/full")).IsFault(404, "not-found");
        (await gateway.Get(Hospital, "Consent/" + consents[0])).Is(410);
        Assert.Equal("inactive", (await gateway.Get(Hospital, "Consent/" + consents[1])).Is(200).Json["status"]!.GetValue<string>());
        Assert.Equal("ready", (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/ready"))).Is(200).Text);
    }
}
