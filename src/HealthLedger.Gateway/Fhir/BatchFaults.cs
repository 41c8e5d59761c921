using System.Buffers;
using System.Globalization;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// What breaks R4 in single entries of a batch. Its entries do not depend on each other (http://hl7.org/fhir/R4/http.html#brules), so that what is wrong with an entry's resource,
/// request or fullUrl is that entry's alone. What is wrong with the Bundle itself, or keeps it from being read, is everybody's.
/// </summary>
internal static class BatchFaults
{
    /// <summary>Where faults are, some rules were not asked of the rest: it is asked again without the faulty entries, so often.</summary>
    private const int MaximumRounds = 3;

    private const string Entry = "Bundle.entry[";

    /// <summary>An entry that breaks no rule, in the place of one that does.</summary>
    private static ReadOnlySpan<byte> Placeholder => """{"request":{"method":"GET","url":"metadata"}}"""u8;

    /// <summary>The faults by entry, none where the Bundle is valid; null where the Bundle is refused as a whole.</summary>
    public static IReadOnlyDictionary<int, IReadOnlyList<ValidationIssue>>? Of(ReadOnlyMemory<byte> bundle, ValidationOutcome outcome, ProfileValidator validator)
    {
        var faults = new Dictionary<int, IReadOnlyList<ValidationIssue>>();
        for (var round = 1; !outcome.IsValid; round++)
        {
            if (round > MaximumRounds || outcome.Issues.Count >= ResourceValidator.MaxIssues || outcome.Issues.Any(i => i.Severity == IssueSeverity.Fatal))
            {
                return null;
            }

            foreach (var group in outcome.Issues.Where(i => i.Severity == IssueSeverity.Error).GroupBy(i => EntryOf(i.Location)))
            {
                if (group.Key is not { } index || !faults.TryAdd(index, [.. round == 1 ? group : group.Select(i => i with { Line = 0, Column = 0 })]))
                {
                    return null;
                }
            }

            if (round == 1 && new BundleReader(bundle).Type != "batch")
            {
                return null;
            }

            outcome = validator.Validate(Without(faults, bundle), "Bundle");
        }

        return faults;
    }

    /// <summary>True for a place in the resource of an entry.</summary>
    public static bool IsInResource(string location) => EntryOf(location) is not null && location.AsSpan(location.IndexOf(']', StringComparison.Ordinal)).StartsWith("].resource");

    /// <summary>The entry that a place is in; null where it is not within the resource, request or fullUrl of one.</summary>
    private static int? EntryOf(string location)
    {
        if (!location.StartsWith(Entry, StringComparison.Ordinal))
        {
            return null;
        }

        var end = location.IndexOf(']', StringComparison.Ordinal);
        var rest = end < 0 ? default : location.AsSpan(end + 1);
        var isWithin = rest.StartsWith(".") && rest[1..] is var path && path[..(path.IndexOfAny('.', '[') is var cut and >= 0 ? cut : path.Length)] is "resource" or "request" or "fullUrl";
        return isWithin && int.TryParse(location.AsSpan(Entry.Length, end - Entry.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }

    private static ReadOnlyMemory<byte> Without(Dictionary<int, IReadOnlyList<ValidationIssue>> faults, ReadOnlyMemory<byte> bundle)
    {
        var rest = new ArrayBufferWriter<byte>(bundle.Length);
        var at = 0;
        foreach (var entry in new BundleReader(bundle).Entries().Where(e => faults.ContainsKey(e.Index)))
        {
            rest.Write(bundle.Span[at..entry.Place.Start.Value]);
            rest.Write(Placeholder);
            at = entry.Place.End.Value;
        }

        rest.Write(bundle.Span[at..]);
        return rest.WrittenMemory;
    }
}
