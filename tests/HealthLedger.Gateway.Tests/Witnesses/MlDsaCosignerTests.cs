// docs/operations.md, "ML-DSA-44": a real gateway whose local cosigner, and a real witness, sign with a second key. tests/run runs this class twice, the second time on
// OpenSSL 3.5, which has ML-DSA; without it what needs it is refused in a sentence, and what does not goes on.
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Witnesses;

[Trait("Category", "ML-DSA-44")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MlDsaCosignerTests : IDisposable
{
    private const string Cosigner = "--HealthLedger:MlDsaCosigner=true";
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    private string PolicyFile => Path.Combine(_directory.Root, "policy.txt");

    private string[] Witnessed => [$"--HealthLedger:Witnesses:PolicyFile={PolicyFile}", "--HealthLedger:Witnesses:IntervalMilliseconds=50"];

    [Fact]
    public async Task The_local_cosigner_signs_behind_the_commit_with_a_key_that_outlives_a_restart()
    {
        if (!MlDsa44PublicKey.IsSupported)
        {
            var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), Cosigner]);
            Assert.Equal(ExitCode.Configuration, code);
            Assert.Contains("OpenSSL 3.5 or later is needed", errors, StringComparison.Ordinal);
            return;
        }

        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients, Cosigner, "--HealthLedger:Witnesses:IntervalMilliseconds=50"))
        {
            var vkeys = (await gateway.Http.GetStringAsync("/ledger/vkey")).TrimEnd().Split('\n').Select(line => NoteVerifier.Parse(line).Value).ToList();
            Assert.Equal([NoteKeyType.Ed25519, NoteKeyType.Cosignature, NoteKeyType.MlDsa44Cosignature], vkeys.Select(each => each.Type));
            Assert.Equal(vkeys[1].Name, vkeys[2].Name);
            vkey = vkeys[2].ToString();

            // Each new checkpoint has it a moment later, without anybody who waits.
            for (var i = 0; i < 3; i++)
            {
                (await gateway.Put(Hospital, $"Patient/p{i}", Records.Patient($"p{i}", "Cosigned"))).Is(201);
                var size = gateway.LedgerSize;
                var note = await Cosigned(gateway, [.. vkeys]);
                Assert.True(Checkpoint.Parse(note.Text).Value.Size >= size);
            }
        }

        await using var again = await TestGateway.Start(_directory, _clients, Cosigner);
        Assert.Equal(vkey, (await again.Http.GetStringAsync("/ledger/vkey")).TrimEnd().Split('\n')[2]);
    }

    [Fact]
    public async Task A_quorum_of_both_keys_makes_receipts_final_or_is_refused_where_one_cannot_be_checked()
    {
        var (vkey, local) = await Vkeys();
        var key = Path.Combine(_directory.Root, "pq.key");
        if (!MlDsa44PublicKey.IsSupported)
        {
            var pq = NoteVerifier.Create("plain.example/w", MlDsa44PublicKey.Parse(new byte[MlDsa44PublicKey.Length]).Value);
            await using var plain = await ChildWitness.Start(_directory, "plain", vkey);
            var lines = $"log {vkey}\nwitness ed {plain.Vkey} {plain.Url}\nwitness pq {pq}\n";
            await File.WriteAllTextAsync(PolicyFile, lines + "group both all ed pq\nquorum both\n");
            var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. Witnessed]);
            Assert.Equal(ExitCode.Configuration, code);
            Assert.Contains("which cannot be checked here", errors, StringComparison.Ordinal);

            // Where the other key is enough, the one that cannot be checked is as good as not there.
            await File.WriteAllTextAsync(PolicyFile, lines + "group either any ed pq\nquorum either\n");
            await Final(Witnessed, cosignatures: 1);
            return;
        }

        using (var signer = new NoteSigner("both.example/w", MlDsa44PrivateKey.Generate()))
        {
            await File.WriteAllTextAsync(key, signer.ExportSigningKey() + "\n");
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using var both = await ChildWitness.Start(_directory, "both", vkey, more: ["--key", key]);
        Assert.Equal(2, both.Vkeys.Count);
        await File.WriteAllTextAsync(
            PolicyFile,
            $"log {vkey}\nwitness ed {both.Vkeys[0]} {both.Url}\nwitness pq {both.Vkeys[1]}\nwitness local {local}\ngroup both all ed pq\ngroup q all both local\nquorum q\n");
        await Final([.. Witnessed, Cosigner, "--HealthLedger:Witnesses:Require=false"], cosignatures: 3);
    }

    /// <summary>The log's key, and that of the local ML-DSA-44 cosigner, empty where there is none.</summary>
    private async Task<(string Log, string Local)> Vkeys()
    {
        await using var gateway = await TestGateway.Start(_directory, _clients, MlDsa44PublicKey.IsSupported ? [Cosigner] : []);
        var lines = (await gateway.Http.GetStringAsync("/ledger/vkey")).TrimEnd().Split('\n');
        return (lines[0], MlDsa44PublicKey.IsSupported ? lines[2] : "");
    }

    /// <summary>A receipt becomes final and verifies offline under the policy.</summary>
    private async Task Final(string[] settings, int cosignatures)
    {
        var policy = LogPolicy.Parse(await File.ReadAllTextAsync(PolicyFile)).Value;
        await using var gateway = await TestGateway.Start(_directory, _clients, settings);
        var url = (await gateway.Put(Hospital, "Patient/final", Records.Patient("final", "Final"))).Is(201).Receipt!;
        Receipt? receipt = null;
        await Until(async () => Receipt.Parse((await gateway.Get(Hospital, new Uri(url).PathAndQuery)).Is(200).Body).TryGet(out receipt, out _) && receipt.Final == true, "final");
        var verdict = receipt!.Verify(policy);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal(cosignatures, verdict.Checkpoint!.Cosignatures.Count);
    }

    private static async Task<SignedNote> Cosigned(TestGateway gateway, NoteVerifier[] keys)
    {
        SignedNote? note = null;
        await Until(
            async () =>
            {
                note = SignedNote.Parse(await gateway.Http.GetByteArrayAsync("/ledger/checkpoint")).Value;
                return note.Verify(keys).Value.Count == keys.Length;
            },
            "cosigned");
        return note!;
    }

    private static async Task Until(Func<Task<bool>> met, string what)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (!await met())
        {
            Assert.True(DateTime.UtcNow < deadline, "never: " + what);
            await Task.Delay(50);
        }
    }
}
