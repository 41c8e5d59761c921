using System.CommandLine;
using System.Net.Http.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger erase</c>.</summary>
internal static class EraseCommand
{
    public const string Examples = """
          healthledger erase patient PATIENT-ID --ground patient-request --credentials demo-credentials.json --client demo-operator
          healthledger erase list --credentials demo-credentials.json --client demo-operator
          healthledger erase audit-key ERASURE-ID --credentials demo-credentials.json --client demo-operator
          healthledger erase confirm ERASURE-ID --credentials demo-credentials.json --client demo-supervisor

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var patient = new Argument<string>("patient") { Description = "The id of the Patient record." };
        var ground = new Option<string>("--ground") { Description = "Why: patient-request, legal-duty or recorded-in-error.", HelpName = "GROUND", Required = true };
        return new Command("erase", "Erases a patient's records, and later the key that opens what was done with them.")
        {
            make.Make("patient", "Destroys a patient's records and the keys that open them, for good.", [patient, ground], parsed =>
                (HttpMethod.Post, "erasures", JsonContent.Create(new Dictionary<string, string> { ["patient"] = parsed.GetRequiredValue(patient), ["ground"] = parsed.GetRequiredValue(ground) }))),
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
}
