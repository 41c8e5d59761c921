using System.CommandLine;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Verify;

/// <summary>The options by which a command follows a log's key to its successors.</summary>
internal sealed class SuccessionOptions
{
    /// <summary>The key that signs every succession.</summary>
    public Option<string?> OfflineKey { get; } = new("--offline-key") { Description = "The verifier key of the log's offline key: follows every succession of the log's key that it signed.", HelpName = "KEY" };

    /// <summary>Where the successions are kept.</summary>
    public Option<string?> Successions { get; } = new("--successions") { Description = "A file with the log's successions, as URL/ledger/successions serves them. Where the ledger is read, it is kept there and the next run compares.", HelpName = "FILE" };

    /// <summary>The kept file; null where none is named, or it is not there yet.</summary>
    /// <exception cref="UsageException">It cannot be read, or is no such file.</exception>
    public SuccessionFile? Kept(ParseResult parsed, bool mustExist) =>
        parsed.GetValue(Successions) is not { } path || (!mustExist && !File.Exists(path)) ? null : Read(path);

    /// <summary>Keeps what was followed, where a file is named and something was.</summary>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public void Keep(ParseResult parsed, Followed followed)
    {
        if (parsed.GetValue(Successions) is { } path && followed.File is { } file)
        {
            RememberedCheckpoint.Write(path, file.ToJson());
        }
    }

    /// <exception cref="UsageException">It cannot be read, or is no such file.</exception>
    public static SuccessionFile Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[Math.Min(file.Length, SuccessionFile.MaxBytes + 1)];
            file.ReadExactly(bytes);
            return SuccessionFile.Parse(bytes).TryGet(out var read, out var fault) ? read : throw new UsageException($"--successions: {path}: {fault.Detail}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--successions: {e.Message}");
        }
    }
}
