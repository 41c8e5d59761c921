using System.Security.Cryptography;
using System.Text;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Backups;

/// <summary>A backup in its place.</summary>
/// <param name="Name">The name of its directory.</param>
/// <param name="Manifest">What it says of itself; null where that cannot be read or is another's, and then nothing is known of its age.</param>
/// <param name="DeleteAfter">When it must be gone; null where it need not be, or where that is not known.</param>
internal sealed record StoredBackup(string Name, BackupManifest? Manifest, DateTimeOffset? DeleteAfter)
{
    public bool IsDue(DateTimeOffset now) => DeleteAfter <= now;
}

/// <summary>
/// A directory of backups. One is written beside its place, <c>.TENANT-NAME.partial</c>, and renamed when all of it is durable, so that what stands under a name is whole.
/// </summary>
/// <remarks>For one thread at a time.</remarks>
internal sealed class BackupPlace(BackupKind kind, string directory, TenantId tenant)
{
    private const string Partial = ".partial";
    private const string Sums = "SHA256SUMS";
    private const int MaxName = 64;

    public string Directory { get; } = directory;

    /// <summary>1 to 64 of a-z, 0-9 and hyphen, none of them first: no path, nothing that a shell or a file system reads otherwise.</summary>
    public static bool IsName(string name) =>
        name.Length is >= 1 and <= MaxName && name[0] != '-' && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>Makes the directory where there is none, and clears away what earlier runs began and did not end.</summary>
    /// <exception cref="IOException">It cannot be used.</exception>
    public void Prepare()
    {
        Make(Directory);
        foreach (var left in System.IO.Directory.EnumerateDirectories(Directory, $".{tenant}-*{Partial}").ToList())
        {
            Remove(left);
        }
    }

    public bool Has(string name) => Path.Exists(Path.Combine(Directory, name));

    public long FreeBytes => new DriveInfo(Directory).AvailableFreeSpace;

    /// <summary>What is there, the newest first.</summary>
    /// <param name="keepDays">How long backups of keys are kept at most: a shorter time than a backup was made with counts for it too.</param>
    public IReadOnlyList<StoredBackup> List(int keepDays) => !System.IO.Directory.Exists(Directory) ? [] :
    [
        .. System.IO.Directory.EnumerateDirectories(Directory)
            .Select(path => Read(path, keepDays))
            .Where(backup => backup.Manifest is not null ? backup.Name[0] != '.' : IsName(backup.Name)) // not what file systems keep there, such as lost+found
            .OrderByDescending(backup => backup.Manifest?.Created ?? DateTimeOffset.MaxValue)
            .ThenBy(backup => backup.Name, StringComparer.Ordinal),
    ];

    /// <summary>Writes a backup: whole and durable under its name on return, and nothing of it there after an exception.</summary>
    /// <param name="name">A name that is free.</param>
    /// <param name="write">Writes its files into an empty directory and says what it is.</param>
    public BackupManifest Write(string name, Func<string, BackupManifest> write)
    {
        var partial = PartialOf(name);
        Remove(partial);
        try
        {
            Make(partial);
            var manifest = write(partial);
            WriteNew(Path.Combine(partial, BackupManifest.FileName), manifest.ToJson());
            Seal(partial);
            System.IO.Directory.Move(partial, Path.Combine(Directory, name));
            DurableNames.Flush(Directory);
            return manifest;
        }
        catch
        {
            Remove(partial);
            throw;
        }
    }

    /// <summary>Overwrites and removes a backup. One that breaks off is no backup any more, and <see cref="Prepare"/> goes on with it.</summary>
    /// <exception cref="IOException">It could not be removed.</exception>
    public void Destroy(string name)
    {
        var partial = PartialOf(name);
        Remove(partial);
        System.IO.Directory.Move(Path.Combine(Directory, name), partial);
        DurableNames.Flush(Directory);
        Remove(partial);
    }

    /// <summary>Makes a directory for its owner alone; one that is there stays as it is.</summary>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            System.IO.Directory.CreateDirectory(path);
        }
        else
        {
            System.IO.Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes a new file for its owner alone. Not durable on return.</summary>
    public static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
    }

    private string PartialOf(string name) => Path.Combine(Directory, $".{tenant}-{name}{Partial}");

    private StoredBackup Read(string path, int keepDays)
    {
        // What a link leads to is not in this place: nobody made it here, and destroying it here would not destroy it.
        var manifest = new DirectoryInfo(path).LinkTarget is null && BackupManifest.Read(path) is { } read && read.Kind == kind && read.Tenant == tenant ? read : null;
        var deleteAfter = manifest?.DeleteAfter is { } stated && manifest.Created.AddDays(keepDays) is var kept ? (stated < kept ? stated : kept) : (DateTimeOffset?)null;
        return new StoredBackup(Path.GetFileName(path), manifest, deleteAfter);
    }

    /// <summary>The sums of all files, and everything durable: files, then the names of files and directories.</summary>
    private static void Seal(string partial)
    {
        var sums = new StringBuilder();
        foreach (var path in System.IO.Directory.EnumerateFiles(partial, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            var sum = Convert.ToHexStringLower(SHA256.HashData(file));
            file.Flush(flushToDisk: true);
            sums.Append(sum).Append("  ").Append(Path.GetRelativePath(partial, path).Replace(Path.DirectorySeparatorChar, '/')).Append('\n');
        }

        var list = Path.Combine(partial, Sums);
        WriteNew(list, Encoding.ASCII.GetBytes(sums.ToString()));
        using (var file = new FileStream(list, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        foreach (var directory in System.IO.Directory.EnumerateDirectories(partial, "*", SearchOption.AllDirectories).Append(partial))
        {
            DurableNames.Flush(directory);
        }
    }

    private void Remove(string path)
    {
        if (kind == BackupKind.Keys)
        {
            KeyDirectory.DestroyCopy(path);
        }
        else if (System.IO.Directory.Exists(path))
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
    }
}
