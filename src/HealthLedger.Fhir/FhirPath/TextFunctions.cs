using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>String functions (5.6), with the later ones of the official suite. Lengths and positions are in UTF-16 units. Results are limited in size.</summary>
internal static class TextFunctions
{
    private const int MaxResult = 1 << 20;
    private const string TooLong = "A text grows too long";

    /// <summary><c>$_</c>, <c>$`</c> and <c>$'</c> stand for text outside of the match.</summary>
    private static readonly SearchValues<string> OutsideReferences = SearchValues.Create(["$_", "$`", "$'"], StringComparison.Ordinal);

    public static void AddTo(Dictionary<string, Function> all)
    {
        Add(all, "length", 0, (s, _) => new IntegerItem(s.Length));
        Add(all, "upper", 0, (s, _) => new StringItem(s.ToUpperInvariant()));
        Add(all, "lower", 0, (s, _) => new StringItem(s.ToLowerInvariant()));
        Add(all, "trim", 0, (s, _) => new StringItem(s.Trim()));
        Add(all, "indexOf", 1, (s, a) => new IntegerItem(s.IndexOf(a[0], StringComparison.Ordinal)));
        Add(all, "lastIndexOf", 1, (s, a) => new IntegerItem(s.LastIndexOf(a[0], StringComparison.Ordinal)));
        Add(all, "startsWith", 1, (s, a) => BooleanItem.Of(s.StartsWith(a[0], StringComparison.Ordinal)));
        Add(all, "endsWith", 1, (s, a) => BooleanItem.Of(s.EndsWith(a[0], StringComparison.Ordinal)));
        Add(all, "contains", 1, (s, a) => BooleanItem.Of(s.Contains(a[0], StringComparison.Ordinal)));
        Add(all, "replace", 2, (s, a) => new StringItem(Replace(s, a[0], a[1])));
        Add(all, "matches", 1, (c, s, a) => BooleanItem.Of(Match(c, s, a[0], p => p.IsMatch(s))));
        Add(all, "matchesFull", 1, (c, s, a) => BooleanItem.Of(Match(c, s, $"\\A(?:{a[0]})\\z", p => p.IsMatch(s))));
        Add(all, "replaceMatches", 2, (c, s, a) => new StringItem(a[0].Length == 0 ? s : Match(c, s, a[0], p => ReplaceMatches(c, p, s, a[1]))));
        Add(all, "encode", 1, (s, a) => Encode(s, a[0]));
        Add(all, "decode", 1, (s, a) => Decode(s, a[0]));
        Add(all, "escape", 1, (s, a) => a[0] switch
        {
            "html" => new StringItem(System.Net.WebUtility.HtmlEncode(s)),
            "json" => new StringItem(s.Replace("\\", "\\\\").Replace("\"", "\\\"")),
            _ => null,
        });
        Add(all, "unescape", 1, (s, a) => a[0] switch
        {
            "html" => new StringItem(System.Net.WebUtility.HtmlDecode(s)),
            "json" => new StringItem(s.Replace("\\\"", "\"").Replace("\\\\", "\\")),
            _ => null,
        });
        all["substring"] = new(1, 2, Substring);
        all["toChars"] = new(0, 0, (in Scope s, Items input, Expr[] _) => Split(s, input, text => [.. text.Select(c => c.ToString())]));
        all["split"] = new(1, 1, (in Scope s, Items input, Expr[] a) =>
            Singles.String(a[0].Evaluate(s)) is { Length: > 0 } separator ? Split(s, input, text => text.Split(separator)) : input);
        all["join"] = new(0, 1, Join);
    }

    private static void Add(Dictionary<string, Function> all, string name, int arguments, Func<string, string[], Item?> body) =>
        Add(all, name, arguments, (_, text, values) => body(text, values));

    private static void Add(Dictionary<string, Function> all, string name, int arguments, Func<FhirPathContext, string, string[], Item?> body) =>
        all[name] = new(arguments, arguments, (in Scope scope, Items input, Expr[] given) =>
        {
            if (Singles.String(input) is not { } text) return Items.Empty;
            var values = new string[given.Length];
            for (var i = 0; i < given.Length; i++)
            {
                if (Singles.String(given[i].Evaluate(scope)) is not { } value) return Items.Empty;
                values[i] = value;
            }
            scope.Context.Charge(1 + text.Length / 64);
            return body(scope.Context, text, values) is { } result ? new Items(result) : Items.Empty;
        });

    internal static string Limited(string text) => text.Length <= MaxResult ? text : throw new FhirPathEvaluationException(TooLong);

    private static string Replace(string text, string pattern, string substitution)
    {
        // Told before it is made: the result may be as long as both multiplied. An empty pattern surrounds every character (5.6.9).
        var count = pattern.Length == 0 ? text.Length + 1L : text.AsSpan().Count(pattern);
        if (text.Length + count * (substitution.Length - pattern.Length) > MaxResult) throw new FhirPathEvaluationException(TooLong);
        if (pattern.Length > 0) return text.Replace(pattern, substitution, StringComparison.Ordinal);
        var result = new StringBuilder(substitution);
        foreach (var c in text) result.Append(c).Append(substitution);
        return result.ToString();
    }

    private static string ReplaceMatches(FhirPathContext context, Regex pattern, string text, string substitution)
    {
        var references = substitution.AsSpan().Count('$');
        var refersOutside = substitution.AsSpan().ContainsAny(OutsideReferences);
        var total = (long)text.Length;
        return Limited(pattern.Replace(text, match =>
        {
            // The timeout of a pattern is for each match of it.
            context.Charge(1);
            total += substitution.Length - match.Length;
            if (total + (long)references * (refersOutside ? text.Length : match.Length) > MaxResult) throw new FhirPathEvaluationException(TooLong);
            var result = match.Result(substitution);
            total += result.Length - substitution.Length;
            return result;
        }));
    }

    private static T Match<T>(FhirPathContext context, string text, string pattern, Func<Regex, T> use)
    {
        context.Charge(1 + (text.Length + pattern.Length) / 16);
        try
        {
            return use(context.Patterns.Of(pattern));
        }
        catch (RegexMatchTimeoutException)
        {
            context.Exhaust();
            throw;
        }
    }

    private static Items Substring(in Scope scope, Items input, Expr[] arguments)
    {
        if (Singles.String(input) is not { } text || Singles.Integer(arguments[0].Evaluate(scope)) is not { } start) return Items.Empty;
        if (start < 0 || start >= text.Length) return Items.Empty;
        var length = arguments.Length > 1 ? Singles.Integer(arguments[1].Evaluate(scope)) : null;
        var end = length is { } n ? Math.Min(text.Length, start + Math.Max(0L, n)) : text.Length;
        return new Items(new StringItem(text[start..(int)end]));
    }

    private static Items Split(in Scope scope, in Items input, Func<string, string[]> split)
    {
        if (Singles.String(input) is not { } text) return Items.Empty;
        var parts = split(text);
        scope.Context.Charge(parts.Length);
        return new Items(Array.ConvertAll(parts, p => (Item)new StringItem(p)));
    }

    private static Items Join(in Scope scope, Items input, Expr[] arguments)
    {
        if (input.IsEmpty) return Items.Empty;
        var separator = arguments.Length > 0 ? Singles.String(arguments[0].Evaluate(scope)) : "";
        var parts = new List<string>(input.Count);
        foreach (var item in input)
            parts.Add(item.Value is StringItem s ? s.Text : throw new FhirPathEvaluationException("join() expects strings"));
        return new Items(new StringItem(Limited(string.Join(separator, parts))));
    }

    private static StringItem? Encode(string text, string form)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return form switch
        {
            "hex" => new StringItem(Convert.ToHexStringLower(bytes)),
            "base64" => new StringItem(Convert.ToBase64String(bytes)),
            "urlbase64" => new StringItem(Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_')),
            _ => null,
        };
    }

    private static StringItem? Decode(string text, string form)
    {
        try
        {
            return form switch
            {
                "hex" => new StringItem(Encoding.UTF8.GetString(Convert.FromHexString(text))),
                "base64" => new StringItem(Encoding.UTF8.GetString(Convert.FromBase64String(text))),
                "urlbase64" => new StringItem(Encoding.UTF8.GetString(Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/')))),
                _ => null,
            };
        }
        catch (FormatException)
        {
            throw new FhirPathEvaluationException("The text is not in the encoding named");
        }
    }
}
