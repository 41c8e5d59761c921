using System.CommandLine;
using System.Text;
using HealthLedger.Cli.Evidence;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>
/// What verifying and auditing have in common around the check itself: nothing without a pinned key, the checkpoint of an earlier run, the report, what is
/// remembered for the next run, and the evidence where two signed checkpoints contradict each other.
/// </summary>
internal sealed class PinnedRun
{
    private const string Unpinned = """
        unpinned: no key was given, so nothing can be verified.
        Get the ledger's verifier key (vkey) from its operator by a way that the ledger itself does not control, and pass it as --vkey KEY, or name a
        policy file by --policy FILE, or pass the key that stays when the ledger's own is rotated as --offline-key KEY. The key at URL/ledger/vkey is what the server says of itself: compare it, do not start from it.
        """;

    private readonly Option<string?> vkey = new("--vkey") { Description = "The ledger's verifier key: name+id+base64.", HelpName = "KEY" };
    private readonly SuccessionOptions followed = new();
    private readonly Option<string?> policy = new("--policy") { Description = "A policy file (c2sp.org/tlog-policy): logs, witnesses and quorum.", HelpName = "FILE" };
    private readonly Option<string?> state = new("--state") { Description = "Remembers the checkpoint here; the next run checks that the ledger only grew.", HelpName = "FILE" };
    private readonly Option<bool> json = new("--json") { Description = "Writes the report as JSON." };

    /// <summary>Gives a command the options --vkey, --policy, --offline-key, --successions, --state and --json.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { vkey, policy, followed.OfflineKey, followed.Successions, state, json })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>A check of a source under what is pinned, against the checkpoint of an earlier run: its report, and the signed note that was read.</summary>
    public delegate Task<(Report Report, byte[] Note)> Check(LedgerSource source, Followed followed, VerifiedCheckpoint? earlier);

    /// <summary>Runs the check and says how it ended; the exit code.</summary>
    public async Task<int> Run(Terminal terminal, ParseResult parsed, Func<LedgerSource> open, Check check, CancellationToken cancellationToken)
    {
        if (await Policy(terminal, parsed) is not { } pinned)
        {
            return (int)ExitCode.Unpinned;
        }

        using var source = open();
        var kept = followed.Kept(parsed, mustExist: false);
        if (!(await pinned.Follow(source, kept, cancellationToken)).TryGet(out var known, out var fault))
        {
            return await NotFollowed(terminal, parsed, source, new Finding(fault.Code, "successions", null, fault.Detail));
        }

        if (kept is not null && known.Contradicts(kept) is var (before, now))
        {
            var said = "Two different statements of one succession of the log's key are signed: one was kept, and another is served.";
            var code = await NotFollowed(terminal, parsed, source, new Finding("succession-contradiction", "successions", null, said));
            await Show(terminal, before.Note.ToBytes(), now.Note.ToBytes());
            return code;
        }

        if (kept?.Statements.Count > (known.Lineage?.Statements.Count ?? 0))
        {
            return await NotFollowed(terminal, parsed, source, new Finding("succession-hidden", "successions", null, $"The ledger serves fewer successions of its key than the {kept.Statements.Count} statements that were kept."));
        }

        var stateFile = parsed.GetValue(state);
        var earlier = stateFile is null ? null : RememberedCheckpoint.Read(stateFile, known.Policy);
        var (report, note) = await check(source, known, earlier);
        await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? ReportWriter.Json(report) : ReportWriter.Text(report));
        if (report.Holds)
        {
            if (stateFile is not null)
            {
                RememberedCheckpoint.Write(stateFile, note);
            }

            followed.Keep(parsed, known);

            return (int)ExitCode.Ok;
        }

        if (stateFile is not null && report.Parts.Any(part => part is { Name: "append-only", Outcome: PartOutcome.Failed }))
        {
            await KeepEvidence(terminal, stateFile, note);
        }

        return (int)ExitCode.Failed;
    }

    /// <summary>The same for a file that somebody exported, which has no growth to remember.</summary>
    public async Task<int> Run(Terminal terminal, ParseResult parsed, Func<LogPolicy, Task<EvidenceReport>> check)
    {
        if (parsed.GetValue(state) is not null)
        {
            throw new UsageException("--state: exported evidence is of one moment, so there is nothing to remember.");
        }

        if (await Policy(terminal, parsed) is not { } pinned)
        {
            return (int)ExitCode.Unpinned;
        }

        if (!pinned.Follow(followed.Kept(parsed, mustExist: true)).TryGet(out var known, out var fault))
        {
            throw new UsageException($"--successions: {fault.Detail}");
        }

        var report = await check(known.Policy);
        await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? report.ToJson() : report.ToText());
        return (int)(report.Holds ? ExitCode.Ok : ExitCode.Failed);
    }

    /// <summary>What is pinned; null where nothing was, which is said.</summary>
    private async Task<Pins?> Policy(Terminal terminal, ParseResult parsed)
    {
        if (Pins.Read(parsed.GetValue(vkey), parsed.GetValue(policy), parsed.GetValue(followed.OfflineKey)) is { } pins)
        {
            return pins;
        }

        await terminal.Error.WriteLineAsync(Unpinned);
        if (parsed.GetValue(json))
        {
            await terminal.Out.WriteLineAsync("""{"result":"unpinned"}""");
        }

        return null;
    }

    /// <summary>Two signed checkpoints that contradict each other convict the ledger: both are shown and kept.</summary>
    private static async Task KeepEvidence(Terminal terminal, string stateFile, byte[] note)
    {
        var evidence = stateFile + ".conflict";
        RememberedCheckpoint.Write(evidence, note);
        await terminal.Error.WriteLineAsync($"{stateFile} and {evidence} are both signed by the ledger and contradict each other: keep both as evidence.");
        await Show(terminal, await File.ReadAllBytesAsync(stateFile), note);
    }

    /// <summary>The keys that count could not be told: nothing else is checked.</summary>
    private async Task<int> NotFollowed(Terminal terminal, ParseResult parsed, LedgerSource source, Finding finding)
    {
        var report = new Report { Source = source.Name, Parts = ReportParts.NotFollowed(finding), Findings = [finding] };
        await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? ReportWriter.Json(report) : ReportWriter.Text(report));
        return (int)ExitCode.Failed;
    }

    private static async Task Show(Terminal terminal, params byte[][] notes)
    {
        foreach (var signed in notes)
        {
            await terminal.Error.WriteLineAsync();
            foreach (var line in Encoding.UTF8.GetString(signed).TrimEnd('\n').Split('\n'))
            {
                await terminal.Error.WriteLineAsync(PlainLine.Of(line));
            }
        }
    }
}
