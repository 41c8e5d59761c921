using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Review;

/// <summary>The filters of the page's form, as given and as understood.</summary>
public sealed record ReviewFilters(bool Asked, string Purpose, string Decision, string Client, string Since, string Until, bool Wrong, ReviewQuestion? Question)
{
    private const int MaxText = 200;

    internal static ReviewFilters Of(IQueryCollection query)
    {
        string Text(string name) => query[name].ToString() is { Length: > MaxText } text ? text[..MaxText] : query[name].ToString().Trim();
        var (purpose, decision, client, since, until) = (Text("purpose"), Text("decision"), Text("client"), Text("since"), Text("until"));
        var from = Day(since);
        var to = Day(until);
        var wrong = (since.Length > 0 && from is null) || (until.Length > 0 && to is null) || from > to
            || (purpose.Length > 0 && PurposeOfUseCodes.Parse(purpose) is null) || decision is not ("" or "refused" or "permitted");
        ulong? before = ulong.TryParse(query["before"], NumberStyles.None, CultureInfo.InvariantCulture, out var entry) ? entry : null;
        return new ReviewFilters(
            query.ContainsKey("list"), purpose, decision, client, since, until, wrong,
            wrong ? null : new ReviewQuestion(
                PurposeOfUseCodes.Parse(purpose),
                decision switch { "refused" => true, "permitted" => false, _ => null },
                client.Length == 0 ? null : client,
                from,
                to?.AddDays(1),
                before));
    }

    /// <summary>The same question, further back.</summary>
    public string Next(ulong before) => "/review" + QueryString.Create(new Dictionary<string, string?>
    {
        ["list"] = "1",
        ["purpose"] = Purpose,
        ["decision"] = Decision,
        ["client"] = Client,
        ["since"] = Since,
        ["until"] = Until,
        ["before"] = before.ToString(CultureInfo.InvariantCulture),
    }.Where(p => p.Value is { Length: > 0 }));

    private static DateTimeOffset? Day(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day) && day.Year is > 1900 and < 9999 ? day : null;
}
