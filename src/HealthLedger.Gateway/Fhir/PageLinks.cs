using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Gateway.Fhir;

/// <summary>The links of a page (http://hl7.org/fhir/R4/http.html#paging): to itself as it was understood, and to the next one. Both are in the form that was asked for.</summary>
internal static class PageLinks
{
    /// <param name="bundle">Where they are written.</param>
    /// <param name="http">The request, for the form of its answer.</param>
    /// <param name="address">Without a query.</param>
    /// <param name="parameters">What was understood.</param>
    /// <param name="cursor">Of this page; null for the first one.</param>
    /// <param name="next">Of the next page; null where this is the last one.</param>
    public static void Write(BundleWriter bundle, HttpContext http, string address, IEnumerable<KeyValuePair<string, string>> parameters, string? cursor, string? next)
    {
        bundle.Link("self", Link(cursor));
        if (next is not null)
        {
            bundle.Link("next", Link(next));
        }

        string Link(string? at) => address + QueryText.Join([.. parameters, .. FormParameters.Of(http), .. at is null ? [] : new[] { KeyValuePair.Create(PageCursors.Parameter, at) }]);
    }
}
