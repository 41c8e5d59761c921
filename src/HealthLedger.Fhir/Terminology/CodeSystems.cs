using System.Collections.Concurrent;
using System.Text.Json;
using HealthLedger.Fhir.Packages;

namespace HealthLedger.Fhir.Terminology;

/// <summary>The code systems among conformance resources; each is read on its first use. Safe for many threads.</summary>
public sealed class CodeSystems(ConformanceResources resources)
{
    // Only what is found is kept, so callers' words cannot fill it.
    private readonly ConcurrentDictionary<string, CodeSystem> _read = new(StringComparer.Ordinal);

    /// <summary>All of them, one version of each URL: the last one loaded.</summary>
    public IEnumerable<CodeSystem> All => resources.Urls("CodeSystem").Select(u => Find(u)!);

    /// <summary>The code system of this canonical URL; null where there is none.</summary>
    public CodeSystem? Find(string canonical)
    {
        ArgumentNullException.ThrowIfNull(canonical);
        return _read.TryGetValue(canonical, out var read) ? read
            : resources.Find("CodeSystem", canonical) is { } source ? _read.GetOrAdd(canonical, new CodeSystem(source))
            : null;
    }

    /// <summary>A code system that came with a request, or is stored.</summary>
    public static CodeSystem Read(JsonElement resource) => new(resource);

    /// <summary>The code system with its concepts; null with a sentence that says what is lacking.</summary>
    internal CodeSystem? FindConcepts(string canonical, out string why)
    {
        var found = Find(canonical);
        why = found is { HasConcepts: true } ? ""
            : found is not null ? $"The concepts of code system {canonical} are not held here: its content is {found.Content}."
            : canonical.LastIndexOf('|') is > 0 and var bar && Find(canonical[..bar]) is { } other
                ? $"Version {canonical[(bar + 1)..]} of code system {other.Url} is not known here; {other.Version ?? "one without a version"} is."
            : $"Code system {canonical} is not known here.";
        return why.Length == 0 ? found : null;
    }

    /// <summary>How two codes stand to each other; where that is unknown, a sentence says why.</summary>
    public Subsumption Compare(string system, string first, string second, out string why)
    {
        return FindConcepts(system, out why) is { } known ? known.Compare(first, second, out why) : Subsumption.Unknown;
    }

    /// <summary>The code and what is below it; null with a sentence that says why it cannot be told.</summary>
    public IReadOnlyCollection<string>? CodesBelow(string system, string code, out string why) => Lineage(system, code, c => c.Below, out why);

    /// <summary>The code and what is above it; null with a sentence that says why it cannot be told.</summary>
    public IReadOnlyCollection<string>? CodesAbove(string system, string code, out string why) => Lineage(system, code, c => c.Above, out why);

    private string[]? Lineage(string system, string code, Func<Concept, List<Concept>> next, out string why)
    {
        if (FindConcepts(system, out why) is not { } known)
        {
            return null;
        }

        var start = known.Find(code);
        why = !known.IsSubsumption ? known.OnlyGroups
            : start is null ? $"Code system {known.Canonical} has no such code."
            : !known.IsComplete ? $"Code system {known.Canonical} is held here only in part: its content is {known.Content}."
            : "";
        return why.Length > 0 ? null : [.. CodeSystem.Lineage(start!, next).Select(c => c.Code).Order(StringComparer.Ordinal)];
    }
}
