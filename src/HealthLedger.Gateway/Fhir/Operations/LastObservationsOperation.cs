using System.Globalization;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>Observation/$lastn</c> (http://hl7.org/fhir/R4/observation-operation-lastn.html): of the observations that a search of one or more patients finds, the last <c>max</c> of each code, newest first. It is
/// that search, decided and recorded like any other; what the caller may not see is not the last of anything.
/// </summary>
internal sealed class LastObservationsOperation(FhirSearches searches) : IFhirOperation
{
    private const int Most = 1_000;

    public string Name => "lastn";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Observation-lastn";

    public OperationLevels Levels => OperationLevels.Type;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "Observation";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (given, fault) = await OperationQuery.Read(call);
        var max = given.Where(p => p.Key == "max").Select(p => p.Value).ToList();
        var count = 1;
        fault ??= max.Count > 1 || (max is [var text] && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is > 0 and <= Most))
                ? FhirFault.BadRequest($"max: a whole number from 1 to {Most} is expected, once.", IssueType.Value)
            : given.FirstOrDefault(p => p is { Key: "_sort" or "_total" } or { Key: "_summary", Value: "count" } || p.Key.StartsWith("_include", StringComparison.Ordinal) || p.Key.StartsWith("_revinclude", StringComparison.Ordinal)) is { Key: { } shaping }
                ? OperationQuery.Unknown(shaping, "max, _count, and search parameters that say which observations; its order is its own")
            : null;
        if (fault is not null)
        {
            return AskedOperation.Wrong(fault);
        }

        var search = given.Where(p => p.Key != "max").Append(new("_sort", "code,-date"));
        return searches.Asked(call.Call, new SearchPlace("Observation") { Latest = count }, QueryText.Join(search));
    }
}
