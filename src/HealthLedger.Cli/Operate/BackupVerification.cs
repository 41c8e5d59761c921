using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Cli.Operate;

/// <summary>What is wrong with a file of a backup.</summary>
internal sealed record BackupFinding(string Path, string Problem);

/// <summary>What a backup says of itself (docs/formats/backup.md).</summary>
internal sealed record BackupStatement(string Kind, string Name, string Created, string? DeleteAfter, ulong? LedgerSize)
{
    public bool IsDue(DateTimeOffset now) =>
        DateTimeOffset.TryParse(DeleteAfter, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var deleteAfter) && deleteAfter <= now;
}

/// <summary>The outcome of a check.</summary>
/// <param name="Whole">True where every file is there as it was written, and no other.</param>
/// <param name="Files">Files that are listed.</param>
/// <param name="Bytes">Bytes that were read of them.</param>
/// <param name="Findings">What is wrong, by path.</param>
/// <param name="Manifest">What the backup says of itself; null where that cannot be read.</param>
internal sealed record BackupVerdict(bool Whole, int Files, long Bytes, IReadOnlyList<BackupFinding> Findings, BackupStatement? Manifest);

/// <summary>
/// Compares a backup with the SHA256SUMS in it, which <c>sha256sum -c</c> reads too. It finds what a disk or a copy damaged. Who writes to the backup can write the sums too: what the
/// ledger's files hold is checked by <c>healthledger verify</c> with the pinned key, the rest is sealed.
/// </summary>
internal static class BackupVerification
{
    private const string Sums = "SHA256SUMS";
    private const string ManifestName = "backup.json";
    private const string Format = "healthledger/backup/v1";
    private const int MaxSums = 16 << 20;
    private const int MaxManifest = 4096;
    private const int SumLength = 64;

    /// <exception cref="UnreachableException">There is no such directory, or it cannot be read.</exception>
    public static BackupVerdict Run(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
        {
            throw new UnreachableException($"{directory} is no directory.");
        }

        try
        {
            var findings = new List<BackupFinding>();
            var present = Present(directory, findings);
            var listed = Listed(directory, findings);
            long bytes = 0;
            foreach (var (path, sum) in listed)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!present.Contains(path))
                {
                    findings.Add(new BackupFinding(path, "missing"));
                    continue;
                }

                using var file = File.OpenRead(Path.Combine(directory, path));
                if (Convert.ToHexStringLower(SHA256.HashData(file)) != sum)
                {
                    findings.Add(new BackupFinding(path, "not as it was written"));
                }

                bytes += file.Position;
            }

            findings.AddRange(present.Where(path => path != Sums && !listed.ContainsKey(path)).Select(path => new BackupFinding(path, "not part of the backup")));
            var manifest = Statement(directory);
            if (manifest is null)
            {
                findings.Add(new BackupFinding(ManifestName, "cannot be read"));
            }

            return new BackupVerdict(findings.Count == 0, listed.Count, bytes, [.. findings.OrderBy(finding => finding.Path, StringComparer.Ordinal)], manifest);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UnreachableException($"{directory} cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>The plain files below a directory. A link is none: what it leads to is not part of the backup.</summary>
    private static HashSet<string> Present(string root, List<BackupFinding> findings)
    {
        var files = new HashSet<string>(StringComparer.Ordinal);
        var directories = new Stack<DirectoryInfo>([new DirectoryInfo(root)]);
        while (directories.TryPop(out var directory))
        {
            foreach (var entry in directory.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }))
            {
                var path = Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');
                if (entry.LinkTarget is not null)
                {
                    findings.Add(new BackupFinding(path, "a link, where a backup has plain files"));
                }
                else if (entry is DirectoryInfo inner)
                {
                    directories.Push(inner);
                }
                else
                {
                    files.Add(path);
                }
            }
        }

        return files;
    }

    private static SortedDictionary<string, string> Listed(string directory, List<BackupFinding> findings)
    {
        var listed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var file = new FileInfo(Path.Combine(directory, Sums));
        if (!file.Exists || file.LinkTarget is not null || file.Length > MaxSums)
        {
            findings.Add(new BackupFinding(Sums, file.Exists ? "cannot be read" : "missing: this is no backup, or not a whole one"));
            return listed;
        }

        var text = Encoding.UTF8.GetString(File.ReadAllBytes(file.FullName));
        var lines = text.Split('\n');
        if (lines[^1].Length > 0 || lines.Length == 1)
        {
            findings.Add(new BackupFinding(Sums, "does not end where it was written to"));
        }

        for (var i = 0; i < lines.Length - 1; i++)
        {
            if (lines[i] is { Length: > SumLength + 2 } line && line[..SumLength].All(char.IsAsciiHexDigitLower) && line.AsSpan(SumLength, 2) is "  " && IsBelow(line[(SumLength + 2)..])
                && listed.TryAdd(line[(SumLength + 2)..], line[..SumLength]))
            {
                continue;
            }

            findings.Add(new BackupFinding(Sums, $"line {i + 1} cannot be read"));
        }

        return listed;
    }

    private static bool IsBelow(string path) => path[0] != '/' && !path.Contains('\\', StringComparison.Ordinal) && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static BackupStatement? Statement(string directory)
    {
        var file = new FileInfo(Path.Combine(directory, ManifestName));
        if (!file.Exists || file.LinkTarget is not null || file.Length > MaxManifest)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file.FullName), new JsonDocumentOptions { MaxDepth = 3 });
            var root = json.RootElement;
            return root.GetProperty("format").GetString() != Format ? null : new BackupStatement(
                root.GetProperty("kind").GetString()!,
                root.GetProperty("name").GetString()!,
                root.GetProperty("created").GetString()!,
                root.TryGetProperty("deleteAfter", out var deleteAfter) ? deleteAfter.GetString() : null,
                root.TryGetProperty("ledger", out var ledger) ? ledger.GetProperty("size").GetUInt64() : null);
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
