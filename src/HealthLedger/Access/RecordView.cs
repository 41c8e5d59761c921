using System.Collections.Concurrent;
using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>A shelf's records as matching and deciding look at them: by their search terms.</summary>
internal static class RecordView
{
    /// <summary>The reference parameters of each type; there are as many as there are types.</summary>
    private static readonly ConcurrentDictionary<string, string[]> ReferenceCodes = new(StringComparer.Ordinal);

    /// <summary>A current record as a query judges it.</summary>
    public static SearchCandidate Candidate(ShelfEntry entry) => new(entry.Terms!, entry.Key.Id, entry.LastUpdated);

    /// <summary>
    /// The attributes that a consent decision rests on; null for a version without terms. A record without a clinical date counts from when it was stored.
    /// </summary>
    public static RecordAttributes? Attributes(ShelfEntry entry) =>
        entry.Derived(static e => e.Terms is { } terms ? new KnownAttributes(Read(e, terms)) : null)?.Value;

    private static RecordAttributes Read(ShelfEntry entry, ResourceTerms terms) =>
        new()
        {
            Type = entry.Key.Type,
            Id = entry.Key.Id,
            Custodian = entry.Custodian,
            Codings = [.. terms.Codings.Select(Text)],
            SecurityLabels = [.. terms.SecurityLabels.Select(Text)],
            ClinicalTime = terms.ClinicalPeriod is { } period
                ? new TimeInterval(Instant(period.Low), Instant(period.High))
                : new TimeInterval(entry.LastUpdated, entry.LastUpdated.AddMilliseconds(1)),
            Authors = [.. terms.Authors],
            Encounter = terms.Encounters.FirstOrDefault(),
            References = References(terms),
            Profiles = [.. terms.Profiles],
        };

    private sealed record KnownAttributes(RecordAttributes Value);

    private static ImmutableArray<string> References(ResourceTerms terms)
    {
        var codes = ReferenceCodes.GetOrAdd(terms.ResourceType, static type =>
            [.. FhirDefinitions.R4.SearchParametersOf(type).Where(p => p.Type == SearchParameterType.Reference).Select(p => p.Code)]);
        var references = ImmutableArray.CreateBuilder<string>();
        foreach (var code in codes)
        {
            foreach (var reference in terms.ReferencesOf(code))
            {
                if (!references.Contains(reference))
                {
                    references.Add(reference);
                }
            }
        }

        return references.ToImmutable();
    }

    private static string Text(CodingTerm coding) => $"{coding.System}|{coding.Code}";

    private static DateTimeOffset Instant(long ticks) =>
        ticks >= DateTimeOffset.MaxValue.Ticks ? DateTimeOffset.MaxValue : new DateTimeOffset(Math.Max(ticks, 0), TimeSpan.Zero);
}
