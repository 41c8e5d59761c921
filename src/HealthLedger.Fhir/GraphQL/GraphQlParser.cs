namespace HealthLedger.Fhir.GraphQL;

/// <summary>Reads a query document (GraphQL, October 2021, section 2). What FHIR's queries have no use for, such as mutations and input objects, is refused by name.</summary>
internal sealed class GraphQlParser
{
    /// <summary>The deepest nesting of selections, and of lists in a value.</summary>
    public const int MaxDepth = 24;

    private readonly GraphQlLexer _lexer;
    private Token _token;

    private GraphQlParser(string text)
    {
        _lexer = new GraphQlLexer(text);
        _token = _lexer.Next();
    }

    /// <exception cref="GraphQlException">The text is no query.</exception>
    public static QueryDocument Parse(string text) => new GraphQlParser(text).Document();

    private QueryDocument Document()
    {
        var operations = new List<QueryOperation>();
        var fragments = new Dictionary<string, QueryFragment>(StringComparer.Ordinal);
        while (_token.Kind != TokenKind.End)
        {
            var place = _token.Place;
            if (Is("{"))
            {
                operations.Add(new(null, [], Selections(1), place));
                continue;
            }

            switch (Name())
            {
                case "query":
                    operations.Add(new(_token.Kind == TokenKind.Name ? Name() : null, Variables(), Unless(Directives(), Selections), place));
                    break;
                case "fragment":
                    var fragment = new QueryFragment(FragmentName(), TypeCondition() ?? throw Expected("on"), Unless(Directives(), Selections), place);
                    if (!fragments.TryAdd(fragment.Name, fragment)) throw new GraphQlException("Two fragments have the same name.", place);
                    break;
                case "mutation" or "subscription":
                    throw new GraphQlException("Only queries are served here; records are changed by the RESTful API.", place, "not-supported");
                default:
                    throw new GraphQlException("query, fragment or '{' is expected here.", place);
            }
        }

        return operations.Count > 0 ? new(operations, fragments) : throw Expected("{");
    }

    private static IReadOnlyList<QuerySelection> Unless(IReadOnlyList<QueryDirective> directives, Func<int, IReadOnlyList<QuerySelection>> selections) =>
        directives is [var first, ..] ? throw new GraphQlException("A directive stands on fields and on uses of fragments only.", first.Place, "not-supported") : selections(1);

    private List<QueryVariable> Variables()
    {
        var variables = new List<QueryVariable>();
        if (!Take("(")) return variables;
        while (!Take(")"))
        {
            var place = _token.Place;
            Expect("$");
            var name = Name();
            Expect(":");
            var isRequired = Type(0);
            variables.Add(new(name, isRequired, Take("=") ? Value(0) : null, place));
            if (Directives() is [var directive, ..]) throw new GraphQlException("A variable takes no directive.", directive.Place);
        }

        return variables;
    }

    /// <summary>Reads a type; true where it ends in an exclamation mark. Values are checked where they are used.</summary>
    private bool Type(int depth)
    {
        if (depth > MaxDepth) throw TooDeep();
        if (Take("["))
        {
            Type(depth + 1);
            Expect("]");
        }
        else
        {
            Name();
        }

        return Take("!");
    }

    private List<QuerySelection> Selections(int depth)
    {
        if (depth > MaxDepth) throw TooDeep();
        Expect("{");
        var selections = new List<QuerySelection>();
        do
        {
            selections.Add(Selection(depth));
        }
        while (!Take("}"));
        return selections;
    }

    private QuerySelection Selection(int depth)
    {
        var place = _token.Place;
        if (!Take("...")) return Field(depth, place);
        if (_token is { Kind: TokenKind.Name, Text: not "on" }) return new QuerySpread(Name(), Directives(), place);
        var on = TypeCondition();
        var directives = Directives();
        return new QueryInline(on, Selections(depth + 1), directives, place);
    }

    private QueryField Field(int depth, Place place)
    {
        var key = Name();
        var name = Take(":") ? Name() : key;
        var arguments = Arguments();
        var directives = Directives();
        return new QueryField(key, name, arguments, Is("{") ? Selections(depth + 1) : [], directives, place);
    }

    private List<QueryArgument> Arguments()
    {
        var arguments = new List<QueryArgument>();
        if (!Take("(")) return arguments;
        do
        {
            var place = _token.Place;
            var name = Name();
            Expect(":");
            if (arguments.Exists(a => a.Name == name)) throw new GraphQlException("An argument is given twice.", place);
            arguments.Add(new(name, Value(0), place));
        }
        while (!Take(")"));
        return arguments;
    }

    private List<QueryDirective> Directives()
    {
        var directives = new List<QueryDirective>();
        while (Is("@"))
        {
            var place = _token.Place;
            Advance();
            directives.Add(new(Name(), Arguments(), place));
        }

        return directives;
    }

    private QueryValue Value(int depth)
    {
        if (depth > MaxDepth) throw TooDeep();
        var (kind, text, place) = _token;
        if (Take("$")) return new QueryVariableUse(Name(), place);
        if (Take("["))
        {
            var items = new List<QueryValue>();
            while (!Take("]")) items.Add(Value(depth + 1));
            return new QueryList(items);
        }

        if (Is("{")) throw new GraphQlException("No argument here takes an object.", place, "not-supported");
        if (kind is TokenKind.Punctuator or TokenKind.End) throw new GraphQlException("A value is expected here.", place);
        Advance();
        return new QueryScalar(kind == TokenKind.Name && text == "null" ? null : text);
    }

    private string FragmentName() => _token.Text == "on" ? throw new GraphQlException("A fragment cannot be called on.", _token.Place) : Name();

    private string? TypeCondition()
    {
        if (_token is not { Kind: TokenKind.Name, Text: "on" }) return null;
        Advance();
        return Name();
    }

    private string Name()
    {
        if (_token.Kind != TokenKind.Name) throw new GraphQlException("A name is expected here.", _token.Place);
        var name = _token.Text;
        Advance();
        return name;
    }

    private bool Is(string punctuator) => _token.Kind == TokenKind.Punctuator && _token.Text == punctuator;

    private bool Take(string punctuator)
    {
        if (!Is(punctuator)) return false;
        Advance();
        return true;
    }

    private void Expect(string punctuator)
    {
        if (!Take(punctuator)) throw Expected(punctuator);
    }

    private void Advance() => _token = _lexer.Next();

    private GraphQlException Expected(string what) => new($"'{what}' is expected here.", _token.Place);

    private GraphQlException TooDeep() => new($"A query is at most {MaxDepth} levels deep.", _token.Place, "too-costly");
}
