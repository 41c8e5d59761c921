using System.IO.Compression;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

/// <summary>Records, terms and queries for the tests of search.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly SearchOptions Options = new() { Now = Now, LocalBase = "http://localhost:5080/fhir" };

    public static ResourceTerms Terms(string json) => SearchTermExtractor.Extract(Encoding.UTF8.GetBytes(json), new TermPool(), Options.LocalBase)!;

    public static SearchQuery Query(string type, string query)
    {
        var result = Parse(type, query);
        Assert.True(result.Query is not null, string.Join("; ", result.Errors));
        return result.Query;
    }

    public static SearchParseResult Parse(string type, string query, bool isLenient = false) =>
        SearchQuery.Parse(type, Pairs(query), Options with { IsLenient = isLenient });

    public static bool Matches(string query, string json, string id = "x")
    {
        var terms = Terms(json);
        return Query(terms.ResourceType, query).Matches(new SearchCandidate(terms, id, Now));
    }

    private static List<KeyValuePair<string, string>> Pairs(string query)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=');
            pairs.Add(new(part[..equals], part[(equals + 1)..]));
        }
        return pairs;
    }

    /// <summary>Every official example: file name and bytes.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> OfficialExamples()
    {
        if (SharedData.Folder("r4-examples") is not { } folder) yield break;
        foreach (var path in Directory.EnumerateFiles(folder).Where(p => p.Contains(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            yield return (Path.GetFileName(path), Read(path));
    }

    /// <summary>The resources of the first patient bundles of a Synthea set, with their full URLs.</summary>
    public static IEnumerable<(string FullUrl, JsonElement Resource)> Synthea(string set, int bundles)
    {
        if (SharedData.Folder("synthea/" + set) is not { } folder) yield break;
        foreach (var path in Directory.EnumerateFiles(folder, "*.json.gz").Where(p => !p.Contains("Information", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(bundles))
        {
            var bundle = JsonDocument.Parse(Read(path)).RootElement;
            foreach (var entry in bundle.GetProperty("entry").EnumerateArray())
                yield return (entry.GetProperty("fullUrl").GetString()!, entry.GetProperty("resource"));
        }
    }

    private static byte[] Read(string path)
    {
        if (!path.EndsWith(".gz", StringComparison.Ordinal)) return File.ReadAllBytes(path);
        using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        packed.CopyTo(bytes);
        return bytes.ToArray();
    }
}
