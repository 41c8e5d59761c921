using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using HealthLedger.Access;

namespace HealthLedger.Review;

/// <summary>What somebody wants to see of the recorded events. It is itself recorded, as JSON (docs/formats/evidence.md), before it is answered.</summary>
/// <param name="Purpose">Only this purpose of use.</param>
/// <param name="Refused">True: only refused ones; false: only permitted ones.</param>
/// <param name="Client">Only this client, by its whole id, at most 200 characters.</param>
/// <param name="Since">Only at or after this instant.</param>
/// <param name="Until">Only before this instant.</param>
/// <param name="Before">Only entries before this one: where the page before ended.</param>
/// <param name="Max">Rows, at least 1.</param>
public sealed record ReviewQuestion(
    PurposeOfUse? Purpose = null, bool? Refused = null, string? Client = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null, ulong? Before = null, int Max = 50)
{
    private static readonly JsonSerializerOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Only this kind of event, as <see cref="FactEvent.Kind"/>.</summary>
    public string? Kind { get; init; }

    /// <summary>Only this patient's chain: a Patient id.</summary>
    public string? Patient { get; init; }

    /// <summary>Further conditions, in the words in which they were asked, such as a query of FHIR; at most 8 KiB.</summary>
    public string? Search { get; init; }

    /// <summary>The report that is made of the answer; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>By which interaction it is asked: <c>search-type</c> or <c>read</c> where by FHIR's, else <c>review</c>. The fact says it beside the question.</summary>
    public string Interaction { get; init; } = "review";

    internal bool Matches(FactEvent happened) =>
        (Purpose is null || happened.Purpose == Purpose)
        && (Refused is null || happened.Refused == Refused)
        && (Client is null || happened.Client == Client)
        && (Kind is null || happened.Kind == Kind)
        && (Since is null || happened.Time >= Since)
        && (Until is null || happened.Time < Until);

    internal string ToJson() => JsonSerializer.Serialize(
        new Dictionary<string, string?>
        {
            ["purpose"] = Purpose?.Code(),
            ["refused"] = Refused?.ToString(),
            ["client"] = Client,
            ["kind"] = Kind,
            ["patient"] = Patient,
            ["since"] = Since?.ToString("O", CultureInfo.InvariantCulture),
            ["until"] = Until?.ToString("O", CultureInfo.InvariantCulture),
            ["before"] = Before?.ToString(CultureInfo.InvariantCulture),
            ["search"] = Search,
            ["report"] = Report,
        }.Where(f => f.Value is not null).ToDictionary(),
        PlainText);
}
