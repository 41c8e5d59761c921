using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>What a consent is about (R4 <c>http://terminology.hl7.org/CodeSystem/consentscope</c>).</summary>
public enum ConsentSubject
{
    /// <summary><c>patient-privacy</c>: who may see what.</summary>
    Privacy,
    /// <summary><c>research</c>: as privacy, for research unless a rule names purposes.</summary>
    Research,
    /// <summary><c>treatment</c> or <c>adr</c>: about care, not about data; decides nothing here.</summary>
    Care,
    /// <summary>Any other scope: its denies count, its permits do not.</summary>
    NotUnderstood,
}

/// <summary>One <c>Consent.verification</c>.</summary>
/// <param name="Verified">Whether it was confirmed.</param>
/// <param name="With">Who confirmed, <c>Type/id</c>; null where not said.</param>
/// <param name="Date">When, as written; null where not said.</param>
public sealed record ConsentVerification(bool Verified, string? With, string? Date);

/// <summary>
/// What a patient signed, compiled from one version of an R4 Consent. Immutable; holds no key and no handle, and is as confidential as the Consent.
/// </summary>
public sealed class ConsentDirective
{
    /// <summary>The grantee that stands for everybody, where a permit names no actor.</summary>
    public const string Anybody = "*";

    internal ConsentDirective(DirectiveHead head, Provision? root)
    {
        Head = head;
        Root = root;
        Rules = root is null ? [] : RuleTree.Build(this, root);
        Grantees = FindGrantees(Rules);
    }

    /// <summary>The logical id of the source Consent; empty where it has none yet.</summary>
    public string Id => Head.Id;

    /// <summary>The version of the source Consent; 0 where it has none yet.</summary>
    public int Version => Head.Version;

    /// <summary>Whose record, <c>Patient/id</c>.</summary>
    public string Patient => Head.Patient;

    /// <summary>Consent.status as written. Only <c>active</c> counts.</summary>
    public string Status => Head.Status;

    /// <summary>True where this directive can decide anything: it is active and about data.</summary>
    public bool IsActive => Status == "active" && Subject != ConsentSubject.Care;

    /// <summary>What it is about.</summary>
    public ConsentSubject Subject => Head.Subject;

    /// <summary>Consent.category, <c>system|code</c>.</summary>
    public ImmutableArray<string> Categories => Head.Categories;

    /// <summary>Consent.dateTime as written; null where not said.</summary>
    public string? DateTime => Head.DateTime;

    /// <summary>Who agreed, <c>Type/id</c>.</summary>
    public ImmutableArray<string> Performers => Head.Performers;

    /// <summary>The custodians of the consent, <c>Organization/id</c>.</summary>
    public ImmutableArray<string> Organizations => Head.Organizations;

    /// <summary>Consent.policy: uris, else authorities.</summary>
    public ImmutableArray<string> Policies => Head.Policies;

    /// <summary>Consent.policyRule, <c>system|code</c>.</summary>
    public ImmutableArray<string> PolicyRules => Head.PolicyRules;

    /// <summary>Consent.verification.</summary>
    public ImmutableArray<ConsentVerification> Verifications => Head.Verifications;

    /// <summary>The root rule; null where there is none, and then the directive decides nothing.</summary>
    public Provision? Root { get; }

    /// <summary>
    /// Whom the permits name, each once, in ordinal order; <see cref="Anybody"/> where one names nobody. The ledger gives one handle for each of them;
    /// a directive that only denies has none.
    /// </summary>
    public ImmutableArray<string> Grantees { get; }

    /// <summary><c>Consent/id</c>.</summary>
    public string Reference => "Consent/" + Id;

    internal DirectiveHead Head { get; }

    /// <summary>All rules, root first, each with what it takes over from the rule above.</summary>
    internal ImmutableArray<Rule> Rules { get; }

    /// <summary>The same directive as version <paramref name="version"/> of <c>Consent/id</c>: the server gives both when it stores the Consent.</summary>
    public ConsentDirective As(string id, int version)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        return new ConsentDirective(Head with { Id = id, Version = version }, Root);
    }

    private static ImmutableArray<string> FindGrantees(ImmutableArray<Rule> rules)
    {
        var grantees = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            if (rule.CanPermit)
            {
                grantees.UnionWith(rule.Names(ProvisionElements.Actor) ? rule.Effective.Actors : [Anybody]);
            }
        }

        return [.. grantees];
    }
}

/// <summary>Everything of a Consent except its rules.</summary>
internal sealed record DirectiveHead
{
    public string Id { get; init; } = "";
    public int Version { get; init; }
    public required string Patient { get; init; }
    public required string Status { get; init; }
    public required ConsentSubject Subject { get; init; }
    public ImmutableArray<string> Categories { get; init; } = [];
    public string? DateTime { get; init; }
    public ImmutableArray<string> Performers { get; init; } = [];
    public ImmutableArray<string> Organizations { get; init; } = [];
    public ImmutableArray<string> Policies { get; init; } = [];
    public ImmutableArray<string> PolicyRules { get; init; } = [];
    public ImmutableArray<ConsentVerification> Verifications { get; init; } = [];
}
