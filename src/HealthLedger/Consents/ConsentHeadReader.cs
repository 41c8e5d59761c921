using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace HealthLedger.Consents;

/// <summary>Reads everything of a Consent except its rules (R4 Consent; docs/consent.md, "What a Consent must have").</summary>
internal static class ConsentHeadReader
{
    private const string ScopeSystem = "http://terminology.hl7.org/CodeSystem/consentscope";

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "identifier", "status", "scope",
        "category", "patient", "dateTime", "performer", "organization", "sourceAttachment", "sourceReference", "policy", "policyRule", "verification",
        "provision",
    };

    private static readonly string[] Statuses = ["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"];

    /// <summary>The head, or null where something in it is wrong (then there are issues).</summary>
    public static DirectiveHead? Read(ElementReader reader, JsonElement consent)
    {
        reader.OnlyKnown(consent, "Consent", Known);
        var status = reader.Text(consent, "status", "Consent");
        if (!Statuses.Contains(status))
        {
            reader.Issue("Consent.status", "must be one of " + string.Join(", ", Statuses));
        }

        var patient = reader.Object(consent, "patient", "Consent") is { } reference ? reader.Reference(reference, "Consent.patient") : null;
        if (patient is null || !patient.StartsWith("Patient/", StringComparison.Ordinal))
        {
            reader.Issue("Consent.patient", "must refer to a Patient of this server by a literal reference");
            patient = null;
        }

        var subject = ReadSubject(reader, consent);
        if (status is null || patient is null || subject is null)
        {
            return null;
        }

        var dateTime = reader.Text(consent, "dateTime", "Consent");
        if (dateTime is not null && !TimeInterval.TryParse(dateTime, out _))
        {
            reader.Issue("Consent.dateTime", "must be a FHIR dateTime");
        }

        return new DirectiveHead
        {
            Id = reader.Text(consent, "id", "Consent") ?? "",
            Version = ReadVersion(reader, consent),
            Patient = patient,
            Status = status,
            Subject = subject.Value,
            Categories = Concepts(reader, consent, "category"),
            DateTime = dateTime,
            Performers = References(reader, consent, "performer"),
            Organizations = References(reader, consent, "organization"),
            Policies = [.. reader.Each(consent, "policy", "Consent")
                .Select(p => reader.Text(p.Value, "uri", p.Place) ?? reader.Text(p.Value, "authority", p.Place)).OfType<string>()],
            PolicyRules = reader.Object(consent, "policyRule", "Consent") is { } rule
                ? [.. reader.Concept(rule, "Consent.policyRule").Select(c => $"{c.System}|{c.Code}")]
                : [],
            Verifications = [.. reader.Each(consent, "verification", "Consent").Select(v => ReadVerification(reader, v.Value, v.Place))],
        };
    }

    /// <summary>True where something at the top may change the meaning of all rules: implicitRules, or a modifierExtension nobody here understands.</summary>
    public static bool IsModified(ElementReader reader, JsonElement consent) =>
        consent.TryGetProperty("implicitRules", out _) || ElementReader.HasModifier(consent)
        || reader.Each(consent, "policy", "Consent").Any(p => ElementReader.HasModifier(p.Value))
        || reader.Each(consent, "verification", "Consent").Any(v => ElementReader.HasModifier(v.Value));

    private static ConsentSubject? ReadSubject(ElementReader reader, JsonElement consent)
    {
        if (reader.Object(consent, "scope", "Consent") is not { } scope)
        {
            reader.Issue("Consent.scope", "is required");
            return null;
        }

        var subjects = reader.Concept(scope, "Consent.scope").Where(c => c.System == ScopeSystem).Select(c => c.Code).Distinct().ToArray();
        ConsentSubject subject = subjects switch
        {
            ["patient-privacy"] => ConsentSubject.Privacy,
            ["research"] => ConsentSubject.Research,
            ["treatment"] or ["adr"] => ConsentSubject.Care,
            _ => ConsentSubject.NotUnderstood,
        };
        if (subject == ConsentSubject.NotUnderstood)
        {
            reader.Remark("Consent.scope", "is not understood: the permits of this consent permit nothing");
        }
        else if (subject == ConsentSubject.Care)
        {
            reader.Remark("Consent.scope", "is about care, not about data: this consent decides nothing here");
        }

        return subject;
    }

    private static int ReadVersion(ElementReader reader, JsonElement consent) =>
        reader.Object(consent, "meta", "Consent") is { } meta && reader.Text(meta, "versionId", "Consent.meta") is { } text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : 0;

    private static ConsentVerification ReadVerification(ElementReader reader, JsonElement verification, string place)
    {
        var verified = verification.TryGetProperty("verified", out var value) && value.ValueKind == JsonValueKind.True;
        if (!verified && value.ValueKind != JsonValueKind.False)
        {
            reader.Issue(place + ".verified", "must be true or false");
        }

        var with = reader.Object(verification, "verifiedWith", place) is { } reference ? reader.Reference(reference, place + ".verifiedWith") : null;
        return new ConsentVerification(verified, with, reader.Text(verification, "verificationDate", place));
    }

    private static ImmutableArray<string> Concepts(ElementReader reader, JsonElement consent, string name) =>
        [.. reader.Each(consent, name, "Consent").SelectMany(c => reader.Concept(c.Value, c.Place)).Select(c => $"{c.System}|{c.Code}")];

    private static ImmutableArray<string> References(ElementReader reader, JsonElement consent, string name) =>
        [.. reader.Each(consent, name, "Consent").Select(r => reader.Reference(r.Value, r.Place)).OfType<string>()];
}
