// docs/formats/witness.md: a witness with an ML-DSA-44 key beside its Ed25519 key. tests/run runs this class twice, the second time on OpenSSL 3.5, which has ML-DSA.
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Cli.Tests.Strangers;
using HealthLedger.Cli.Witness;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Witnesses;
using Xunit.Abstractions;

namespace HealthLedger.Cli.Tests.Witness;

[Trait("Category", "ML-DSA-44")]
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MlDsaWitnessTests(ITestOutputHelper output) : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("witness-").FullName;
    private readonly NoteSigner log = new("ledger.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());

    public void Dispose()
    {
        log.Dispose();
        Directory.Delete(root, recursive: true);
    }

    private string PathOf(string name) => Path.Combine(root, name);

    private Task<Outcome> Keygen(string file, string type, string name = "witness.example/w1") =>
        Command.Run("witness", "keygen", "--name", name, "--type", type, "--out", PathOf(file));

    [Fact]
    public async Task A_key_is_made_where_the_platform_has_them_and_otherwise_nothing_is_written_and_the_reason_said()
    {
        var made = await Keygen("pq", WitnessKey.MlDsa44);
        if (!MlDsa44PublicKey.IsSupported)
        {
            Assert.Equal(ExitCode.Usage, made.Code);
            Assert.Contains("OpenSSL 3.5 or later is needed", made.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(PathOf("pq")));

            // One that was made elsewhere is refused for the same reason.
            await File.WriteAllTextAsync(PathOf("pq"), $"PRIVATE+KEY+witness.example/w1+00000000+{Convert.ToBase64String([6, .. new byte[32]])}\n");
            File.SetUnixFileMode(PathOf("pq"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Assert.Contains("OpenSSL 3.5 or later is needed", Assert.Throws<UsageException>(() => WitnessKey.Read(PathOf("pq"))).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(ExitCode.Ok, made.Code);
        Assert.Equal(NoteKeyType.MlDsa44Cosignature, NoteVerifier.Parse(made.Out.Trim()).Value.Type);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOf("pq")));
        using var read = WitnessKey.Read(PathOf("pq"));
        Assert.Equal(made.Out.Trim(), read.Verifier.ToString());
    }

    [Fact]
    public async Task A_kind_of_key_that_is_none_ends_with_2()
    {
        Assert.Equal(ExitCode.Usage, (await Keygen("key", "ml-dsa-65")).Code);
        Assert.False(File.Exists(PathOf("key")));
    }

    [Fact]
    public async Task Keys_that_are_not_one_witnesss_are_refused()
    {
        Assert.Equal(ExitCode.Ok, (await Keygen("one", WitnessKey.Ed25519)).Code);
        Assert.Equal(ExitCode.Ok, (await Keygen("two", WitnessKey.Ed25519)).Code);
        Refused("one", "two");
        if (MlDsa44PublicKey.IsSupported)
        {
            await Keygen("pq", WitnessKey.MlDsa44);
            await Keygen("another", WitnessKey.MlDsa44, "another.example/w");
            Refused("pq");
            Refused("one", "another");
            Refused("one", "pq", "pq");
            foreach (var signer in WitnessKey.Read([PathOf("pq"), PathOf("one")]))
            {
                signer.Dispose();
            }
        }

        void Refused(params string[] files) =>
            Assert.Contains("one Ed25519 key", Assert.Throws<UsageException>(() => WitnessKey.Read(files.Select(PathOf))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_answers_with_both_cosignatures_of_one_time_and_keeps_both()
    {
        await Keygen("ed", WitnessKey.Ed25519);
        if (!MlDsa44PublicKey.IsSupported)
        {
            // Without a second key there is one line, as ever.
            Assert.Single((await Answer("ed")).TrimEnd('\n').Split('\n'));
            return;
        }

        await Keygen("pq", WitnessKey.MlDsa44);
        var body = await Answer("pq", "ed");
        var keys = new[] { "ed", "pq" }.Select(file => { using var signer = WitnessKey.Read(PathOf(file)); return signer.Verifier; }).ToList();
        var checkpoint = Checkpoint();
        Assert.Equal(2, WitnessAnswer.Cosignatures(checkpoint, keys, body).Value.Count);
        var kept = SignedNote.Parse(await File.ReadAllBytesAsync(Path.Combine(PathOf("state"), WitnessState.NameOf(log.Verifier.Name)))).Value.Verify([log.Verifier, .. keys]).Value;
        Assert.Equal(3, kept.Count);
        Assert.Single(kept.Skip(1).Select(each => each.Timestamp).Distinct());

        // The Ed25519 key alone opens the state again: a witness may lay the second key down.
        WitnessState.Open(PathOf("state"), keys[0], [log.Verifier]).Dispose();
    }

    [Fact]
    public async Task An_implementation_of_others_verifies_what_it_signs_and_refuses_what_was_changed()
    {
        if (!StrangersTools.HasNoble)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "tests/strangers/noble has no packages, and tests/run installs them in CI.");
            output.WriteLine("SKIPPED: tests/strangers/noble has no packages; `npm ci` there installs them.");
            return;
        }

        // What was signed elsewhere is a witness to the tool itself, on every platform.
        var fixture = Path.Combine(AppContext.BaseDirectory, "Fixtures", "checkpoint-ml-dsa-44.txt");
        var vkey = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", "ml-dsa-44.vkey"))).Trim();
        Assert.Equal((0, "1700000000\n"), await StrangersTools.Noble(vkey, fixture));
        if (!MlDsa44PublicKey.IsSupported)
        {
            return;
        }

        await Keygen("ed", WitnessKey.Ed25519);
        vkey = (await Keygen("pq", WitnessKey.MlDsa44)).Out.Trim();
        await Answer("ed", "pq");
        var kept = Path.Combine(PathOf("state"), WitnessState.NameOf(log.Verifier.Name));
        var (code, said) = await StrangersTools.Noble(vkey, kept);
        Assert.True(code == 0, said);
        await File.WriteAllTextAsync(kept, (await File.ReadAllTextAsync(kept)).Replace("\n0\n", "\n1\n", StringComparison.Ordinal));
        Assert.Equal((1, "the cosignature does not hold\n"), await StrangersTools.Noble(vkey, kept));
    }

    [Fact]
    public async Task Verify_takes_a_policy_of_such_keys_where_they_can_be_checked_and_otherwise_says_why_not()
    {
        using var ledger = new GeneratedLog(5);
        ledger.WriteTo(PathOf("ledger"));
        var other = NoteVerifier.Create("witness.example/w", MlDsa44PublicKey.Parse(new byte[MlDsa44PublicKey.Length]).Value);
        await File.WriteAllTextAsync(PathOf("policy"), $"log {ledger.Vkey}\nwitness ed {ledger.WitnessVkey}\nwitness pq {other}\ngroup both all ed pq\nquorum both\n");
        var outcome = await Command.Run("verify", PathOf("ledger"), "--policy", PathOf("policy"));
        Assert.Equal(MlDsa44PublicKey.IsSupported ? ExitCode.Failed : ExitCode.Usage, outcome.Code);
        Assert.Equal(!MlDsa44PublicKey.IsSupported, outcome.Error.Contains("which cannot be checked here. This platform has no ML-DSA-44", StringComparison.Ordinal));
        if (!MlDsa44PublicKey.IsSupported)
        {
            return;
        }

        using var signer = new NoteSigner("witness.example/w", MlDsa44PrivateKey.Generate());
        var note = SignedNote.Parse(ledger.Cosigned).Value;
        await File.WriteAllBytesAsync(Path.Combine(PathOf("ledger"), "checkpoint"), note.With(signer.Cosign(note.Text, DateTimeOffset.FromUnixTimeSeconds(1_800_000_001))).ToBytes());
        await File.WriteAllTextAsync(PathOf("policy"), $"log {ledger.Vkey}\nwitness ed {ledger.WitnessVkey}\nwitness pq {signer.Verifier}\ngroup both all ed pq\nquorum both\n");
        var good = await Command.Run("verify", PathOf("ledger"), "--policy", PathOf("policy"));
        Assert.Equal(ExitCode.Ok, good.Code);
        Assert.Contains("(2 cosignatures)", good.Out, StringComparison.Ordinal);
    }

    private SignedNote Checkpoint() => new Checkpoint(log.Verifier.Name, 0, MerkleHash.EmptyRoot).Sign(log);

    private async Task<string> Answer(params string[] keyFiles)
    {
        var signers = WitnessKey.Read(keyFiles.Select(PathOf));
        using var state = WitnessState.Open(PathOf("state"), signers[0].Verifier, [log.Verifier]);
        var witness = new CheckpointWitness(signers, [log.Verifier], [], state, null, TimeProvider.System, default);
        var reply = await witness.Add(new AddCheckpointRequest(0, [], Checkpoint()).ToBytes(), default);
        Assert.Equal(200, reply.Status);
        foreach (var signer in signers)
        {
            signer.Dispose();
        }

        return reply.Body;
    }
}
