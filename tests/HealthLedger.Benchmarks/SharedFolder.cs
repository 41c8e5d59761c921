using System.IO.Compression;

namespace HealthLedger.Benchmarks;

/// <summary>The published data beside the project's root.</summary>
internal static class SharedFolder
{
    /// <summary>A folder of <c>../shared/data</c>; null where it is absent.</summary>
    public static string? Find(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "HealthLedger.sln")))
        {
            root = root.Parent;
        }

        var found = Path.Combine(root?.FullName ?? ".", "..", "shared", "data", name);
        return Directory.Exists(found) ? found : null;
    }

    /// <summary>The specification's example resources, unpacked, in the order of their names; empty where they are absent.</summary>
    public static IReadOnlyList<byte[]> Examples() =>
        Find("r4-examples") is { } folder ? [.. Directory.EnumerateFiles(folder, "*.json*").Order(StringComparer.Ordinal).Select(Read)] : [];

    private static byte[] Read(string file)
    {
        using Stream raw = File.OpenRead(file);
        using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
