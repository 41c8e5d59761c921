using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Promises;

namespace HealthLedger.Review;

/// <summary>One recorded event, read from its fact.</summary>
public sealed record FactEvent
{
    /// <summary>Its entry in the ledger.</summary>
    public required ulong Entry { get; init; }

    /// <summary>What kind: <c>enrol</c>, <c>access</c>, <c>refusal</c>, <c>consent</c>, <c>record</c>, <c>request</c>, <c>review</c>, <c>risk</c>, <c>release</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was decided, in UTC; null where the fact does not say.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The client that asked.</summary>
    public string? Client { get; init; }

    /// <summary>The person behind it, as a FHIR reference or a user id; null for software on its own behalf.</summary>
    public string? User { get; init; }

    /// <summary>The organization that answers for it, <c>Organization/id</c>.</summary>
    public string? Organization { get; init; }

    /// <summary>The purpose of use; null where the fact names none that is known.</summary>
    public PurposeOfUse? Purpose { get; init; }

    /// <summary>The FHIR interaction, such as <c>read</c> or <c>search-type</c>.</summary>
    public string? Interaction { get; init; }

    /// <summary><c>Patient/id</c>; null where the event concerns no patient.</summary>
    public string? Patient { get; init; }

    /// <summary>The records concerned, <c>Type/id/_history/version</c>.</summary>
    public ImmutableArray<string> Targets { get; init; } = [];

    /// <summary>True where it was refused.</summary>
    public bool Refused { get; init; }

    /// <summary>The reason's code (docs/consent.md).</summary>
    public string? Reason { get; init; }

    /// <summary>The consents and rules that decided, <c>Consent/id/_history/version#rule</c>, joined by spaces.</summary>
    public string? Consent { get; init; }

    /// <summary>For emergency purposes, the reason in the caller's words. Hostile text is possible: show it as text.</summary>
    public string? EmergencyReason { get; init; }

    /// <summary>True for a read in an emergency that the ledger recorded later than it was made, having promised it.</summary>
    public bool IsRecordedLate { get; init; }

    /// <summary>True where the purpose was an emergency's.</summary>
    public bool IsEmergency => Purpose?.IsEmergency() ?? false;

    /// <summary>Reads a fact.</summary>
    internal static FactEvent Of(ulong entry, Fact fact)
    {
        var purpose = PurposeOfUseCodes.Parse(fact[FactField.Purpose]);
        var kind = fact[FactField.Event] ?? "";
        return new FactEvent
        {
            Entry = entry,
            Kind = kind,
            Time = DateTimeOffset.TryParse(fact[FactField.Time], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null,
            Client = fact[FactField.Client],
            User = fact[FactField.User],
            Organization = fact[FactField.Organization],
            Purpose = purpose,
            Interaction = fact[FactField.Interaction],
            Patient = fact[FactField.Patient],
            Targets = References(fact[FactField.Targets]),
            Refused = fact[FactField.Decision] == "deny",
            Reason = fact[FactField.Reason],
            Consent = fact[FactField.Consent],
            IsRecordedLate = LateMark.Of(fact[FactField.Obligations]) is not null,
            EmergencyReason = kind is "access" or "refusal" && purpose is { } code && code.IsEmergency() ? fact[FactField.Evidence] : null,
        };
    }

    private static ImmutableArray<string> References(string? targets)
    {
        if (targets is null)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(targets);
            return [.. json.RootElement.EnumerateArray().Select(t => t.GetProperty("ref").GetString()!)];
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return [];
        }
    }
}
