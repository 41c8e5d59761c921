using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Promises;

/// <summary>
/// What the log's key signs while the ledger can take no entry and an emergency must not wait: that entries with these commitments will be in the log. Each promise names the one before by
/// its hash, and the checkpoint that the ledger ended with (docs/formats/emergency-journal.md).
/// </summary>
/// <param name="Origin">The log.</param>
/// <param name="Number">The promise's number, from 1 without gap.</param>
/// <param name="Previous">The hash of the promise before; zero before the first.</param>
/// <param name="Size">The size of the ledger when it was given: the entries come at or behind this index.</param>
/// <param name="Root">The root at that size.</param>
/// <param name="Time">When it was given, to the minute as entries say it.</param>
/// <param name="Commitments">The commitments of the entries, 1 to <see cref="MaxCommitments"/>.</param>
public sealed record EntryPromise(string Origin, ulong Number, Hash Previous, ulong Size, Hash Root, DateTimeOffset Time, ImmutableArray<Hash> Commitments)
{
    /// <summary>The first line. A checkpoint's second line is a number and this text's is an origin, so that neither can pass for the other.</summary>
    public const string Header = "healthledger/promise/v1";

    /// <summary>The most entries that one promise is about.</summary>
    public const int MaxCommitments = 16;

    /// <summary>Begins the input of <see cref="Hash"/>, as every hash of ours begins with what it is of.</summary>
    private const byte HashedPromise = 4;

    /// <summary>The text that is signed.</summary>
    public byte[] ToText()
    {
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"{Header}\n{Origin}\n{Number}\n{Previous.ToBase64()}\n{Size}\n{Root.ToBase64()}\n{Time.ToUnixTimeSeconds()}\n"));
        foreach (var commitment in Commitments)
        {
            text.Append(commitment.ToBase64()).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>What the next promise names this one by.</summary>
    public Hash Hash
    {
        get
        {
            Span<byte> hash = stackalloc byte[Proofs.Hash.Length];
            Sha256.Hash([HashedPromise], ToText(), hash);
            return new Hash(hash);
        }
    }

    /// <summary>Reads a signed text strictly; what it accepts, <see cref="ToText"/> writes again.</summary>
    public static Parsed<EntryPromise> Parse(ReadOnlySpan<byte> text)
    {
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        if (lines is not [Header, { Length: > 0 } origin, var counted, var before, var sized, var rooted, var timed, .. var committed, ""]
            || committed.Length is 0 or > MaxCommitments
            || !Checkpoint.TryParseSize(counted, out var number) || number == 0 || !Hash.TryParseBase64(before, out var previous)
            || !Checkpoint.TryParseSize(sized, out var size) || !Hash.TryParseBase64(rooted, out var root)
            || !Checkpoint.TryParseSize(timed, out var seconds) || seconds > LastSecond || seconds % 60 != 0)
        {
            return new Fault("promise-syntax", "The text is no promise of entries.");
        }

        var commitments = ImmutableArray.CreateBuilder<Hash>(committed.Length);
        foreach (var line in committed)
        {
            if (!Hash.TryParseBase64(line, out var commitment))
            {
                return new Fault("promise-syntax", "A commitment of the promise is not 32 bytes in base64.");
            }

            commitments.Add(commitment);
        }

        return new EntryPromise(origin, number, previous, size, root, DateTimeOffset.FromUnixTimeSeconds((long)seconds), commitments.MoveToImmutable());
    }

    /// <summary>The promise in a note that a log of the policy signed under its own name. Witnesses have no part in it: what they could cosign is not there yet.</summary>
    public static Parsed<EntryPromise> Verify(SignedNote note, LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(policy);
        if (!Parse(note.Text).TryGet(out var promise, out var fault) || !note.Verify([.. policy.Logs]).TryGet(out var signatures, out fault))
        {
            return fault;
        }

        var logs = signatures.Where(each => each.Verifier.Type == NoteKeyType.Ed25519 && each.Verifier.Name == promise.Origin).ToList();
        if (logs.Count == 0)
        {
            return new Fault("promise-log", "No trusted log signed the promise under its own origin.");
        }

        // A key that was succeeded promises nothing beyond its last checkpoint.
        var given = new Checkpoint(promise.Origin, promise.Size, promise.Root, []);
        Fault? Retired(NoteVerifier log) => policy.Retired(log, given) ?? policy.RetiredBefore(log, (ulong)Math.Max(0, promise.Time.ToUnixTimeSeconds() - ClockBack));
        return logs.Exists(each => Retired(each.Verifier) is null) ? promise : Retired(logs[0].Verifier)!;
    }

    /// <summary>True where this entry is one that was promised: it has such a commitment, and comes where the ledger ended or later.</summary>
    public bool IsKeptBy(ulong index, in LedgerEntry entry) => index >= Size && entry.Kind == EntryKind.Event && Commitments.Contains(entry.Commitment);

    /// <inheritdoc/>
    public bool Equals(EntryPromise? other) => other is not null && ToText().AsSpan().SequenceEqual(other.ToText());

    /// <inheritdoc/>
    public override int GetHashCode() => Hash.GetHashCode();

    /// <summary>By how many seconds a gateway's clock may have gone back between a promise and the entry that retired its key.</summary>
    private const long ClockBack = 300;

    private const ulong LastSecond = 253402300799;
}
