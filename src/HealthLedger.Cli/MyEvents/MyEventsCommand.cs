using System.CommandLine;
using System.Text.Json;
using HealthLedger.Cli.Verify;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.MyEvents;

/// <summary><c>healthledger my-events</c>: a patient's file from the portal, checked on the patient's own computer.</summary>
internal static class MyEventsCommand
{
    public const string Examples = """
          healthledger my-events my-events.json --vkey "$(cat ledger.vkey)"
          healthledger my-events my-events.json --policy policy.txt --json
          healthledger my-events my-events.json --offline-key "$(cat offline.vkey)" --successions ledger.successions

        The file holds what happened with your record: keep it to yourself.
        Exit codes: 0 the list is whole up to the stated time, 1 it is not, 2 usage, 3 no key was pinned.
        """;

    public static Command Make(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The file that the portal gave you." };
        var vkey = new Option<string?>("--vkey") { Description = "The ledger's verifier key: name+id+base64.", HelpName = "KEY" };
        var policy = new Option<string?>("--policy") { Description = "A policy file (c2sp.org/tlog-policy): logs, witnesses and quorum.", HelpName = "FILE" };
        var followed = new SuccessionOptions();
        var json = new Option<bool>("--json") { Description = "Writes the report as JSON." };
        var command = new Command("my-events", "Checks that a list of your events is all there is.") { file, vkey, policy, followed.OfflineKey, followed.Successions, json };
        command.SetAction((parsed, _) => Run(terminal, parsed.GetRequiredValue(file), Pins.Read(parsed.GetValue(vkey), parsed.GetValue(policy), parsed.GetValue(followed.OfflineKey)), () => followed.Kept(parsed, mustExist: true), parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> Run(Terminal terminal, string file, Pins? pins, Func<SuccessionFile?> kept, bool json)
    {
        if (pins is null)
        {
            await terminal.Error.WriteLineAsync("unpinned: no key was given, so nothing can be verified. Pass the ledger's verifier key as --vkey KEY, a policy file as --policy FILE, or its offline key as --offline-key KEY.");
            return (int)ExitCode.Unpinned;
        }

        if (!pins.Follow(kept()).TryGet(out var known, out var unfollowed))
        {
            throw new UsageException($"--successions: {unfollowed.Detail}");
        }

        if (!CompletenessProof.Parse(Bytes(file)).TryGet(out var proof, out var fault))
        {
            throw new UsageException($"{file}: {fault.Detail}");
        }

        var verdict = CompletenessVerification.Verify(proof, known.Policy);
        await terminal.Out.WriteLineAsync(json ? Json(verdict) : Text(verdict));
        return (int)(verdict.Holds ? ExitCode.Ok : ExitCode.Failed);
    }

    private static byte[] Bytes(string file)
    {
        try
        {
            return new FileInfo(file).Length <= CompletenessProof.MaxBytes ? File.ReadAllBytes(file) : throw new UsageException($"{file} is longer than any such file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file}: {e.Message}");
        }
    }

    private static string Text(CompletenessVerdict verdict)
    {
        using var text = new StringWriter();
        foreach (var check in verdict.Checks)
        {
            text.WriteLine($"{(check.Verdict.Holds ? "ok    " : "FAILED")} {check.Name}{(check.Verdict.Fault is { } fault ? $": {fault.Detail}" : "")}");
        }

        if (verdict is { Holds: true, Patient: { } patient })
        {
            text.WriteLine($"The list of {PlainLine.Of(patient)}: see that this is you.");
        }

        foreach (var each in verdict.Events)
        {
            string Field(FactField field) => PlainLine.Of(each.Fact[field]);
            text.WriteLine($"{each.Number,6}  {Field(FactField.Time)}  {Field(FactField.Event),-8} {Field(FactField.Decision),-6} {Field(FactField.Purpose),-7} {Field(FactField.Client)}");
        }

        text.Write(verdict switch
        {
            { Holds: false } => "Something is wrong with this list: keep the file and show it to the regulator.",
            { Closed: { } closed } => $"{verdict.Events.Count(e => e.Index < verdict.CompleteTo)} events up to {closed:yyyy-MM-dd HH:mm} UTC: these are all that the operator put on your list. {After(verdict)}An event kept off your list from the start is for auditors to find.",
            _ => "The events are in the ledger, and none between them is missing. No epoch is closed yet, so nothing says that none came after them.",
        });
        return text.ToString();
    }

    private static string After(CompletenessVerdict verdict) => verdict.Events.Count(e => e.Index >= verdict.CompleteTo) switch
    {
        0 => "",
        var n => $"{n} came after it, and nothing says yet that they are all. ",
    };

    private static string Json(CompletenessVerdict verdict) => JsonSerializer.Serialize(new
    {
        result = verdict.Holds ? "ok" : "failed",
        patient = verdict.Patient,
        completeTo = verdict.CompleteTo,
        closed = verdict.Closed,
        checks = verdict.Checks.Select(c => new { name = c.Name, holds = c.Verdict.Holds, code = c.Verdict.Fault?.Code, detail = c.Verdict.Fault?.Detail }),
        events = verdict.Events.Select(e => new { number = e.Number, entry = e.Index, fields = FactFields.All.Where(e.Fact.Has).ToDictionary(f => f.Name(), f => e.Fact[f]) }),
    });
}
