using System.Text.Json;
using System.Text.RegularExpressions;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// One evaluation of a value set's definition: whether it has a code, or which codes it has. It ends after a fixed number of steps, whatever the definitions say, and
/// refuses value sets that include themselves.
/// </summary>
internal sealed class Composition(ValueSets valueSets, CodeSystems codeSystems)
{
    private const int MaximumSteps = 1_000_000;
    private const int MaximumNesting = 32;

    private SortedSet<string>? _systems;
    private int _steps;

    /// <summary>The first thing that kept it from an answer; empty where nothing did.</summary>
    public string Why { get; private set; } = "";

    public bool IsTooCostly { get; private set; }

    /// <summary>True where a code system was only held in part.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The code systems that were looked into.</summary>
    public IReadOnlyCollection<string> Systems => _systems ??= new(StringComparer.Ordinal);

    public Membership Contains(ValueSet set, string? system, string code, out ExpandedConcept? found)
    {
        try
        {
            return Contains(set, system, code, null, out found);
        }
        catch (RegexMatchTimeoutException)
        {
            found = null;
            TooCostly();
            return Membership.Unknown;
        }
    }

    /// <summary>All codes in the order of the definition; null where they cannot be told.</summary>
    public List<ExpandedConcept>? Codes(ValueSet set)
    {
        try
        {
            return Codes(set, null);
        }
        catch (RegexMatchTimeoutException)
        {
            TooCostly();
            return null;
        }
    }

    private Membership Contains(ValueSet set, string? system, string code, Path? above, out ExpandedConcept? found)
    {
        found = null;
        if (Path.Into(set, above) is not { } path)
        {
            return Unknown($"Value set {set.Canonical} includes itself, or is within more than {MaximumNesting} others.");
        }

        if (set.Listed is { } listed)
        {
            found = listed.Codes.Find(c => c.Code == code && (system is null || c.System == system));
            return found is not null ? Membership.Yes : listed.IsWhole ? Membership.No : Unknown($"Value set {set.Canonical} lists only some of its codes.");
        }

        if (set.Includes.Count == 0)
        {
            return Unknown($"Value set {set.Canonical} does not say which codes it has.");
        }

        var included = AnyOf(set.Includes, system, code, path, out found);
        if (included == Membership.No)
        {
            return Membership.No;
        }

        if (set.LeavesOutInactive && found is { IsInactive: true })
        {
            return Membership.No;
        }

        var excluded = AnyOf(set.Excludes, system, code, path, out _);
        return excluded == Membership.Yes ? Membership.No : excluded == Membership.No ? included : Membership.Unknown;
    }

    private Membership AnyOf(IReadOnlyList<ComposePart> parts, string? system, string code, Path path, out ExpandedConcept? found)
    {
        var result = Membership.No;
        foreach (var part in parts)
        {
            switch (InPart(part, system, code, path, out found))
            {
                case Membership.Yes:
                    return Membership.Yes;
                case Membership.Unknown:
                    result = Membership.Unknown;
                    break;
            }
        }

        found = null;
        return result;
    }

    private Membership InPart(ComposePart part, string? system, string code, Path path, out ExpandedConcept? found)
    {
        found = null;
        if (!Spend(1))
        {
            return Membership.Unknown;
        }

        if (part.System is not null && system is not null && part.System != system)
        {
            return Membership.No;
        }

        var result = part.System is not null ? InSystem(part, code, out found) : part.ValueSets.Count > 0 ? Membership.Yes : Membership.No;
        foreach (var canonical in part.ValueSets)
        {
            if (result == Membership.No)
            {
                break;
            }

            ExpandedConcept? nested = null;
            var inside = valueSets.Find(canonical) is { } set ? Contains(set, system ?? part.System, code, path, out nested) : Unknown(ValueSets.NotKnown(canonical));
            result = inside == Membership.Yes ? result : inside;
            found ??= nested;
        }

        return result;
    }

    private Membership InSystem(ComposePart part, string code, out ExpandedConcept? found)
    {
        found = null;
        if (part.Concepts.Count > 0)
        {
            if (!part.Lists(code, out var listed))
            {
                return Membership.No;
            }

            found = Expand(part, code, listed);
            return Membership.Yes;
        }

        var chosen = Choose(part);
        if (chosen.System is not { } system)
        {
            return Unknown(chosen.Why);
        }

        if (system.Find(code) is { } concept)
        {
            if (!chosen.Takes(concept))
            {
                return Membership.No;
            }

            found = Expand(system, concept);
            return Membership.Yes;
        }

        return system.IsComplete ? Membership.No : Unknown($"Code system {system.Canonical} is held here only in part: its content is {system.Content}.");
    }

    private List<ExpandedConcept>? Codes(ValueSet set, Path? above)
    {
        if (Path.Into(set, above) is not { } path)
        {
            Unknown($"Value set {set.Canonical} includes itself, or is within more than {MaximumNesting} others.");
            return null;
        }

        if (set.Listed is { } listed)
        {
            IsOpen |= !listed.IsWhole;
            return Spend(listed.Codes.Count) ? listed.Codes : null;
        }

        if (set.Includes.Count == 0)
        {
            Unknown($"Value set {set.Canonical} does not say which codes it has.");
            return null;
        }

        var seen = new HashSet<(string?, string)>();
        var codes = new List<ExpandedConcept>();
        foreach (var part in set.Includes)
        {
            if (CodesOf(part, path) is not { } some)
            {
                return null;
            }

            foreach (var code in some)
            {
                if ((set.LeavesOutInactive && code.IsInactive) || !seen.Add((code.System, code.Code)))
                {
                    continue;
                }

                switch (AnyOf(set.Excludes, code.System, code.Code, path, out _))
                {
                    case Membership.No:
                        codes.Add(code);
                        break;
                    case Membership.Unknown:
                        return null;
                }
            }
        }

        return codes;
    }

    /// <summary>What an include gives: the codes of its system, or of its first value set, that are in all its other value sets.</summary>
    private List<ExpandedConcept>? CodesOf(ComposePart part, Path path)
    {
        var others = part.ValueSets.AsEnumerable();
        List<ExpandedConcept>? candidates;
        if (part.System is not null)
        {
            candidates = InSystem(part);
        }
        else if (part.ValueSets is [var first, ..])
        {
            candidates = Nested(first) is { } set ? Codes(set, path) : null;
            others = others.Skip(1);
        }
        else
        {
            candidates = [];
        }

        foreach (var canonical in others)
        {
            if (candidates is null || Nested(canonical) is not { } set)
            {
                return null;
            }

            var kept = new List<ExpandedConcept>(candidates.Count);
            foreach (var candidate in candidates)
            {
                switch (Contains(set, candidate.System, candidate.Code, path, out _))
                {
                    case Membership.Yes:
                        kept.Add(candidate);
                        break;
                    case Membership.Unknown:
                        return null;
                }
            }

            candidates = kept;
        }

        return candidates;
    }

    private List<ExpandedConcept>? InSystem(ComposePart part)
    {
        if (part.Concepts.Count > 0)
        {
            return Spend(part.Concepts.Count) ? [.. part.Concepts.Select(c => Expand(part, c.Text("code"u8)!, c))] : null;
        }

        var chosen = Choose(part);
        if (chosen.System is not { } system)
        {
            Unknown(chosen.Why);
            return null;
        }

        IsOpen |= !system.IsComplete;
        return Spend(system.Concepts.Count * chosen.StepsOfConcept) ? [.. system.Concepts.Where(chosen.Takes).Select(c => Expand(system, c))] : null;
    }

    private ValueSet? Nested(string canonical)
    {
        if (valueSets.Find(canonical) is { } set)
        {
            return set;
        }

        Unknown(ValueSets.NotKnown(canonical));
        return null;
    }

    private Chosen Choose(ComposePart part)
    {
        var isNew = !part.IsChosen;
        var chosen = part.Choose(codeSystems);
        if (chosen.System is { } system)
        {
            Spend(chosen.StepsOfConcept + (isNew ? part.Filters.Count * system.Concepts.Count : 0));
            LookedInto(system);
        }

        return chosen;
    }

    private void LookedInto(CodeSystem system) => (_systems ??= new(StringComparer.Ordinal)).Add(system.Canonical);

    /// <summary>A listed concept: the value set's own text for it comes before the code system's.</summary>
    private ExpandedConcept Expand(ComposePart part, string code, JsonElement listed)
    {
        var system = codeSystems.Find(part.Canonical!);
        var concept = system?.Find(code);
        if (concept is not null)
        {
            LookedInto(system!);
        }

        return new(
            part.System,
            concept is null ? null : system!.Version,
            code,
            listed.Text("display"u8) ?? concept?.Display,
            concept is { IsAbstract: true },
            concept is { IsInactive: true },
            [.. listed.Items("designation"u8), .. concept?.Designations ?? []]);
    }

    private static ExpandedConcept Expand(CodeSystem system, Concept concept) =>
        new(system.Url, system.Version, concept.Code, concept.Display, concept.IsAbstract, concept.IsInactive, [.. concept.Designations]);

    private bool Spend(int steps)
    {
        _steps += steps;
        if (_steps > MaximumSteps)
        {
            TooCostly();
        }

        return !IsTooCostly;
    }

    private void TooCostly()
    {
        IsTooCostly = true;
        Why = "The value set takes too many steps to evaluate: name fewer codes, parts or value sets, or simpler filters.";
    }

    private Membership Unknown(string why)
    {
        Why = Why.Length == 0 ? why : Why;
        return Membership.Unknown;
    }

    /// <summary>The value sets that are being evaluated, the innermost first.</summary>
    private sealed record Path(ValueSet Set, Path? Above, int Depth)
    {
        /// <summary>Null where the value set is being evaluated already, or lies too deep.</summary>
        public static Path? Into(ValueSet set, Path? above)
        {
            for (var at = above; at is not null; at = at.Above)
            {
                if (at.Set == set || (set.Url is not null && at.Set.Url == set.Url && at.Set.Version == set.Version))
                {
                    return null;
                }
            }

            var depth = above is null ? 0 : above.Depth + 1;
            return depth <= MaximumNesting ? new(set, above, depth) : null;
        }
    }
}
