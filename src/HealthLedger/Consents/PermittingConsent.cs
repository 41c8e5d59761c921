using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>Why no consent permits a caller anything for a purpose now. The codes are part of facts and reports.</summary>
public enum ConsentGap
{
    /// <summary><c>no-consent</c>: none names the caller.</summary>
    NoConsent,
    /// <summary><c>withdrawn</c>: one named the caller for this purpose, and the patient took it back.</summary>
    Withdrawn,
    /// <summary><c>not-for-this-purpose</c>: one names the caller, for other purposes.</summary>
    NotForThisPurpose,
    /// <summary><c>not-yet</c>: one will permit it later.</summary>
    NotYet,
    /// <summary><c>expired</c>: one permitted it until its end.</summary>
    Expired,
    /// <summary><c>not-for-this-use</c>: one names caller and purpose, for other actions than to read.</summary>
    NotForThisUse,
    /// <summary><c>denied</c>: one permits it, and another, or an exception in it, denies everything.</summary>
    Denied,
}

/// <summary>The wire codes of <see cref="ConsentGap"/>.</summary>
public static class ConsentGapCodes
{
    private static readonly string[] Codes = ["no-consent", "withdrawn", "not-for-this-purpose", "not-yet", "expired", "not-for-this-use", "denied"];

    /// <summary>The code as facts and reports show it.</summary>
    public static string Code(this ConsentGap gap) => Codes[(int)gap];
}

/// <summary>
/// Finds the consent, and the handle in it, that a caller can show as evidence: one whose permit names the caller, or everybody, and holds for the purpose
/// now. Pure. It says which consent speaks; whether a record may be seen is the combining rule's to say.
/// </summary>
internal static class PermittingConsent
{
    /// <summary>The record and its handle; or why there is none, where the reason nearest to a permit is told.</summary>
    /// <param name="records">The current version of every Consent of one patient, the inactive ones too.</param>
    /// <param name="request">Who asks, why and when.</param>
    public static (ConsentRecord Record, GranteeHandle Handle)? Find(IReadOnlyCollection<ConsentRecord> records, AccessRequest request, out ConsentGap gap)
    {
        gap = ConsentGap.NoConsent;
        (ConsentRecord, GranteeHandle)? found = null;
        var until = DateTimeOffset.MinValue;
        foreach (var record in records)
        {
            foreach (var rule in record.Directive.Rules.Where(r => r.CanPermit))
            {
                if (GranteeOf(rule, request) is not { } grantee)
                {
                    continue;
                }

                if (GapOf(record, rule, request) is { } missing)
                {
                    gap = missing > gap ? missing : gap;
                }
                else if (found is null || rule.Effective.Period.Until > until)
                {
                    // Of several the one that holds longest: its evidence outlives the others'.
                    found = (record, record.Handles.Single(h => h.Grantee == grantee));
                    until = rule.Effective.Period.Until;
                }
            }
        }

        return found;
    }

    private static string? GranteeOf(Rule rule, AccessRequest request) =>
        rule.Names(ProvisionElements.Actor) ? rule.Effective.Actors.FirstOrDefault(a => request.Actors.Contains(a)) : ConsentDirective.Anybody;

    private static ConsentGap? GapOf(ConsentRecord record, Rule rule, AccessRequest request)
    {
        if (rule.Names(ProvisionElements.Purpose) && !rule.Effective.Purposes.Contains(request.Purpose))
        {
            return ConsentGap.NotForThisPurpose;
        }

        if (!record.Directive.IsActive)
        {
            // A draft, or one about care alone, never permitted anything.
            return record.Directive.Status is "inactive" or "entered-in-error" ? ConsentGap.Withdrawn : ConsentGap.NoConsent;
        }

        return request.Time < rule.Effective.Period.From ? ConsentGap.NotYet
            : !rule.Effective.Period.Contains(request.Time) ? ConsentGap.Expired
            : !rule.MatchesRequest(request) ? ConsentGap.NotForThisUse
            : !PossibleOutcomes.Of(record.Directive, 0, request).HasFlag(Outcomes.Permit) ? ConsentGap.Denied
            : null;
    }
}
