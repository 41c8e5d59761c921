namespace HealthLedger.Fhir.Search;

/// <summary>One <c>_include</c> or <c>_revinclude</c> (R4 search.html#include).</summary>
/// <param name="SourceType">The type that refers; null: any.</param>
/// <param name="Parameter">Code of its reference parameter; null: every one.</param>
/// <param name="TargetType">The type that is referred to; null: any.</param>
/// <param name="IsReverse"><c>_revinclude</c>: what refers to the results.</param>
/// <param name="IsIterating"><c>:iterate</c>: of what was included too.</param>
public sealed record SearchInclude(string? SourceType, string? Parameter, string? TargetType, bool IsReverse, bool IsIterating)
{
    /// <summary>The records that a record refers to by this include, each once.</summary>
    public IEnumerable<(string Type, string Id)> Targets(ResourceTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        if (SourceType is not null && SourceType != terms.ResourceType) return [];
        var references = Parameter is null ? terms.AllRecords() : terms.RecordsOf(Parameter);
        return references.Where(r => TargetType is null || r.Type == TargetType).Distinct();
    }
}
