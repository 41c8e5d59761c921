using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Cli.Breach;

/// <summary>A breach report, put together from its pages.</summary>
internal sealed class BreachAnswer(string client)
{
    private readonly List<ulong> asked = [];
    private readonly List<JsonElement> accesses = [];
    private readonly SortedDictionary<string, OfPatient> patients = new(StringComparer.Ordinal);
    private string since = "";
    private string until = "";

    /// <summary>Takes one page, each older than the one before.</summary>
    /// <returns>Where the report goes on; null where it is whole.</returns>
    /// <exception cref="InvalidOperationException">It is no page of a report, as for <see cref="KeyNotFoundException"/> and <see cref="FormatException"/>.</exception>
    public ulong? Add(JsonElement page)
    {
        (since, until) = (page.GetProperty("since").GetString()!, page.GetProperty("until").GetString()!);
        asked.Add(page.GetProperty("asked").GetUInt64());
        foreach (var access in page.GetProperty("accesses").EnumerateArray())
        {
            accesses.Add(access.Clone());
        }

        foreach (var each in page.GetProperty("patients").EnumerateArray())
        {
            var told = new OfPatient(Text(each, "first"), Text(each, "last"), each.GetProperty("accesses").GetInt64(), each.GetProperty("records").GetInt64());
            var patient = Text(each, "patient");
            patients[patient] = patients.TryGetValue(patient, out var known) ? known.With(told) : told;
        }

        return page.GetProperty("whole").GetBoolean() ? null : page.GetProperty("next").GetUInt64();
    }

    public string ToJson() => new JsonObject
    {
        ["client"] = client,
        ["since"] = since,
        ["until"] = until,
        ["asked"] = new JsonArray([.. asked.Select(entry => JsonValue.Create(entry))]),
        ["patients"] = new JsonArray([.. patients.Select(p => new JsonObject { ["patient"] = p.Key, ["first"] = p.Value.First, ["last"] = p.Value.Last, ["accesses"] = p.Value.Accesses, ["records"] = p.Value.Records })]),
        ["accesses"] = new JsonArray([.. accesses.Select(access => JsonNode.Parse(access.GetRawText()))]),
    }.ToJsonString();

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{PlainLine.Of(client)} opened records of {patients.Count} patient{(patients.Count == 1 ? "" : "s")} in {accesses.Count} access{(accesses.Count == 1 ? "" : "es")}, from {PlainLine.Of(since)} until before {PlainLine.Of(until)}.");
        if (patients.Count > 0)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{"patient",-18}  {"first",-24}  {"last",-24}  {"accesses",8}  {"records",8}");
            foreach (var (patient, told) in patients)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{PlainLine.Of(patient),-18}  {PlainLine.Of(told.First),-24}  {PlainLine.Of(told.Last),-24}  {told.Accesses,8}  {told.Records,8}");
            }
        }

        if (accesses.Count > 0)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{"time",-24}  {"entry",9}  {"patient",-18}  {"records",7}  {"purpose",-8}  {"interaction",-16}  user");
            foreach (var access in accesses)
            {
                string Cell(string name) => PlainLine.Of(Text(access, name));
                text.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"{Cell("time"),-24}  {Cell("entry"),9}  {Cell("patient"),-18}  {Cell("records"),7}  {Cell("purpose"),-8}  {Cell("interaction"),-16}  {Cell("user")}");
            }
        }

        if (accesses.Count == 0)
        {
            text.AppendLine().AppendLine("An id that is no client's is answered alike: compare it, letter by letter. Operators list the ids (healthledger clients list).");
        }

        return text.Append(CultureInfo.InvariantCulture, $"{Environment.NewLine}Asked by entr{(asked.Count == 1 ? "y" : "ies")} {string.Join(", ", asked)}.").ToString();
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "-";

    /// <summary>Pages go back in time, so the first one met is the last in time.</summary>
    private sealed record OfPatient(string First, string Last, long Accesses, long Records)
    {
        public OfPatient With(OfPatient older) => new(older.First, Last, Accesses + older.Accesses, Records + older.Records);
    }
}
