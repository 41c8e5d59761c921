using System.Text.RegularExpressions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>FHIRPath expressions: tokens of valid ones left out, doubled, exchanged, mixed; calls and literals at the edges; nesting and repetition.</summary>
internal static partial class FhirPathMutations
{
    private static readonly string[] Tokens =
    [
        "where(true)", "where($this is string)", "select($this)", "repeat($this)", "repeat(children())", "descendants()", "children()", "all(true)", "exists()", "first()", "last()", "tail()", "skip(1)", "take(2147483647)", "skip(-2147483648)",
        "aggregate($total + $this, 0)", "aggregate($total & $this, 'x')", "combine($this)", "union($this)", "intersect($this)", "exclude($this)", "distinct()", "iif(true, 1, 2)", "toString()", "toInteger()", "toDecimal()", "toQuantity()",
        "toDateTime()", "toBoolean()", "convertsToDate()", "indexOf('a')", "substring(-1, 5)", "substring(0, 2147483647)", "startsWith('')", "endsWith('')", "contains('')", "replace('', 'xx')", "replace('a', 'aaaaaaaaaaaaaaaaaaaa')",
        "matches('(a+)+$')", "matches('[')", "matches('(?<x>a)\\\\k<x>')", "matches('(?=a)b')", "matches('a{1000}{1000}')", "matches('((a{100}){100}){100}')", "replaceMatches('(a|a)*', '$1$1')", "replaceMatches('', 'aaaa')", "split(',')", "join(',')", "toChars()", "length()", "encode('base64')",
        "aggregate($total & $total, 'aa')", "aggregate($total.combine($total), 1)", "aggregate($total + $total, 'aa')", "aggregate($total * $total, 2)", "aggregate($total.replace('a', 'aaaa'), 'a')", "select(%resource.descendants())",
        "select(%context.descendants() | $this)", "where(%resource.descendants().exists($this = 1))", "descendants().descendants()", "repeat(children() | children().children())", "repeat($this + 1)", "repeat($this & 'a')",
        "decode('hex')", "escape('html')", "abs()", "ceiling()", "exp()", "ln()", "log(0)", "log(-1)", "power(1000000)", "power(0.5)", "power(-1)", "round(100)", "round(-1)", "sqrt()", "truncate()", "today()", "now()", "timeOfDay()", "trace('x')", "resolve()", "extension('x')",
        "hasValue()", "getValue()", "ofType(string)", "ofType(Patient)", "is(System.String)", "as(Quantity)", "memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", "conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "htmlChecks()", "elementDefinition()", "slice('a','b')",
        "checkModifiers('x')", "subsumes($this)", "lowBoundary()", "highBoundary()", "lowBoundary(100)", "highBoundary(-1)", "precision()", "type()", "type().name", "not()", "isDistinct()", "allTrue()", "subsetOf($this)", "1", "0", "-1", "2147483647", "2147483648", "9223372036854775808",
        "79228162514264337593543950335", "0.0000000000000000000000000001", "1.0", "'a'", "''", "'\\u0000'", "'\\ud800'", "'\\x'", "@2024", "@2024-02-30", "@0001-01-01", "@9999-12-31T23:59:59.999Z", "@2024-01-01T00:00:00+14:00", "@T25:00", "@T12:30", "4 days", "1 'mg'", "1 '10*400'", "99999999999 years", "{}",
        "true", "false", "$this", "$index", "$total", "%resource", "%context", "%rootResource", "%ucum", "%`vs-x`", "%`ext-x`", "%nothing", "`x`", ".", "[0]", "[-1]", "[2147483647]", "(", ")", ",", "+", "-", "*", "/", "div", "mod", "&", "|", "=", "~", "!=", "!~", "<", ">", "<=", ">=", "in", "contains",
        "and", "or", "xor", "implies", "is", "as", "Patient", "name", "given", "value", "System.Integer", "FHIR.string", "//x", "/*", "*/", ";", "#",
    ];

    private static readonly string[] Operators = ["+", "-", "*", "/", "div", "mod", "&", "|", "=", "~", "!=", "<", ">=", "in", "contains", "and", "or", "xor", "implies"];

    public static string Make(Random random)
    {
        var text = random.Pick(Seeds.Expressions);
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            text = Once(text, random);
        }

        return text;
    }

    private static string Once(string text, Random random)
    {
        switch (random.Next(9))
        {
            case 0:
                return TextMutations.Mutate(text, random);
            case 1:
                return $"({text}) {random.Pick(Operators)} ({random.Pick(Seeds.Expressions)})";
            case 2:
                return $"({text}).{random.Pick((string[])["where", "select", "repeat", "all", "exists", "aggregate"])}({random.Pick(Seeds.Expressions)})";
            case 3:
                return text + "." + random.Pick(Tokens);
            case 4:
                var (depth, wrap) = (random.Next(2) == 0 ? random.Next(5) : random.Next(300), random.Pick((string[])["(|)", "-|", "iif(|, 1, 2)", "$this.select(|)", "descendants().where(|)", "repeat(|)", "|.descendants()", "| & |", "not(|)", "[|]"]));
                for (var i = 0; i < depth && text.Length < 40_000; i++)
                {
                    text = wrap.Replace("|", text, StringComparison.Ordinal);
                }

                return text;
            case 5:
                return random.Pick(Tokens) + "." + random.Pick(Tokens) + "." + random.Pick(Tokens);
        }

        var tokens = Token().Matches(text).Select(m => m.Value).ToList();
        if (tokens.Count == 0)
        {
            return random.Pick(Tokens);
        }

        var at = random.Next(tokens.Count);
        switch (random.Next(4))
        {
            case 0:
                tokens.RemoveAt(at);
                break;
            case 1:
                tokens.Insert(at, tokens[random.Next(tokens.Count)]);
                break;
            case 2:
                tokens[at] = random.Pick(Tokens);
                break;
            default:
                tokens.Insert(at, random.Pick(Tokens));
                break;
        }

        return string.Concat(tokens);
    }

    [GeneratedRegex(@"'[^']*'|\w+|\s+|\W")]
    private static partial Regex Token();
}
