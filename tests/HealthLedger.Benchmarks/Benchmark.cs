using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace HealthLedger.Benchmarks;

/// <summary>One benchmark. A class in this assembly that derives from this one is found by its <see cref="Name"/>; nothing else registers it.</summary>
internal abstract class Benchmark
{
    /// <summary>What it is called on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it measures, in a line.</summary>
    public abstract string Says { get; }

    /// <summary>Runs all scenarios; each prints one line by <see cref="Print"/>.</summary>
    public abstract Task Run(string[] args);

    /// <summary>All benchmarks by name.</summary>
    public static IReadOnlyList<Benchmark> All() =>
    [
        .. Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Benchmark)) && !type.IsAbstract)
            .Select(type => (Benchmark)Activator.CreateInstance(type)!)
            .OrderBy(benchmark => benchmark.Name, StringComparer.Ordinal),
    ];

    /// <summary>The value of an option such as <c>--seconds 3</c>, or what stands for it.</summary>
    protected static double Option(string[] args, string name, double otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? double.Parse(args[at + 1], System.Globalization.CultureInfo.InvariantCulture) : otherwise;
    }

    /// <summary>The text of an option such as <c>--set 2021</c>; null where it is not given.</summary>
    protected static string? Text(string[] args, string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

    protected static void Print(Measured measured) => Console.WriteLine(JsonSerializer.Serialize(measured, Measured.Lines));
}

/// <summary>One scenario's line.</summary>
/// <param name="Benchmark">The benchmark's name.</param>
/// <param name="Scenario">The scenario's.</param>
/// <param name="Value">The median of the runs.</param>
/// <param name="Unit">Of value and reference.</param>
/// <param name="Reference">The same machine's simplest way to do it, measured in the same run; null where there is none.</param>
/// <param name="Ratio">Value by reference.</param>
/// <param name="P50Ms">Median latency.</param>
/// <param name="P95Ms">95th percentile of latency.</param>
/// <param name="P99Ms">99th percentile of latency.</param>
/// <param name="Spread">Difference of the best and the worst run, by the median.</param>
internal sealed record Measured(
    string Benchmark, string Scenario, double Value, string Unit, double? Reference, double? Ratio, double P50Ms, double P95Ms, double P99Ms, double Spread)
{
    public static JsonSerializerOptions Lines { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Processor time that the server took for each request, the median of the runs in microseconds; null where it was not counted.</summary>
    public double? ServerUs { get; init; }

    /// <summary>With what the server took for it.</summary>
    public Measured With(ServerWork work) => this with { ServerUs = Math.Round(Median(work.PerRequest)) };

    /// <summary>The line of several runs against several measurements of the reference.</summary>
    public static Measured Of(
        string benchmark, string scenario, string unit, IReadOnlyList<double> values, IReadOnlyList<double> references, List<double> latenciesMs)
    {
        var value = Median(values);
        double? reference = references.Count > 0 ? Median(references) : null;
        latenciesMs.Sort();
        return new Measured(
            benchmark, scenario, Math.Round(value), unit, reference is { } r ? Math.Round(r) : null, reference is { } by ? Math.Round(value / by, 2) : null,
            At(latenciesMs, 0.5), At(latenciesMs, 0.95), At(latenciesMs, 0.99), Math.Round((values.Max() - values.Min()) / value, 3));
    }

    private static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    private static double At(List<double> sorted, double part) => sorted.Count == 0 ? 0 : Math.Round(sorted[(int)(sorted.Count * part)], 3);
}
