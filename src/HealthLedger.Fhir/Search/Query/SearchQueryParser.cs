using System.Globalization;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>Reads one query. Faults are collected, so that a client learns of all at once.</summary>
internal sealed class SearchQueryParser(TypePlan plan, SearchOptions options)
{
    private readonly List<SearchIssue> _errors = [];
    private readonly List<SearchIssue> _warnings = [];
    private readonly List<SearchCriterion> _criteria = [];
    private readonly List<SearchSort> _sort = [];
    private readonly List<KeyValuePair<string, string>> _understood = [];
    private readonly SearchValueParser _values = new(options);
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
            case "_contained" when value == "false": return;
            case "_elements" or "_contained" or "_containedType" or "_include" or "_revinclude" or "_text" or "_content" or "_list" or "_query" or "_filter" or "_type" or "_has":
                Unserved(SearchIssueCode.NotSupported, name, "This server does not support the parameter yet.");
                return;
        }
        if (name.StartsWith("_has:", StringComparison.Ordinal) || name.StartsWith("_include:", StringComparison.Ordinal) || name.StartsWith("_revinclude:", StringComparison.Ordinal))
        {
            Unserved(SearchIssueCode.NotSupported, name, "This server does not support the parameter yet.");
            return;
        }
        var colon = name.IndexOf(':');
        var (code, modifier) = colon < 0 ? (name, "") : (name[..colon], name[(colon + 1)..]);
        if (name.Contains('.'))
        {
            // A chain is named as such only where it starts at a reference of the type: anything else is simply unknown.
            var first = name[..name.AsSpan().IndexOfAny(':', '.')];
            if (plan.IndexOf(first) is { } start && plan.Parameters[start].Type == SearchParameterType.Reference)
                Unserved(SearchIssueCode.NotSupported, name, "This server does not support chained parameters yet.");
            else Unserved(SearchIssueCode.UnknownParameter, name, $"{plan.Type.Name} has no such search parameter.");
            return;
        }
        if (plan.IndexOf(code) is not { } index)
        {
            Unserved(SearchIssueCode.UnknownParameter, name, $"{plan.Type.Name} has no such search parameter.");
            return;
        }
        ReadCriterion(name, modifier, index, value);
    }

    private void ReadCriterion(string name, string modifier, ushort index, string value)
    {
        var parameter = plan.Parameters[index];
        if (!SearchQuery.IsServed(parameter))
        {
            Unserved(SearchIssueCode.NotSupported, name, "This server does not support the parameter yet.");
            return;
        }
        if (modifier.Length == 0 && name.EndsWith(':'))
        {
            Error(SearchIssueCode.InvalidModifier, name, "A modifier is expected after the colon.");
            return;
        }
        if (modifier == "missing" && parameter.Code is not ("_id" or "_lastUpdated"))
        {
            if (value is "true" or "false") _criteria.Add(new MissingCriterion(parameter, index, value == "true"));
            else Error(SearchIssueCode.InvalidValue, name, "true or false is expected.");
            return;
        }
        var alternatives = SearchText.Split(value, ',');
        if (alternatives.Count > SearchQuery.MaxAlternatives)
        {
            Error(SearchIssueCode.TooMany, name, $"A parameter has at most {SearchQuery.MaxAlternatives} alternatives.");
            return;
        }
        if (alternatives.Exists(a => a.Length == 0))
        {
            Error(SearchIssueCode.InvalidValue, name, "The value is empty.");
            return;
        }
        switch (SearchValueParser.JudgeModifier(parameter, modifier))
        {
            case SearchIssueCode.NotSupported:
                Unserved(SearchIssueCode.NotSupported, name, "This server does not support the modifier yet.");
                return;
            case SearchIssueCode.InvalidModifier:
                Error(SearchIssueCode.InvalidModifier, name, $"The modifier does not go with a parameter of type {parameter.Type.ToString().ToLowerInvariant()}.");
                return;
        }
        if (_values.Criterion(parameter, modifier, index, alternatives) is { } criterion) _criteria.Add(criterion);
        else Error(SearchIssueCode.InvalidValue, name, $"The value is no {Expected(parameter.Type)}.");
    }

    private static string Expected(SearchParameterType type) => type switch
    {
        SearchParameterType.Token => "token (code, system|code, |code or system|)",
        SearchParameterType.Reference => "reference (id, Type/id or an absolute address)",
        SearchParameterType.Date => "date (a prefix and YYYY, YYYY-MM, YYYY-MM-DD or a date with a time)",
        SearchParameterType.Quantity => "quantity (number, number|system|code or number||unit)",
        SearchParameterType.Number => "number",
        SearchParameterType.Uri => "uri",
        SearchParameterType.Composite => "composite (one value for each part, separated by $)",
        _ => "text",
    };

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
        else if (value is "true" or "text" or "data") Unserved(SearchIssueCode.NotSupported, name, "This server supports the summaries count and false only, so far.");
        else if (value != "false") Error(SearchIssueCode.InvalidValue, name, "true, text, data, count or false is expected.");
    }

    private void ReadSort(string name, string value)
    {
        foreach (var key in value.Split(','))
        {
            var isDescending = key.StartsWith('-');
            var code = isDescending ? key[1..] : key;
            if (plan.IndexOf(code) is not { } index) Unserved(SearchIssueCode.UnknownParameter, name, $"{plan.Type.Name} has no search parameter to sort by of that name.");
            else if (!SearchOrder.CanSort(plan.Parameters[index].Type)) Unserved(SearchIssueCode.NotSupported, name, "This server does not sort by that parameter.");
            else if (_sort.Count >= 8) Error(SearchIssueCode.TooMany, name, "A query sorts by at most 8 keys.");
            else _sort.Add(new SearchSort(code, isDescending));
        }
    }
}
