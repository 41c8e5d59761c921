using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>
/// The stored form of a directive, version 1: JSON with members in a fixed order, absent where they say nothing, so that equal directives have equal
/// bytes (docs/consent.md, "Stored form"). What was understood when it was signed stays what is enforced, whatever a later compiler understands.
/// </summary>
internal static class DirectiveCodec
{
    public static void Write(Utf8JsonWriter json, ConsentDirective directive)
    {
        var head = directive.Head;
        json.WriteStartObject();
        json.WriteString("id", head.Id);
        json.WriteNumber("version", head.Version);
        json.WriteString("patient", head.Patient);
        json.WriteString("status", head.Status);
        json.WriteString("subject", head.Subject.ToString());
        WriteTexts(json, "categories", head.Categories);
        if (head.DateTime is not null)
        {
            json.WriteString("dateTime", head.DateTime);
        }

        WriteTexts(json, "performers", head.Performers);
        WriteTexts(json, "organizations", head.Organizations);
        WriteTexts(json, "policies", head.Policies);
        WriteTexts(json, "policyRules", head.PolicyRules);
        if (!head.Verifications.IsEmpty)
        {
            json.WriteStartArray("verifications");
            foreach (var verification in head.Verifications)
            {
                json.WriteStartArray();
                json.WriteBooleanValue(verification.Verified);
                json.WriteStringValue(verification.With);
                json.WriteStringValue(verification.Date);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        if (directive.Root is { } root)
        {
            json.WritePropertyName("provision");
            Write(json, root);
        }

        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write(Utf8JsonWriter, ConsentDirective)"/> wrote; anything else throws, as the callers expect.</summary>
    public static ConsentDirective Read(JsonElement json)
    {
        var head = new DirectiveHead
        {
            Id = Text(json, "id"),
            Version = json.GetProperty("version").GetInt32(),
            Patient = Text(json, "patient"),
            Status = Text(json, "status"),
            Subject = Enum.Parse<ConsentSubject>(Text(json, "subject")),
            Categories = Texts(json, "categories"),
            DateTime = json.TryGetProperty("dateTime", out var dateTime) ? dateTime.GetString() : null,
            Performers = Texts(json, "performers"),
            Organizations = Texts(json, "organizations"),
            Policies = Texts(json, "policies"),
            PolicyRules = Texts(json, "policyRules"),
            Verifications = Items(json, "verifications", v => new ConsentVerification(v[0].GetBoolean(), v[1].GetString(), v[2].GetString())),
        };
        return new ConsentDirective(head, json.TryGetProperty("provision", out var root) ? ReadProvision(root) : null);
    }

    private static void Write(Utf8JsonWriter json, Provision provision)
    {
        json.WriteStartObject();
        if (provision.Type is { } type)
        {
            json.WriteString("type", type.ToString());
        }

        if (provision.Period != TimeInterval.Always)
        {
            WriteInterval(json, "period", provision.Period);
        }

        json.WriteNumber("stated", (int)provision.Stated);
        json.WriteNumber("notUnderstood", (int)provision.NotUnderstood);
        json.WriteBoolean("modified", provision.Modified);
        WriteTexts(json, "actors", provision.Actors);
        WriteTexts(json, "actions", [.. provision.Actions.Select(a => a.ToString())]);
        WriteTexts(json, "purposes", [.. provision.Purposes.Codes()]);
        WriteTexts(json, "touchedPurposes", [.. provision.TouchedPurposes.Codes()]);
        WriteTexts(json, "labels", provision.SecurityLabels);
        WriteTexts(json, "types", provision.ResourceTypes);
        WriteTexts(json, "profiles", provision.Profiles);
        WriteTexts(json, "codes", provision.Codes);
        if (provision.DataPeriod is { } dataPeriod)
        {
            WriteInterval(json, "dataPeriod", dataPeriod);
        }

        WriteTexts(json, "data", [.. provision.Data.Select(d => $"{d.Meaning} {d.Reference}")]);
        if (!provision.Provisions.IsEmpty)
        {
            json.WriteStartArray("provisions");
            foreach (var exception in provision.Provisions)
            {
                Write(json, exception);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static Provision ReadProvision(JsonElement json) => new()
    {
        Type = json.TryGetProperty("type", out var type) ? Enum.Parse<ProvisionType>(type.GetString()!) : null,
        Period = ReadInterval(json, "period") ?? TimeInterval.Always,
        Stated = (ProvisionElements)json.GetProperty("stated").GetInt32(),
        NotUnderstood = (ProvisionElements)json.GetProperty("notUnderstood").GetInt32(),
        Modified = json.GetProperty("modified").GetBoolean(),
        Actors = Texts(json, "actors"),
        Actions = [.. Texts(json, "actions").Select(Enum.Parse<ConsentAction>)],
        Purposes = ReadPurposes(json, "purposes"),
        TouchedPurposes = ReadPurposes(json, "touchedPurposes"),
        SecurityLabels = Texts(json, "labels"),
        ResourceTypes = Texts(json, "types"),
        Profiles = Texts(json, "profiles"),
        Codes = Texts(json, "codes"),
        DataPeriod = ReadInterval(json, "dataPeriod"),
        Data = [.. Texts(json, "data").Select(ReadData)],
        Provisions = Items(json, "provisions", ReadProvision),
    };

    private static DataReference ReadData(string text)
    {
        var space = text.IndexOf(' ');
        return new DataReference(Enum.Parse<DataMeaning>(text[..space]), text[(space + 1)..]);
    }

    private static PurposeSet ReadPurposes(JsonElement json, string name) =>
        PurposeSet.Of([.. Texts(json, name).Select(c => PurposeOfUseCodes.Parse(c) ?? throw new FormatException("An unknown purpose code."))]);

    private static void WriteInterval(Utf8JsonWriter json, string name, TimeInterval interval)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(interval.From.ToString("O", CultureInfo.InvariantCulture));
        json.WriteStringValue(interval.Until.ToString("O", CultureInfo.InvariantCulture));
        json.WriteEndArray();
    }

    private static TimeInterval? ReadInterval(JsonElement json, string name) =>
        json.TryGetProperty(name, out var ends) ? new TimeInterval(ends[0].GetDateTimeOffset(), ends[1].GetDateTimeOffset()) : null;

    private static void WriteTexts(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        if (texts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static string Text(JsonElement json, string name) =>
        json.GetProperty(name).GetString() ?? throw new FormatException("A text is missing.");

    private static ImmutableArray<string> Texts(JsonElement json, string name) =>
        Items(json, name, t => t.GetString() ?? throw new FormatException("A text is missing."));

    private static ImmutableArray<T> Items<T>(JsonElement json, string name, Func<JsonElement, T> read) =>
        json.TryGetProperty(name, out var items) ? [.. items.EnumerateArray().Select(read)] : [];
}
