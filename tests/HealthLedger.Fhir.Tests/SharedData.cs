namespace HealthLedger.Fhir.Tests;

/// <summary>The published data beside the project. Tests that need it say so and pass where it is absent.</summary>
internal static class SharedData
{
    /// <summary>The repository's root.</summary>
    public static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The repository's root was not found.");
    }

    /// <summary>The folder, or null with a notice on the console.</summary>
    public static string? Folder(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                var found = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", relative));
                if (Directory.Exists(found))
                {
                    return found;
                }
            }
        }

        Console.WriteLine($"notice: ../shared/data/{relative} is absent; the tests over it are skipped");
        return null;
    }
}
