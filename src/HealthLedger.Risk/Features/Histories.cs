using System.Text.Json;

namespace HealthLedger.Risk.Features;

/// <summary>
/// Conditions and medications: what a record says the patient has or takes. The absence of an entry counts as "no", as in the cohorts behind the scores;
/// the resources that say "yes" are the sources.
/// </summary>
internal sealed class Histories(Chart chart, DateOnly at)
{
    /// <summary>Whether a confirmed condition of the set is present on the day, or ever was where <paramref name="ever"/>.</summary>
    public Feature<bool>.Known Condition(CodeSet codes, bool ever = false)
    {
        var sources = new List<string>();
        foreach (var condition in chart.OfType("Condition"))
        {
            var json = condition.Json;
            if (!Json.HasCode(Json.Member(json, "code"), codes)) continue;
            var verification = Json.CodeIn(Json.Member(json, "verificationStatus"), "http://terminology.hl7.org/CodeSystem/condition-ver-status");
            if (verification is not (null or "confirmed")) continue;
            var status = Json.CodeIn(Json.Member(json, "clinicalStatus"), "http://terminology.hl7.org/CodeSystem/condition-clinical");
            if (!ever && status is not (null or "active" or "recurrence" or "relapse" or "remission")) continue;
            if (!StartsAfter(Json.Text(json, "onsetDateTime") ?? Json.Text(json, "recordedDate"))) sources.Add(condition.Reference);
        }
        return Answer(sources);
    }

    /// <summary>Whether a current prescription or statement of use names a medication of the set.</summary>
    public Feature<bool>.Known Medication(CodeSet codes)
    {
        var sources = new List<string>();
        foreach (var request in chart.OfType("MedicationRequest"))
        {
            var json = request.Json;
            if (Json.Text(json, "status") != "active" || Json.Text(json, "intent") is "proposal" or "plan" or "option") continue;
            if (Json.Member(json, "doNotPerform") is { ValueKind: JsonValueKind.True } || StartsAfter(Json.Text(json, "authoredOn"))) continue;
            if (Names(json, codes)) sources.Add(request.Reference);
        }
        foreach (var statement in chart.OfType("MedicationStatement"))
        {
            var json = statement.Json;
            var start = Json.Text(json, "effectiveDateTime") ?? (Json.Member(json, "effectivePeriod") is { } period ? Json.Text(period, "start") : null);
            if (Json.Text(json, "status") == "active" && !StartsAfter(start) && Names(json, codes)) sources.Add(statement.Reference);
        }
        return Answer(sources);
    }

    private bool Names(JsonElement json, CodeSet codes)
    {
        if (Json.HasCode(Json.Member(json, "medicationCodeableConcept"), codes)) return true;
        if (Json.Member(json, "medicationReference") is not { } link || Json.Text(link, "reference") is not { Length: > 1 } reference) return false;
        if (reference[0] == '#')
            return Json.Items(json, "contained").Any(c => Json.Text(c, "id") == reference[1..] && Json.HasCode(Json.Member(c, "code"), codes));
        return chart.OfType("Medication").Any(m =>
            (m.Reference == reference || m.Reference.StartsWith(reference + "/_history/", StringComparison.Ordinal)) && Json.HasCode(Json.Member(m.Json, "code"), codes));
    }

    private bool StartsAfter(string? day) => Json.Moment(day) is { } start && DateOnly.FromDateTime(start.UtcDateTime) > at;

    private static Feature<bool>.Known Answer(List<string> sources)
    {
        sources.Sort(StringComparer.Ordinal);
        return new Feature<bool>.Known(sources.Count > 0, sources);
    }
}
