using System.Text.Json;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Search;

/// <summary>One piece of a filter's path, and what stands in brackets after it; null where nothing does.</summary>
internal readonly record struct FilterStep(string Name, string? Filter);

/// <summary>
/// The grammar of R4 search_filter.html: <c>path operator value</c>, <c>and</c>, <c>or</c> (from left to right, none before the other), <c>not (...)</c>, parentheses. What a comparison means is the reader's.
/// </summary>
/// <typeparam name="TNode">What it is read into.</typeparam>
internal abstract class FilterGrammar<TNode>(string text)
    where TNode : class
{
    private const int MaxDepth = 32;
    private const int MaxTests = 64;

    private int _at;
    private int _tests;
    private Reading _fault;

    /// <summary>What is wrong, after a null.</summary>
    protected Reading Fault => _fault;

    /// <summary>Where in the text it was found, from 1.</summary>
    protected int Place => _at + 1;

    protected abstract TNode Not(TNode inner);

    protected abstract TNode Pair(TNode left, TNode right, bool isAnd);

    /// <summary>Null where the comparison cannot be made, with <see cref="Fail"/>.</summary>
    protected abstract TNode? Test(IReadOnlyList<FilterStep> path, string op, string value);

    /// <summary>The whole text; null where it is wrong.</summary>
    protected TNode? Read()
    {
        var root = Expression(0);
        return root is not null && !IsAtEnd ? Fail(SearchIssueCode.InvalidValue, "and, or or the end is expected") : root;
    }

    /// <summary>Keeps the first fault.</summary>
    /// <param name="code">Its kind.</param>
    /// <param name="message">In words for the client, without a full stop.</param>
    protected TNode? Fail(SearchIssueCode code, string message)
    {
        if (_fault.Message is null or "") _fault = Reading.Wrong(code, message);
        return null;
    }

    private bool IsAtEnd
    {
        get
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return _at == text.Length;
        }
    }

    private TNode? Expression(int depth)
    {
        if (depth > MaxDepth) return Fail(SearchIssueCode.TooMany, $"A filter has at most {MaxDepth} levels");
        var left = Single(depth);
        while (left is not null && Operator() is { } isAnd)
        {
            if (Single(depth) is not { } right) return null;
            left = Pair(left, right, isAnd);
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

    private TNode? Single(int depth)
    {
        if (IsAtEnd) return Fail(SearchIssueCode.InvalidValue, "A comparison is expected");
        var start = _at;
        if (Word("not"))
        {
            if (!IsAtEnd && text[_at] == '(') return Inner(depth) is { } inner ? Not(inner) : null;
            _at = start;
        }
        return text[_at] == '(' ? Inner(depth) : Test();
    }

    private TNode? Inner(int depth)
    {
        _at++;
        if (Expression(depth + 1) is not { } inner) return null;
        if (IsAtEnd || text[_at] != ')') return Fail(SearchIssueCode.InvalidValue, "A closing parenthesis is expected");
        _at++;
        return inner;
    }

    private TNode? Test()
    {
        if (++_tests > MaxTests) return Fail(SearchIssueCode.TooMany, $"A filter has at most {MaxTests} comparisons");
        if (Path() is not { } path) return null;
        if (IsAtEnd) return Fail(SearchIssueCode.InvalidValue, "An operator is expected");
        var op = Take(char.IsAsciiLetter).ToLowerInvariant();
        if (IsAtEnd || Value() is not { } value) return Fail(SearchIssueCode.InvalidValue, "A value is expected");
        return Test(path, op, value);
    }

    private List<FilterStep>? Path()
    {
        var path = new List<FilterStep>();
        while (true)
        {
            var name = Take(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':');
            if (name.Length == 0) return Wrong("The name of a search parameter is expected");
            if (_at == text.Length || text[_at] != '[')
            {
                path.Add(new FilterStep(name, null));
                return path;
            }
            if (Brackets() is not { } filter) return Wrong("A closing bracket is expected");
            path.Add(new FilterStep(name, filter));
            if (_at == text.Length || text[_at] != '.') return Wrong("After a filter in brackets a full stop and what is compared are expected");
            _at++;
        }

        List<FilterStep>? Wrong(string message)
        {
            Fail(SearchIssueCode.InvalidValue, message);
            return null;
        }
    }

    /// <summary>What stands between a bracket and the one that closes it, outside of strings.</summary>
    private string? Brackets()
    {
        var start = _at + 1;
        var depth = 0;
        for (var i = _at; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    if (EndOfString(i) is not { } end) return null;
                    i = end;
                    break;
                case '[':
                    depth++;
                    break;
                case ']' when --depth == 0:
                    _at = i + 1;
                    return text[start..i];
            }
        }
        return null;
    }

    private string Take(Func<char, bool> isPart)
    {
        var start = _at;
        while (_at < text.Length && isPart(text[_at])) _at++;
        return text[start.._at];
    }

    private int? EndOfString(int start)
    {
        var end = start + 1;
        while (end < text.Length && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
        return end < text.Length ? end : null;
    }

    private string? Value()
    {
        if (text[_at] != '"') return Take(c => !char.IsWhiteSpace(c) && c is not (')' or ']')) is { Length: > 0 } token ? token : null;
        if (EndOfString(_at) is not { } end) return null;
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
}
