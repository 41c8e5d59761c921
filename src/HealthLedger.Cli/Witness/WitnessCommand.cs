using System.CommandLine;
using System.Text;
using HealthLedger.Cli.Audit;
using HealthLedger.Cli.Token;
using HealthLedger.Cli.Verify;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Witness;

/// <summary><c>healthledger witness</c>.</summary>
internal static class WitnessCommand
{
    public const string Examples = """
          healthledger witness keygen --name witness.example.org/w1 --out witness.key
          healthledger witness --key witness.key --state ./witness --log "$(cat ledger.vkey)" --url http://localhost:5090
          healthledger witness --key witness.key --key witness-pq.key --state ./witness --log "$(cat ledger.vkey)"
          healthledger witness --key witness.key --state ./witness --log "$(cat ledger.vkey)" --offline-key "$(cat offline.vkey)" --successions ledger.successions
          healthledger witness --key auditor.key --state ./auditor --log "$(cat ledger.vkey)" --replay https://ledger.example --client auditor.json

        Prints `vkey KEY` for each key and `listening URL`, then a line of JSON for each answer. Without --replay it vouches that the ledger only grew; with it also that
        every STATE entry names the consents that the entries add up to.

        Exit codes: 0 stopped, 2 usage, a key or state that cannot be used, an address in use.
        """;

    public const string KeygenExamples = """
          healthledger witness keygen --name witness.example.org/w1 --out witness.key
          healthledger witness keygen --name witness.example.org/w1 --type ml-dsa-44 --out witness-pq.key

        Prints the verifier key, which goes into a policy file: `witness NAME VKEY URL`. The file (mode 0600) is the secret; it is never overwritten.
        ML-DSA-44 keys (FIPS 204) sign beside the Ed25519 key, never instead, and need OpenSSL 3.5 or later: exit code 2 where there is none.
        """;

    public static Command Make(Terminal terminal, TimeProvider time, out Command keygen)
    {
        var key = new Option<string[]>("--key") { Description = "The witness's key file, made by `witness keygen`; a second one for an ML-DSA-44 key of the same name.", HelpName = "FILE", Required = true };
        var state = new Option<string>("--state") { Description = "A directory for what was cosigned; never put back an older copy of it.", HelpName = "DIR", Required = true };
        var log = new Option<string[]>("--log") { Description = "The verifier key of a log that is witnessed; may be given several times.", HelpName = "VKEY", Required = true };
        var offline = new Option<string[]>("--offline-key") { Description = "The verifier key of a log's offline key; may be given several times.", HelpName = "KEY", DefaultValueFactory = _ => [] };
        var successions = new Option<string[]>("--successions") { Description = "A file with a log's successions (URL/ledger/successions): the keys that came after the one of --log. Kept in the state, and held against later ones.", HelpName = "FILE", DefaultValueFactory = _ => [] };
        var url = new Option<string>("--url") { Description = "Where to listen; port 0 takes a free one.", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:5090" };
        var replay = new Option<string?>("--replay") { Description = "Where the log's entries are served: cosign only what the replay of all entries agrees with.", HelpName = "URL" };
        var client = new Option<string?>("--client") { Description = "With --replay: a credentials file with an auditor's client.", HelpName = "FILE" };
        var id = new Option<string?>("--as") { Description = "The client id in that file; otherwise its only client, or the only one whose id ends in 'auditor'.", HelpName = "ID" };
        keygen = Keygen(terminal);
        var command = new Command("witness", "Cosigns the checkpoints of logs that only grow (c2sp.org/tlog-witness), for others to run.") { key, state, log, offline, successions, url, replay, client, id, keygen };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var logs = parsed.GetRequiredValue(log).Select(ParseLog).ToList();
            var signers = WitnessKey.Read(parsed.GetRequiredValue(key));
            using var owned = new Owned(signers);
            if (signers.Count > 1 && logs.Find(each => Encoding.UTF8.GetByteCount(each.Name) > NoteSigner.MaxMlDsa44OriginBytes) is { } longest)
            {
                throw new UsageException($"--log: an ML-DSA-44 key signs for logs whose name has at most {NoteSigner.MaxMlDsa44OriginBytes} bytes, and {longest.Name} has more.");
            }

            using var token = TokenFor(parsed.GetValue(replay), parsed.GetValue(client), parsed.GetValue(id), logs.Count, time);
            using var source = token is null ? null : LedgerSource.Of(parsed.GetValue(replay)!, token.Get);
            using var recorded = WitnessState.Open(parsed.GetRequiredValue(state), signers[0].Verifier, logs);
            var lineages = WitnessLineages.Follow(logs, [.. parsed.GetValue(offline)!.Select(Pins.Key)], [.. parsed.GetValue(successions)!.Select(SuccessionOptions.Read)], recorded, terminal.Error);
            logs.AddRange(lineages.SelectMany(lineage => lineage.Reigns.Select(reign => reign.Key)).Where(key => !logs.Exists(known => known.ToString() == key.ToString())).ToList());
            var witness = new CheckpointWitness(signers, logs, lineages, recorded, source is null ? null : new LedgerFollower(source, recorded.Replayed(logs[0].Name)), time, cancellationToken);
            await using var server = new WitnessServer(witness, parsed.GetValue(url)!, terminal, time);
            var address = await server.Start(cancellationToken);
            foreach (var signer in signers)
            {
                await terminal.Out.WriteLineAsync($"vkey {signer.Verifier}");
            }

            await terminal.Out.WriteLineAsync($"listening {address}");
            await terminal.Out.FlushAsync(cancellationToken);
            await server.WaitForShutdown(cancellationToken);
            witness.KeepReplay();
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command Keygen(Terminal terminal)
    {
        var name = new Option<string>("--name") { Description = "The witness's name, such as a URL without its scheme.", HelpName = "NAME", Required = true };
        var type = new Option<string>("--type") { Description = "ed25519, or ml-dsa-44 for a second key beside it.", HelpName = "TYPE", DefaultValueFactory = _ => WitnessKey.Ed25519 };
        var path = new Option<string>("--out") { Description = "The file to write.", HelpName = "FILE", Required = true };
        var command = new Command("keygen", "Makes a witness's key.") { name, type, path };
        command.SetAction(async (parsed, _) =>
        {
            await terminal.Out.WriteLineAsync(WitnessKey.Create(parsed.GetRequiredValue(name), parsed.GetRequiredValue(path), parsed.GetValue(type)!).ToString());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private sealed class Owned(IReadOnlyList<NoteSigner> signers) : IDisposable
    {
        public void Dispose()
        {
            foreach (var signer in signers)
            {
                signer.Dispose();
            }
        }
    }

    private static NoteVerifier ParseLog(string vkey) =>
        !NoteVerifier.Parse(vkey.Trim()).TryGet(out var verifier, out var fault) ? throw new UsageException($"--log: {fault.Detail}")
        : verifier.Type == NoteKeyType.Ed25519 ? verifier
        : throw new UsageException("--log: a log's key is of type 1 (Ed25519).");

    private static AuditorToken? TokenFor(string? replay, string? client, string? id, int logs, TimeProvider time) => (replay, client) switch
    {
        (null, null) => null,
        (not null, not null) when logs == 1 => new AuditorToken(Credentials.Read(client, id), time),
        (not null, not null) => throw new UsageException("--replay: replays one log; run a witness for each."),
        _ => throw new UsageException("--replay and --client go together: entries are for auditors."),
    };
}
