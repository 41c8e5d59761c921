using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Review;

/// <summary>The forms of an export.</summary>
internal enum ExportFormat
{
    /// <summary>AuditEvents, one to a line, each with its proof.</summary>
    Ndjson,

    /// <summary>A table for people.</summary>
    Csv,

    /// <summary>A signed bundle (docs/formats/evidence.md).</summary>
    Bundle,

    /// <summary>A breach report.</summary>
    Json,
}

/// <summary>What a regulator wants to take home, from a query or a form; what is not understood is refused.</summary>
/// <param name="Question">To record and answer.</param>
/// <param name="Format">The form of the answer.</param>
internal sealed record ExportRequest(ReviewQuestion Question, ExportFormat Format)
{
    /// <summary>The most events of one answer.</summary>
    public const int MaxEvents = 20_000;

    private const int MaxText = 200;
    private static readonly string[] ExportNames = ["from", "to", "client", "patient", "purpose", "decision", "before", "format"];
    private static readonly string[] BreachNames = ["client", "from", "to", "before", "format"];

    /// <summary>An export of events: all parameters may be left out but <c>format</c>.</summary>
    public static (ExportRequest? Request, string? Wrong) Export(IReadOnlyDictionary<string, string> given) => Read(given, ExportNames, isBreach: false);

    /// <summary>A breach report: <c>client</c>, <c>from</c> and <c>to</c> are needed.</summary>
    public static (ExportRequest? Request, string? Wrong) Breach(IReadOnlyDictionary<string, string> given) => Read(given, BreachNames, isBreach: true);

    private static (ExportRequest?, string?) Read(IReadOnlyDictionary<string, string> given, string[] names, bool isBreach)
    {
        if (given.Keys.FirstOrDefault(name => !names.Contains(name)) is not null || given.Values.Any(value => value.Length > MaxText))
        {
            return (null, $"The parameters are {string.Join(", ", names)}, each once, of at most {MaxText} characters.");
        }

        string? Text(string name) => given.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
        var (from, to, purpose, decision, patient) = (Instant(Text("from"), false), Instant(Text("to"), true), PurposeOfUseCodes.Parse(Text("purpose")), Text("decision"), Text("patient"));
        patient = patient?.StartsWith("Patient/", StringComparison.Ordinal) == true ? patient["Patient/".Length..] : patient;
        ulong before = 0;
        if ((Text("from") is not null && from is null) || (Text("to") is not null && to is null) || from >= to)
        {
            return (null, "from and to are days (2026-11-29, both included) or instants in UTC (2026-11-29T08:00:00Z, the second not included): the first day not after the second, the first instant before it.");
        }

        if ((Text("purpose") is not null && purpose is null) || decision is not (null or "permitted" or "refused") || (patient is not null && !FhirId.IsValid(patient))
            || (Text("before") is { } entry && !ulong.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out before)))
        {
            return (null, "purpose is a code such as TREAT, decision is permitted or refused, patient a Patient id, before the number of an entry.");
        }

        ExportFormat? format = (Text("format"), isBreach) switch
        {
            ("ndjson", false) => ExportFormat.Ndjson,
            ("csv", _) => ExportFormat.Csv,
            ("bundle", false) => ExportFormat.Bundle,
            ("json", true) => ExportFormat.Json,
            _ => null,
        };
        if (format is not { } chosen)
        {
            return (null, isBreach ? "format is csv or json." : "format is ndjson, csv or bundle.");
        }

        ulong? onward = Text("before") is null ? null : before;
        if (!isBreach)
        {
            bool? refused = decision is null ? null : decision == "refused";
            return (new ExportRequest(new ReviewQuestion(purpose, refused, Text("client"), from, to, onward, MaxEvents) { Patient = patient, Report = Text("format") }, chosen), null);
        }

        return Text("client") is { } client && from is { } since && to is { } until
            ? (new ExportRequest(BreachReport.Question(client, since, until, onward, MaxEvents), chosen), null)
            : (null, "client, from and to are needed.");
    }

    /// <summary>A day or an instant; the end of a span that is a day is the beginning of the next.</summary>
    private static DateTimeOffset? Instant(string? text, bool isEnd)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, Utc, out var day) && day.Year is > 1970 and < 9999)
        {
            return isEnd ? day.AddDays(1) : day;
        }

        return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"], CultureInfo.InvariantCulture, Utc, out var instant) && instant.Year is > 1970 and < 9999 ? instant : null;
    }
}
