using System.Diagnostics;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>Which fields are asked for, which elements of a list, and where their values go.</summary>
internal sealed partial class GraphQlRun
{
    /// <summary>Steps of one expression over one element, and how many of these a query may have.</summary>
    private const int ExpressionBudget = 10_000, MaxEvaluations = 1_000;

    /// <summary>How many selections may be looked at, over all objects of the answer.</summary>
    private const int MaxSteps = 1_000_000;

    private readonly Dictionary<string, FhirPathExpression?> _expressions = new(StringComparer.Ordinal);
    private readonly Patterns _patterns = Patterns.OfCaller();
    private int _evaluations;
    private long _expressionTime = FhirPathContext.DefaultTime;
    private int _steps;

    /// <summary>The fields by their key in the answer, with fragments in place; the same key twice is one field (section 5.3.2).</summary>
    /// <param name="type">What they are asked of; null where fragments' conditions do not matter.</param>
    private Dictionary<string, List<QueryField>> Collected(IReadOnlyList<QuerySelection> selections, TypeDefinition? type)
    {
        var collected = new Dictionary<string, List<QueryField>>(StringComparer.Ordinal);
        Collect(selections, type, collected);
        return collected;
    }

    private void Collect(IReadOnlyList<QuerySelection> selections, TypeDefinition? type, Dictionary<string, List<QueryField>> collected)
    {
        foreach (var selection in selections)
        {
            if (++_steps > MaxSteps) throw TooCostly("The query has too many fragments for so many records. Ask for fewer by _count.");
            if (selection.Directives.Any(d => d.Name is "skip" or "include" && (Texts(d.Arguments[0].Value).FirstOrDefault() == "true") == (d.Name == "skip"))) continue;
            switch (selection)
            {
                case QueryField field when !collected.ContainsKey(field.Key):
                    collected.Add(field.Key, [field]);
                    break;
                case QueryField field:
                    var same = collected[field.Key];
                    if (same[0].Name != field.Name || !Alike(same[0].Arguments, field.Arguments)) throw new GraphQlException("Two different fields have the same name in the answer: give one an alias.", field.Place);
                    same.Add(field);
                    break;
                case QueryInline inline when Applies(inline.On, type):
                    Collect(inline.Selections, type, collected);
                    break;
                case QuerySpread spread when Applies(document.Fragments[spread.Fragment].On, type):
                    Collect(document.Fragments[spread.Fragment].Selections, type, collected);
                    break;
            }
        }
    }

    private static bool Applies(string? on, TypeDefinition? type) => on is null || type is null || type.Is(on) || GraphField.NameOf(type) == on;

    private bool Alike(IReadOnlyList<QueryArgument> one, IReadOnlyList<QueryArgument> other) =>
        one.Count == other.Count && one.All(a => other.Any(b => a.Name == b.Name && Texts(a.Value).SequenceEqual(Texts(b.Value))));

    /// <summary>What is asked of the schema, with fragments in place.</summary>
    private List<Selected> Described(IReadOnlyList<QuerySelection> selections) =>
        [.. Collected(selections, null).Select(c => new Selected(c.Key, c.Value[0].Name, Described(Within(c.Value)), c.Value[0].Place))];

    private static List<QuerySelection> Within(List<QueryField> fields) => fields.Count == 1 && fields[0].Selections is List<QuerySelection> only ? only : [.. fields.SelectMany(f => f.Selections)];

    private static bool Has(QueryField field, string directive) => field.Directives.Any(d => d.Name == directive);

    private IReadOnlyList<string> Texts(QueryField field, string argument) => field.Arguments.FirstOrDefault(a => a.Name == argument) is { } given ? Texts(given.Value) : [];

    /// <summary>The values of an argument as text; none for null.</summary>
    private IReadOnlyList<string> Texts(QueryValue value) => value switch
    {
        QueryScalar { Text: { } text } => [text],
        QueryList list => [.. list.Items.SelectMany(Texts)],
        QueryVariableUse use => variables.TryGetValue(use.Name, out var known) ? Texts(known) : [],
        _ => [],
    };

    /// <summary>The elements of a list that its arguments choose: by a child's value, by FHIRPath, by place.</summary>
    private List<JsonElement> Filtered(List<JsonElement> values, QueryField field, GraphField form, Focus focus, PathStep path)
    {
        foreach (var argument in field.Arguments)
        {
            var texts = Texts(argument.Value);
            if (texts.Count == 0 || argument.Name is "_count" or "_offset") continue;
            values = argument.Name == "fhirpath"
                ? values.FindAll(v => IsTrue(Evaluated(texts[0], v, form, focus, field, path)))
                : values.FindAll(v => v.ValueKind == JsonValueKind.Object && v.TryGetProperty(argument.Name, out var child) && Leaves(child).Any(texts.Contains));
        }

        return [.. values.Skip(Number("_offset") ?? 0).Take(Number("_count") ?? int.MaxValue)];

        int? Number(string name)
        {
            if (Texts(field, name) is not [var text, ..]) return null;
            if (int.TryParse(text, out var number) && number >= 0) return number;
            Wrong($"{name}: a whole number from 0 is expected.", "value", field.Place, path);
            return null;
        }

    }

    private static bool IsTrue(Items? items) => items is { Count: 1 } one && Singles.Boolean(one) == true;

    /// <summary>The matches of a search that its argument <c>fhirpath</c> lets through.</summary>
    private List<(JsonElement Record, bool IsMatch)> Matching(IReadOnlyList<(JsonElement Record, bool IsMatch)> found, QueryField field, PathStep path) =>
        Texts(field, "fhirpath") is [var text, ..] ? [.. found.Where(f => Focus.Of(f.Record) is { } focus && IsTrue(Evaluated(text, f.Record, null, focus, field, path)))] : [.. found];

    private static IEnumerable<string> Leaves(JsonElement child) => child.ValueKind switch
    {
        JsonValueKind.Array => child.EnumerateArray().SelectMany(Leaves),
        JsonValueKind.String => [child.GetString()!],
        JsonValueKind.Object or JsonValueKind.Null => [],
        _ => [child.GetRawText()],
    };

    /// <summary>What <c>@slice</c> puts behind names for this element; null without it.</summary>
    private string? Slice(QueryField field, GraphField form, Focus focus, JsonElement value, int index, PathStep path)
    {
        if (field.Directives.FirstOrDefault(d => d.Name == "slice") is not { } slice || Texts(slice.Arguments[0].Value) is not [var text, ..]) return null;
        if (text == "$index") return $".{index}";
        var items = Evaluated(text, value, form, focus, field, path);
        return items is { Count: > 0 } found ? "." + (found[0] is NodeItem node ? node.Text : found[0].ToString()) : "";
    }

    /// <param name="form">The element that the value is of; null for a resource itself.</param>
    private Items? Evaluated(string text, JsonElement value, GraphField? form, Focus focus, QueryField field, PathStep path)
    {
        if (!_expressions.TryGetValue(text, out var expression))
        {
            try
            {
                expression = FhirPathExpression.Parse(text);
            }
            catch (FhirPathSyntaxException)
            {
                Wrong("The argument fhirpath is no FHIRPath expression.", "invalid", field.Place, path);
            }

            _expressions.Add(text, expression);
        }

        if (expression is null || value.ValueKind == JsonValueKind.Null) return null;
        var type = form is { Element: { } element } ? element.Type is { Kind: TypeKind.Resource, IsAbstract: true } ? Focus.Of(value)?.Type ?? element.Type : element.Type : focus.Type;
        if (++_evaluations > MaxEvaluations) throw TooCostly($"A query evaluates FHIRPath on at most {MaxEvaluations} elements.");
        var started = Stopwatch.GetTimestamp();
        try
        {
            return expression.Evaluate(form is null ? NodeItem.Resource(value)! : NodeItem.Element(field.Name, type, value), new FhirPathContext
            {
                Budget = ExpressionBudget,
                Deadline = started + _expressionTime,
                Patterns = _patterns,
                Resource = NodeItem.Resource(focus.Resource),
            });
        }
        catch (FhirPathEvaluationException costly) when (costly.IsTooCostly)
        {
            throw new GraphQlException("The FHIRPath expressions of this query take too much work: ask for simpler ones, or fewer records.", field.Place, "too-costly");
        }
        catch (FhirPathEvaluationException)
        {
            Wrong("The FHIRPath expression has no value here, or uses what is not supported: patterns have no look-around and no back references.", "processing", field.Place, path);
            return null;
        }
        finally
        {
            _expressionTime -= Stopwatch.GetTimestamp() - started;
        }
    }

    /// <summary>Where the values of a field go: into the field of its name, or with <c>@flatten</c> into the object that it stands in.</summary>
    private static Output Output(QueryField field, Target target, bool isList)
    {
        var isOne = Has(field, "first") || Has(field, "singleton");
        if (Has(field, "flatten")) return new Output(target with { IsList = target.IsList || (isList && !isOne) }, null);
        var made = target.Object.Field(field.Key + target.Suffix);
        made.IsList |= (isList || target.IsList) && !isOne;
        made.IsSingle |= isOne && !target.IsList;
        return new Output(target, made);
    }
}

/// <summary>A resource or element in hand.</summary>
/// <param name="Json">Its JSON.</param>
/// <param name="Type">Its type.</param>
/// <param name="Resource">The resource it belongs to.</param>
/// <param name="Container">What contains that resource; the resource itself where nothing does.</param>
internal sealed record Focus(JsonElement Json, TypeDefinition Type, JsonElement Resource, JsonElement Container)
{
    /// <summary>Type/id, for references to it; null for what has no id.</summary>
    public string? Address => Type.Kind == TypeKind.Resource && Json.TryGetProperty("id", out var id) ? $"{Type.Name}/{id.GetString()}" : null;

    /// <summary>A resource by its own type; null where it has none that is known.</summary>
    public static Focus? Of(JsonElement json) => TypeOf(json) is { } type ? new Focus(json, type, json, json) : null;

    /// <summary>An element of this one; null where it is null in JSON.</summary>
    public Focus? Of(JsonElement value, GraphField form) =>
        value.ValueKind != JsonValueKind.Object ? null
        : form.Type.Kind == GraphKind.AnyResource ? TypeOf(value) is { } type ? new Focus(value, type, value, Container) : null
        : this with { Json = value, Type = form.Type.Type! };

    /// <summary>The contained resource of this id; empty is the container.</summary>
    public Focus? Contained(string id)
    {
        if (id.Length == 0) return Of(Container);
        foreach (var contained in Container.TryGetProperty("contained", out var all) && all.ValueKind == JsonValueKind.Array ? all.EnumerateArray() : default)
            if (contained.TryGetProperty("id", out var own) && own.GetString() == id && TypeOf(contained) is { } type) return new Focus(contained, type, contained, Container);
        return null;
    }

    private static TypeDefinition? TypeOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("resourceType", out var name) && name.ValueKind == JsonValueKind.String ? FhirDefinitions.R4.ResourceType(name.GetString()!) : null;
}

/// <summary>Where in the answer, as GraphQL tells it.</summary>
internal sealed record PathStep(PathStep? Before, object Step)
{
    public IReadOnlyList<object> ToList()
    {
        var steps = new List<object>();
        for (var at = this; at is not null; at = at.Before) steps.Insert(0, at.Step);
        return steps;
    }
}

/// <summary>An object of the answer that fields go into.</summary>
/// <param name="Object">The object.</param>
/// <param name="Path">Its place; null for the root.</param>
/// <param name="Suffix">What <c>@slice</c> puts behind the names.</param>
/// <param name="IsList">True where several elements come together in it, so that each field is a list.</param>
internal sealed record Target(AnswerObject Object, PathStep? Path, string Suffix = "", bool IsList = false)
{
    public Target Below(string key) => this with { Path = new PathStep(Path, key) };
}

/// <summary>Where the values of one field go.</summary>
/// <param name="Target">The object that the field stands in.</param>
/// <param name="Field">Null where the field is flattened away.</param>
internal sealed record Output(Target Target, AnswerField? Field)
{
    public void Add(object? value) => Field?.Values.Add(value);

    /// <summary>An empty list.</summary>
    public void Empty()
    {
        if (Field is not null) Field.IsEmptyList = Field.IsList;
    }

    /// <summary>The same under a name with the slice's suffix; flattened, the suffix goes to the fields within.</summary>
    public Output Sliced(string suffix) => Field is null ? this with { Target = Target with { Suffix = Target.Suffix + suffix } } : new Output(Target, Named(suffix));

    /// <summary>The object for the next value.</summary>
    public Target Next(int? index = null)
    {
        var path = index is { } i ? new PathStep(Target.Path, i) : Target.Path;
        if (Field is null) return Target with { Path = path };
        var made = new AnswerObject();
        Field.Values.Add(made);
        return new Target(made, path);
    }

    private AnswerField Named(string suffix)
    {
        var field = Target.Object.Field(Field!.Name + suffix);
        Target.Object.Drop(Field);
        field.IsSingle |= Field.IsSingle;
        return field;
    }
}
