// docs/operations.md, "Rotating the log's key": the commands as they are typed, on a running gateway with a witness. What was signed before verifies for who pinned the old key or the offline
// key, and so does what is signed afterwards; the retired key is gone; the witness goes on with what it remembers.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Keys;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Successions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class LogKeyRotationTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();
    private string _offline = "";

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task The_key_of_a_running_gateway_is_rotated_and_old_and_new_receipts_verify()
    {
        string oldKey;
        Receipt oldReceipt;
        byte[] oldSeed;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("one");
            oldKey = gateway.Host.Storage.Ledger.VerifierKey;
            oldSeed = Seed(gateway);
            oldReceipt = await ReceiptOf(gateway);
            Assert.Equal(404, (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/ledger/successions"))).Status);
            Assert.Contains("offline-key-needed", await Run(1, gateway, "keys", "log-request", "--out", File("none")), StringComparison.Ordinal);
            await Made(gateway);
        }

        // A witness that was told of the old key alone cosigns as long as that one signs too.
        var witness = await ChildWitness.Start(_directory, "plain", oldKey);
        await System.IO.File.WriteAllTextAsync(File("policy"), $"log {oldKey}\nwitness plain {witness.Vkey} {witness.Url}\nquorum plain\n");
        string[] witnessed = [$"--HealthLedger:Witnesses:PolicyFile={File("policy")}", "--HealthLedger:Witnesses:IntervalMilliseconds=50"];
        string newKey;
        byte[] successions;
        ulong recorded;
        await using (var gateway = await TestGateway.Start(_directory, _clients, witnessed))
        {
            await Run(0, gateway, "keys", "log-request", "--out", File("request"));
            Assert.Contains("waits for the offline key", await Run(0, gateway, "keys", "log-show"), StringComparison.Ordinal);
            Assert.Contains("succession-offline-signature", await Run(1, gateway, "keys", "log-install", "--statement", File("request")), StringComparison.Ordinal);
            var between = await ReceiptOf(gateway);
            await Sign("request", "statement");
            Assert.Contains("signs beside it until", await Run(0, gateway, "keys", "log-install", "--statement", File("statement")), StringComparison.Ordinal);
            newKey = gateway.Host.Storage.Ledger.VerifierKey;
            Assert.NotEqual(oldKey, newKey);
            Assert.StartsWith(newKey + "\n", await gateway.Http.GetStringAsync("/ledger/vkey"), StringComparison.Ordinal);

            var after = await ReceiptOf(gateway);
            successions = await gateway.Http.GetByteArrayAsync("/ledger/successions");
            var followed = Follow(successions, oldKey);
            Assert.All(new[] { oldReceipt, between, after }, receipt => Holds(receipt, followed));
            Assert.All(new[] { oldReceipt, between, after }, receipt => Holds(receipt, LogPolicy.ForLog(NoteVerifier.Parse(oldKey).Value)));
            Holds(after, LogPolicy.ForLog(NoteVerifier.Parse(newKey).Value));
            await Final(gateway);
            foreach (var pin in new[] { new[] { "--vkey", oldKey }, ["--vkey", newKey], ["--offline-key", _offline], ["--policy", File("policy")] })
            {
                var (code, said) = await Verifier.Run(["verify", gateway.Host.Url, .. pin]);
                Assert.True(code == 0 && said.Contains("Log key: " + newKey, StringComparison.Ordinal), said);
            }

            Assert.Contains("Log key", await Audit(gateway, oldKey), StringComparison.Ordinal);
            gateway.AssertReplays();

            // Before its time: from here on the successor signs alone, and the old seed is nowhere.
            await Run(0, gateway, "keys", "log-retire");
            Assert.Contains("none-retires", await Run(1, gateway, "keys", "log-retire"), StringComparison.Ordinal);
            recorded = gateway.Host.Storage.Ledger.Published.Size;
        }

        await using (var told = await ChildWitness.Start(_directory, "told", oldKey, "http://127.0.0.1:0", "--offline-key", _offline, "--successions", Write("successions", successions)))
        {
            await System.IO.File.WriteAllTextAsync(File("policy"), $"log {oldKey}\nwitness told {told.Vkey} {told.Url}\nquorum told\n");
            await using var again = await TestGateway.Start(_directory, _clients, witnessed);
            Assert.Equal(newKey, again.Host.Storage.Ledger.VerifierKey);
            Assert.Equal(-1, Exported(again).AsSpan().IndexOf(oldSeed));
            var alone = await ReceiptOf(again);
            Assert.Equal("note-unsigned", alone.Verify(LogPolicy.ForLog(NoteVerifier.Parse(oldKey).Value)).Fault!.Code);
            Holds(alone, Follow(successions, oldKey));
            Holds(oldReceipt, Follow(successions, oldKey));
            await Final(again);
            Assert.Contains("OK:", await Audit(again, oldKey), StringComparison.Ordinal);
            Assert.Equal(200, (await again.Get(Clinic, "Observation/pulse-one")).Status);

            // A copy of the data takes the successions along.
            using var copy = again.Host.Storage.Ledger.BeginCopy();
            var copied = Directory.CreateDirectory(File("copy")).FullName;
            copy.Write(copied, recorded, default);
            Assert.Equal(0, (await Verifier.Run(["verify", copied, "--vkey", oldKey])).ExitCode);
        }

        // The first witness was told nothing of the successor: it refuses what the successor signs alone, and goes on with its state once it is told.
        await System.IO.File.WriteAllTextAsync(File("policy"), $"log {newKey}\nwitness plain {witness.Vkey} {witness.Url}\nquorum plain\n");
        await witness.DisposeAsync();
        await using var knows = await ChildWitness.Start(_directory, "plain", oldKey, witness.Url, "--successions", File("successions"));
        await using var last = await TestGateway.Start(_directory, _clients, [.. witnessed, "--HealthLedger:Witnesses:Require=true"]);
        await ReceiptOf(last);
        await Final(last);
    }

    [Fact]
    public async Task A_stolen_key_is_revoked_and_what_a_thief_signs_with_it_does_not_count()
    {
        await using var gateway = await TestGateway.Start(_directory, _clients);
        await gateway.AddPatient("one");
        var oldKey = gateway.Host.Storage.Ledger.VerifierKey;
        using var thief = new NoteSigner(gateway.Host.Storage.Ledger.Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(Seed(gateway)));
        Assert.Equal(oldKey, thief.Verifier.ToString());
        await Made(gateway);
        await Run(0, gateway, "keys", "log-request", "--revoke", "--out", File("request"));
        await Sign("request", "statement");
        Assert.Contains("is destroyed", await Run(0, gateway, "keys", "log-install", "--statement", File("statement")), StringComparison.Ordinal);
        await ReceiptOf(gateway);

        Assert.Equal(1, (await Verifier.Run(["verify", gateway.Host.Url, "--vkey", oldKey])).ExitCode);
        Assert.Equal(0, (await Verifier.Run(["verify", gateway.Host.Url, "--vkey", oldKey, "--offline-key", _offline])).ExitCode);
        var policy = LogPolicy.ForLineage(SuccessionFile.Parse(await gateway.Http.GetByteArrayAsync("/ledger/successions")).Value.Verify([], NoteVerifier.Parse(_offline).Value).Value);
        var forged = new Checkpoint(gateway.Host.Storage.Ledger.Origin, gateway.LedgerSize + 100, new Hash(new byte[32])).Sign(thief);
        Assert.Equal("succession-retired", CheckpointVerification.Verify(forged, policy).Fault!.Code);
    }

    [Fact]
    public async Task The_retired_key_ends_by_itself_when_the_overlap_is_over()
    {
        var clock = new TestClock();
        byte[] oldSeed;
        await using (var gateway = await TestGateway.Start(_directory, clock, "--HealthLedger:LogKeyOverlapDays=2"))
        {
            var storage = gateway.Host.Storage;
            oldSeed = Seed(gateway);
            using var offline = new NoteSigner("ledger.example/offline", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
            foreach (var _ in new[] { "founding", "rotation" })
            {
                var asked = Assert.IsType<HealthLedger.Ledger.Successions.SuccessionOutcome.Asked>(await storage.Successions.Ask(offline.Verifier, false, async c => await storage.Ledger.CloseEpoch(c) is not null, default));
                await storage.Successions.Install(SignedSuccession.Asked(asked.Note.ToBytes()).Value.SignedBy(offline).Note.ToBytes(), default);
            }

            Assert.NotEqual(-1, Exported(gateway).AsSpan().IndexOf(oldSeed));
        }

        clock.Advance(TimeSpan.FromDays(2));
        await using var later = await TestGateway.Start(_directory, clock, "--HealthLedger:LogKeyOverlapDays=2");
        Assert.Null(later.Host.Storage.LedgerKeys.RetiresAt);
        Assert.Equal(-1, Exported(later).AsSpan().IndexOf(oldSeed));
    }

    private string File(string name) => Path.Combine(_directory.Root, name);

    private string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    /// <summary>The log names its offline key, by the commands.</summary>
    private async Task Made(TestGateway gateway)
    {
        await System.IO.File.WriteAllTextAsync(File("passphrase"), "kept in a safe\n");
        var (code, vkey) = await Verifier.Run(["keys", "offline-make", "--name", "ledger.example/offline", "--out", File("offline.key"), "--passphrase-file", File("passphrase")]);
        Assert.Equal(0, code);
        _offline = vkey.Trim();
        await Run(0, gateway, "keys", "log-request", "--offline-key", _offline, "--out", File("founding"));
        await Sign("founding", "founded");
        Assert.Contains("names ledger.example/offline", await Run(0, gateway, "keys", "log-install", "--statement", File("founded")), StringComparison.Ordinal);
    }

    private async Task Sign(string request, string signed)
    {
        var (code, said) = await Verifier.Run(["keys", "offline-sign", "--key", File("offline.key"), "--passphrase-file", File("passphrase"), "--request", File(request), "--out", File(signed)]);
        Assert.True(code == 0, said);
    }

    private async Task<string> Run(int code, TestGateway gateway, params string[] command)
    {
        var (exit, output) = await Verifier.Run([.. command, "--credentials", Credentials(gateway), "--client", Operator]);
        Assert.True(exit == code, $"{string.Join(' ', command)}: {exit} {output}");
        return output;
    }

    private async Task<string> Audit(TestGateway gateway, string vkey)
    {
        var (code, said) = await Verifier.Run(["audit", gateway.Host.Url, "--client", Credentials(gateway), "--as", Auditor, "--vkey", vkey]);
        Assert.True(code == 0, said);
        return said;
    }

    private string Credentials(TestGateway gateway)
    {
        System.IO.File.WriteAllText(File("credentials.json"), new JsonObject
        {
            ["baseUrl"] = gateway.Host.Url,
            ["fhir"] = gateway.Fhir,
            ["clients"] = new JsonArray([.. new[] { Operator, Auditor }.Select(id => new JsonObject
            {
                ["clientId"] = id, ["kind"] = "backend", ["jwk"] = _clients.Key(id).PrivateJwk(), ["scopes"] = new JsonArray([.. Scopes(id).Split(' ').Select(scope => JsonValue.Create(scope))]),
            })]),
        }.ToJsonString());
        return File("credentials.json");
    }

    private static LogPolicy Follow(byte[] successions, string pinned)
    {
        var key = NoteVerifier.Parse(pinned).Value;
        return LogPolicy.ForLog(key).Following(SuccessionFile.Parse(successions).Value.Verify([key], null).Value);
    }

    private static void Holds(Receipt receipt, LogPolicy policy)
    {
        var verdict = receipt.Verify(policy);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
    }

    private static async Task<Receipt> ReceiptOf(TestGateway gateway)
    {
        var read = (await gateway.Get(Clinic, "Observation/pulse-one")).Is(200);
        return Receipt.Parse((await gateway.Get(Clinic, read.Receipt!)).Is(200).Body).Value;
    }

    /// <summary>Waits until the witnesses' quorum covers what is published now.</summary>
    private static async Task Final(TestGateway gateway)
    {
        var size = gateway.Host.Storage.Ledger.Published.Size;
        for (var i = 0; i < 600 && !(gateway.Host.Storage.Ledger.Cosignatures!.Final?.Size >= size); i++)
        {
            await Task.Delay(100);
        }

        Assert.True(gateway.Host.Storage.Ledger.Cosignatures!.Final?.Size >= size);
    }

    private static byte[] Exported(TestGateway gateway)
    {
        using var secret = gateway.Host.Storage.Keys.Find(RingLogKeys.KeysName)!;
        return secret.Span.ToArray();
    }

    /// <summary>The log's seed, as it lies behind the two names (docs/formats/keys.md).</summary>
    private static byte[] Seed(TestGateway gateway)
    {
        var exported = Exported(gateway);
        var names = Encoding.UTF8.GetByteCount(gateway.Host.Storage.Ledger.Origin) + Encoding.UTF8.GetByteCount(gateway.Host.Storage.Ledger.Origin + "/local");
        return exported[(5 + names)..(5 + names + 32)];
    }
}
