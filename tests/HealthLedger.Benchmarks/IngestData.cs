using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Benchmarks;

/// <summary>A transaction Bundle and how many resources it holds.</summary>
internal sealed record IngestBundle(byte[] Json, int Resources);

/// <summary>One set of Synthea Bundles: directory first, then one Bundle for each patient.</summary>
internal sealed record IngestData(string Name, IReadOnlyList<IngestBundle> Directory, IReadOnlyList<IngestBundle> Patients)
{
    /// <summary>
    /// The sets in <c>../shared/data/synthea</c> beside the project's root; the set whose patients refer to hospitals by identifier comes first, since the other brings
    /// copies of its own. Empty where there is no such folder.
    /// </summary>
    public static IEnumerable<IngestData> Sets() =>
        SharedFolder.Find("synthea") is { } synthea ? System.IO.Directory.EnumerateDirectories(synthea).OrderDescending(StringComparer.Ordinal).Select(Read) : [];

    /// <summary>
    /// The resources of a loaded Bundle as single creates: references to its own entries become those to what the server made of them. References by
    /// identifier, which only a transaction may hold, become literal ones.
    /// </summary>
    public static IEnumerable<(string Type, byte[] Json)> Singles(IngestBundle bundle, JsonElement answer)
    {
        using var sent = JsonDocument.Parse(bundle.Json);
        var entries = sent.RootElement.GetProperty("entry").EnumerateArray().ToList();
        var made = answer.GetProperty("entry").EnumerateArray()
            .Select(entry => entry.GetProperty("response").GetProperty("location").GetString()!.Split('/')).Select(parts => $"{parts[^4]}/{parts[^3]}").ToList();
        var byFullUrl = entries.Zip(made).ToDictionary(pair => pair.First.GetProperty("fullUrl").GetString()!, pair => pair.Second);
        foreach (var resource in entries.Select(entry => entry.GetProperty("resource")).Where(resource => resource.GetProperty("resourceType").GetString() != "Patient"))
        {
            var text = new StringBuilder(resource.GetRawText());
            foreach (var reference in References(resource).Distinct())
            {
                var literal = reference.IndexOf('?') is var question and >= 0 ? reference[..question] + "/any" : byFullUrl.GetValueOrDefault(reference, reference);
                text.Replace($"\"{reference}\"", $"\"{literal}\"");
            }

            yield return (resource.GetProperty("resourceType").GetString()!, Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property.NameEquals("reference") && property.Value.ValueKind == JsonValueKind.String ? [property.Value.GetString()!] : References(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private static IngestData Read(string directory)
    {
        var files = System.IO.Directory.EnumerateFiles(directory, "*.json.gz").Order(StringComparer.Ordinal).ToLookup(file => file.Contains("Information"));
        return new IngestData(
            Path.GetFileName(directory),
            [.. files[true].OrderBy(file => file.Contains("practitioner")).Select(Unpack)],
            [.. files[false].Select(Unpack)]);
    }

    private static IngestBundle Unpack(string file)
    {
        using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        using var json = new MemoryStream();
        packed.CopyTo(json);
        using var bundle = JsonDocument.Parse(json.ToArray());
        return new IngestBundle(json.ToArray(), bundle.RootElement.GetProperty("entry").GetArrayLength());
    }
}
