using System.Collections.Immutable;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Access;

/// <summary>The profiles, labels and tags that records have in their meta, each once, in the order of their text.</summary>
/// <param name="Profiles">Canonical URLs.</param>
/// <param name="Labels">System, empty where there is none, and code.</param>
/// <param name="Tags">The same of <c>meta.tag</c>.</param>
public sealed record UsedMeta(ImmutableArray<string> Profiles, ImmutableArray<(string System, string Code)> Labels, ImmutableArray<(string System, string Code)> Tags)
{
    /// <summary>Of records by their search terms.</summary>
    internal static UsedMeta Of(IEnumerable<ResourceTerms> records)
    {
        var profiles = new HashSet<string>(StringComparer.Ordinal);
        var labels = new HashSet<(string, string)>();
        var tags = new HashSet<(string, string)>();
        foreach (var terms in records)
        {
            profiles.UnionWith(terms.MetaProfiles);
            labels.UnionWith(terms.SecurityLabels.Select(l => (l.System ?? "", l.Code ?? "")));
            tags.UnionWith(terms.Tags);
        }

        return new([.. profiles.Order(StringComparer.Ordinal)], Ordered(labels), Ordered(tags));
    }

    private static ImmutableArray<(string, string)> Ordered(HashSet<(string System, string Code)> codings) =>
        [.. codings.OrderBy(c => c.System, StringComparer.Ordinal).ThenBy(c => c.Code, StringComparer.Ordinal)];
}
