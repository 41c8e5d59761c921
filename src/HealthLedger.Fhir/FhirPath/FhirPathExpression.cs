using System.Text.Json;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>A FHIRPath 2.0 expression, compiled once; immutable, safe for many threads.</summary>
public sealed class FhirPathExpression
{
    private FhirPathExpression(string text, Expr root)
    {
        Text = text;
        Root = root;
    }

    public string Text { get; }

    internal Expr Root { get; }

    /// <exception cref="FhirPathSyntaxException">The text is no expression, names an unknown function, or is over 32 Ki characters.</exception>
    public static FhirPathExpression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new FhirPathExpression(text, FhirPathParser.Parse(text));
    }

    /// <summary>The values over a resource as text: primitives in FHIR's JSON form without quotes, complex values as JSON, nothing for primitives that have extensions alone.</summary>
    /// <exception cref="FhirPathEvaluationException">The values do not suit the expression, or it takes too much work.</exception>
    public IReadOnlyList<string> Evaluate(JsonElement resource, TimeProvider clock)
    {
        var root = NodeItem.Resource(resource) ?? throw new ArgumentException("Not a resource of a known type.", nameof(resource));
        var values = new List<string>();
        foreach (var item in Evaluate(root, new FhirPathContext { Clock = clock, Resource = root }))
            values.Add(item is NodeItem node ? node.Text ?? node.RawText ?? "" : item.ToString()!);
        return values;
    }

    internal Items Evaluate(Item focus, FhirPathContext context)
    {
        var input = new Items(focus);
        context.Original = input;
        return Root.Evaluate(new Scope(input, context));
    }

    /// <summary>Whether an invariant holds: empty counts as met, as validators do for rules on absent content.</summary>
    internal bool Holds(Item focus, FhirPathContext context) => Singles.Boolean(Evaluate(focus, context)) ?? true;
}
