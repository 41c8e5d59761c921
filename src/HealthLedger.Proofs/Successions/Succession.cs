using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Successions;

/// <summary>Why a log's key becomes another.</summary>
public enum SuccessionReason
{
    /// <summary>Number 0: there was no key before; names the offline key that every later succession needs.</summary>
    Founded,

    /// <summary>Planned: the retiring key signs too.</summary>
    Rotated,

    /// <summary>The retiring key is lost or in others' hands, so that its signature would say nothing and is not asked for.</summary>
    Revoked,
}

/// <summary>
/// The statement that a log's key is succeeded by another, and at which checkpoint: the text of a signed note (docs/formats/succession.md). The log's origin and tree
/// stay. What the retiring key signs beyond that checkpoint does not count by itself any more.
/// </summary>
/// <param name="Origin">The log; the name of its keys.</param>
/// <param name="Number">From 0, which founds; without gap.</param>
/// <param name="Retiring">The key that retires; null in number 0 alone.</param>
/// <param name="Successor">The key that counts from then on.</param>
/// <param name="Offline">The key that is kept away from the log and without which no key succeeds another; the same in all statements of a log.</param>
/// <param name="Size">Entries under the last checkpoint of the retiring key; 0 in number 0 alone.</param>
/// <param name="Root">Their root.</param>
/// <param name="Reason">Why.</param>
public sealed record Succession(
    string Origin, ulong Number, NoteVerifier? Retiring, NoteVerifier Successor, NoteVerifier Offline, ulong Size, Hash Root, SuccessionReason Reason)
{
    /// <summary>The first line. A checkpoint's second line is a number and this text's an origin, so that neither can pass for the other.</summary>
    public const string Header = "healthledger/succession/v1";

    /// <summary>The greatest number: a log has at most so many keys.</summary>
    public const ulong MaxNumber = 63;

    private const string Nobody = "-";

    /// <summary>The founding statement: of a log's first key, or the one that it has when it first names an offline key.</summary>
    public static Succession Founding(NoteVerifier log, NoteVerifier offline)
    {
        ArgumentNullException.ThrowIfNull(log);
        return new(log.Name, 0, null, log, offline, 0, MerkleHash.EmptyRoot, SuccessionReason.Founded);
    }

    /// <summary>What the ledger's SUCCESSION entry commits to: SHA-256 of the text.</summary>
    public Hash Commitment => new(SHA256.HashData(ToText()));

    /// <summary>The text that is signed.</summary>
    public byte[] ToText() => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\n{Origin}\n{Number}\n{Retiring?.ToString() ?? Nobody}\n{Successor}\n{Offline}\n{Size}\n{Root.ToBase64()}\n{Word(Reason)}\n"));

    /// <summary>Reads a text strictly: what it accepts, <see cref="ToText"/> writes again.</summary>
    public static Parsed<Succession> Parse(ReadOnlySpan<byte> text)
    {
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        if (lines is not [Header, var origin, var number, var retiring, var successor, var offline, var size, var root, var reason, ""])
        {
            return new Fault("succession-syntax", $"Not nine lines that begin with {Header}.");
        }

        var why = Reasons.IndexOf(reason);
        if (why < 0 || !Checkpoint.TryParseSize(number, out var counted) || counted > MaxNumber || !Checkpoint.TryParseSize(size, out var entries) || !Hash.TryParseBase64(root, out var hash))
        {
            return new Fault("succession-syntax", $"Number (at most {MaxNumber}), size, root or reason cannot be read.");
        }

        NoteVerifier? before = null;
        if ((retiring != Nobody && !Key(retiring, out before)) || !Key(successor, out var after) || !Key(offline, out var kept))
        {
            return new Fault("succession-key", "A key of the succession is no verifier key of type 1.");
        }

        var read = new Succession(origin, counted, before, after!, kept!, entries, hash, (SuccessionReason)why);
        return read.Check() is { } fault ? fault : read;
    }

    private static List<string> Reasons { get; } = ["founded", "rotated", "revoked"];

    /// <summary>The reason as it stands in the text.</summary>
    public static string Word(SuccessionReason reason) => Reasons[(int)reason];

    private static bool Key(string text, out NoteVerifier? key) =>
        (key = NoteVerifier.Parse(text) is { IsValid: true, Value: { Type: NoteKeyType.Ed25519 } read } ? read : null) is not null;

    private static bool Same(NoteVerifier one, NoteVerifier other) => one.PublicKey.SequenceEqual(other.PublicKey);

    private Fault? Check()
    {
        if (Successor.Name != Origin || (Retiring is not null && Retiring.Name != Origin) || Offline.Name == Origin)
        {
            return new Fault("succession-name", "The log's keys bear its origin as their name, and the offline key another.");
        }

        if (Same(Offline, Successor) || (Retiring is not null && (Same(Offline, Retiring) || Same(Successor, Retiring))))
        {
            return new Fault("succession-same-key", "Retiring key, successor and offline key are three different keys.");
        }

        var founds = Reason == SuccessionReason.Founded;
        return founds == (Number == 0) && founds == Retiring is null && founds == (Size == 0) && (!founds || Root == MerkleHash.EmptyRoot)
            ? null
            : new Fault("succession-founding", "Number 0, and no other, founds: without a retiring key, at no entries.");
    }
}
