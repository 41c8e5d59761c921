using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Successions;

/// <summary>One of a log's keys, and for which checkpoints its signature counts.</summary>
/// <param name="Key">The key.</param>
/// <param name="From">The least size: where the key before was frozen; 0 for the first.</param>
/// <param name="To">The greatest size: where it was frozen itself; null for the newest.</param>
public sealed record LogReign(NoteVerifier Key, ulong From, ulong? To)
{
    /// <summary>The time in Unix seconds of the entry that retired it, where that is proven; null for the newest, and where only statements are known. No entry up to <see cref="To"/> is later, since times in a ledger never go back.</summary>
    public ulong? Until { get; init; }
}

/// <summary>
/// A log's keys in order, by verified statements, as far as somebody who pinned one of them, or the offline key, may follow. Made by <see cref="Verify"/> alone.
/// </summary>
public sealed class LogLineage
{
    private LogLineage(IReadOnlyList<SignedSuccession> statements, bool byOfflineKey, NoteVerifier? pinned)
    {
        (Statements, ByOfflineKey, Pinned) = (statements, byOfflineKey, pinned);
        Reigns = [.. statements.Select((each, i) => new LogReign(each.Statement.Successor, each.Statement.Size, i + 1 < statements.Count ? statements[i + 1].Statement.Size : null))];
    }

    private LogLineage(LogLineage known, IReadOnlyList<ulong> times)
    {
        (Statements, ByOfflineKey, Pinned) = (known.Statements, known.ByOfflineKey, known.Pinned);
        Reigns = [.. known.Reigns.Select((reign, i) => reign with { Until = i + 1 < times.Count ? times[i + 1] : null })];
    }

    /// <summary>The log.</summary>
    public string Origin => Statements[0].Statement.Origin;

    /// <summary>Every statement from number 0.</summary>
    public IReadOnlyList<SignedSuccession> Statements { get; }

    /// <summary>The keys, oldest first.</summary>
    public IReadOnlyList<LogReign> Reigns { get; }

    /// <summary>The newest key.</summary>
    public NoteVerifier Newest => Reigns[^1].Key;

    /// <summary>The key without which no key succeeds another.</summary>
    public NoteVerifier Offline => Statements[0].Statement.Offline;

    /// <summary>True where the offline key was pinned; false where a key of the log was, which vouches for the offline key.</summary>
    public bool ByOfflineKey { get; }

    /// <summary>The pinned key of the log from which was followed; null where only the offline key is pinned.</summary>
    public NoteVerifier? Pinned { get; }

    /// <summary>Verifies statements from number 0 in order, and that a pinned key leads to all of them.</summary>
    /// <param name="statements">The notes, number 0 first.</param>
    /// <param name="pinned">Keys that are trusted; those of other origins are left aside.</param>
    /// <param name="offline">The offline key that is trusted; null where none is pinned. Then a key that was revoked can only be got over by pinning what came after it.</param>
    public static Parsed<LogLineage> Verify(IReadOnlyList<SignedNote> statements, IReadOnlyCollection<NoteVerifier> pinned, NoteVerifier? offline)
    {
        ArgumentNullException.ThrowIfNull(statements);
        ArgumentNullException.ThrowIfNull(pinned);
        if (statements.Count is 0 or > (int)Succession.MaxNumber + 1)
        {
            return new Fault("succession-count", $"A log that has named an offline key has 1 to {Succession.MaxNumber + 1} statements.");
        }

        var read = new List<SignedSuccession>(statements.Count);
        foreach (var note in statements)
        {
            if (!SignedSuccession.Verify(note.ToBytes()).TryGet(out var signed, out var fault))
            {
                return fault;
            }

            if (Follows(read, signed.Statement) is { } gap)
            {
                return gap;
            }

            read.Add(signed);
        }

        return Anchored(read, pinned, offline);
    }

    /// <summary>Why a checkpoint does not count although this key signed it; null where it counts.</summary>
    public Fault? Check(NoteVerifier key, Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (Reigns.FirstOrDefault(reign => Same(reign.Key, key)) is not { } reign)
        {
            return new Fault("succession-stranger", "The key that signed is not one of the log's keys.");
        }

        if (checkpoint.Size > reign.To)
        {
            var number = Reigns.TakeWhile(each => !Same(each.Key, key)).Count() + 1;
            return new Fault("succession-retired", $"The key that signed was retired at {reign.To} entries by succession {number}: a checkpoint of {checkpoint.Size} counts only with its successor's signature.");
        }

        if (checkpoint.Size < reign.From)
        {
            return new Fault("succession-early", $"The key that signed counts from {reign.From} entries on, and the checkpoint has {checkpoint.Size}.");
        }

        return Statements.FirstOrDefault(each => each.Statement.Number > 0 && each.Statement.Size == checkpoint.Size) is { } frozen && frozen.Statement.Root != checkpoint.Root
            ? new Fault("succession-root", $"Succession {frozen.Statement.Number} names another root for {checkpoint.Size} entries than the checkpoint.")
            : null;
    }

    /// <summary>
    /// Why what this key signed as being of a time does not count; null where it does. Below its frozen size a retired key still counts, for any root: who stole it could go on for ever to put entries of
    /// today there.
    /// </summary>
    /// <param name="key">The key that signed.</param>
    /// <param name="time">The time that an entry, a promise or a token claims, in Unix seconds.</param>
    internal Fault? CheckTime(NoteVerifier key, ulong time) => Reigns.FirstOrDefault(reign => Same(reign.Key, key))?.Until is { } until && time > until
        ? new Fault("succession-retired-time", $"The key that signed was retired at {until} (Unix seconds), and this is of {time}: it was signed by who should not have the key any more.")
        : null;

    /// <summary>The same, with the time of each statement's entry.</summary>
    internal LogLineage At(IReadOnlyList<ulong> times) => new(this, times);

    private static Fault? Follows(List<SignedSuccession> before, Succession next)
    {
        if (next.Number != (ulong)before.Count)
        {
            return new Fault("succession-number", $"Succession {next.Number} stands where number {before.Count} should.");
        }

        if (before.Count == 0)
        {
            return null;
        }

        var last = before[^1].Statement;
        return next.Origin != last.Origin ? new Fault("succession-origin", $"Succession {next.Number} is of another log than those before it.")
            : !Same(next.Offline, last.Offline) ? new Fault("succession-offline", $"Succession {next.Number} names another offline key than the log did before.")
            : !Same(next.Retiring!, last.Successor) ? new Fault("succession-retiring", $"Succession {next.Number} retires another key than the one that the log had.")
            : next.Size <= last.Size ? new Fault("succession-size", $"Succession {next.Number} freezes the log at {next.Size} entries, before it had that key.")
            : before.Exists(each => Same(each.Statement.Successor, next.Successor)) ? new Fault("succession-reused", $"Succession {next.Number} goes back to a key that was retired.")
            : null;
    }

    private static Parsed<LogLineage> Anchored(List<SignedSuccession> statements, IReadOnlyCollection<NoteVerifier> pinned, NoteVerifier? offline)
    {
        var ours = statements.FindLastIndex(each => pinned.Any(key => Same(key, each.Statement.Successor)));
        var key = ours < 0 ? null : statements[ours].Statement.Successor;
        if (offline is not null)
        {
            return !Same(offline, statements[0].Statement.Offline) ? new Fault("succession-offline", "The statements name another offline key than the one that is pinned.")
                : key is null && pinned.Any(each => each.Name == statements[0].Statement.Origin) ? new Fault("succession-pinned", "The pinned key is none of those that the statements name.")
                : new LogLineage(statements, byOfflineKey: true, key);
        }

        if (key is null)
        {
            return new Fault("succession-pinned", "The pinned key is none of those that the statements name.");
        }

        return statements.Skip(ours + 1).FirstOrDefault(each => each.Statement.Reason == SuccessionReason.Revoked) is { } revoked
            ? new Fault("succession-revoked", $"Succession {revoked.Statement.Number} is not signed by the key it retires, which it calls lost or stolen: only who pinned the offline key (or the new key) can follow it.")
            : new LogLineage(statements, byOfflineKey: false, key);
    }

    internal static bool Same(NoteVerifier one, NoteVerifier other) => one.ToString() == other.ToString();
}
