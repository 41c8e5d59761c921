using System.IO.Compression;

namespace HealthLedger.Fhir.Tests;

/// <summary>Resources of the published data, unpacked.</summary>
internal static class ExampleFiles
{
    public static IEnumerable<(string Name, byte[] Json)> Of(string folder) =>
        SharedData.Folder(folder) is { } found
            ? Directory.EnumerateFiles(found, "*.json*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), Read(f)))
            : [];

    private static byte[] Read(string file)
    {
        using Stream raw = File.OpenRead(file);
        using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
