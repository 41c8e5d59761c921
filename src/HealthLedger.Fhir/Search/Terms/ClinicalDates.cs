using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>Which dates of a record say when it is clinically about: Consent.provision.dataPeriod is about "clinically relevant time" (R4 consent-definitions.html).</summary>
internal static class ClinicalDates
{
    private static readonly HashSet<string> Never = new(StringComparer.Ordinal) { "_lastUpdated", "birthdate", "death-date", "value-date", "component-value-date", "code-value-date", "expiration-date" };

    private static readonly HashSet<string> Paperwork = new(StringComparer.Ordinal)
    {
        "issued", "recorded-date", "recorded", "authoredon", "authored-on", "authored", "created", "sent", "received", "payment-date", "asserted-date", "date-asserted",
        "lastModified", "modified", "item-date", "whenprepared", "creation", "enterer-date",
    };

    public static (long Low, long High)? Period(ResourceTerms terms) => Union(terms, Paperwork.Contains, wanted: false) ?? Union(terms, Paperwork.Contains, wanted: true);

    private static (long Low, long High)? Union(ResourceTerms terms, Func<string, bool> isPaperwork, bool wanted)
    {
        long low = long.MaxValue, high = 0;
        var parameters = terms.Plan.Parameters;
        foreach (var date in terms.Dates)
        {
            var parameter = parameters[date.Parameter];
            if (parameter.Type != SearchParameterType.Date || Never.Contains(parameter.Code) || isPaperwork(parameter.Code) != wanted) continue;
            low = Math.Min(low, date.Low);
            high = Math.Max(high, date.High);
        }
        return high == 0 ? null : (low, high);
    }
}
