namespace HealthLedger.Risk.Tests;

/// <summary>Published data kept beside the repository, at ../shared/data from its root; tests that need it skip with a notice where it is absent.</summary>
internal static class SharedData
{
    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln"))) continue;
            var path = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", relative));
            return Path.Exists(path) ? path : null;
        }
        return null;
    }
}

/// <summary>A test that is skipped, saying so, where the shared data is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(string relative)
    {
        if (SharedData.Find(relative) is null) Skip = $"../shared/data/{relative} is not here";
    }
}
