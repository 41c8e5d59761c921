using System.Globalization;

namespace HealthLedger.Proofs.Promises;

/// <summary>
/// What a fact says that was promised before its entry could be made: an obligation, to record it late. It stands behind the decision's own obligations, so that who may see those sees which
/// events were recorded late, and where in the chain of promises each belongs.
/// </summary>
/// <param name="Number">The promise's number.</param>
/// <param name="Previous">The hash of the promise before.</param>
public readonly record struct LateMark(ulong Number, Hash Previous)
{
    private const string Name = "record-late:";
    private const string Separator = ", ";

    /// <summary>The field <c>obligations</c> of a promised fact.</summary>
    /// <param name="obligations">The decision's; null for none.</param>
    public string After(string? obligations) => obligations is null ? ToString() : obligations + Separator + this;

    /// <summary>The mark in a fact's obligations; null where it has none.</summary>
    public static LateMark? Of(string? obligations)
    {
        var last = obligations?.Split(Separator)[^1];
        return last is not null && last.StartsWith(Name, StringComparison.Ordinal)
            && last[Name.Length..].Split(':') is [var number, { Length: 2 * Hash.Length } hash] && Notes.Checkpoint.TryParseSize(number, out var parsed)
            && !hash.AsSpan().ContainsAnyExcept("0123456789abcdef")
            ? new LateMark(parsed, Hash.FromHex(hash))
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}{Number}:{Previous}");
}
