using System.Collections.Concurrent;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// The value sets among conformance resources, and what the code systems beside them tell of their codes. A version that is named must be the one that is held; nothing is
/// guessed about code systems whose concepts are not here. Safe for many threads.
/// </summary>
public sealed class ValueSets(ConformanceResources resources) : ITerminology
{
    /// <summary>The most codes of one page of an expansion.</summary>
    public const int MaximumPage = 10_000;

    /// <summary>The most parts (includes and excludes) of a value set that comes with a request.</summary>
    public const int MaximumParts = 1_000;

    // Only what is found is kept, so callers' words cannot fill it.
    private readonly ConcurrentDictionary<string, ValueSet> _read = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CodeList> _lists = new(StringComparer.Ordinal);

    /// <summary>The code systems among the same resources.</summary>
    public CodeSystems CodeSystems { get; } = new(resources);

    /// <summary>The value set of this canonical URL; null where there is none.</summary>
    public ValueSet? Find(string canonical)
    {
        ArgumentNullException.ThrowIfNull(canonical);
        return _read.TryGetValue(canonical, out var read) ? read
            : resources.Find("ValueSet", canonical) is { } source ? _read.GetOrAdd(canonical, new ValueSet(source))
            : null;
    }

    /// <summary>A value set that came with a request. Null with a sentence where it is more than is looked at.</summary>
    public static ValueSet? Read(JsonElement resource, out string why)
    {
        var set = new ValueSet(resource);
        why = set.Includes.Count + set.Excludes.Count > MaximumParts ? $"A value set in a request has at most {MaximumParts} includes and excludes." : "";
        return why.Length == 0 ? set : null;
    }

    /// <inheritdoc/>
    public Membership Contains(string valueSet, string? system, string code) =>
        Find(valueSet) is { } set ? new Composition(this, CodeSystems).Contains(set, system, code, out _) : Membership.Unknown;

    /// <summary>Whether the value set has the code, and as what.</summary>
    /// <param name="set">The value set.</param>
    /// <param name="system">The code system's URL; null for a bare code, which then counts in any system of the value set.</param>
    /// <param name="code">The code.</param>
    public CodeAnswer Look(ValueSet set, string? system, string code)
    {
        var composition = new Composition(this, CodeSystems);
        var membership = composition.Contains(set, system, code, out var found);
        return new(membership, membership == Membership.Yes ? found : null, membership == Membership.Unknown ? composition.Why : "");
    }

    /// <summary>The codes of a value set, a page of them.</summary>
    public ExpansionResult Expand(ValueSet set, ExpansionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var composition = new Composition(this, CodeSystems);
        if (composition.Codes(set) is not { } codes)
        {
            return new ExpansionResult.Refused(composition.IsTooCostly, composition.Why);
        }

        if (request.SystemVersions.FirstOrDefault(v => composition.Systems.Any(s => s != v && s.Split('|')[0] == v.Split('|')[0])) is { } other)
        {
            return new ExpansionResult.Refused(false, $"The value set takes another version of code system {other.Split('|')[0]} here than the one that is asked for, and no other is held.");
        }

        var words = (request.Filter ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Folding.Fold).ToArray();
        var chosen = request.ActiveOnly || words.Length > 0 || request.ExcludedSystems.Count > 0
            ? codes.Where(c => !(request.ActiveOnly && c.IsInactive) && words.All(w => Speaks(c, w)) && !request.ExcludedSystems.Any(e => e == c.System || e == $"{c.System}|{c.Version}")).ToList()
            : codes;
        if (request.Count is null && chosen.Count - request.Offset > MaximumPage)
        {
            return new ExpansionResult.Refused(true, $"The value set has {chosen.Count} codes: take at most {MaximumPage} at a time by count and offset, or narrow it by filter.");
        }

        var page = chosen.Skip(request.Offset).Take(Math.Min(request.Count ?? MaximumPage, MaximumPage)).ToList();
        return new ExpansionResult.Expanded(chosen.Count, page, composition.Systems, composition.IsOpen);
    }

    /// <inheritdoc/>
    public CodeList? CodesOf(string valueSet, out string why)
    {
        why = "";
        if (_lists.TryGetValue(valueSet, out var list))
        {
            return list;
        }

        if (Find(valueSet) is not { } set)
        {
            why = NotKnown(valueSet);
            return null;
        }

        var composition = new Composition(this, CodeSystems);
        var codes = composition.Codes(set);
        why = codes is null ? composition.Why : composition.IsOpen ? $"Value set {set.Canonical} has codes of a code system that is held here only in part." : "";
        if (why.Length > 0)
        {
            return null;
        }

        var systems = codes!.GroupBy(c => c.System ?? "", StringComparer.Ordinal)
            .Select(g => KeyValuePair.Create(g.Key, g.Select(c => c.Code).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray()));
        return _lists.GetOrAdd(valueSet, new CodeList(set.Url ?? "", [.. systems]));
    }

    /// <inheritdoc/>
    public Subsumption Compare(string system, string first, string second) => CodeSystems.Compare(system, first, second, out _);

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? CodesBelow(string system, string code, out string why) => CodeSystems.CodesBelow(system, code, out why);

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? CodesAbove(string system, string code, out string why) => CodeSystems.CodesAbove(system, code, out why);

    internal static string NotKnown(string canonical) => $"Value set {canonical} is not known here.";

    /// <summary>True where the folded word begins the code or a word of the display.</summary>
    private static bool Speaks(ExpandedConcept concept, string word)
    {
        if (Folding.StartsWith(concept.Code, word))
        {
            return true;
        }

        var text = Folding.Fold(concept.Display ?? "");
        for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            if (at == 0 || !char.IsLetterOrDigit(text[at - 1]))
            {
                return true;
            }
        }

        return false;
    }
}
