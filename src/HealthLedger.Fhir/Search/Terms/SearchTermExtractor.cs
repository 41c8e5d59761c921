using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Reads the search values of resources, by the official search parameters and nothing else. Safe for many threads. Values that are malformed (an impossible date) or that
/// a parameter's type has no rule for are left out: judging a resource is validation's task.
/// </summary>
public static class SearchTermExtractor
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128 };

    /// <summary>The terms of a resource in UTF-8 JSON. Null where the JSON is malformed, nested over 128 levels, or no resource of a known type.</summary>
    /// <param name="resource">The resource's bytes; not kept.</param>
    /// <param name="pool">Where equal strings are shared.</param>
    /// <param name="localBase">This server's FHIR address without the last slash: absolute references below it count as relative. Empty: none do.</param>
    public static ResourceTerms? Extract(ReadOnlyMemory<byte> resource, TermPool pool, string localBase = "")
    {
        ArgumentNullException.ThrowIfNull(pool);
        try
        {
            using var document = JsonDocument.Parse(resource, Options);
            return Extract(document.RootElement, pool, localBase);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // The second is how a name or text with half a surrogate pair is told: the grammar has room for it, no string has.
            return null;
        }
    }

    /// <summary>The same for parsed JSON.</summary>
    public static ResourceTerms? Extract(JsonElement resource, TermPool pool, string localBase = "")
    {
        ArgumentNullException.ThrowIfNull(pool);
        return NodeItem.Resource(resource) is { } root ? Extract(root, pool, localBase) : null;
    }

    private static ResourceTerms Extract(NodeItem root, TermPool pool, string localBase)
    {
        var plan = TypePlan.Of(root.TypeName);
        // The official expressions visit each node a bounded number of times: their work is limited by the size of the resource.
        var context = new FhirPathContext { Resource = root, IsLenient = true, IsPublished = true, Budget = int.MaxValue, Original = new Items(root) };
        var scope = new Scope(context.Original, context);
        var reader = new TermReader(pool, localBase);
        for (ushort i = 0; i < plan.Parameters.Length; i++)
        {
            var parameter = plan.Parameters[i];
            ushort instance = 0;
            foreach (var value in Select(parameter.Branches, scope))
            {
                if (parameter.Type != SearchParameterType.Composite) reader.Read(i, parameter.Type, value);
                else if (instance < ushort.MaxValue) ReadComponents(reader, parameter, i, instance++, new Scope(new Items(value), context));
            }
        }
        var content = new ContentReader(pool);
        content.Read(root);
        return reader.Build(plan, content);
    }

    private static void ReadComponents(TermReader reader, PlannedParameter parameter, ushort index, ushort instance, in Scope scope)
    {
        var parts = new Items[parameter.Components.Length];
        for (var c = 0; c < parts.Length; c++)
        {
            parts[c] = Select(parameter.Components[c].Branches, scope);
            // An instance that lacks a part can never match.
            if (parts[c].IsEmpty) return;
        }
        for (byte c = 0; c < parts.Length; c++)
            foreach (var value in parts[c]) reader.ReadPart(new TermKey(index, c, instance), parameter.Components[c].Type, value);
    }

    private static Items Select(Expr[] branches, in Scope scope)
    {
        var result = new ItemsBuilder();
        foreach (var branch in branches)
        {
            try
            {
                result.AddRange(branch.Evaluate(scope));
            }
            catch (FhirPathEvaluationException)
            {
                // Only a resource that breaks its structure gets here (a list where one value belongs).
            }
        }
        return result.Build();
    }
}
