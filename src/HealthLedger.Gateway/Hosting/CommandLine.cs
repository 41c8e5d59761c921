using System.Globalization;

namespace HealthLedger.Gateway.Hosting;

/// <summary>The gateway's own switches; everything else goes on to ASP.NET Core's configuration (<c>--urls</c>, <c>--HealthLedger:Data=DIR</c>).</summary>
internal sealed record CommandLine
{
    public bool Help { get; private init; }

    public bool Demo { get; private init; }

    public bool Once { get; private init; }

    public ulong Seed { get; private init; } = 1;

    public int Patients { get; private init; } = 120;

    public string? DemoData { get; private init; }

    public string DemoCredentials { get; private init; } = "demo-credentials.json";

    public IReadOnlyList<string> Configuration { get; private init; } = [];

    public const string HelpText = """
        HealthLedger gateway: a FHIR R4 API on sealed records, with consent and every access on a ledger that strangers can verify.

        Usage: dotnet run -c Release --project src/HealthLedger.Gateway -- [options]

          --urls URL                        where to listen (default http://localhost:5080; port 0 picks a free one)
          --HealthLedger:Data=DIR           sealed records and the ledger (default ./data)
          --HealthLedger:Keys=DIR           keys (default DIR.keys beside the data)
          --HealthLedger:Backups:Data=DIR   where `healthledger backup data` puts copies; --HealthLedger:Backups:Keys=DIR those of the keys, a place apart (default none)
          --HealthLedger:PassphraseFile=F   passphrase (or the variable HEALTHLEDGER_PASSPHRASE; without one a random one is made and kept with the keys)
          --HealthLedger:FirstOperator=F    registers the public key in F, from `healthledger clients new-key`, as the first operator's client
          --HealthLedger:Consents:ImplicitPolicy=deny|permit-treatment|permit-all
          --demo                            seed a small hospital, walk the main job on the console, then keep serving
          --once                            with --demo: exit after the walk, 0 if every step proved what it says, 1 if not
          --seed N                          with --demo: seed of the generated patients (default 1)
          --patients N                      with --demo: how many patients (default 120, 1 to 100000)
          --demo-data DIR                   with --demo: load FHIR Bundles (.json, .json.gz) from DIR instead of generating
          --demo-credentials FILE           with --demo: where to write the demo's clients and users (default ./demo-credentials.json)
          --help                            this text

        Exit codes: 0 ok, 1 the demo's walk failed, 2 configuration, 3 wrong passphrase or token, 4 directory in use, 5 port in use, 6 the ledger refuses to start.

        Examples:
          dotnet run -c Release --project src/HealthLedger.Gateway
          dotnet run -c Release --project src/HealthLedger.Gateway -- --demo --once
          dotnet run -c Release --project src/HealthLedger.Gateway -- --demo --patients 20 --urls http://localhost:0
        """;

    /// <summary>Reads the arguments; on a fault, <paramref name="fault"/> says what is wrong and what to do.</summary>
    public static CommandLine? Parse(IReadOnlyList<string> arguments, out string? fault)
    {
        var result = new CommandLine();
        var rest = new List<string>();
        string? ofDemo = null;
        fault = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = Split(arguments[i]);
            ofDemo ??= name is "--once" or "--seed" or "--patients" or "--demo-data" or "--demo-credentials" ? name : null;
            string? Value() => value ?? (i + 1 < arguments.Count ? arguments[++i] : null);
            switch (name)
            {
                case "--help" or "-h":
                    result = result with { Help = true };
                    break;
                case "--demo":
                    result = result with { Demo = true };
                    break;
                case "--once":
                    result = result with { Once = true };
                    break;
                case "--seed" when ulong.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    result = result with { Seed = seed };
                    break;
                case "--patients" when int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var patients) && patients is >= 1 and <= 100_000:
                    result = result with { Patients = patients };
                    break;
                case "--demo-data" when Value() is { Length: > 0 } directory:
                    result = result with { DemoData = directory };
                    break;
                case "--demo-credentials" when Value() is { Length: > 0 } file:
                    result = result with { DemoCredentials = file };
                    break;
                case "--seed" or "--patients" or "--demo-data" or "--demo-credentials":
                    fault = $"{name} needs a value: {Expected(name)}. See --help.";
                    return null;
                case "--urls" or "--environment":
                    rest.Add($"{name}={Value()}");
                    break;
                default:
                    if (value is null || !(name.StartsWith("--HealthLedger:", StringComparison.OrdinalIgnoreCase)
                        || name.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase) || name.StartsWith("--Kestrel:", StringComparison.OrdinalIgnoreCase)))
                    {
                        fault = $"'{name}' is no option here (settings are written --HealthLedger:Name=value). See --help.";
                        return null;
                    }

                    rest.Add(arguments[i]);
                    break;
            }
        }

        if (ofDemo is not null && !result.Demo)
        {
            fault = $"{ofDemo} goes with --demo. See --help.";
            return null;
        }

        return result with { Configuration = rest };
    }

    private static (string Name, string? Value) Split(string argument)
    {
        var equals = argument.IndexOf('=');
        return equals < 0 ? (argument, null) : (argument[..equals], argument[(equals + 1)..]);
    }

    private static string Expected(string name) => name switch
    {
        "--seed" => "a whole number from 0 upwards",
        "--patients" => "a whole number from 1 to 100000",
        "--demo-data" => "a folder of FHIR Bundles",
        _ => "a file name",
    };
}
