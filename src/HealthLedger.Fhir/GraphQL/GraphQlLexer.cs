using System.Globalization;
using System.Text;

namespace HealthLedger.Fhir.GraphQL;

internal enum TokenKind
{
    End,
    Name,
    Number,
    Text,
    Punctuator,
}

internal readonly record struct Token(TokenKind Kind, string Text, Place Place);

/// <summary>The tokens of a query (GraphQL, October 2021, section 2.1).</summary>
internal sealed class GraphQlLexer(string text)
{
    private int _at;
    private int _line = 1;
    private int _lineStart;

    private Place Here => new(_line, _at - _lineStart + 1);

    public Token Next()
    {
        SkipIgnored();
        var place = Here;
        if (_at == text.Length) return new(TokenKind.End, "", place);
        var c = text[_at];
        if (char.IsAsciiLetter(c) || c == '_') return new(TokenKind.Name, Take(i => char.IsAsciiLetterOrDigit(text[i]) || text[i] == '_'), place);
        if (char.IsAsciiDigit(c) || c == '-') return new(TokenKind.Number, Number(place), place);
        if (c == '"') return new(TokenKind.Text, text.AsSpan(_at).StartsWith("\"\"\"") ? Block(place) : Quoted(place), place);
        if (text.AsSpan(_at).StartsWith("..."))
        {
            _at += 3;
            return new(TokenKind.Punctuator, "...", place);
        }

        if (!"!$&():=@[]{|}".Contains(c)) throw new GraphQlException("A character stands here that no query has.", place);
        _at++;
        return new(TokenKind.Punctuator, c.ToString(), place);
    }

    private string Take(Func<int, bool> goesOn)
    {
        var start = _at;
        while (_at < text.Length && goesOn(_at)) _at++;
        return text[start.._at];
    }

    private string Number(Place place)
    {
        var number = Take(i => char.IsAsciiDigit(text[i]) || text[i] is '-' or '+' or '.' or 'e' or 'E');
        return decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? number : throw new GraphQlException("A number is expected here.", place);
    }

    private string Quoted(Place place)
    {
        var value = new StringBuilder();
        for (_at++; _at < text.Length && text[_at] is not ('\n' or '\r'); _at++)
        {
            switch (text[_at])
            {
                case '"':
                    _at++;
                    return value.ToString();
                case '\\' when _at + 1 < text.Length:
                    value.Append(Escaped(text[++_at], place));
                    break;
                default:
                    value.Append(text[_at]);
                    break;
            }
        }

        throw new GraphQlException("A text begins here and does not end on its line.", place);
    }

    private char Escaped(char c, Place place)
    {
        if (c != 'u')
            return "\"\\/".Contains(c) ? c : "bfnrt".IndexOf(c) is >= 0 and var i ? "\b\f\n\r\t"[i] : throw new GraphQlException("A text has an escape that GraphQL does not know.", place);
        if (_at + 4 >= text.Length || !ushort.TryParse(text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            throw new GraphQlException("Four hexadecimal digits are expected after \\u.", place);
        _at += 4;
        return (char)code;
    }

    /// <summary>A block string: its common indent and its empty first and last lines are no part of the value (section 2.9.4).</summary>
    private string Block(Place place)
    {
        var start = _at + 3;
        var end = start;
        while ((end = text.IndexOf("\"\"\"", end, StringComparison.Ordinal)) > 0 && text[end - 1] == '\\') end += 3;
        if (end < 0) throw new GraphQlException("A text begins here and does not end.", place);
        while (_at < end + 3) Step();
        var lines = text[start..end].Replace("\\\"\"\"", "\"\"\"", StringComparison.Ordinal).ReplaceLineEndings("\n").Split('\n');
        var indent = lines.Skip(1).Where(l => l.AsSpan().Trim().Length > 0).Select(l => l.Length - l.TrimStart(' ', '\t').Length).DefaultIfEmpty(0).Min();
        var kept = lines.Select((l, i) => i == 0 ? l : l.Length >= indent ? l[indent..] : "").ToList();
        while (kept.Count > 0 && kept[0].AsSpan().Trim().Length == 0) kept.RemoveAt(0);
        while (kept.Count > 0 && kept[^1].AsSpan().Trim().Length == 0) kept.RemoveAt(kept.Count - 1);
        return string.Join('\n', kept);
    }

    private void SkipIgnored()
    {
        while (_at < text.Length)
        {
            if (text[_at] == '#')
                while (_at < text.Length && text[_at] is not ('\n' or '\r')) _at++;
            else if (text[_at] is ' ' or '\t' or ',' or '\n' or '\r' or '\uFEFF') Step();
            else return;
        }
    }

    private void Step()
    {
        if (text[_at++] == '\n') (_line, _lineStart) = (_line + 1, _at);
    }
}
