// docs/operations.md, "Witnesses": a real gateway and two real witness processes, one of which replays. The quorum makes a withdrawal final; a fork and yesterday's
// directory are noticed, and both signed notes are shown.
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Risk;
using HealthLedger.Gateway.Tests.Portal;
using HealthLedger.Gateway.Tests.Risk;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Witnesses;

public sealed class WitnessedLedgerTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();
    private readonly int _port = FreePort();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    private string PolicyFile => Path.Combine(_directory.Root, "policy.txt");

    private string[] Witnessed => [$"--urls=http://127.0.0.1:{_port}", $"--HealthLedger:Witnesses:PolicyFile={PolicyFile}", "--HealthLedger:Witnesses:IntervalMilliseconds=50"];

    [Fact]
    public async Task A_quorum_makes_a_withdrawal_final_and_an_older_or_forked_directory_is_refused()
    {
        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
            (await gateway.Put(Hospital, "Patient/witnessed", Records.Patient("witnessed", "Witnessed"))).Is(201);
        }

        await using var plain = await ChildWitness.Start(_directory, "plain", vkey);
        await using var auditor = await ChildWitness.Start(
            _directory, "auditor", vkey, "http://127.0.0.1:0", "--replay", $"http://127.0.0.1:{_port}", "--client", AuditorsFile());
        await File.WriteAllTextAsync(
            PolicyFile, $"log {vkey}\nwitness plain {plain.Vkey} {plain.Url}\nwitness auditor {auditor.Vkey} {auditor.Url}\ngroup both all plain auditor\nquorum both\n");
        var policy = LogPolicy.Parse(await File.ReadAllTextAsync(PolicyFile)).Value;

        string yesterday;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Witnessed))
        {
            var consent = (await gateway.Post(Hospital, "Consent", Records.Consent(null, "witnessed", Records.Permit()))).Is(201);
            var granted = await Final(gateway, consent.Receipt!, policy, auditor);
            var handle = granted.Entry!.Value.Handle;
            Assert.Null(TokenProof(gateway, handle, policy));

            var withdrawal = (await gateway.Put(Hospital, "Consent/" + consent.Id, Records.Consent(consent.Id, "witnessed", Records.Permit(), "inactive"))).Is(200);
            Assert.Equal(404, (await gateway.Get(Clinic, "Patient/witnessed")).Status);
            var withdrawn = await Final(gateway, withdrawal.Receipt!, policy);
            Assert.Equal(2, withdrawn.Checkpoint!.Cosignatures.Count);
            Assert.InRange(withdrawn.Checkpoint.QuorumTime!.Value, DateTimeOffset.UtcNow - s_patience, DateTimeOffset.UtcNow);

            var final = await gateway.Http.GetByteArrayAsync("/ledger/final/checkpoint");
            Assert.True(CheckpointVerification.Verify(final, policy).IsValid);
            Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("/ledger/final/tile/0/000.p/1")).StatusCode);
        }

        yesterday = Copy("yesterday");
        await using (var gateway = await TestGateway.Start(_directory, _clients, Witnessed))
        {
            // What was final is final after a restart, before anybody was asked again.
            Assert.NotNull(gateway.Host.Storage.Ledger.Cosignatures!.Final);
            await Final(gateway, (await gateway.Get(Hospital, "Patient/witnessed")).Is(200).Receipt!, policy);
        }

        // Yesterday's directory, put back whole, looks right to itself.
        var today = Copy("today");
        PutBack(yesterday);
        var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. Witnessed]);
        Refused(code, errors, vkey);

        // Nor does it help to let it grow past what they saw, without asking them: then it has another history.
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            for (var i = 0; i < 4; i++)
            {
                (await gateway.Get(Hospital, "Patient/witnessed")).Is(200);
            }
        }

        (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. Witnessed]);
        Refused(code, errors, vkey);
        Assert.Contains("another history", errors, StringComparison.Ordinal);

        // The newest copy starts.
        PutBack(today);
        await using (await TestGateway.Start(_directory, _clients, [.. Witnessed, "--HealthLedger:Witnesses:Require=true"]))
        {
        }
    }

    [Fact]
    public async Task A_fork_that_shows_only_while_the_gateway_runs_stops_the_ledger()
    {
        var witnessPort = FreePort();
        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
            (await gateway.Put(Hospital, "Patient/forked", Records.Patient("forked", "Forked"))).Is(201);
        }

        var before = Copy("before");
        await using (var witness = await ChildWitness.Start(_directory, "plain", vkey, $"http://127.0.0.1:{witnessPort}"))
        {
            await File.WriteAllTextAsync(PolicyFile, $"log {vkey}\nwitness plain {witness.Vkey} {witness.Url}\nquorum plain\n");
            await using var gateway = await TestGateway.Start(_directory, _clients, Witnessed);
            await Final(gateway, (await gateway.Get(Hospital, "Patient/forked")).Is(200).Receipt!, LogPolicy.Parse(await File.ReadAllTextAsync(PolicyFile)).Value);
        }

        // The witness is away while the older copy starts: it starts with a warning, or with Require not at all.
        PutBack(before);
        var required = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. Witnessed, "--HealthLedger:Witnesses:Require=true"]);
        Assert.Equal(ExitCode.LedgerRefuses, required.ExitCode);
        Assert.Contains("Too few witnesses", required.Errors, StringComparison.Ordinal);
        await using var child = await ChildGateway.Start(_directory, Witnessed);
        await using var attached = TestGateway.Attach(child.Url, _clients);
        await attached.Token(Hospital);
        for (var i = 0; i < 3; i++)
        {
            (await attached.Get(Hospital, "Patient/forked")).Is(200);
        }

        await using var back = await ChildWitness.Start(_directory, "plain", vkey, $"http://127.0.0.1:{witnessPort}");
        await Until(async () => (await attached.Get(Hospital, "Patient/forked")).Status == 503, () => "the ledger stops");
        var errors = await child.Kill();
        Assert.Contains("takes no entries any more", errors, StringComparison.Ordinal);
        Assert.Equal(2, Notes(errors, vkey).Select(note => note.Checkpoint.Root).Distinct().Count());
    }

    /// <summary>The witness is asked once a minute, so that what changes meanwhile waits; the next start asks at once.</summary>
    [Fact]
    public async Task Until_the_quorum_covers_it_a_withdrawal_acts_and_is_said_not_to_be_final_and_no_run_takes_the_consents()
    {
        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
            (await gateway.Put(Hospital, "Patient/waits", Records.Patient("waits", "Waits"))).Is(201);
            Assert.IsType<RunOutcome.Completed>(await Run(gateway));
        }

        await using var plain = await ChildWitness.Start(_directory, "plain", vkey);
        await File.WriteAllTextAsync(PolicyFile, $"log {vkey}\nwitness plain {plain.Vkey} {plain.Url}\nquorum plain\n");
        string consent;
        await using (var gateway = await TestGateway.Start(_directory, _clients, [.. Witnessed, "--HealthLedger:Witnesses:Require=true", "--HealthLedger:Witnesses:IntervalMilliseconds=60000"]))
        {
            var ledger = gateway.Host.Storage.Ledger;
            await Until(() => Task.FromResult(ledger.Cosignatures!.Final is not null), () => "the first round");
            (await gateway.Post(Hospital, "Consent", Records.Consent(null, "waits", Records.Permit("registry", "HRESCH")))).Is(201);
            consent = (await gateway.Post(Hospital, "Consent", Records.Consent(null, "waits", Records.Permit()))).Is(201).Id;
            (await gateway.Get(Clinic, "Patient/waits")).Is(200);
            (await gateway.Put(Hospital, "Consent/" + consent, Records.Consent(consent, "waits", Records.Permit(), "inactive"))).Is(200);
            (await gateway.Get(Clinic, "Patient/waits")).Is(404);
            using var patient = await Person.SignedIn(gateway, CallerRole.Patient, "waits");
            var page = (await patient.Load("/portal?withdrawn=" + consent)).Is(200);
            PageRules.Hold(page);
            Assert.Contains("It is not final yet", page.Html, StringComparison.Ordinal);
            Assert.Contains("acts already, not final yet", page.Html, StringComparison.Ordinal);

            var chain = gateway.Host.Storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("waits"))!;
            var events = ledger.CountOf(chain);
            Assert.IsType<RunOutcome.NotFinal>(await Run(gateway));
            Assert.Equal(events, ledger.CountOf(chain));
            var tenant = gateway.Host.Storage.Vault.TenantChain;
            var last = Proofs.Facts.Fact.Parse(ledger.OpenFact(ledger.EventsOf(tenant, 0, 1, newestFirst: true)[0].Index, tenant)).Value;
            Assert.Equal(("release", "deny", "consents-not-final"), (last[Proofs.Facts.FactField.Event], last[Proofs.Facts.FactField.Decision], last[Proofs.Facts.FactField.Reason]));
        }

        await using (var gateway = await TestGateway.Start(_directory, _clients, [.. Witnessed, "--HealthLedger:Witnesses:Require=true"]))
        {
            var ledger = gateway.Host.Storage.Ledger;
            await Until(() => Task.FromResult(ledger.Cosignatures!.Final?.MapRoot == ledger.Published.MapRoot), () => "the consents are final");
            var run = Assert.IsType<RunOutcome.Completed>(await Run(gateway));
            Assert.Equal(["waits"], run.Report.Admitted.Select(a => a.Patient));
            using var patient = await Person.SignedIn(gateway, CallerRole.Patient, "waits");
            var page = (await patient.Load("/portal?withdrawn=" + consent)).Is(200);
            Assert.Contains("It is final: enough of the witnesses", page.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whoever_says_yes_at_the_address_of_a_witness_without_its_cosignature_does_not_stand_for_it()
    {
        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var stranger = builder.Build();
        stranger.MapPost("/add-checkpoint", () => Results.Text(""));
        await stranger.StartAsync();
        await File.WriteAllTextAsync(PolicyFile, $"log {vkey}\nwitness w {Vkey("w.example", NoteKeyType.Cosignature)} {stranger.Urls.Single()}\nquorum w\n");
        var refused = await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => TestGateway.Start(_directory, _clients, [.. Witnessed, "--HealthLedger:Witnesses:Require=true"]));
        Assert.Contains("Too few witnesses", refused.Message, StringComparison.Ordinal);
    }

    private static Task<RunOutcome> Run(TestGateway gateway) =>
        gateway.Host.Services.GetRequiredService<RiskRun>().Run(new RunRequest(Registry.Caller, PurposeOfUse.Research, Registry.Price), static () => { }, CancellationToken.None);

    [Theory]
    [InlineData("group any any w0 w1", "any", 0, "2k > n + f")]
    [InlineData("group both all w0 w1", "both", 1, null)]
    [InlineData("group both all w0 w1", "both", 2, "2k > n + f")]
    [InlineData("", "none", 0, "no quorum")]
    [InlineData("", "w9", 0, "Line 4")]
    public void A_policy_that_lets_two_histories_find_a_quorum_each_ends_with_2(string group, string quorum, int liars, string? told)
    {
        File.WriteAllText(PolicyFile, $"log {Vkey("log.example", NoteKeyType.Ed25519)}\n{Witness(0)}\n{Witness(1)}\n{(group.Length == 0 ? "" : group + "\n")}quorum {quorum}\n");
        var options = new WitnessOptions { PolicyFile = PolicyFile, Liars = liars };
        if (told is null)
        {
            Assert.NotNull(options.ReadPolicy());
        }
        else
        {
            Assert.Contains(told, Assert.Throws<ConfigurationException>(options.ReadPolicy).Message, StringComparison.Ordinal);
        }

        string Witness(int i) => $"witness w{i} {Vkey($"w{i}.example", NoteKeyType.Cosignature)} http://127.0.0.1:1/";
    }

    private static string Vkey(string name, NoteKeyType type)
    {
        using var signer = new NoteSigner(name, type, Ed25519PrivateKey.Generate());
        return signer.Verifier.ToString();
    }

    /// <summary>Asks for a receipt until it says that it is final; then it verifies under the quorum's policy, offline.</summary>
    private static async Task<ReceiptVerdict> Final(TestGateway gateway, string url, LogPolicy policy, ChildWitness? auditor = null)
    {
        ReceiptVerdict? verdict = null;
        await Until(
            async () =>
            {
                Assert.True(Receipt.Parse((await gateway.Get(Hospital, new Uri(url).PathAndQuery)).Is(200).Body).TryGet(out var receipt, out _));
                verdict = receipt.Verify(policy);
                Assert.NotNull(receipt.Final);
                Assert.True(receipt.Final == verdict.Holds, verdict.Fault?.ToString());
                return receipt.Final.Value;
            },
            () => "final; " + string.Join('\n', auditor?.Lines ?? []));
        return verdict!;
    }

    /// <summary>Why the proof beside a consent token does not hold under the policy; null where it does.</summary>
    private static string? TokenProof(TestGateway gateway, in Hash handle, LogPolicy policy)
    {
        var proof = ConsentTokenProof.Parse(gateway.Host.Services.GetRequiredService<ConsentTokens>().Prove(handle).Span).Value;
        return TlogProof.Parse(System.Text.Encoding.UTF8.GetBytes(proof.Proof)).Value.Verify(MerkleHash.Leaf(proof.State), policy).Fault?.Code;
    }

    private static async Task Until(Func<Task<bool>> met, Func<string> what)
    {
        var deadline = DateTime.UtcNow + s_patience;
        while (!await met())
        {
            Assert.True(DateTime.UtcNow < deadline, "never: " + what());
            await Task.Delay(50);
        }
    }

    private static void Refused(int code, string errors, string vkey)
    {
        Assert.True(code == ExitCode.LedgerRefuses, $"{code}: {errors}");
        Assert.Contains("refuses to start: The witness ", errors, StringComparison.Ordinal);
        Assert.Equal(2, Notes(errors, vkey).Count());
    }

    /// <summary>The notes in a text that this log signed.</summary>
    private static IEnumerable<(Checkpoint Checkpoint, SignedNote Note)> Notes(string text, string vkey)
    {
        var log = NoteVerifier.Parse(vkey).Value;
        var parts = text.Split("\n\n");
        for (var i = 0; i + 1 < parts.Length; i++)
        {
            var body = parts[i][(parts[i].IndexOf(log.Name + "\n", StringComparison.Ordinal) is var at and >= 0 ? at : 0)..];
            var lines = string.Concat(parts[i + 1].Split('\n').TakeWhile(line => line.StartsWith('\u2014')).Select(line => line + "\n"));
            if (SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes($"{body}\n\n{lines}")).TryGet(out var note, out _) && note.Verify([log]).IsValid)
            {
                yield return (Checkpoint.Parse(note.Text).Value, note);
            }
        }
    }

    private string AuditorsFile()
    {
        var path = Path.Combine(_directory.Root, "auditor.json");
        File.WriteAllText(path, new JsonObject
        {
            ["fhir"] = $"http://127.0.0.1:{_port}/fhir",
            ["clients"] = new JsonArray(new JsonObject
            {
                ["clientId"] = Auditor,
                ["kind"] = "backend",
                ["jwk"] = _clients.Key(Auditor).PrivateJwk(),
                ["scopes"] = new JsonArray([.. Scopes(Auditor).Split(' ').Select(scope => JsonValue.Create(scope))]),
            }),
        }.ToJsonString());
        return path;
    }

    private string Copy(string name)
    {
        var target = Path.Combine(_directory.Root, name);
        CopyFolder(_directory.Data, Path.Combine(target, "data"));
        CopyFolder(_directory.Keys, Path.Combine(target, "keys"));
        return target;
    }

    private void PutBack(string copy)
    {
        Directory.Delete(_directory.Data, recursive: true);
        Directory.Delete(_directory.Keys, recursive: true);
        CopyFolder(Path.Combine(copy, "data"), _directory.Data);
        CopyFolder(Path.Combine(copy, "keys"), _directory.Keys);
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(to, File.GetUnixFileMode(from));
        }

        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
