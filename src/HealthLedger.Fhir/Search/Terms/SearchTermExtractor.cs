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
        catch (JsonException)
        {
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
        var context = new FhirPathContext { Resource = root, LenientAs = true, Budget = int.MaxValue, Original = new Items(root) };
        var scope = new Scope(context.Original, context);
        var reader = new TermReader(pool, localBase);
        for (ushort i = 0; i < plan.Parameters.Length; i++)
        {
            var parameter = plan.Parameters[i];
            foreach (var branch in parameter.Branches)
            {
                Items values;
                try
                {
                    values = branch.Evaluate(scope);
                }
                catch (FhirPathEvaluationException)
                {
                    // Only a resource that breaks its structure gets here (a list where one value belongs).
                    continue;
                }
                foreach (var value in values) reader.Read(i, parameter.Type, value);
            }
        }
        var codings = new CodingReader(pool);
        codings.Read(root);
        return reader.Build(plan, codings);
    }
}
