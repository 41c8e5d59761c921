using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Xml;
using HealthLedger.Gateway.Tests.Fhir;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>One resource that mutations start from.</summary>
internal sealed record Seed(string Type, byte[] Json);

/// <summary>What mutations start from: the specification's examples and FHIRPath suite, and small records of our own, which stand alone where those are absent.</summary>
internal static class Seeds
{
    /// <summary>Larger examples cost time and reach no other code.</summary>
    private const int Largest = 24 * 1024;

    public static IReadOnlyList<Seed> Resources { get; } = [.. Own(), .. Official()];

    /// <summary>The same in XML; narrative in examples that XML cannot take is left out.</summary>
    public static IReadOnlyList<byte[]> Xml { get; } = [.. Resources.Select(seed => XmlResource.Write(seed.Json))];

    /// <summary>The search parameters' expressions, the invariants of all types, and the official suite.</summary>
    public static IReadOnlyList<string> Expressions { get; } =
    [
        .. FhirDefinitions.R4.SearchParameters.Select(p => p.Expression).Where(e => e.Length > 0),
        .. FhirDefinitions.R4.Types.SelectMany(t => t.Invariants).Select(i => i.Expression).Distinct(),
        .. Suite(),
    ];

    private static IEnumerable<Seed> Own()
    {
        JsonObject[] records =
        [
            Records.Patient("fuzz-patient", "Fuzz"), Records.Observation("fuzz-pulse", "fuzz-patient"), Records.Condition("fuzz-condition", "fuzz-patient"),
            Records.Shared("fuzz-appointment", "fuzz-patient", "fuzz-patient"), Records.Practitioner("fuzz-doctor", "Doctorow"),
            Records.Bundle("transaction", Records.Entry("POST", "Observation", Records.Observation(null, "fuzz-patient"))),
            Records.Bundle("batch", Records.Entry("GET", "Patient?name=fuzz"), Records.Entry("PUT", "Patient/fuzz-patient", Records.Patient("fuzz-patient", "Fuzzy"))),
        ];
        return records.Select(record => new Seed(record["resourceType"]!.GetValue<string>(), Encoding.UTF8.GetBytes(record.ToJsonString())));
    }

    private static IEnumerable<Seed> Official()
    {
        if (Folder("r4-examples") is not { } folder)
        {
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.json*").Order(StringComparer.Ordinal))
        {
            using Stream raw = File.OpenRead(file);
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            if (bytes.Length <= Largest)
            {
                yield return new Seed(Path.GetFileName(file).Split('-')[0], bytes.ToArray());
            }
        }
    }

    private static IEnumerable<string> Suite() => Folder("fhirpath/r4/fhirpath") is { } folder
        ? XDocument.Load(Path.Combine(folder, "tests-fhir-r4.xml")).Descendants("expression").Select(e => e.Value)
        : [];

    private static string? Folder(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var found = Path.Combine(folder.FullName, "..", "shared", "data", relative);
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")) && Directory.Exists(found))
            {
                return found;
            }
        }

        Console.WriteLine($"notice: ../shared/data/{relative} is absent; the fuzzer starts from fewer inputs");
        return null;
    }
}
