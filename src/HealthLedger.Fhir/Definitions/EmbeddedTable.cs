using System.IO.Compression;

namespace HealthLedger.Fhir.Definitions;

/// <summary>The tables in this assembly, which fhir-profiles/generator makes.</summary>
internal static class EmbeddedTable
{
    /// <exception cref="InvalidDataException">There is none of this name: the build is broken.</exception>
    public static byte[] Unpack(string name)
    {
        using var packed = typeof(EmbeddedTable).Assembly.GetManifestResourceStream(name)
                           ?? throw new InvalidDataException($"The assembly lacks its table {name}: the build is broken.");
        using var brotli = new BrotliStream(packed, CompressionMode.Decompress);
        using var table = new MemoryStream(1 << 19);
        brotli.CopyTo(table);
        return table.ToArray();
    }

    /// <summary>The lines of a table of text, without their ends.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Lines(string name)
    {
        ReadOnlyMemory<byte> rest = Unpack(name);
        while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            yield return rest[..end];
            rest = rest[(end + 1)..];
        }
    }
}
