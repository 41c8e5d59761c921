using System.Diagnostics;
using HealthLedger.Conformance;

const string Help = """
    Runs the conformance suites (tests of the trait Suite=Conformance) and prints one table of what of FHIR R4 is covered.

    Usage: dotnet run -c Release --project tests/HealthLedger.Conformance -- [options]

      --write        also write docs/conformance.md
      --check        fail where docs/conformance.md differs
      --results DIR  run nothing: take the results that a test run left in DIR (the variable HEALTHLEDGER_CONFORMANCE named it)
      --help         this text

    Exit codes: 0 ok, 1 a suite failed or the page differs, 2 wrong arguments.
    """;

var (write, check, given) = (false, false, (string?)null);
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--write":
            write = true;
            break;
        case "--check":
            check = true;
            break;
        case "--results" when i + 1 < args.Length:
            given = Path.GetFullPath(args[++i]);
            break;
        case "--help":
            Console.WriteLine(Help);
            return 0;
        default:
            Console.Error.WriteLine($"Unknown argument '{args[i]}'.\n\n{Help}");
            return 2;
    }
}

var root = Root();
var failed = false;
var results = given ?? Directory.CreateTempSubdirectory("healthledger-conformance-").FullName;
if (given is null)
{
    foreach (var project in new[] { "HealthLedger.Fhir.Tests", "HealthLedger.Gateway.Tests" })
    {
        var start = new ProcessStartInfo("dotnet", ["test", Path.Combine(root, "tests", project), "-c", "Release", "-v", "quiet", "--filter", "Suite=Conformance"]);
        start.Environment[SuiteResult.Variable] = results;
        using var run = Process.Start(start)!;
        run.WaitForExit();
        failed |= run.ExitCode != 0;
    }
}

var page = ConformanceTable.Page(SuiteResult.In(results));
if (given is null)
{
    Directory.Delete(results, recursive: true);
}

Console.Write(page);
var kept = Path.Combine(root, "docs", "conformance.md");
if (write)
{
    File.WriteAllText(kept, page);
}

if (check && (!File.Exists(kept) || File.ReadAllText(kept).ReplaceLineEndings("\n") != page))
{
    Console.Error.WriteLine("docs/conformance.md differs from this run. Look at what changed, then run with --write.");
    var before = File.Exists(kept) ? File.ReadAllLines(kept) : [];
    var now = page.Split('\n');
    foreach (var line in before.Except(now).Select(line => "- " + line).Concat(now.Except(before).Select(line => "+ " + line)))
    {
        Console.Error.WriteLine(line);
    }

    failed = true;
}

return failed ? 1 : 0;

static string Root()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
        {
            return folder.FullName;
        }
    }

    throw new InvalidOperationException("Run it from within the project.");
}
