using System.Collections.Immutable;
using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Portal;

/// <summary>A consent in plain words.</summary>
/// <param name="Id">Logical id.</param>
/// <param name="Standing">Whether it counts now.</param>
/// <param name="Who">Whom it is about.</param>
/// <param name="What">What it lets them do, with which data.</param>
/// <param name="Purposes">For what.</param>
/// <param name="Since">Since when; null where it does not say.</param>
/// <param name="Until">Until when.</param>
/// <param name="Exceptions">What it leaves out or adds, a sentence each.</param>
/// <param name="LastChanged">When the version in force was stored.</param>
/// <param name="WithdrawnEntry">The ledger entry of its withdrawal; null where it was not withdrawn, or so long ago that it is not on the first pages.</param>
public sealed record ConsentWords(
    string Id, ConsentStanding Standing, string Who, string What, string Purposes, string? Since, string Until, ImmutableArray<string> Exceptions, DateTimeOffset LastChanged, ulong? WithdrawnEntry)
{
    /// <summary>Of a withdrawal: whether the witnesses' quorum covers it, so that no other history can be shown without being found out; null where no witnesses are configured.</summary>
    public bool? IsFinal { get; init; }

    internal static ConsentWords Of(StoredConsent consent, IReadOnlyDictionary<string, string> names, ImmutableArray<FactEvent> events, DateTimeOffset now)
    {
        var directive = consent.Directive;
        var root = directive.Root;
        var withdrawn = events.Where(e => e.Kind == "consent" && e.Reason == "consent-withdrawn" && e.Targets.Any(t => t == $"Consent/{consent.Id}/_history/{consent.Version}")).Select(e => (ulong?)e.Entry).Max();
        return new ConsentWords(
            consent.Id,
            directive.IsActive ? root is null || root.Period.Contains(now) ? ConsentStanding.Active : root.Period.From > now ? ConsentStanding.NotYet : ConsentStanding.Over
                : directive.Status == "inactive" ? ConsentStanding.Withdrawn : ConsentStanding.NotCounted,
            WhoOf(root, names),
            WhatOf(root),
            PurposesOf(root),
            root is not null && root.Period.From != DateTimeOffset.MinValue ? Day(root.Period.From) : directive.DateTime is { Length: >= 10 } said && TimeInterval.TryParse(said, out var at) ? Day(at.From) : null,
            root is null || root.Period.Until == DateTimeOffset.MaxValue ? "no end" : Day(root.Period.Until.AddTicks(-1)),
            root is null ? [] : [.. root.Provisions.Select(p => Exception(p, names))],
            consent.LastUpdated,
            directive.IsActive ? null : withdrawn);
    }

    /// <summary>A day as people write it.</summary>
    public static string Day(DateTimeOffset day) => day.UtcDateTime.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>Whom a reference means: its name where it is known.</summary>
    public static string Name(string reference, IReadOnlyDictionary<string, string> names) => names.GetValueOrDefault(reference) ?? reference;

    private static string WhoOf(Provision? rule, IReadOnlyDictionary<string, string> names) =>
        rule is null || rule.Actors.IsEmpty ? "Anybody" : string.Join(", ", rule.Actors.Select(a => Name(a, names)));

    private static string WhatOf(Provision? rule) => rule?.Type switch
    {
        ProvisionType.Permit => "May see " + Data(rule),
        ProvisionType.Deny => "Must not see " + Data(rule),
        _ => "Nothing is permitted by it",
    };

    private static string Data(Provision rule)
    {
        var parts = new List<string>();
        if (!rule.ResourceTypes.IsEmpty)
        {
            parts.Add("of the kind " + string.Join(", ", rule.ResourceTypes));
        }

        if (!rule.Profiles.IsEmpty)
        {
            parts.Add("of the profile " + string.Join(", ", rule.Profiles));
        }

        if (!rule.Codes.IsEmpty)
        {
            parts.Add("with the code " + string.Join(", ", rule.Codes.Select(Code)));
        }

        if (!rule.SecurityLabels.IsEmpty)
        {
            parts.Add("labelled " + string.Join(", ", rule.SecurityLabels.Select(Code)));
        }

        if (rule.DataPeriod is { } period)
        {
            parts.Add($"from {Day(period.From)} to {(period.Until == DateTimeOffset.MaxValue ? "now" : Day(period.Until.AddTicks(-1)))}");
        }

        if (!rule.Data.IsEmpty)
        {
            parts.Add($"named one by one ({rule.Data.Length})");
        }

        return (parts.Count == 0 ? "the whole record" : "records " + string.Join(", ", parts)) + (rule.NotUnderstood == ProvisionElements.None ? "" : ", with conditions that the gateway does not understand and so does not permit");
    }

    private static string PurposesOf(Provision? rule)
    {
        var purposes = rule?.Purposes.Codes().Select(c => PlainWords.Of(PurposeOfUseCodes.Parse(c))).ToList() ?? [];
        return rule is null || (rule.Stated & ProvisionElements.Purpose) == 0 ? "any purpose" : purposes.Count == 0 ? "no purpose that the gateway knows" : string.Join(", ", purposes);
    }

    private static string Exception(Provision rule, IReadOnlyDictionary<string, string> names)
    {
        var who = rule.Actors.IsEmpty ? "They" : WhoOf(rule, names);
        var purposes = (rule.Stated & ProvisionElements.Purpose) == 0 ? "" : $", for {PurposesOf(rule)}";
        var nested = rule.Provisions.IsEmpty ? "" : $" ({rule.Provisions.Length} further exceptions)";
        return $"{who} {(rule.Type == ProvisionType.Deny ? "must not" : "may")} see {Data(rule)}{purposes}{nested}";
    }

    private static string Code(string systemAndCode) => systemAndCode[(systemAndCode.LastIndexOf('|') + 1)..];
}

/// <summary>Whether a consent counts.</summary>
public enum ConsentStanding
{
    /// <summary>It counts.</summary>
    Active,
    /// <summary>It will count later.</summary>
    NotYet,
    /// <summary>Its time is over.</summary>
    Over,
    /// <summary>It was withdrawn.</summary>
    Withdrawn,
    /// <summary>It was never in force, such as a draft.</summary>
    NotCounted,
}
