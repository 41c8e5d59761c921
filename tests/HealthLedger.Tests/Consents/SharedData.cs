namespace HealthLedger.Tests.Consents;

/// <summary>The shared data beside the repository; tests that need it are skipped with a notice where it is absent.</summary>
internal static class SharedData
{
    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                var path = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", relative));
                return Directory.Exists(path) ? path : null;
            }
        }

        return null;
    }
}

/// <summary>A fact that needs a folder of the shared data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(string folder)
    {
        if (SharedData.Find(folder) is null)
        {
            Skip = $"shared data is absent: {folder}";
        }
    }
}
