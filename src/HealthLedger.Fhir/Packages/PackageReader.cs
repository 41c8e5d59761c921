using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace HealthLedger.Fhir.Packages;

/// <summary>
/// Takes conformance resources out of package files: single resources (<c>.json</c>), collection Bundles of them, both also as <c>.json.gz</c>, and npm-style
/// FHIR packages (<c>.tgz</c>, http://hl7.org/fhir/R4/packages.html). What is no resource in JSON is passed over.
/// </summary>
public static class PackageReader
{
    /// <summary>The most bytes, unpacked, that one file of a package may have.</summary>
    public const int MaxFileBytes = 64 * 1024 * 1024;

    /// <summary>The most entries of one <c>.tgz</c>.</summary>
    public const int MaxEntries = 20_000;

    /// <summary>The most bytes, unpacked, that one <c>.tgz</c> may have.</summary>
    public const long MaxPackageBytes = 512L * 1024 * 1024;

    /// <summary>The resources of one file, as slices of its text.</summary>
    /// <param name="name">The file's name; its ending tells the form.</param>
    /// <param name="content">The file's content; read to its end.</param>
    /// <exception cref="InvalidDataException">The content is not of that form, or above a limit.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Resources(string name, Stream content)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(content);
        var found = new List<ReadOnlyMemory<byte>>();
        if (name.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase))
        {
            ReadPackage(name, content, found);
        }
        else if (name.EndsWith(".json.gz", StringComparison.OrdinalIgnoreCase))
        {
            using var unpacked = new GZipStream(content, CompressionMode.Decompress);
            AddText(name, Bounded(name, unpacked), found);
        }
        else if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            AddText(name, Bounded(name, content), found);
        }

        return found;
    }

    private static void ReadPackage(string name, Stream content, List<ReadOnlyMemory<byte>> found)
    {
        using var unpacked = new GZipStream(content, CompressionMode.Decompress);
        using var tar = new TarReader(unpacked);
        var entries = 0;
        var bytes = 0L;
        while (tar.GetNextEntry() is { } entry)
        {
            if (++entries > MaxEntries || (bytes += entry.Length) > MaxPackageBytes)
            {
                throw new InvalidDataException($"{name} has more than {MaxEntries} files or {MaxPackageBytes / (1024 * 1024)} MiB.");
            }

            // Resources lie in package/; folders below it hold examples and tooling.
            if (entry.DataStream is { } data && entry.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && entry.Name.Count(c => c == '/') == 1)
            {
                AddText(entry.Name, Bounded(entry.Name, data), found);
            }
        }
    }

    private static byte[] Bounded(string name, Stream stream)
    {
        using var text = new MemoryStream();
        var buffer = new byte[81920];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (text.Length + read > MaxFileBytes)
            {
                throw new InvalidDataException($"{name} has more than {MaxFileBytes / (1024 * 1024)} MiB.");
            }

            text.Write(buffer, 0, read);
        }

        return text.ToArray();
    }

    private static void AddText(string name, byte[] text, List<ReadOnlyMemory<byte>> found)
    {
        try
        {
            Add(text, found);
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{name} is not well-formed JSON.");
        }
    }

    private static void Add(ReadOnlyMemory<byte> text, List<ReadOnlyMemory<byte>> found)
    {
        var start = text.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        text = text[start..];
        var reader = new Utf8JsonReader(text.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        var isBundle = false;
        var entries = new List<ReadOnlyMemory<byte>>();
        var hasType = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resourceType"u8))
            {
                reader.Read();
                hasType = true;
                isBundle = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("Bundle"u8);
            }
            else if (reader.ValueTextEquals("entry"u8) && reader.Read() && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    Entry(ref reader, text, entries);
                }
            }
            else
            {
                reader.Skip();
            }
        }

        if (isBundle)
        {
            found.AddRange(entries);
        }
        else if (hasType)
        {
            found.Add(text);
        }
    }

    private static void Entry(ref Utf8JsonReader reader, ReadOnlyMemory<byte> text, List<ReadOnlyMemory<byte>> entries)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isResource = reader.ValueTextEquals("resource"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isResource)
            {
                entries.Add(text[start..(int)reader.BytesConsumed]);
            }
        }
    }
}
