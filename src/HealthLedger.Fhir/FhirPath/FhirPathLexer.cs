using System.Globalization;
using System.Text;

namespace HealthLedger.Fhir.FhirPath;

internal enum TokenKind { End, Identifier, DelimitedIdentifier, String, Number, Date, DateTime, Time, Variable, External, Symbol }

/// <summary>One token; <see cref="Text"/> is unescaped. A keyword is an identifier until the parser wants it as an operator.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Position)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;
}

/// <summary>Splits an expression into tokens, FHIRPath 2.0 section 12.1 (lexical elements).</summary>
internal static class FhirPathLexer
{
    private static readonly string[] TwoCharacterSymbols = ["<=", ">=", "!=", "!~"];
    private const string OneCharacterSymbols = ".[](){}+-*/&|<>=~,";

    public static List<Token> Tokenize(string text)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (true)
        {
            at = SkipBlanks(text, at);
            if (at >= text.Length) break;
            tokens.Add(Next(text, ref at));
        }
        tokens.Add(new Token(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at])) at++;
            else if (text.AsSpan(at).StartsWith("//"))
            {
                var end = text.AsSpan(at).IndexOfAny('\r', '\n');
                at = end < 0 ? text.Length : at + end;
            }
            else if (text.AsSpan(at).StartsWith("/*"))
            {
                var end = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                if (end < 0) throw new FhirPathSyntaxException("A comment is not closed", at);
                at = end + 2;
            }
            else break;
        }
        return at;
    }

    private static Token Next(string text, ref int at)
    {
        var start = at;
        var c = text[at];
        if (char.IsAsciiLetter(c) || c == '_')
        {
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
            return new Token(TokenKind.Identifier, text[start..at], start);
        }
        if (char.IsAsciiDigit(c)) return Number(text, ref at);
        switch (c)
        {
            case '\'': return new Token(TokenKind.String, Quoted(text, ref at, '\''), start);
            case '`': return new Token(TokenKind.DelimitedIdentifier, Quoted(text, ref at, '`'), start);
            case '"': return new Token(TokenKind.DelimitedIdentifier, Quoted(text, ref at, '"'), start);
            case '@': return Temporal(text, ref at);
            case '$':
                at++;
                while (at < text.Length && char.IsAsciiLetter(text[at])) at++;
                return new Token(TokenKind.Variable, text[start..at], start);
            case '%':
                at++;
                if (at < text.Length && text[at] is '`' or '\'' or '"')
                    return new Token(TokenKind.External, Quoted(text, ref at, text[at]), start);
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '-')) at++;
                if (at == start + 1) throw new FhirPathSyntaxException("A name is expected after %", start);
                return new Token(TokenKind.External, text[(start + 1)..at], start);
        }
        foreach (var symbol in TwoCharacterSymbols)
        {
            if (!text.AsSpan(at).StartsWith(symbol)) continue;
            at += 2;
            return new Token(TokenKind.Symbol, symbol, start);
        }
        if (!OneCharacterSymbols.Contains(c)) throw new FhirPathSyntaxException("An unexpected character", start);
        at++;
        return new Token(TokenKind.Symbol, c.ToString(), start);
    }

    private static Token Number(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        if (at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]))
        {
            at++;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        }
        return new Token(TokenKind.Number, text[start..at], start);
    }

    private static Token Temporal(string text, ref int at)
    {
        var start = at++;
        var isTime = at < text.Length && text[at] == 'T';
        if (isTime) at++;
        var body = at;
        var hasT = false;
        while (at < text.Length)
        {
            var c = text[at];
            if (char.IsAsciiDigit(c) || c == ':') at++;
            // A dot belongs to the literal only before a fraction: @2015.is(Date) calls a function.
            else if (c == '.' && (hasT || isTime) && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])) at++;
            else if (c == 'T' && !hasT && !isTime) { hasT = true; at++; }
            else if (c == 'Z' && hasT) { at++; break; }
            // Before T a hyphen joins date parts; after it, plus and hyphen start an offset of exactly hh:mm.
            else if (c == '-' && !hasT && !isTime && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])) at++;
            else if (c is '+' or '-' && hasT && IsOffset(text, at)) { at += 6; break; }
            else break;
        }
        var kind = isTime ? TokenKind.Time : hasT ? TokenKind.DateTime : TokenKind.Date;
        if (at == body) throw new FhirPathSyntaxException("A date or time is expected after @", start);
        return new Token(kind, text[body..at], start);
    }

    private static bool IsOffset(string text, int at) =>
        at + 6 <= text.Length && char.IsAsciiDigit(text[at + 1]) && char.IsAsciiDigit(text[at + 2]) && text[at + 3] == ':'
        && char.IsAsciiDigit(text[at + 4]) && char.IsAsciiDigit(text[at + 5]);

    private static string Quoted(string text, ref int at, char quote)
    {
        var start = at++;
        var result = new StringBuilder();
        while (at < text.Length && text[at] != quote)
        {
            var c = text[at++];
            if (c != '\\')
            {
                result.Append(c);
                continue;
            }
            if (at >= text.Length) break;
            result.Append(Escape(text, ref at));
        }
        if (at >= text.Length) throw new FhirPathSyntaxException("A quoted text is not closed", start);
        at++;
        return result.ToString();
    }

    private static char Escape(string text, ref int at)
    {
        var c = text[at++];
        switch (c)
        {
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u':
                if (at + 4 > text.Length || !ushort.TryParse(text.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                    throw new FhirPathSyntaxException("Four hexadecimal digits are expected after \\u", at);
                at += 4;
                return (char)unit;
            case '\\' or '/' or '"' or '`' or '\'': return c;
            // Older expressions escape what needs none (for instance \d in a pattern's text keeps its meaning as \\d only); the normative grammar refuses it.
            default: throw new FhirPathSyntaxException("An unknown escape", at - 1);
        }
    }
}
