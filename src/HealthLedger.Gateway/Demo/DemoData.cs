using System.IO.Compression;
using System.Text.Json;

namespace HealthLedger.Gateway.Demo;

/// <summary>The Bundles that the demo loads: generated, or the files of a folder.</summary>
internal static class DemoData
{
    /// <summary>The largest file once unpacked.</summary>
    private const int MaximumFile = 512 * 1024 * 1024;

    /// <summary>
    /// The Bundle files (<c>.json</c>, <c>.json.gz</c>) under <paramref name="directory"/>: hospitals and practitioners first, since patients refer to them; then those
    /// that refer by a condition, which must meet one record alone; those that bring copies of their own hospitals last.
    /// </summary>
    public static IReadOnlyList<string> Files(string directory) =>
    [
        .. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(f => f.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".json.gz", StringComparison.OrdinalIgnoreCase))
            .AsParallel()
            .Select(f => (File: f, Rank: Rank(f)))
            .OrderBy(f => f.Rank)
            .ThenBy(f => f.File, StringComparer.Ordinal)
            .Select(f => f.File),
    ];

    public static byte[] Read(string file)
    {
        using var stream = File.OpenRead(file);
        using Stream content = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using var buffer = new MemoryStream();
        var chunk = new byte[81920];
        int read;
        while ((read = content.Read(chunk)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > MaximumFile)
            {
                throw new InvalidDataException($"{file} unpacks to more than {MaximumFile} bytes.");
            }
        }

        return buffer.ToArray();
    }

    /// <summary>True for a Bundle of type transaction or batch, by its top level alone.</summary>
    public static bool IsTransaction(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var isBundle = false;
        var isTransaction = false;
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                isBundle |= name == "resourceType" && reader.TokenType == JsonTokenType.String && reader.GetString() == "Bundle";
                isTransaction |= name == "type" && reader.TokenType == JsonTokenType.String && reader.GetString() is "transaction" or "batch";
                reader.Skip();
            }

            if (isBundle && isTransaction)
            {
                return true;
            }
        }

        return false;
    }

    private static int Rank(string file)
    {
        var name = Path.GetFileName(file);
        return name.Contains("hospitalInformation", StringComparison.OrdinalIgnoreCase) ? 0
            : name.Contains("practitionerInformation", StringComparison.OrdinalIgnoreCase) ? 1
            : Read(file).AsSpan().IndexOf("?identifier="u8) >= 0 ? 2
            : 3;
    }

    /// <summary>The reference date of generated data: fixed, so that the same seed gives the same hospital on any day.</summary>
    public static readonly DateOnly ReferenceDate = new(2026, 1, 1);

    /// <summary>Strings of at least six bytes that tell who a patient is, from any Patient resource: names, identifiers, address lines, phones.</summary>
    public static IEnumerable<string> Identifying(JsonElement patient)
    {
        foreach (var name in Items(patient, "name"))
        {
            foreach (var text in Texts(name, "family", "given", "text"))
            {
                yield return text;
            }
        }

        foreach (var text in Items(patient, "identifier").Concat(Items(patient, "telecom")).SelectMany(i => Texts(i, "value")))
        {
            yield return text;
        }

        foreach (var text in Items(patient, "address").SelectMany(a => Texts(a, "line")))
        {
            yield return text;
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement resource, string name) =>
        resource.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    private static IEnumerable<string> Texts(JsonElement element, params string[] names)
    {
        foreach (var name in names)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value))
            {
                continue;
            }

            foreach (var text in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : Enumerable.Repeat(value, 1))
            {
                if (text.ValueKind == JsonValueKind.String && text.GetString() is { } found && System.Text.Encoding.UTF8.GetByteCount(found) >= StoredFilesScan.MinimumNeedle)
                {
                    yield return found;
                }
            }
        }
    }
}
