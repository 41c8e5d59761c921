using System.Globalization;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>
/// Recursive descent over the FHIRPath 2.0 grammar (http://hl7.org/fhirpath/N1/grammar.html), straight to compiled nodes. Operators bind, from loose to tight:
/// implies; or xor; and; in contains; = ~ != !~; &lt;= &lt; &gt; &gt;=; |; is as; + - &amp;; * / div mod; signs; indexers and calls.
/// </summary>
internal sealed class FhirPathParser
{
    public const int MaxLength = 32 * 1024;
    // Chains recurse one level per step when they are evaluated: this keeps them well inside a thread's stack.
    private const int MaxTokens = 4000;
    private const int MaxDepth = 100;

    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;

    private FhirPathParser(List<Token> tokens) => _tokens = tokens;

    public static Expr Parse(string text)
    {
        if (text.Length > MaxLength) throw new FhirPathSyntaxException($"An expression has at most {MaxLength} characters", MaxLength);
        var tokens = FhirPathLexer.Tokenize(text);
        if (tokens.Count > MaxTokens) throw new FhirPathSyntaxException($"An expression has at most {MaxTokens} tokens", tokens[MaxTokens].Position);
        var parser = new FhirPathParser(tokens);
        var result = parser.Expression(0);
        if (parser.Current.Kind != TokenKind.End) throw parser.Error("An operator or the end is expected");
        return result;
    }

    private Token Current => _tokens[_at];

    private FhirPathSyntaxException Error(string message) => new(message, Current.Position);

    private void Expect(string symbol)
    {
        if (!Current.Is(symbol)) throw Error($"'{symbol}' is expected");
        _at++;
    }

    private static int Precedence(Token token) => token.Kind switch
    {
        TokenKind.Identifier => token.Text switch
        {
            "implies" => 1, "or" or "xor" => 2, "and" => 3, "in" or "contains" => 4, "is" or "as" => 8, "div" or "mod" => 10, _ => 0,
        },
        TokenKind.Symbol => token.Text switch
        {
            "=" or "~" or "!=" or "!~" => 5, "<" or ">" or "<=" or ">=" => 6, "|" => 7, "+" or "-" or "&" => 9, "*" or "/" => 10, _ => 0,
        },
        _ => 0,
    };

    private Expr Expression(int minimum)
    {
        if (++_depth > MaxDepth) throw Error("The expression is nested too deeply");
        var left = Signed();
        while (Precedence(Current) is var precedence && precedence > minimum)
        {
            var operation = Current.Text;
            _at++;
            if (operation is "is" or "as")
                left = new TypeExpr(left, operation == "is" ? TypeOperation.Is : TypeOperation.As, TypeSpecifier());
            else
                left = Binary(operation, left, Expression(precedence));
        }
        _depth--;
        return left;
    }

    private static Expr Binary(string operation, Expr left, Expr right) => operation switch
    {
        "and" => new LogicExpr(left, right, LogicOperation.And),
        "or" => new LogicExpr(left, right, LogicOperation.Or),
        "xor" => new LogicExpr(left, right, LogicOperation.Xor),
        "implies" => new LogicExpr(left, right, LogicOperation.Implies),
        "|" => new UnionExpr(left, right),
        _ => new BinaryExpr(left, right, operation),
    };

    private Expr Signed()
    {
        if (Current.Is("+") || Current.Is("-"))
        {
            var negative = Current.Is("-");
            _at++;
            if (++_depth > MaxDepth) throw Error("The expression is nested too deeply");
            var operand = Signed();
            _depth--;
            return new PolarityExpr(operand, negative);
        }
        var result = Term();
        while (true)
        {
            if (Current.Is("."))
            {
                _at++;
                result = Invocation(result);
            }
            else if (Current.Is("["))
            {
                _at++;
                result = new IndexerExpr(result, Expression(0));
                Expect("]");
            }
            else return result;
        }
    }

    private Expr Term()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.String:
                _at++;
                return new LiteralExpr(new Items(new StringItem(token.Text)));
            case TokenKind.Number:
                return Number();
            case TokenKind.Date:
                return TemporalLiteral(TemporalKind.Date);
            case TokenKind.DateTime:
                return TemporalLiteral(TemporalKind.DateTime);
            case TokenKind.Time:
                return TemporalLiteral(TemporalKind.Time);
            case TokenKind.External:
                _at++;
                return new ExternalExpr(token.Text);
            case TokenKind.Identifier when token.Text is "true" or "false":
                _at++;
                return new LiteralExpr(new Items(BooleanItem.Of(token.Text == "true")));
            case TokenKind.Symbol when token.Text == "(":
                _at++;
                var inner = Expression(0);
                Expect(")");
                return inner;
            case TokenKind.Symbol when token.Text == "{":
                _at++;
                Expect("}");
                return new LiteralExpr(Items.Empty);
            default:
                return Invocation(null);
        }
    }

    private Expr Invocation(Expr? target)
    {
        var token = Current;
        if (token.Kind == TokenKind.Variable)
        {
            _at++;
            return new ScopeVariableExpr(token.Text switch
            {
                "$this" => ScopeVariable.This,
                "$index" => ScopeVariable.Index,
                "$total" => ScopeVariable.Total,
                _ => throw new FhirPathSyntaxException("An unknown variable", token.Position),
            });
        }
        if (token.Kind is not (TokenKind.Identifier or TokenKind.DelimitedIdentifier)) throw Error("A value, a name or a function is expected");
        _at++;
        if (!Current.Is("(") || token.Kind == TokenKind.DelimitedIdentifier)
        {
            if (token.Text.Length == 0) throw new FhirPathSyntaxException("A name is expected", token.Position);
            return new MemberExpr(target, token.Text);
        }
        _at++;
        if (token.Text is "is" or "as" or "ofType")
        {
            var type = TypeSpecifier();
            Expect(")");
            return new TypeExpr(target, token.Text switch { "is" => TypeOperation.Is, "as" => TypeOperation.As, _ => TypeOperation.OfType }, type);
        }
        var arguments = Arguments();
        if (!Functions.TryGet(token.Text, out var function)) throw new FhirPathSyntaxException("An unknown function: " + token.Text, token.Position);
        if (arguments.Length < function.Least || arguments.Length > function.Most)
            throw new FhirPathSyntaxException($"{token.Text}() does not take {arguments.Length} arguments", token.Position);
        return new CallExpr(target, token.Text, function.Body, arguments);
    }

    private Expr[] Arguments()
    {
        var arguments = new List<Expr>();
        if (!Current.Is(")"))
        {
            arguments.Add(Expression(0));
            while (Current.Is(","))
            {
                _at++;
                arguments.Add(Expression(0));
            }
        }
        Expect(")");
        return [.. arguments];
    }

    private TypeName TypeSpecifier()
    {
        var token = Current;
        var first = TypePart();
        TypeName type;
        if (Current.Is("."))
        {
            _at++;
            type = new TypeName(first, TypePart());
        }
        else type = new TypeName(null, first);
        // An unknown name would never match: silence would hide a mistake.
        if (type.Namespace is not "System" && FhirDefinitions.R4.Type(type.Name) is null && !(type.Namespace is null && SystemTypes.Contains(type.Name)))
            throw new FhirPathSyntaxException("An unknown type: " + type.Name, token.Position);
        return type;
    }

    private static readonly string[] SystemTypes = ["Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"];

    private string TypePart()
    {
        var token = Current;
        if (token.Kind is not (TokenKind.Identifier or TokenKind.DelimitedIdentifier) || token.Text.Length == 0) throw Error("A type's name is expected");
        _at++;
        return token.Text;
    }

    private LiteralExpr Number()
    {
        var token = Current;
        _at++;
        if (!decimal.TryParse(token.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            throw new FhirPathSyntaxException("The number is too large", token.Position);
        if (Current.Kind == TokenKind.String)
        {
            var unit = Current.Text;
            _at++;
            return Literal(new QuantityItem(number, unit, false));
        }
        if (Current.Kind == TokenKind.Identifier && Units.CalendarUnit(Current.Text) is { } word)
        {
            _at++;
            return Literal(new QuantityItem(number, word, true));
        }
        if (token.Text.Contains('.')) return Literal(new DecimalItem(number));
        return number <= int.MaxValue ? Literal(new IntegerItem((int)number)) : throw new FhirPathSyntaxException("The integer is too large", token.Position);
    }

    private LiteralExpr TemporalLiteral(TemporalKind kind)
    {
        var token = Current;
        if (!Temporal.TryParse(token.Text, kind, out var value)) throw Error("A date or time is malformed");
        _at++;
        return Literal(new TemporalItem(value));
    }

    private static LiteralExpr Literal(Item item) => new(new Items(item));
}
