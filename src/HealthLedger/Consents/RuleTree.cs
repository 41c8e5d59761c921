using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>
/// Lays a directive's provisions out as rules: what a provision leaves open it takes from the one above, element by element; periods intersect; a
/// modifier that is not understood covers everything below it (docs/consent.md, "What a rule says").
/// </summary>
internal static class RuleTree
{
    /// <summary>The rules of <paramref name="root"/>, root first, every rule before its exceptions.</summary>
    public static ImmutableArray<Rule> Build(ConsentDirective directive, Provision root)
    {
        var above = new Provision();
        if (directive.Subject == ConsentSubject.Research)
        {
            var research = PurposeSet.Of(PurposeOfUse.Research);
            above = above with { Stated = ProvisionElements.Purpose, Purposes = research, TouchedPurposes = research };
        }

        var rules = new List<Rule>();
        Add(directive, rules, Merge(root, above), "provision");
        return [.. rules];
    }

    private static int Add(ConsentDirective directive, List<Rule> rules, Provision effective, string path)
    {
        var index = rules.Count;
        rules.Add(null!);
        var exceptions = new int[effective.Provisions.Length];
        for (var i = 0; i < exceptions.Length; i++)
        {
            exceptions[i] = Add(directive, rules, Merge(effective.Provisions[i], effective), $"{path}.provision[{i}]");
        }

        rules[index] = new Rule(directive, effective, path, exceptions);
        return index;
    }

    private static Provision Merge(Provision own, Provision above)
    {
        bool Takes(ProvisionElements element) => !own.Stated.HasFlag(element);
        var taken = ~own.Stated;
        return own with
        {
            Period = own.Period.Intersect(above.Period),
            Modified = own.Modified || above.Modified,
            Stated = own.Stated | above.Stated,
            NotUnderstood = own.NotUnderstood | (above.NotUnderstood & taken),
            Actors = Takes(ProvisionElements.Actor) ? above.Actors : own.Actors,
            Actions = Takes(ProvisionElements.Action) ? above.Actions : own.Actions,
            Purposes = Takes(ProvisionElements.Purpose) ? above.Purposes : own.Purposes,
            TouchedPurposes = Takes(ProvisionElements.Purpose) ? above.TouchedPurposes : own.TouchedPurposes,
            SecurityLabels = Takes(ProvisionElements.SecurityLabel) ? above.SecurityLabels : own.SecurityLabels,
            ResourceTypes = Takes(ProvisionElements.Class) ? above.ResourceTypes : own.ResourceTypes,
            Profiles = Takes(ProvisionElements.Class) ? above.Profiles : own.Profiles,
            Codes = Takes(ProvisionElements.Code) ? above.Codes : own.Codes,
            DataPeriod = Takes(ProvisionElements.DataPeriod) ? above.DataPeriod : own.DataPeriod,
            Data = Takes(ProvisionElements.Data) ? above.Data : own.Data,
        };
    }
}
