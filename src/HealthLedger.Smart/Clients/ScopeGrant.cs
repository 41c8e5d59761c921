using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Smart.Clients;

/// <summary>
/// Narrows what is asked to what is allowed (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"): <c>system/*.cruds</c> allows <c>system/Patient.rs</c>.
/// A scope that is granted whole keeps the words it was asked in (SMART v1 or v2); a part is written as v2. What is not understood is never granted.
/// </summary>
internal static class ScopeGrant
{
    /// <summary>Upper limit of a scope parameter, in characters.</summary>
    public const int MaxLength = 4096;

    private const int MaxScopes = 200;

    /// <summary>What is granted, in the order asked, without repetition; empty where nothing is.</summary>
    /// <param name="asked">Scopes separated by single spaces.</param>
    /// <param name="allowed">The client's scopes.</param>
    /// <param name="contexts">The contexts that the grant type can give, such as <c>system</c>.</param>
    public static ImmutableArray<string> Narrow(string asked, ImmutableArray<string> allowed, params ReadOnlySpan<string> contexts)
    {
        if (asked.Length > MaxLength)
        {
            return [];
        }

        var words = asked.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > MaxScopes)
        {
            return [];
        }

        var granted = ImmutableArray.CreateBuilder<string>();
        foreach (var word in words)
        {
            if (word is ServiceScopes.Audit or ServiceScopes.Admin)
            {
                Add(granted, allowed.Contains(word) ? word : null);
            }
            else if (SmartScope.Parse(word) is { } scope && contexts.Contains(scope.Context))
            {
                foreach (var part in Intersect(scope, allowed))
                {
                    Add(granted, part == scope ? word : part.ToString());
                }
            }
        }

        return granted.Count <= MaxScopes ? granted.ToImmutable() : [];
    }

    private static void Add(ImmutableArray<string>.Builder granted, string? scope)
    {
        if (scope is not null && !granted.Contains(scope))
        {
            granted.Add(scope);
        }
    }

    /// <summary>The parts of <paramref name="asked"/> that are allowed: one per resource type, interactions joined; a wildcard part first.</summary>
    private static List<SmartScope> Intersect(SmartScope asked, ImmutableArray<string> allowed)
    {
        var parts = new Dictionary<string, ScopeInteraction>();
        foreach (var text in allowed)
        {
            if (SmartScope.Parse(text) is not { } right || right.Context != asked.Context)
            {
                continue;
            }

            var type = asked.ResourceType == "*" ? right.ResourceType : right.ResourceType == "*" || right.ResourceType == asked.ResourceType ? asked.ResourceType : null;
            var interactions = asked.Interactions & right.Interactions;
            if (type is not null && interactions != ScopeInteraction.None)
            {
                parts[type] = parts.GetValueOrDefault(type) | interactions;
            }
        }

        var everywhere = parts.GetValueOrDefault("*");
        return [.. parts
            .Where(part => part.Key == "*" || (part.Value & ~everywhere) != ScopeInteraction.None)
            .OrderBy(part => part.Key == "*" ? "" : part.Key, StringComparer.Ordinal)
            .Select(part => new SmartScope(asked.Context, part.Key, part.Value))];
    }
}
