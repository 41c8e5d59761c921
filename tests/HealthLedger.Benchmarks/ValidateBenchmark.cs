using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;

namespace HealthLedger.Benchmarks;

/// <summary>Validation of Synthea Bundles and of the official examples, against System.Text.Json parsing the same bytes.</summary>
internal sealed class ValidateBenchmark : Benchmark
{
    private const int Runs = 5;

    public override string Name => "validate";

    public override string Says => "R4 validation with invariants, and with R4's own profiles and extensions, MB/s against JsonDocument.Parse, and ns per resource [--data FOLDER]";

    public override Task Run(string[] args)
    {
        var at = Array.IndexOf(args, "--data");
        var root = at >= 0 ? args[at + 1] : Path.Combine("..", "shared", "data");
        var synthea = Files(Path.Combine(root, "synthea")).Take(60).ToList();
        var examples = Files(Path.Combine(root, "r4-examples")).Where(f => f.Length < 100_000).ToList();
        var entries = synthea.SelectMany(Entries).Take(20_000).ToList();
        var terminology = new ValueSets(new ConformanceResources(R4Terminology.Resources));
        var profiles = new ProfileValidator(new ConformanceResources(R4Profiles.Resources), terminology);
        Action<byte[]> plain = t => ResourceValidator.Validate(t), withProfiles = t => profiles.Validate(t);
        foreach (var (scenario, texts, validate) in new[]
        {
            ("synthea-bundles", synthea, plain), ("synthea-resources", entries, plain), ("official-examples", examples, plain),
            ("synthea-resources-profiles", entries, withProfiles), ("official-examples-profiles", examples, withProfiles),
        })
        {
            if (texts.Count == 0)
            {
                Console.Error.WriteLine($"{root}: no data for {scenario}");
                continue;
            }

            var bytes = texts.Sum(t => (double)t.Length) / 1e6;
            Once(texts, validate);
            var values = Enumerable.Range(0, Runs).Select(_ => bytes / Once(texts, validate)).ToList();
            var references = Enumerable.Range(0, Runs).Select(_ => bytes / Once(texts, Parse)).ToList();
            Print(Measured.Of(Name, scenario, "MB/s", values, references, []));
            Print(Measured.Of(Name, scenario, "ns/text", [.. values.Select(v => bytes / v * 1e9 / texts.Count)], [.. references.Select(v => bytes / v * 1e9 / texts.Count)], []));
        }

        return Task.CompletedTask;
    }

    private static void Parse(byte[] text)
    {
        using var document = JsonDocument.Parse(text);
    }

    private static double Once(List<byte[]> texts, Action<byte[]> run)
    {
        var watch = Stopwatch.StartNew();
        foreach (var text in texts)
        {
            run(text);
        }

        return watch.Elapsed.TotalSeconds;
    }

    private static IEnumerable<byte[]> Files(string folder) =>
        !Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder, "*.json*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file =>
        {
            using Stream raw = File.OpenRead(file);
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
            using var text = new MemoryStream();
            stream.CopyTo(text);
            return text.ToArray();
        });

    private static IEnumerable<byte[]> Entries(byte[] bundle)
    {
        using var document = JsonDocument.Parse(bundle);
        foreach (var entry in document.RootElement.GetProperty("entry").EnumerateArray())
        {
            yield return System.Text.Encoding.UTF8.GetBytes(entry.GetProperty("resource").GetRawText());
        }
    }
}
