namespace HealthLedger.Fhir.Search;

/// <summary><c>:text</c> of a token: what the record calls it (display, text) starts with the value (R4 search.html#modifiers).</summary>
internal sealed class TokenTextCriterion(string code, ushort index, string[] values) : SearchCriterion(code, "text")
{
    private readonly string[] _values = Array.ConvertAll(values, Folding.Fold);

    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.TokenTexts.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in _values)
                if (Folding.StartsWith(term.Text, value)) return true;
        }
        return false;
    }
}

/// <param name="TypeSystem">Of the identifier's type.</param>
/// <param name="TypeCode">Of the identifier's type.</param>
/// <param name="Value">The identifier's value.</param>
internal readonly record struct TypedIdentifierValue(string TypeSystem, string TypeCode, string Value);

/// <summary><c>:of-type</c> of an identifier: <c>system|code|value</c>, where system and code say the identifier's type.</summary>
internal sealed class OfTypeCriterion(string code, ushort index, TypedIdentifierValue[] values) : SearchCriterion(code, "of-type")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.TypedIdentifiers.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
            {
                if (term.TypeSystem == value.TypeSystem && string.Equals(term.TypeCode, value.TypeCode, StringComparison.OrdinalIgnoreCase)
                    && string.Equals(term.Value, value.Value, StringComparison.OrdinalIgnoreCase)) return true;
            }
        }
        return false;
    }
}

/// <summary><c>_text</c> over the narrative's words, <c>_content</c> over those of all texts (R4 search.html#content): any alternative.</summary>
internal sealed class WordsCriterion(string code, WordExpression[] alternatives) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (var alternative in alternatives)
            if (alternative.Holds(candidate.Terms, Code == "_content")) return true;
        return false;
    }
}

/// <summary>
/// What is asked of a text: words that must all be there, with <c>and</c>, <c>or</c>, <c>not</c> and parentheses, as in the specification's example "(bone OR liver) and metastases".
/// Without parentheses "and" binds closer than "or"; words side by side are an "and".
/// </summary>
internal abstract class WordExpression
{
    private const int MaxDepth = 16;

    public abstract bool Holds(ResourceTerms terms, bool isContent);

    /// <summary>Null where it is malformed or has no word.</summary>
    public static WordExpression? Parse(string text)
    {
        var parts = Split(text);
        var at = 0;
        return Or(parts, ref at, 0) is { } expression && at == parts.Count ? expression : null;
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var isWord = i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not ('(' or ')' or '"');
            if (isWord && start < 0) start = i;
            if (isWord) continue;
            if (start >= 0) parts.Add(text[start..i]);
            start = -1;
            if (i < text.Length && text[i] is '(' or ')') parts.Add(text[i].ToString());
        }
        return parts;
    }

    private static WordExpression? Or(List<string> parts, ref int at, int depth)
    {
        var all = new List<WordExpression>();
        do
        {
            if (And(parts, ref at, depth) is not { } next) return null;
            all.Add(next);
        }
        while (Take(parts, ref at, "or"));
        return all is [var only] ? only : new Combined(all, isAnd: false);
    }

    private static WordExpression? And(List<string> parts, ref int at, int depth)
    {
        var all = new List<WordExpression>();
        do
        {
            if (Single(parts, ref at, depth) is not { } next) return null;
            all.Add(next);
        }
        while (Take(parts, ref at, "and") || at < parts.Count && parts[at] != ")" && !parts[at].Equals("or", StringComparison.OrdinalIgnoreCase));
        return all is [var only] ? only : new Combined(all, isAnd: true);
    }

    private static WordExpression? Single(List<string> parts, ref int at, int depth)
    {
        if (at >= parts.Count || depth > MaxDepth) return null;
        if (Take(parts, ref at, "not")) return Single(parts, ref at, depth + 1) is { } inner ? new Negated(inner) : null;
        if (Take(parts, ref at, "(")) return Or(parts, ref at, depth + 1) is { } inner && Take(parts, ref at, ")") ? inner : null;
        var text = parts[at++];
        var words = new List<WordExpression>();
        var scanner = new WordScanner(text);
        while (scanner.TryNext(out var word)) words.Add(new Word(word));
        return words.Count == 0 || text.ToLowerInvariant() is "and" or "or" ? null : words is [var only] ? only : new Combined(words, isAnd: true);
    }

    private static bool Take(List<string> parts, ref int at, string expected)
    {
        if (at >= parts.Count || !parts[at].Equals(expected, StringComparison.OrdinalIgnoreCase)) return false;
        at++;
        return true;
    }

    private sealed class Word(uint word) : WordExpression
    {
        public override bool Holds(ResourceTerms terms, bool isContent) =>
            Array.BinarySearch(terms.NarrativeWords, word) >= 0
            || isContent && (Array.BinarySearch(terms.OtherWords, word) >= 0 || IsIn(terms.TokenTexts) || IsIn(terms.Strings));

        private bool IsIn(TextTerm[] texts)
        {
            foreach (ref readonly var text in texts.AsSpan())
            {
                var scanner = new WordScanner(text.Text);
                while (scanner.TryNext(out var other))
                    if (other == word) return true;
            }
            return false;
        }
    }

    private sealed class Negated(WordExpression inner) : WordExpression
    {
        public override bool Holds(ResourceTerms terms, bool isContent) => !inner.Holds(terms, isContent);
    }

    private sealed class Combined(List<WordExpression> all, bool isAnd) : WordExpression
    {
        public override bool Holds(ResourceTerms terms, bool isContent) =>
            isAnd ? all.TrueForAll(e => e.Holds(terms, isContent)) : all.Exists(e => e.Holds(terms, isContent));
    }
}
