using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Verify;

/// <summary>What the caller trusts beforehand.</summary>
/// <param name="Policy">Log keys, witnesses, quorum; null where only an offline key is pinned.</param>
/// <param name="Offline">The offline key; null where none is pinned.</param>
internal sealed record Pins(LogPolicy? Policy, NoteVerifier? Offline)
{
    private const string File = "successions";

    /// <summary>Reads what was given on the command line; null where nothing was.</summary>
    /// <exception cref="UsageException">Something of it cannot be read.</exception>
    public static Pins? Read(string? vkey, string? policyFile, string? offlineKey)
    {
        var given = string.IsNullOrWhiteSpace(vkey) ? null : vkey;
        return given is null && policyFile is null && offlineKey is null
            ? null
            : new Pins(given is null && policyFile is null ? null : PinnedPolicy.Read(given, policyFile), offlineKey is null ? null : Key(offlineKey));
    }

    /// <exception cref="UsageException">This is no verifier key of type 1.</exception>
    public static NoteVerifier Key(string offlineKey) =>
        !NoteVerifier.Parse(offlineKey.Trim()).TryGet(out var key, out var fault) ? throw new UsageException($"--offline-key: {fault.Detail}")
        : key.Type == NoteKeyType.Ed25519 ? key
        : throw new UsageException("--offline-key: an offline key is of type 1 (Ed25519).");

    /// <summary>Follows the successions that a source serves; one that serves none is followed by what was kept, if anything.</summary>
    /// <exception cref="UnreachableException">The source cannot be read.</exception>
    public async Task<Parsed<Followed>> Follow(LedgerSource source, SuccessionFile? kept, CancellationToken cancellationToken) =>
        await source.Fetch(File, SuccessionFile.MaxBytes, cancellationToken) is not { } served ? Follow(kept)
        : SuccessionFile.Parse(served).TryGet(out var file, out var fault) ? Follow(file)
        : fault;

    /// <summary>Follows the successions in a file; without one, only a pinned key of the log itself counts, and none where an offline key is pinned.</summary>
    public Parsed<Followed> Follow(SuccessionFile? file)
    {
        if (file is null)
        {
            // A pinned offline key was named by the log once: whoever serves no statements hides them.
            return Policy is null || Offline is not null
                ? new Fault("succession-none", "An offline key is pinned, and there is no succession that it signed: name the ledger's successions, or, of a ledger that never named an offline key, pin its own key alone.")
                : new Followed(Policy, null, null);
        }

        return !file.Verify([.. Policy?.Logs ?? []], Offline).TryGet(out var lineage, out var fault)
            ? fault
            : new Followed(Policy?.Following(lineage) ?? LogPolicy.ForLineage(lineage), lineage, file);
    }
}

/// <summary>Whom to believe, once the successions of the log's key are known.</summary>
/// <param name="Policy">The policy, which knows them.</param>
/// <param name="Lineage">The log's keys; null where the log never named an offline key.</param>
/// <param name="File">Where they were read.</param>
internal sealed record Followed(LogPolicy Policy, LogLineage? Lineage, SuccessionFile? File)
{
    /// <summary>Entries of the ledger when the successions were served; null where none are.</summary>
    public ulong? ServedAt => Proven?.Size;

    private Checkpoint? Proven => File is null ? null : Checkpoint.Parse(File.Checkpoint.Text).Value;

    /// <summary>The roots that the successions fix, up to a checkpoint: those at which keys were frozen, and the one that everything is proven under.</summary>
    public IEnumerable<Checkpoint> Fixed(Checkpoint checkpoint) =>
        (Lineage?.Statements ?? []).Where(each => each.Statement.Number > 0).Select(each => new Checkpoint(checkpoint.Origin, each.Statement.Size, each.Statement.Root))
        .Append(Proven).OfType<Checkpoint>().Where(each => each.Size <= checkpoint.Size && each.Origin == checkpoint.Origin);

    /// <summary>A statement that was kept and the one of the same number that is served, where they differ; null where none do.</summary>
    public (SignedSuccession Kept, SignedSuccession Served)? Contradicts(SuccessionFile kept)
    {
        foreach (var each in kept.Statements)
        {
            if (SignedSuccession.Verify(each.Statement.ToBytes()).TryGet(out var before, out _) && (Lineage?.Statements ?? []).FirstOrDefault(now => now.Contradicts(before)) is { } other)
            {
                return (before, other);
            }
        }

        return null;
    }
}
