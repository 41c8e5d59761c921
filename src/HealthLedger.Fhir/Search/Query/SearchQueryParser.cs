using System.Globalization;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>Reads one query. Faults are collected, so that a client learns of all at once.</summary>
internal sealed class SearchQueryParser(TypePlan plan, SearchOptions options)
{
    private const int MaxSort = 8;

    private readonly List<SearchIssue> _errors = [];
    private readonly List<SearchIssue> _warnings = [];
    private readonly List<SearchCriterion> _criteria = [];
    private readonly List<SearchSort> _sort = [];
    private readonly List<KeyValuePair<string, string>> _understood = [];
    private readonly List<SearchInclude> _includes = [];
    private readonly CriterionParser _parser = new(options);
    private int? _count;
    private SearchTotal _total;
    private bool _isCountOnly;

    public SearchParseResult Parse(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var seen = 0;
        foreach (var (name, value) in parameters)
        {
            if (name is "_format" or "_pretty") continue;
            if (++seen > SearchQuery.MaxParameters)
            {
                Error(SearchIssueCode.TooMany, name, $"A query has at most {SearchQuery.MaxParameters} parameters.");
                break;
            }
            var (errors, warnings) = (_errors.Count, _warnings.Count);
            Read(name ?? "", value ?? "");
            if (errors == _errors.Count && warnings == _warnings.Count) _understood.Add(new(name ?? "", value ?? ""));
        }
        if (_errors.Count > 0) return new SearchParseResult(null, _errors, _warnings);
        var query = new SearchQuery(plan.Type.Name)
        {
            Criteria = _criteria, Count = _count, Total = _total, Sort = _sort, IsCountOnly = _isCountOnly || _count == 0, Understood = _understood,
            Includes = _includes, LooksAt = _parser.LooksAt,
        };
        return new SearchParseResult(query, [], _warnings);
    }

    private void Error(SearchIssueCode code, string name, string message) => _errors.Add(new SearchIssue(code, Short(name), message));

    /// <summary>For what a lenient client allows to be left out.</summary>
    private void Unserved(SearchIssueCode code, string name, string message) => (options.IsLenient ? _warnings : _errors).Add(new SearchIssue(code, Short(name), message));

    private static string Short(string name) => name.Length <= 100 ? name : name[..100];

    private void Read(string name, string value)
    {
        if (value.Length > SearchQuery.MaxValueLength)
        {
            Error(SearchIssueCode.TooMany, name, $"A value has at most {SearchQuery.MaxValueLength} characters.");
            return;
        }
        switch (name)
        {
            case "_count": ReadCount(name, value); return;
            case "_total": ReadTotal(name, value); return;
            case "_sort": ReadSort(name, value); return;
            case "_summary": ReadSummary(name, value); return;
            case "_elements": return; // how much is shown of what matches is the host's (SubsetParameters)
            case "_contained" when value == "false": return;
            case "_include" or "_include:iterate" or "_revinclude" or "_revinclude:iterate": ReadInclude(name, value); return;
            case "_query":
                Unserved(SearchIssueCode.NotSupported, name, "R4 defines no named query, and this server has none of its own: state what is sought by search parameters.");
                return;
            case "_has":
                Unserved(SearchIssueCode.NotSupported, name, "_has:Type:reference:parameter is expected.");
                return;
            case "_contained" or "_containedType":
                Unserved(SearchIssueCode.NotSupported, name, "Contained resources are not searched: what contains them is found by its own parameters. Leave the parameter out, or say _contained=false.");
                return;
            case "_type":
                Unserved(SearchIssueCode.NotSupported, name, "The parameter is for searches over several types, at the server's address.");
                return;
        }
        var reading = _parser.Read(plan, name, value);
        if (reading.Criterion is { } criterion) _criteria.Add(criterion);
        else if (reading.Code is SearchIssueCode.UnknownParameter or SearchIssueCode.NotSupported) Unserved(reading.Code, name, reading.Message);
        else Error(reading.Code, name, reading.Message);
    }

    private void ReadInclude(string name, string value)
    {
        if (value.Contains(','))
        {
            Error(SearchIssueCode.InvalidValue, name, $"It takes one include and no commas: give {name} once for each.");
            return;
        }
        var isReverse = name.StartsWith("_rev", StringComparison.Ordinal);
        var parts = value == "*" ? ["*", "*"] : value.Split(':');
        if (parts is not ([_, _] or [_, _, _]))
        {
            Error(SearchIssueCode.InvalidValue, name, "Type:parameter, Type:parameter:Type or Type:* is expected.");
            return;
        }
        var (source, parameter, target) = (parts[0], parts[1], parts.Length == 3 ? parts[2] : null);
        if (source != "*" && FhirDefinitions.R4.ResourceType(source) is null || target is not null && FhirDefinitions.R4.ResourceType(target) is null)
        {
            Error(SearchIssueCode.InvalidValue, name, "This is no resource type of FHIR R4.");
            return;
        }
        if (source == "*" && parameter != "*")
        {
            Error(SearchIssueCode.InvalidValue, name, "A type is expected before the parameter.");
            return;
        }
        if (parameter != "*" && (TypePlan.Of(source) is var at && at.IndexOf(parameter) is not { } index || at.Parameters[index].Type != SearchParameterType.Reference))
        {
            Unserved(SearchIssueCode.UnknownParameter, name, $"{source} has no such search parameter of type reference.");
            return;
        }
        if (_includes.Count == SearchQuery.MaxIncludes)
        {
            Error(SearchIssueCode.TooMany, name, $"A query has at most {SearchQuery.MaxIncludes} includes.");
            return;
        }
        _includes.Add(new SearchInclude(source == "*" ? null : source, parameter == "*" ? null : parameter, target, isReverse, name.EndsWith(":iterate", StringComparison.Ordinal)));
    }

    private void ReadCount(string name, string value)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)) _count = Math.Min(count, SearchQuery.MaxCount);
        else Error(SearchIssueCode.InvalidValue, name, "A whole number from 0 is expected.");
    }

    private void ReadTotal(string name, string value)
    {
        SearchTotal? total = value switch { "none" => SearchTotal.None, "estimate" => SearchTotal.Estimate, "accurate" => SearchTotal.Accurate, _ => null };
        if (total is { } known) _total = known;
        else Error(SearchIssueCode.InvalidValue, name, "none, estimate or accurate is expected.");
    }

    private void ReadSummary(string name, string value)
    {
        if (value == "count") _isCountOnly = true;
        else if (value is not ("true" or "text" or "data" or "false")) Error(SearchIssueCode.InvalidValue, name, "true, text, data, count or false is expected.");
    }

    private void ReadSort(string name, string value)
    {
        foreach (var key in value.Split(','))
        {
            var isDescending = key.StartsWith('-');
            var code = isDescending ? key[1..] : key;
            if (code.Length == 0) Error(SearchIssueCode.InvalidValue, name, "A key is empty: a comma stands at the beginning, at the end or beside another, or a minus sign alone.");
            else if (plan.IndexOf(code) is not { } index) Unserved(SearchIssueCode.UnknownParameter, name, $"{plan.Type.Name} has no search parameter to sort by of that name.");
            else if (!SearchOrder.CanSort(plan.Parameters[index])) Unserved(SearchIssueCode.NotSupported, name, $"{code} is not a value that records have, so there is no order by it.");
            else if (_sort.Count + Math.Max(1, plan.Parameters[index].Components.Length) > MaxSort) Error(SearchIssueCode.TooMany, name, $"A query sorts by at most {MaxSort} keys, of which a composite takes as many as it has parts.");
            else for (var part = 0; part < Math.Max(1, plan.Parameters[index].Components.Length); part++) _sort.Add(new SearchSort(code, isDescending, part));
        }
    }
}
