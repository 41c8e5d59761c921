using System.Globalization;
using System.Text.Json;

namespace HealthLedger.Review;

/// <summary>What one client opened in a span of time, and of whom: each permitted access, and by patient the first, the last and how many (as 45 CFR 164.528(b)(3) lets repeated disclosures be told).</summary>
public static class BreachReport
{
    /// <summary>The question behind it.</summary>
    /// <param name="client">The client's whole id.</param>
    /// <param name="since">From this instant.</param>
    /// <param name="until">Until before this instant.</param>
    /// <param name="before">Where the report before ended; null for the first.</param>
    /// <param name="max">Accesses at most.</param>
    public static ReviewQuestion Question(string client, DateTimeOffset since, DateTimeOffset until, ulong? before, int max) =>
        new(Refused: false, Client: client, Since: since, Until: until, Before: before, Max: max) { Kind = "access", Report = "breach" };

    /// <summary>The report as JSON: the span, the question's entry, whether it is whole, patients, accesses newest first.</summary>
    public static byte[] ToJson(string client, DateTimeOffset since, DateTimeOffset until, AuditAnswer answer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("client", client);
            json.WriteString("since", Instant(since));
            json.WriteString("until", Instant(until));
            json.WriteNumber("asked", answer.Asked);
            json.WriteBoolean("whole", answer.Next is null);
            if (answer.Next is { } next)
            {
                json.WriteNumber("next", next);
            }

            var patients = new Dictionary<string, OfPatient>(StringComparer.Ordinal);
            json.WriteStartArray("accesses");
            foreach (var found in answer.Events())
            {
                Access(json, found);
                if (found.PatientPseudonym is { } patient)
                {
                    patients[patient] = patients.TryGetValue(patient, out var known) ? known.With(found) : OfPatient.Of(found);
                }
            }

            json.WriteEndArray();
            json.WriteStartArray("patients");
            foreach (var (patient, accesses) in patients.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("patient", patient);
                json.WriteString("first", Instant(accesses.First));
                json.WriteString("last", Instant(accesses.Last));
                json.WriteNumber("accesses", accesses.Count);
                json.WriteNumber("records", accesses.Records);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Access(Utf8JsonWriter json, FoundEvent found)
    {
        json.WriteStartObject();
        json.WriteNumber("entry", found.Entry);
        json.WriteString("time", Instant(found.Time));
        json.WriteString("patient", found.PatientPseudonym);
        json.WriteNumber("records", found.Records);
        json.WriteString("user", found.User);
        json.WriteString("organization", found.Happened.Organization);
        json.WriteString("purpose", found.Opening.ValueOf(Proofs.Facts.FactField.Purpose));
        json.WriteString("interaction", found.Happened.Interaction);
        json.WriteString("reason", found.Happened.Reason);
        json.WriteString("request", found.Opening.ValueOf(Proofs.Facts.FactField.Request));
        json.WriteEndObject();
    }

    private static string? Instant(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Events come newest first, so the first one met is the last in time.</summary>
    private readonly record struct OfPatient(DateTimeOffset? First, DateTimeOffset? Last, int Count, int Records)
    {
        public static OfPatient Of(FoundEvent found) => new(found.Time, found.Time, 1, found.Records);

        public OfPatient With(FoundEvent found) => this with { First = found.Time, Count = Count + 1, Records = Records + found.Records };
    }
}
