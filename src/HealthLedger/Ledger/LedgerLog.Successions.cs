using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger;

public sealed partial class LedgerLog
{
    /// <summary>A policy that trusts this log, by whichever of its keys counted at a size.</summary>
    public LogPolicy OwnPolicy => _options.Keys.Extend(LogPolicy.ForLog(_options.Keys.Log.Verifier));

    /// <summary>Every key with which this log ever signed checkpoints: a note with one of these signatures is this log's word, whether or not it still counts.</summary>
    public IReadOnlyList<NoteVerifier> Verifiers => _options.Keys.Verifiers;

    /// <summary>The statements by which one key of the log succeeded another, each proven under the newest checkpoint; null where the log never named an offline key.</summary>
    public SuccessionFile? Successions()
    {
        // In this order: the statements' entries are under the checkpoint.
        var stated = _options.Keys.Stated;
        var newest = Newest;
        return stated.Count == 0 ? null : new SuccessionFile(newest.Signed, [.. stated.Where(each => each.Index < newest.Size).Select(each => new ProvenSuccession(
            each.Signed.Note,
            new ProvenEntry(each.Index, ReadEntry(each.Index), Inclusion(each.Index, newest.Size)),
            each.Signed.Statement.Size is > 0 and var frozen && frozen <= newest.Size ? Consistency(frozen, newest.Size) : []))]);
    }

    /// <summary>A policy of somebody else's that knows this log's successions.</summary>
    public LogPolicy Extend(LogPolicy policy) => _options.Keys.Extend(policy);

    /// <summary>Whether a key of this log signed a note that counts at so many entries.</summary>
    public bool HasSigned(SignedNote note, ulong size)
    {
        ArgumentNullException.ThrowIfNull(note);
        return _options.Keys.HasSigned(note, size);
    }

    internal ValueTask<AppendOutcome> AppendSuccession(Succession statement, CancellationToken cancellation) =>
        Append(new AppendRequest { Events = [], Succession = new SuccessionCommitment(statement.Commitment, statement.Number, statement.Size) }, cancellation);

    /// <summary>The entry that commits to a statement, looked for from an entry on; null where there is none.</summary>
    internal ulong? FindSuccession(Succession statement, ulong from)
    {
        const int Chunk = 4096;
        var to = Published.Size;
        for (var at = from; at < to;)
        {
            var count = (int)Math.Min(Chunk, to - at);
            var entries = _parts.Flat.ReadEntries(at, count);
            for (var i = 0; i < count; i++, at++)
            {
                var bytes = entries.AsSpan(i * LedgerEntry.Size, LedgerEntry.Size);
                if (LedgerEntry.KindOf(bytes) == EntryKind.Succession && LedgerEntry.Parse(bytes).TryGet(out var entry, out _) && entry.Commitment == statement.Commitment)
                {
                    return at;
                }
            }
        }

        return null;
    }
}
