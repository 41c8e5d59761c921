using HealthLedger.Fhir.Packages;

namespace HealthLedger.Gateway.Hosting;

/// <summary>Reads the conformance packages of the configuration, once, at start: a package that cannot be read ends it with a sentence.</summary>
internal static class PackageFiles
{
    private const int MostFiles = 20_000;
    private const long MostBytes = 512L * 1024 * 1024;

    /// <summary>The resources of files and folders, in the order given: the last of two with one URL stands. A folder is taken with its <c>package</c> folder, not with others below it.</summary>
    /// <exception cref="ConfigurationException">One of them is not there, cannot be read or holds no conformance resource, or they are too large.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(IEnumerable<string> paths)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        var files = 0;
        var bytes = 0L;
        foreach (var path in paths)
        {
            var before = found.Count;
            foreach (var file in FilesOf(path))
            {
                try
                {
                    using var content = File.OpenRead(file);
                    var resources = PackageReader.Resources(file, content);
                    found.AddRange(resources);
                    bytes += resources.Sum(r => (long)r.Length);
                }
                catch (Exception unreadable) when (unreadable is InvalidDataException or IOException or UnauthorizedAccessException)
                {
                    throw new ConfigurationException($"HealthLedger:Packages: {file} cannot be read as a FHIR package. {unreadable.Message}");
                }

                if (++files > MostFiles || bytes > MostBytes)
                {
                    throw new ConfigurationException($"HealthLedger:Packages: all packages together have at most {MostFiles} files and {MostBytes / (1024 * 1024)} MiB.");
                }
            }

            if (!ConformanceResources.HasAny(found.Skip(before)))
            {
                throw new ConfigurationException(
                    $"HealthLedger:Packages: {path} holds no StructureDefinition, ValueSet, CodeSystem or ImplementationGuide with a url. Name a FHIR package (.tgz), a .json or .json.gz file, or a folder of them.");
            }
        }

        return found;
    }

    private static IEnumerable<string> FilesOf(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw new ConfigurationException($"HealthLedger:Packages: {path} is not there. Name a .tgz, a .json file, or a folder of them.");
        }

        var inner = Path.Combine(path, "package");
        return Directory.EnumerateFiles(path).Concat(Directory.Exists(inner) ? Directory.EnumerateFiles(inner) : []).Order(StringComparer.Ordinal);
    }
}
