// A disk that somebody else filled to the last byte: consents are taken back all the same, out of room taken ahead, on ext4 as on tmpfs; everything else answers 503, whoever asks and
// whatever is stored; room that is back is used without a restart. Where nothing can be mounted, the tests say so.
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Access;
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

    /// <summary>docs/threats.md, "Filling the disk", on two full disks: what is let through and what waits tells nothing of what is stored.</summary>
    [Fact]
    public async Task On_a_full_disk_every_kind_of_request_is_answered_as_if_hidden_data_were_not_there()
    {
        using TestDirectory lessDirectory = new(), moreDirectory = new();
        using SmallDisk? lessDisk = SmallDisk.Mount("tmpfs", lessDirectory.Data, 256), moreDisk = SmallDisk.Mount("tmpfs", moreDirectory.Data, 256);
        if (lessDisk is null || moreDisk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        var clock = new TestClock();
        await using var less = await TestGateway.Start(lessDirectory, clock, Reserved);
        await using var more = await TestGateway.Start(moreDirectory, clock, Reserved);
        await TwoWorlds.Populate(less, more);
        lessDisk.Fill();
        moreDisk.Fill();

        int refused = 0, recorded = 0;
        foreach (var shape in RequestShapes.All())
        {
            var (of, with) = (await shape.Send(less), await shape.Send(more));
            Assert.Equal(TwoWorlds.Normal(less, of), TwoWorlds.Normal(more, with));
            refused += of.Status == 503 ? 1 : 0;
            recorded += of.Growth > 0 ? 1 : 0;
        }

        Assert.True(refused > 300 && recorded > 5, $"{refused} refused, {recorded} recorded");
        foreach (var client in new[] { Clinic, Stranger })
        {
            foreach (var id in new[] { "hidden-consent", "hidden-withdrawn-consent", "absent", "open-consent" })
            {
                foreach (var status in new[] { "inactive", "entered-in-error", "active" })
                {
                    var written = Records.Consent(id, "hidden-patient", Records.Permit(), status);
                    Assert.Equal(TwoWorlds.Normal(less, await less.Put(client, "Consent/" + id, written)), TwoWorlds.Normal(more, await more.Put(client, "Consent/" + id, written)));
                }

                var deleted = await less.Delete(client, "Consent/" + id);
                Assert.Equal(2ul, deleted.Is(204).Growth);
                Assert.Equal(TwoWorlds.Normal(less, deleted), TwoWorlds.Normal(more, await more.Delete(client, "Consent/" + id)));
            }
        }
    }

    [Fact]
    public async Task What_was_taken_back_on_a_full_disk_outlives_a_kill()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        using var disk = SmallDisk.Mount("ext4", directory.Data, 256);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        var consents = new List<string>();
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            (await gateway.Put(Hospital, "Patient/full", Records.Patient("full", "Full"))).Is(201);
            for (var i = 0; i < 20; i++)
            {
                consents.Add((await gateway.Post(Hospital, "Consent", Records.Consent(null, "full", Records.Permit()))).Is(201).Id);
            }
        }

        var receipts = new List<string>();
        await using (var child = await ChildGateway.Start(directory, Reserved))
        {
            await using var gateway = TestGateway.Attach(child.Url, clients);
            (await gateway.Get(Clinic, "Patient/full")).Is(200);
            await gateway.Token(Hospital);
            disk.Fill();
            (await gateway.Get(Clinic, "Patient/full")).IsFault(503, "transient");
            foreach (var consent in consents.Take(19))
            {
                receipts.Add(new Uri((await gateway.Delete(Hospital, "Consent/" + consent)).Is(204).Receipt!).PathAndQuery);
            }

            // In the middle of the last one, which may be there afterwards or not.
            var last = gateway.Delete(Hospital, "Consent/" + consents[^1]);
            await child.Kill();
            await Assert.ThrowsAnyAsync<Exception>(async () => (await last).Is(503));
        }

        disk.Clear();
        await using var again = await ChildGateway.Start(directory, Reserved);
        await using var survivor = TestGateway.Attach(again.Url, clients);
        foreach (var consent in consents.Take(19))
        {
            (await survivor.Get(Hospital, "Consent/" + consent)).Is(410);
        }

        foreach (var receipt in receipts)
        {
            Assert.True(Proofs.Receipts.Receipt.Parse((await survivor.Get(Hospital, receipt)).Is(200).Body).IsValid);
        }
    }

    [Fact]
    public async Task A_first_start_without_room_says_so_in_one_sentence()
    {
        using var directory = new TestDirectory();
        using var disk = SmallDisk.Mount("ext4", directory.Data, 16);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        disk.Fill();
        var (code, _, errors) = await ChildGateway.Run(ChildGateway.Arguments(directory));
        Assert.Equal(HealthLedger.Gateway.Hosting.ExitCode.LedgerRefuses, code);
        Assert.Contains("make room", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
