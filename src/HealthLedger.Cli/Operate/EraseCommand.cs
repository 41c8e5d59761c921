using System.CommandLine;
using System.Net.Http.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger erase</c>.</summary>
internal static class EraseCommand
{
    public const string Examples = """
          healthledger erase patient PATIENT-ID --dry-run --credentials demo-credentials.json --client demo-operator
          healthledger erase patient PATIENT-ID --ground patient-request --credentials demo-credentials.json --client demo-operator
          healthledger erase patient PATIENT-ID --ground patient-request --yes PATIENT-ID --credentials demo-credentials.json --client demo-operator
          healthledger erase list --credentials demo-credentials.json --client demo-operator
          healthledger erase audit-key ERASURE-ID --credentials demo-credentials.json --client demo-operator
          healthledger erase confirm ERASURE-ID --credentials demo-credentials.json --client demo-supervisor

        Without --yes the command shows what would go, and erases only after the patient's id was typed once more.

        Exit codes: 0 done, 1 the gateway refused, 2 usage or not confirmed, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var patient = new Argument<string>("patient") { Description = "The id of the Patient record." };
        var ground = new Option<string>("--ground") { Description = "Why: patient-request, legal-duty or recorded-in-error. Needed, but for --dry-run.", HelpName = "GROUND" };
        ground.AcceptOnlyFromAmong("patient-request", "legal-duty", "recorded-in-error");
        var dryRun = new Option<bool>("--dry-run") { Description = "Shows what would go, what stays and until when, in numbers, and erases nothing." };
        var yes = new Option<string>("--yes") { Description = "Confirms, by the patient's id once more, without being asked.", HelpName = "PATIENT-ID" };
        return new Command("erase", "Erases a patient's records, and later the key that opens what was done with them.")
        {
            make.Make("patient", "Destroys a patient's records and the keys that open them, for good.", [patient, ground, dryRun, yes], (parsed, send, cancellationToken) =>
                Patient(terminal, send, parsed.GetRequiredValue(patient), parsed.GetValue(ground), parsed.GetValue(dryRun), parsed.GetValue(yes), cancellationToken)),
            make.Make("list", "Lists the erasures and what is left of them.", [], _ => (HttpMethod.Get, "erasures", null)),
            Step("hold", "Begins a legal hold: the audit key is kept.", "hold"),
            Step("release", "Ends the legal hold.", "release"),
            Step("audit-key", "Asks for the destruction of the audit key, after the retention.", "audit-key"),
            Step("confirm", "Confirms, as another operator, and the audit key is destroyed.", "audit-key/confirm"),
        };

        Command Step(string name, string description, string path)
        {
            var erasure = new Argument<string>("erasure") { Description = "The id of the erasure, as list shows it." };
            return make.Make(name, description, [erasure], parsed => (HttpMethod.Post, $"erasures/{Uri.EscapeDataString(parsed.GetRequiredValue(erasure))}/{path}", null));
        }
    }

    /// <summary>Nothing is erased before the patient was named twice, by the same person or the same script.</summary>
    private static async Task<int> Patient(
        Terminal terminal, OperatorCommand.Requests send, string patient, string? ground, bool isDryRun, string? confirmed, CancellationToken cancellationToken)
    {
        if (isDryRun)
        {
            return await Send("erasures/preview", new() { ["patient"] = patient });
        }

        if (ground is null)
        {
            throw new UsageException("Option '--ground' is required, but for --dry-run.");
        }

        if (confirmed is null)
        {
            if (terminal.In is null)
            {
                throw new UsageException("Nothing was erased: it has to be confirmed, by --yes PATIENT-ID or on a terminal. --dry-run shows what would go.");
            }

            if (await Send("erasures/preview", new() { ["patient"] = patient }, isLast: false) is var refused and not (int)ExitCode.Ok)
            {
                return refused;
            }

            await terminal.Error.WriteAsync("Type the patient's id to erase: ");
            confirmed = await terminal.In.ReadLineAsync(cancellationToken);
        }

        return confirmed == patient
            ? await Send("erasures", new() { ["patient"] = patient, ["ground"] = ground })
            : throw new UsageException("Nothing was erased: that is not the id of the patient to erase.");

        async Task<int> Send(string path, Dictionary<string, string> body, bool isLast = true)
        {
            using var content = JsonContent.Create(body);
            return await send.AndPrint(HttpMethod.Post, path, content, isLast);
        }
    }
}
