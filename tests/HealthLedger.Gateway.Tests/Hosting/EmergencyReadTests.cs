// docs/operations.md, "The emergency journal": while the ledger can take no entry, reads for an emergency purpose go on where the operator's policy says so, each answered with a signed promise that
// the ledger keeps before it does anything else; everything else answers 503. Off, it is 503 for all.
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Portal;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Proofs.Receipts;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class EmergencyReadTests(ITestOutputHelper output) : IDisposable
{
    private const string Permit = "--HealthLedger:EmergencyJournal:Reads=permit";
    private const string Slots = "--HealthLedger:EmergencyJournal:Slots=32";
    private const string Stands = "The ledger's storage failed.";
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Without_the_policy_an_emergency_waits_like_everything_else()
    {
        await using var gateway = await TestGateway.Start(_directory, _clients);
        (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Anna"))).Is(201);
        gateway.Host.Storage.Ledger.Halt(Stands);
        (await Emergency(gateway, "Patient/p")).IsFault(503, "transient");
        (await Ready(gateway)).Is(503);
        Assert.False(Directory.Exists(System.IO.Path.Combine(_directory.Data, "emergency-journal")));
    }

    [Fact]
    public async Task While_the_ledger_stands_an_emergency_is_answered_with_a_promise_that_the_next_start_keeps()
    {
        LogPolicy policy;
        string permitted, refused, absent, searched;
        PromisedReceipt promise;
        byte[] body;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots))
        {
            policy = PolicyOf(gateway);
            await Fill(gateway);
            body = (await Emergency(gateway, "Patient/p")).Is(200).Body;
            gateway.Host.Storage.Ledger.Halt(Stands);
            Assert.Equal("ready in part: emergency reads only: " + Stands, (await Ready(gateway)).Is(503).Text);

            // Whoever asks otherwise, or for more, waits.
            (await gateway.Get(Clinic, "Patient/p")).IsFault(503, "transient");
            (await gateway.Get(Hospital, "Patient/p")).IsFault(503, "transient");
            (await gateway.Post(Hospital, "Observation", Records.Observation(null, "p"))).IsFault(503, "transient");
            (await Emergency(gateway, "Patient/p/$everything")).IsFault(503, "transient");
            (await Emergency(gateway, "Patient/p/_history")).IsFault(503, "transient");
            (await gateway.Get(Clinic, "Patient/p", ("X-Purpose-Of-Use", "BTG"))).IsFault(400, "required");

            var size = gateway.LedgerSize;
            var read = (await Emergency(gateway, "Patient/p")).Is(200);
            Assert.Equal(body, read.Body);
            permitted = Path(read);
            refused = Path((await Emergency(gateway, "Patient/denied")).IsFault(404, "not-found"));
            absent = Path((await Emergency(gateway, "Patient/none")).IsFault(404, "not-found"));
            searched = Path((await Emergency(gateway, "Observation?patient=p")).Is(200));
            Assert.Equal((size, 4), (gateway.LedgerSize, gateway.Host.Storage.Ledger.PromisesWaiting));

            promise = await Promised(gateway, permitted, policy);
            var fact = Fact.Parse(promise.Fact!).Value;
            Assert.Equal(("access", "permit", "BTG", "unconscious after a fall"), (fact[FactField.Event], fact[FactField.Decision], fact[FactField.Purpose], fact[FactField.Evidence]));
            Assert.Equal(1ul, LateMark.Of(fact[FactField.Obligations])!.Value.Number);

            // What a refusal says is for others than who was refused; so of a hidden and of an absent record the promises say the same.
            var (hidden, nothing) = (await Promised(gateway, refused, policy), await Promised(gateway, absent, policy));
            Assert.Null(hidden.Fact);
            Assert.Null(nothing.Fact);
            Assert.Equal(hidden.ToJson().Length, nothing.ToJson().Length);
            (await gateway.Get(Hospital, permitted)).Is(404);
        }

        await using var again = await TestGateway.Start(_directory, _clients, Permit, Slots);
        Assert.Equal("ready", (await Ready(again)).Is(200).Text);
        Assert.Equal(0, again.Host.Storage.Ledger.PromisesWaiting);
        foreach (var path in new[] { permitted, refused, absent, searched })
        {
            Assert.True((await Kept(again, path)).Verify(policy).Holds);
        }

        var kept = await Kept(again, permitted);
        Assert.True(promise.Verify(policy, kept).IsKept);
        Assert.False(promise.Verify(policy, await Kept(again, searched)).Holds);
        Assert.Equal(promise.Fact, kept.Fact);
        again.AssertReplays();

        // Once and for all: another start records nothing again.
        var recorded = again.LedgerSize;
        await again.DisposeAsync();
        await using var third = await TestGateway.Start(_directory, _clients);
        Assert.Equal(recorded, third.LedgerSize);
    }

    [Fact]
    public async Task The_patient_and_the_auditor_see_what_was_recorded_late_at_the_time_when_it_happened()
    {
        var clock = new TestClock();
        await using (var gateway = await TestGateway.Start(_directory, clock, Permit, Slots))
        {
            await Fill(gateway);
            clock.Advance(TimeSpan.FromHours(1));
            gateway.Host.Storage.Ledger.Halt(Stands);
            (await Emergency(gateway, "Patient/p")).Is(200);
        }

        var happened = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromHours(5));
        await using var again = await TestGateway.Start(_directory, clock, Permit, Slots);
        using var patient = await Person.SignedIn(again, CallerRole.Patient, "p");
        Assert.Contains("recorded late", (await patient.Load("/portal/events")).Is(200).Text("table"), StringComparison.Ordinal);

        static string At(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var found = (await again.Get(Auditor, $"AuditEvent?date=ge{At(happened.AddMinutes(-1))}&date=le{At(happened.AddMinutes(1))}")).Is(200);
        Assert.Contains("record-late:1:", Assert.Single(found.Entries, e => e.ToJsonString().Contains("BTG", StringComparison.Ordinal)).ToJsonString(), StringComparison.Ordinal);
        again.AssertReplays();
    }

    [Fact]
    public async Task On_a_full_disk_emergencies_go_on_and_are_recorded_as_soon_as_there_is_room()
    {
        using var disk = SmallDisk.Mount("tmpfs", _directory.Data, 256);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        await using var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots);
        var policy = PolicyOf(gateway);
        await Fill(gateway);
        await gateway.Token(Clinic);
        disk.Fill();
        (await gateway.Get(Hospital, "Patient/p")).IsFault(503, "transient");
        var paths = new List<string>();
        while ((await Emergency(gateway, "Patient/p")) is { Status: 200 } answer)
        {
            paths.Add(Path(answer));
        }

        // The slots are used up, then it is as without them.
        Assert.Equal(32, paths.Count);
        (await Emergency(gateway, "Patient/p")).IsFault(503, "transient");
        Assert.StartsWith("not ready", (await Ready(gateway)).Is(503).Text, StringComparison.Ordinal);
        disk.Clear();
        for (var tries = 0; (await Ready(gateway)).Status == 503; tries++)
        {
            Assert.True(tries < 300, (await Ready(gateway)).Text);
            await Task.Delay(100);
        }

        (await gateway.Get(Hospital, "Patient/p")).Is(200);
        var entries = new HashSet<ulong>();
        foreach (var path in paths)
        {
            var kept = await Kept(gateway, path);
            Assert.True(kept.Verify(policy).Holds);
            Assert.True(entries.Add(kept.Index));
        }

        gateway.AssertReplays();
    }

    [Fact]
    public async Task A_gateway_that_is_killed_among_emergency_reads_keeps_every_promise_that_it_gave()
    {
        using var disk = SmallDisk.Mount("ext4", _directory.Data, 256);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        LogPolicy policy;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots))
        {
            policy = PolicyOf(gateway);
            await Fill(gateway);
        }

        var given = new List<PromisedReceipt>();
        var paths = new List<string>();
        string? answered = null;
        await using (var child = await ChildGateway.Start(_directory, Permit, Slots))
        {
            await using var gateway = TestGateway.Attach(child.Url, _clients);
            await gateway.Token(Clinic);
            disk.Fill();
            for (var i = 0; i < 10; i++)
            {
                paths.Add(Path((await Emergency(gateway, "Patient/p")).Is(200)));
                given.Add(await Promised(gateway, paths[^1], policy));
            }

            var last = Emergency(gateway, "Patient/p");
            await child.Kill();
            try
            {
                answered = Path((await last).Is(200));
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                // Nothing was given to anybody.
            }
        }

        disk.Clear();
        await using var again = await ChildGateway.Start(_directory, Permit, Slots);
        await using var survivor = TestGateway.Attach(again.Url, _clients);
        foreach (var (promise, path) in given.Zip(paths))
        {
            Assert.True(promise.Verify(policy, await Kept(survivor, path)).IsKept);
        }

        if (answered is not null)
        {
            Assert.True((await Kept(survivor, answered)).Verify(policy).Holds);
        }
    }

    [Fact]
    public async Task Storage_that_fails_ends_everything_but_emergencies_and_the_next_start_keeps_what_was_promised()
    {
        LogPolicy policy;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots))
        {
            policy = PolicyOf(gateway);
            await Fill(gateway);
        }

        PromisedReceipt promise;
        string path, said;
        var child = await ChildGateway.StartOnBrokenDisk(_directory, System.IO.Path.Combine(_directory.Data, "ledger", "lock"), "fdatasync:error=EIO:when=8+", Permit, Slots);
        if (child is null)
        {
            output.WriteLine("SKIPPED: strace is not installed here, or may not trace.");
            return;
        }

        await using (child)
        {
            await using var gateway = TestGateway.Attach(child.Url, _clients);
            await gateway.Token(Clinic);
            var reads = 0;
            while ((await gateway.Get(Hospital, "Patient/p")).Status == 200)
            {
                Assert.True(++reads < 100, "The disk never broke.");
            }

            (await gateway.Get(Hospital, "Patient/p")).IsFault(503, "transient");
            Assert.Equal("ready in part: emergency reads only: The ledger stopped.", (await Ready(gateway)).Is(503).Text);
            path = Path((await Emergency(gateway, "Patient/p")).Is(200));
            promise = await Promised(gateway, path, policy);
            said = await child.Kill();
        }

        Assert.Contains("Only reads in an emergency go on", said, StringComparison.Ordinal);
        await using var again = await TestGateway.Start(_directory, _clients, Permit, Slots);
        Assert.True(promise.Verify(policy, await Kept(again, path)).IsKept);
        again.AssertReplays();
    }

    [Fact]
    public async Task A_start_without_the_journal_that_holds_promises_is_refused_with_exit_code_6()
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots))
        {
            await Fill(gateway);
            gateway.Host.Storage.Ledger.Halt(Stands);
            (await Emergency(gateway, "Patient/p")).Is(200);
        }

        Directory.Delete(System.IO.Path.Combine(_directory.Data, "emergency-journal"), recursive: true);
        var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), Permit]);
        Assert.Equal(HealthLedger.Gateway.Hosting.ExitCode.LedgerRefuses, code);
        Assert.Contains("Put back the journal that belongs to these keys", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_numbers_began_anew_a_lost_promise_leads_nobody_to_what_another_client_read()
    {
        string read, lost;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Permit, Slots))
        {
            await Fill(gateway);
            gateway.Host.Storage.Ledger.Halt(Stands);
            read = Path((await Emergency(gateway, "Patient/p")).Is(200));

            // Of the hospital's own read of that patient, which was promised under this number before the journal and its anchor were deleted.
            var ids = gateway.Host.Services.GetRequiredService<ReceiptIds>();
            var (number, chain) = ids.Open(read[(read.LastIndexOf('/') + 1)..], Clinic)!.Value;
            lost = read[..(read.LastIndexOf('/') + 1)] + ids.Seal(number, chain, Hospital);
            (await gateway.Get(Clinic, read)).Is(200);
            (await gateway.Get(Hospital, lost)).Is(404);
        }

        await using var again = await TestGateway.Start(_directory, _clients, Permit, Slots);
        (await again.Get(Clinic, read)).Is(200);
        (await again.Get(Hospital, lost)).Is(404);
    }

    private static async Task Fill(TestGateway gateway)
    {
        (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Anna"))).Is(201);
        (await gateway.Put(Hospital, "Patient/denied", Records.Patient("denied", "Berta"))).Is(201);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "denied", Records.Provision("deny", purpose: "BTG")))).Is(201);
        (await gateway.Post(Hospital, "Observation", Records.Observation(null, "p"))).Is(201);
    }

    private static Task<Answer> Emergency(TestGateway gateway, string path) =>
        gateway.Get(Clinic, path, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious after a fall"));

    private static Task<Answer> Ready(TestGateway gateway) => gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/ready"));

    private static string Path(Answer answer) => new Uri(answer.Receipt!).PathAndQuery;

    private static async Task<PromisedReceipt> Promised(TestGateway gateway, string path, LogPolicy policy)
    {
        Assert.True(PromisedReceipt.Parse((await gateway.Get(Clinic, path)).Is(200).Body).TryGet(out var promise, out var fault), fault?.ToString());
        var verdict = promise.Verify(policy);
        Assert.True(verdict.Holds && !verdict.IsKept, verdict.Fault?.ToString());
        return promise;
    }

    private static async Task<Receipt> Kept(TestGateway gateway, string path)
    {
        var answer = (await gateway.Get(Clinic, path)).Is(200);
        Assert.True(Receipt.Parse(answer.Body).TryGet(out var receipt, out var fault), fault?.ToString());
        return receipt;
    }

    private static LogPolicy PolicyOf(TestGateway gateway)
    {
        Assert.True(NoteVerifier.Parse(gateway.Host.Storage.Ledger.VerifierKey).TryGet(out var key, out _));
        return LogPolicy.ForLog(key);
    }
}
