namespace HealthLedger.Gateway.Backups;

/// <summary>
/// The section <c>HealthLedger:Backups</c>: where the gateway puts copies of its data and of its keys. Two places, since who has both copies and the passphrase has
/// everything; an operator names a backup within them, never a directory.
/// </summary>
internal sealed class BackupOptions
{
    /// <summary>The directory of the data's backups. Without one none are made.</summary>
    public string? Data { get; set; }

    /// <summary>The directory of the keys' backups, each of which lives <c>HealthLedger:Erasure:KeyBackupDays</c>. Without one none are made.</summary>
    public string? Keys { get; set; }

    public string? DataPlace => Data is null ? null : Path.GetFullPath(Data);

    public string? KeysPlace => Keys is null ? null : Path.GetFullPath(Keys);

    /// <param name="data">The data directory.</param>
    /// <param name="keys">The key directory.</param>
    public IEnumerable<string> Faults(string data, string keys)
    {
        foreach (var (name, value) in new[] { ("Data", Data), ("Keys", Keys) })
        {
            if (value is null)
            {
                continue;
            }

            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"HealthLedger:Backups:{name} is empty: name a directory, or leave the setting out.";
                yield break;
            }

            foreach (var (taken, other) in new[] { ("HealthLedger:Data", data), ("HealthLedger:Keys", keys) })
            {
                if (Overlap(value, other))
                {
                    yield return $"HealthLedger:Backups:{name} and {taken} are one directory, or one lies in the other: backups need a directory of their own.";
                }
            }
        }

        if (Data is not null && Keys is not null && Overlap(Data, Keys))
        {
            yield return "HealthLedger:Backups:Data and HealthLedger:Backups:Keys are one directory, or one lies in the other: whoever copies it would have data and keys. Use two, best on two machines.";
        }
    }

    private static bool Overlap(string one, string other)
    {
        var (a, b) = (Real(one) + Path.DirectorySeparatorChar, Real(other) + Path.DirectorySeparatorChar);
        return a.StartsWith(b, StringComparison.Ordinal) || b.StartsWith(a, StringComparison.Ordinal);
    }

    /// <summary>The path with the links in it followed, as far as it exists.</summary>
    private static string Real(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
        {
            return full.TrimEnd(Path.DirectorySeparatorChar); // a root, which everything lies in
        }

        try
        {
            if (Directory.ResolveLinkTarget(full, returnFinalTarget: true) is { } target && target.FullName != full)
            {
                return Real(target.FullName);
            }
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            // What is not there yet, or leads nowhere, is itself.
        }

        return Real(parent) + Path.DirectorySeparatorChar + Path.GetFileName(full);
    }
}
