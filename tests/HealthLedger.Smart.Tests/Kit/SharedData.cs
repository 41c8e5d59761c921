namespace HealthLedger.Smart.Tests.Kit;

/// <summary>Finds published vectors beside the repository; they are not part of it.</summary>
internal static class SharedData
{
    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                var path = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", relative));
                if (File.Exists(path))
                {
                    return path;
                }

                Console.WriteLine($"skipped: {relative} is not beside the repository");
                return null;
            }
        }

        return null;
    }
}
