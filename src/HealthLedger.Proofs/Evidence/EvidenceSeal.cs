using System.Globalization;
using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Evidence;

/// <summary>What the log's key signs at the end of a bundle, as the text of a signed note (docs/formats/evidence.md).</summary>
/// <param name="Origin">The log.</param>
/// <param name="Count">Items in the bundle.</param>
/// <param name="Next">The entry below which the answer goes on; null where the signer says that it is whole.</param>
/// <param name="Digest">SHA-256 of every byte of the bundle before its last line.</param>
public sealed record EvidenceSeal(string Origin, ulong Count, ulong? Next, Hash Digest)
{
    /// <summary>The first line. A checkpoint's second line is a number and this text's is an origin, so that neither can pass for the other.</summary>
    public const string Header = "healthledger/evidence/v1";

    /// <summary>The text that is signed.</summary>
    public byte[] ToText() => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{Header}\n{Origin}\n{Count}\n{(Next is { } next ? next.ToString(CultureInfo.InvariantCulture) : "-")}\n{Digest.ToBase64()}\n"));

    /// <summary>Reads a signed text strictly.</summary>
    public static Parsed<EvidenceSeal> Parse(ReadOnlySpan<byte> text)
    {
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        ulong next = 0;
        return lines is [Header, var origin, var count, var onward, var digest, ""] && Checkpoint.TryParseSize(count, out var items)
            && (onward == "-" || Checkpoint.TryParseSize(onward, out next)) && Hash.TryParseBase64(digest, out var hash)
            ? new EvidenceSeal(origin, items, onward == "-" ? null : next, hash)
            : new Fault("evidence-seal", "The last line does not seal a bundle.");
    }
}
