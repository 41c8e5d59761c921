using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>DocumentReference/$docref</c> (US Core, http://hl7.org/fhir/us/core/OperationDefinition/docref): the documents about one patient's care in a time, or without one the current documents. It is a search
/// of DocumentReference under other names, and goes its way. No document is made on demand.
/// </summary>
internal sealed class DocumentsOperation(FhirSearches searches) : IFhirOperation
{
    private const string Taken = "patient, start, end, type, profile, on-demand, _count, _elements and _summary";

    public string Name => "docref";

    public string Definition => "http://hl7.org/fhir/us/core/OperationDefinition/docref";

    public OperationLevels Levels => OperationLevels.Type;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "DocumentReference";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (given, fault) = await OperationQuery.Read(call);
        if (fault is not null)
        {
            return AskedOperation.Wrong(fault);
        }

        (var search, fault) = Search(given);
        return search is null ? AskedOperation.Wrong(fault!) : searches.Asked(call.Call, new SearchPlace("DocumentReference"), QueryText.Join(search));
    }

    /// <summary>The search that answers, or what is wrong.</summary>
    private static (IReadOnlyList<KeyValuePair<string, string>>? Search, FhirFault? Fault) Search(IReadOnlyList<KeyValuePair<string, string>> given)
    {
        var search = new List<KeyValuePair<string, string>>();
        var types = new List<string>();
        foreach (var group in given.GroupBy(p => p.Key, p => p.Value))
        {
            var (name, first) = (group.Key, group.First());
            if (name != "type" && group.Count() > 1)
            {
                return (null, FhirFault.BadRequest($"{name}: may be given once.", IssueType.Value));
            }

            switch (name)
            {
                case "patient":
                    var id = first.StartsWith("Patient/", StringComparison.Ordinal) ? first["Patient/".Length..] : first;
                    if (!FhirId.IsValid(id))
                    {
                        return (null, FhirFault.BadRequest("patient: one patient's id is expected.", IssueType.Value));
                    }

                    search.Add(new("patient", id));
                    break;
                case "start" or "end" when first.Length > 0 && char.IsAsciiDigit(first[0]) && !first.Contains(','):
                    search.Add(new("period", (name == "start" ? "ge" : "le") + first));
                    break;
                case "start" or "end":
                    return (null, FhirFault.BadRequest($"{name}: a date is expected, such as 2026-03-04.", IssueType.Value));
                case "type":
                    types.AddRange(group);
                    break;
                case "profile":
                    search.Add(new("_profile", first));
                    break;
                case "_count" or "_elements" or "_summary":
                    search.Add(new(name, first));
                    break;
                case "on-demand" when first == "false":
                    break;
                case "on-demand":
                    return (null, FhirFault.BadRequest("on-demand: this server gives the documents that it keeps and makes none; leave it out or say false.", IssueType.NotSupported));
                default:
                    return (null, OperationQuery.Unknown(name, Taken));
            }
        }

        if (!search.Exists(p => p.Key == "patient"))
        {
            return (null, FhirFault.BadRequest("patient: the operation needs one patient's id.", IssueType.Required));
        }

        if (types.Count > 0)
        {
            search.Add(new("type", string.Join(',', types)));
        }

        if (!search.Exists(p => p.Key == "period"))
        {
            search.Add(new("status", "current"));
        }

        return ([.. search, new("_sort", "-period")], null);
    }
}
