using HealthLedger.Benchmarks;

// `dotnet run -c Release --project tests/HealthLedger.Benchmarks -- NAME [options]`: one JSON line for each scenario.
var benchmarks = Benchmark.All();
if (args.Length == 0 || args[0] is "--help" || benchmarks.FirstOrDefault(benchmark => benchmark.Name == args[0]) is not { } chosen)
{
    Console.Error.WriteLine("Usage: NAME [options]");
    foreach (var benchmark in benchmarks)
    {
        Console.Error.WriteLine($"  {benchmark.Name,-10} {benchmark.Says}");
    }

    return args is ["--help"] ? 0 : 2;
}

await chosen.Run(args[1..]);
return 0;
