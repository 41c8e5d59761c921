using Xunit.Abstractions;

namespace HealthLedger.Proofs.Tests;

/// <summary>Published vectors that live beside the repository, in ../shared/data seen from the folder of HealthLedger.sln.</summary>
internal static class SharedData
{
    /// <summary>The file's path; null, with a notice, where the data is absent.</summary>
    public static string? Find(string path, ITestOutputHelper output)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                continue;
            }

            var file = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", path));
            if (File.Exists(file))
            {
                return file;
            }
        }

        output.WriteLine($"SKIPPED: ../shared/data/{path} is absent; the vectors in it were not checked.");
        return null;
    }
}
