namespace HealthLedger.Consents;

/// <summary>What a rule and its exceptions may decide over all records.</summary>
[Flags]
internal enum Outcomes
{
    Empty = 0,
    Permit = 1,
    Deny = 2,
    Nothing = 4,
}

/// <summary>
/// Runs a directive over all records at once: each condition about records may hold or not. What comes out holds at least everything that
/// deciding record by record can come to, since conditions are taken as independent of each other.
/// </summary>
internal static class PossibleOutcomes
{
    public static Outcomes Of(ConsentDirective directive, int index, AccessRequest request)
    {
        var rule = directive.Rules[index];
        var own = Outcomes.Nothing;
        if (rule.MatchesRequest(request))
        {
            own = (rule.Denies ? Outcomes.Deny : Outcomes.Permit) | (rule.DependsOnRecord ? Outcomes.Nothing : Outcomes.Empty);
        }

        var exceptions = Outcomes.Nothing;
        foreach (var exception in rule.Exceptions)
        {
            exceptions = Join(exceptions, Of(directive, exception, request));
        }

        return exceptions.HasFlag(Outcomes.Nothing) ? (exceptions & ~Outcomes.Nothing) | own : exceptions;
    }

    /// <summary>What two siblings may come to together: deny over permit over nothing.</summary>
    private static Outcomes Join(Outcomes one, Outcomes other)
    {
        var joined = (one | other) & Outcomes.Deny;
        var both = (one & ~Outcomes.Deny) != 0 && (other & ~Outcomes.Deny) != 0;
        if (both)
        {
            joined |= (one | other) & Outcomes.Permit;
            joined |= one & other & Outcomes.Nothing;
        }

        return joined;
    }
}
