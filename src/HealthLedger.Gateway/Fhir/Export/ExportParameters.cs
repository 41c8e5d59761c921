using HealthLedger.Access;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>Reads the parameters of a kick-off, from a query or a Parameters resource. What is not served is refused, never passed over: a filter passed over discloses too much.</summary>
internal sealed class ExportParameters(SmartUrls urls, GroupMembers groups, ITerminology terminology)
{
    private const int MaximumFilters = 64;
    private const int MaximumElements = 100;
    private const string Patient = "patient";

    /// <summary>The parameters as they came.</summary>
    public static async ValueTask<(IReadOnlyList<KeyValuePair<string, string>> Given, FhirFault? Fault)> Given(OperationCall call) =>
        call.Http.Request.Query.ContainsKey(Patient)
            ? ([], FhirFault.BadRequest("patient: comes in a Parameters resource, by POST, so that no URL names a patient.", IssueType.NotSupported))
            : await OperationQuery.Read(call);

    /// <summary>What is asked, with every name and value checked; nothing stored is looked at.</summary>
    /// <param name="caller">Whose scopes must cover it.</param>
    /// <param name="level">What it is called on.</param>
    /// <param name="group">The Group's id.</param>
    /// <param name="given">The parameters.</param>
    /// <param name="isLenient">True where the client said that what is not served may be left out; never what narrows an export.</param>
    public (ExportRequest? Asked, FhirFault? Fault) Read(Caller caller, ExportLevel level, string? group, IReadOnlyList<KeyValuePair<string, string>> given, bool isLenient)
    {
        List<string>? types = null, filters = null, patients = null;
        List<string> elements = [], leftOut = [];
        DateTimeOffset? since = null;
        var once = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in given)
        {
            FhirFault? fault = null;
            switch (name)
            {
                case "_outputFormat" or "_since" when !once.Add(name):
                    fault = FhirFault.BadRequest($"{name}: may be given once.", IssueType.Value);
                    break;
                case "_outputFormat":
                    fault = value.Replace(' ', '+') is "application/fhir+ndjson" or "application/ndjson" or "ndjson"
                        ? null
                        : FhirFault.BadRequest("_outputFormat: files are application/fhir+ndjson.", IssueType.NotSupported);
                    break;
                case "_since":
                    (since, fault) = Since(value);
                    break;
                case "_type":
                    foreach (var type in value.Split(',', StringSplitOptions.TrimEntries))
                    {
                        fault ??= FaultOf(type, caller, level);
                        (types ??= []).Add(type);
                    }

                    break;
                case "_typeFilter":
                    (filters ??= []).AddRange(SplitFilters(value));
                    break;
                case "_elements":
                    foreach (var element in value.Split(',', StringSplitOptions.TrimEntries))
                    {
                        fault ??= FaultOfElement(element);
                        elements.Add(element);
                    }

                    break;
                case not Patient when isLenient:
                    leftOut.Add($"{Quoted(name)}: {WhyNot(name)} It was left out.");
                    break;
                case Patient when level != ExportLevel.System:
                    fault = groups.LocalPatient(value) is { } id ? null : FhirFault.BadRequest("patient: takes references to patients of this server, such as Patient/123.", IssueType.Value);
                    (patients ??= []).Add(groups.LocalPatient(value) ?? "");
                    break;
                default:
                    fault = FhirFault.BadRequest($"{Quoted(name)}: {WhyNot(name)} An export takes _elements, _outputFormat, _since, _type, _typeFilter, and by POST on Patient and Group patient.", IssueType.NotSupported);
                    break;
            }

            if (fault is not null)
            {
                return (null, fault);
            }
        }

        types ??= [.. FhirDefinitions.R4.RecordTypes.Where(t => FaultOf(t, caller, level) is null)];
        if (types.Count == 0)
        {
            return (null, NotCovered);
        }

        foreach (var filter in filters ?? [])
        {
            if (FaultOfFilter(filter, types) is { } fault)
            {
                return (null, fault);
            }
        }

        if (filters?.Count > MaximumFilters || elements.Count > MaximumElements)
        {
            return (null, FhirFault.BadRequest($"_typeFilter: at most {MaximumFilters}; _elements: at most {MaximumElements}.", IssueType.TooCostly));
        }

        return (new ExportRequest
        {
            Level = level,
            Group = group,
            Types = [.. types.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Filters = [.. filters ?? []],
            Since = since,
            Elements = [.. elements.Distinct(StringComparer.Ordinal)],
            LeftOut = [.. leftOut.Distinct(StringComparer.Ordinal)],
            Patients = patients is null ? null : [.. patients.Distinct(StringComparer.Ordinal)],
        }, null);
    }

    /// <summary>The parsed filters of one type, of an export that was accepted.</summary>
    public IEnumerable<SearchQuery> Filters(ExportJob job, string type) =>
        job.Asked.Filters.Where(f => TypeOf(f) == type).Select(f => Parse(f, type, job.TransactionTime).Query!);

    /// <summary>The part of a type's resources that is wanted; null for all of it. Elements that the type does not have leave what each resource must have.</summary>
    public static ResourceSubset? Subset(ExportJob job, string type)
    {
        var names = job.Asked.Elements.Where(e => !e.Contains('.', StringComparison.Ordinal) || TypeOfElement(e) == type).Select(e => e[(e.IndexOf('.') + 1)..]).ToList();
        var own = FhirDefinitions.R4.ResourceType(type)!;
        return names.Count == 0 ? null : ResourceSubset.OfElements(type, names.Select(n => ElementOf(own, n)).OfType<string>().ToHashSet(StringComparer.Ordinal));
    }

    private static FhirFault? FaultOfElement(string element) =>
        (element.Contains('.', StringComparison.Ordinal)
            ? TypeOfElement(element) is { } type && ElementOf(FhirDefinitions.R4.ResourceType(type)!, element[(type.Length + 1)..]) is not null
            : FhirDefinitions.R4.ResourceTypes.Any(t => ElementOf(FhirDefinitions.R4.ResourceType(t)!, element) is not null))
            ? null
            : FhirFault.BadRequest("_elements: takes elements of resources themselves, as name or Type.name, separated by commas.", IssueType.Value);

    private static string? TypeOfElement(string element) => element[..element.IndexOf('.')] is var type && FhirDefinitions.R4.ResourceType(type) is not null ? type : null;

    private static string? ElementOf(TypeDefinition type, string name) =>
        (name.EndsWith("[x]", StringComparison.Ordinal) ? name[..^3] : name) is var bare ? (type.ElementNamed(bare) ?? type.Element(bare)?.Definition)?.Name : null;

    private static FhirFault NotCovered => FhirFault.Forbidden("No scope of this token covers reading and searching what is to be exported.");

    private static (DateTimeOffset? Since, FhirFault? Fault) Since(string value) =>
        HistoryQuery.Parse(null, [new("_since", value)]).Query?.Since is { } ticks
            ? (new DateTimeOffset(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero), null)
            : (null, FhirFault.BadRequest("_since: takes an instant, such as 2026-03-04T10:00:00Z.", IssueType.Value));

    private static FhirFault? FaultOf(string type, Caller caller, ExportLevel level) =>
        FhirDefinitions.R4.RecordType(type) is null ? FhirFault.BadRequest("_type: takes resource types of FHIR R4, separated by commas.", IssueType.Value)
        : level != ExportLevel.System && PatientCompartment.KindOf(type) is CompartmentKind.Directory or CompartmentKind.None
            ? FhirFault.BadRequest($"_type: {type} is in no patient's compartment. Export it at /fhir/$export.", IssueType.NotSupported)
        : !caller.Covers(type, DisclosureRequest.Everything) ? NotCovered
        : null;

    /// <summary>A comma parts two filters only where another <c>Type?</c> follows, since it also stands within a query.</summary>
    private static IEnumerable<string> SplitFilters(string value)
    {
        var begin = 0;
        for (var comma = value.IndexOf(','); comma >= 0; comma = value.IndexOf(',', comma + 1))
        {
            var rest = value.AsSpan(comma + 1);
            var question = rest.IndexOf('?');
            if (question > 0 && FhirDefinitions.R4.ResourceType(rest[..question].ToString()) is not null)
            {
                yield return value[begin..comma];
                begin = comma + 1;
            }
        }

        yield return value[begin..];
    }

    private FhirFault? FaultOfFilter(string filter, List<string> types)
    {
        if (TypeOf(filter) is not { } type || !types.Contains(type))
        {
            return FhirFault.BadRequest("_typeFilter: takes Type?query, of a type that is exported.", IssueType.Value);
        }

        var parsed = Parse(filter, type, DateTimeOffset.UnixEpoch);
        return parsed.Query is not { } query ? FhirFault.BadRequest([.. parsed.Errors.Select(e => FhirSearches.Issue(e))])
            : !query.IsLocal ? FhirFault.BadRequest("_typeFilter: takes parameters of the record itself; chains, _has and lists look through other records.", IssueType.NotSupported)
            : query.Criteria.Count == 0 || query.Includes.Count > 0 || QueryOf(filter).Any(p => p.Key is "_count" or "_sort" or "_summary" or "_total" or "_elements")
                ? FhirFault.BadRequest("_typeFilter: takes search parameters of the type, at least one, and none that shape an answer, such as _count or _sort.", IssueType.Value)
                : null;
    }

    private SearchParseResult Parse(string filter, string type, DateTimeOffset now) =>
        SearchQuery.Parse(type, QueryOf(filter), new SearchOptions { Now = now, LocalBase = urls.Fhir, Terminology = terminology });

    private static IReadOnlyList<KeyValuePair<string, string>> QueryOf(string filter) => QueryText.Split(filter[(filter.IndexOf('?') + 1)..]);

    private static string? TypeOf(string filter) => filter.IndexOf('?') is > 0 and var at && FhirDefinitions.R4.ResourceType(filter[..at]) is not null ? filter[..at] : null;

    private static string WhyNot(string name) => name switch
    {
        "includeAssociatedData" => "no associated data is chosen; name what is wanted by _type.",
        Patient => "limits an export on Patient or Group, not one of the system.",
        _ => "this is no parameter of an export here.",
    };

    private static string Quoted(string name) => name.Length <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? name : "A parameter";
}
