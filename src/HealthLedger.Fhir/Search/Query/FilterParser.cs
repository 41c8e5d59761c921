using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Reads <c>_filter</c> by the grammar of R4 search_filter.html: <c>path operator value</c>, <c>and</c>, <c>or</c> (from left to right, none before the other), <c>not (...)</c>, parentheses.
/// Paths are parameters and chains of them; filters in brackets within a path are not served.
/// </summary>
internal sealed class FilterParser(CriterionParser criteria, SearchValueParser values, TypePlan plan, string text, ITerminology? terminology)
{
    private const int MaxDepth = 32;
    private const int MaxTests = 64;

    private int _at;
    private int _tests;

    private Reading _fault;

    public Reading Parse()
    {
        var root = Expression(0);
        if (root is not null && !IsAtEnd) root = Fail(SearchIssueCode.InvalidValue, "and, or or the end is expected");
        return root is not null ? new FilterCriterion(root) : Reading.Wrong(_fault.Code, $"{_fault.Message}, before character {_at + 1} of the filter.");
    }

    private bool IsAtEnd
    {
        get
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return _at == text.Length;
        }
    }

    private FilterNode? Fail(SearchIssueCode code, string message)
    {
        if (_fault.Message is null or "") _fault = Reading.Wrong(code, message);
        return null;
    }

    private FilterNode? Expression(int depth)
    {
        if (depth > MaxDepth) return Fail(SearchIssueCode.TooMany, $"A filter has at most {MaxDepth} levels");
        var left = Single(depth);
        while (left is not null && Operator() is { } isAnd)
        {
            if (Single(depth) is not { } right) return null;
            left = new FilterPair(left, right, isAnd);
        }
        return left;
    }

    private bool? Operator() => Word("and") ? true : Word("or") ? false : null;

    private bool Word(string word)
    {
        if (IsAtEnd || string.Compare(text, _at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) != 0) return false;
        var end = _at + word.Length;
        if (end < text.Length && !char.IsWhiteSpace(text[end]) && text[end] != '(') return false;
        _at = end;
        return true;
    }

    private FilterNode? Single(int depth)
    {
        if (IsAtEnd) return Fail(SearchIssueCode.InvalidValue, "A comparison is expected");
        var start = _at;
        if (Word("not"))
        {
            if (!IsAtEnd && text[_at] == '(') return Inner(depth) is { } inner ? new FilterNot(inner) : null;
            _at = start;
        }
        return text[_at] == '(' ? Inner(depth) : Test();
    }

    private FilterNode? Inner(int depth)
    {
        _at++;
        if (Expression(depth + 1) is not { } inner) return null;
        if (IsAtEnd || text[_at] != ')') return Fail(SearchIssueCode.InvalidValue, "A closing parenthesis is expected");
        _at++;
        return inner;
    }

    private FilterNode? Test()
    {
        if (++_tests > MaxTests) return Fail(SearchIssueCode.TooMany, $"A filter has at most {MaxTests} comparisons");
        var path = Take(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':');
        if (path.Length == 0) return Fail(SearchIssueCode.InvalidValue, "The name of a search parameter is expected");
        if (_at < text.Length && text[_at] == '[') return Fail(SearchIssueCode.NotSupported, "A filter in brackets is not supported; use a chain, or _has");
        if (IsAtEnd) return Fail(SearchIssueCode.InvalidValue, "An operator is expected");
        var op = Take(char.IsAsciiLetter).ToLowerInvariant();
        if (IsAtEnd || Value() is not { } value) return Fail(SearchIssueCode.InvalidValue, "A value is expected");
        var reading = criteria.Path(plan, path, 0, (at, name) => Leaf(at, name, op, value));
        return reading.Criterion is { } criterion ? new FilterTest(criterion) : Fail(reading.Code, reading.Message.TrimEnd('.'));
    }

    private string Take(Func<char, bool> isPart)
    {
        var start = _at;
        while (_at < text.Length && isPart(text[_at])) _at++;
        return text[start.._at];
    }

    private string? Value()
    {
        if (text[_at] != '"') return Take(c => !char.IsWhiteSpace(c) && c is not (')' or ']')) is { Length: > 0 } token ? token : null;
        var end = _at + 1;
        while (end < text.Length && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
        if (end >= text.Length) return null;
        var literal = text[_at..(end + 1)];
        _at = end + 1;
        try
        {
            using var json = JsonDocument.Parse(literal);
            return JsonText.String(json.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Reading Leaf(TypePlan at, string name, string op, string value)
    {
        if (at.IndexOf(name) is not { } index) return Reading.Wrong(SearchIssueCode.UnknownParameter, $"{at.Type.Name} has no such search parameter");
        var parameter = at.Parameters[index];
        if (!SearchQuery.IsServed(parameter) || parameter.Code is "_text" or "_content" or "_filter")
            return Reading.Wrong(SearchIssueCode.NotSupported, "The parameter is not supported in a filter");
        if (op is "in" or "ni" or "ss" or "sb")
        {
            if (terminology is null) return Reading.Wrong(SearchIssueCode.NotSupported, "The operators in, ni, ss and sb are not supported here");
            return parameter.Type == SearchParameterType.Token && parameter.Code != "_id"
                ? CodesCriterion.Read(terminology, parameter.Code, op switch { "in" => "in", "ni" => "not-in", "ss" => "below", _ => "above" }, index, [value])
                : Reading.Wrong(SearchIssueCode.InvalidValue, "The operators in, ni, ss and sb go with tokens");
        }
        if (op == "pr")
        {
            return value is "true" or "false" ? criteria.Missing(at, parameter, index, value == "false") : Reading.Wrong(SearchIssueCode.InvalidValue, "pr takes true or false");
        }
        return values.Compare(parameter, index, op, value, out var goes) is { } criterion ? criterion
            : Reading.Wrong(SearchIssueCode.InvalidValue, goes
                ? $"The value is no {parameter.Type.ToString().ToLowerInvariant()}"
                : $"The operator does not go with a parameter of type {parameter.Type.ToString().ToLowerInvariant()}");
    }
}
