using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Gateway.Portal;

/// <summary>A patient's consents as the portal reads and changes them: by the same two roads as every other client, as the patient.</summary>
internal sealed class PortalConsents(Disclosure disclosure, RecordChange change, TimeProvider time)
{
    /// <summary>Consents shown at most.</summary>
    public const int Most = 100;

    /// <summary>All consents of the patient, newest first; null where the ledger takes no entries.</summary>
    public async Task<ImmutableArray<StoredConsent>?> List(Caller patient, string requestId, CancellationToken cancellation)
    {
        var query = $"patient=Patient/{patient.Patient}&_sort=-_lastUpdated&_count={Most}";
        var parsed = SearchQuery.Parse("Consent", QueryText.Split(query), new SearchOptions { Now = time.GetUtcNow() });
        using var result = await disclosure.Disclose(Request(patient, requestId, new Target.Criteria("Consent", parsed.Query!, query, default)), cancellation);
        return result is DisclosureResult.Disclosed { Records: var records } ? [.. records.Select(StoredConsent.Of).OfType<StoredConsent>()] : null;
    }

    /// <summary>One consent of the patient; <see cref="DisclosureResult.NotThere"/> where it is nobody's or somebody else's.</summary>
    public async Task<(StoredConsent? Consent, bool Unavailable)> Find(Caller patient, string id, string requestId, CancellationToken cancellation)
    {
        using var result = await disclosure.Disclose(Request(patient, requestId, new Target.Record("Consent", id, null)), cancellation);
        return result switch
        {
            DisclosureResult.Disclosed { Records: [var record] } => (StoredConsent.Of(record), false),
            DisclosureResult.Unavailable => (null, true),
            _ => (null, false),
        };
    }

    /// <summary>Writes the consent back as inactive, on top of the version that was read.</summary>
    public ValueTask<ChangeResult> Withdraw(Caller patient, StoredConsent consent, string requestId, CancellationToken cancellation)
    {
        var json = JsonNode.Parse(consent.Json.Span)!.AsObject();
        json["status"] = "inactive";
        return Apply(patient, requestId, "update", new Change(ChangeKind.Update, "Consent", consent.Id, JsonSerializer.SerializeToUtf8Bytes(json), IfMatch: consent.Version), cancellation);
    }

    /// <summary>Stores a new consent.</summary>
    public ValueTask<ChangeResult> Grant(Caller patient, NewConsent consent, string requestId, CancellationToken cancellation) =>
        Apply(patient, requestId, "create", new Change(ChangeKind.Create, "Consent", null, consent.ToJson(patient.Patient!, time.GetUtcNow())), cancellation);

    private ValueTask<ChangeResult> Apply(Caller patient, string requestId, string interaction, Change what, CancellationToken cancellation) => change.Apply(
        new ChangeRequest { Caller = patient, Purpose = PurposeOfUse.PatientRequested, RequestId = requestId, Interaction = interaction, Changes = [what] }, cancellation);

    private static DisclosureRequest Request(Caller patient, string requestId, Target target) =>
        new() { Caller = patient, Purpose = PurposeOfUse.PatientRequested, RequestId = requestId, Target = target };
}

/// <summary>A consent as stored.</summary>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Its current version.</param>
/// <param name="LastUpdated">When that version was stored.</param>
/// <param name="Directive">What it says.</param>
/// <param name="Json">The resource.</param>
internal sealed record StoredConsent(string Id, int Version, DateTimeOffset LastUpdated, ConsentDirective Directive, ReadOnlyMemory<byte> Json)
{
    /// <summary>Null for a Consent that cannot be enforced, which the road does not store.</summary>
    public static StoredConsent? Of(DisclosedRecord record) => ConsentCompiler.Compile(record.Json) is CompileOutcome.Compiled { Directive: var directive }
        ? new StoredConsent(record.Key.Id, record.Key.Version, record.LastUpdated, directive, record.Json.ToArray())
        : null;
}

/// <summary>What a patient fills in to let an organization see the record.</summary>
/// <param name="Organization"><c>Organization/id</c>.</param>
/// <param name="Purpose">What for.</param>
/// <param name="Until">The last day.</param>
internal sealed record NewConsent(string Organization, PurposeOfUse Purpose, DateOnly Until)
{
    /// <summary>Purposes that the form offers.</summary>
    public static readonly ImmutableArray<PurposeOfUse> Purposes = [PurposeOfUse.Treatment, PurposeOfUse.Research];

    public byte[] ToJson(string patient, DateTimeOffset now) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["resourceType"] = "Consent",
        ["status"] = "active",
        ["scope"] = Concept("http://terminology.hl7.org/CodeSystem/consentscope", Purpose == PurposeOfUse.Research ? "research" : "patient-privacy"),
        ["category"] = new JsonArray(Concept("http://loinc.org", "59284-0")),
        ["patient"] = new JsonObject { ["reference"] = "Patient/" + patient },
        ["dateTime"] = Instant(now),
        ["performer"] = new JsonArray(new JsonObject { ["reference"] = "Patient/" + patient }),
        ["policy"] = new JsonArray(new JsonObject { ["uri"] = "urn:healthledger:portal" }),
        ["provision"] = new JsonObject
        {
            ["type"] = "permit",
            ["period"] = new JsonObject { ["start"] = Instant(now), ["end"] = Until.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) },
            ["actor"] = new JsonArray(new JsonObject
            {
                ["role"] = Concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                ["reference"] = new JsonObject { ["reference"] = Organization },
            }),
            ["purpose"] = new JsonArray(new JsonObject { ["system"] = PurposeOfUseCodes.System, ["code"] = Purpose.Code() }),
        },
    });

    private static string Instant(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject Concept(string system, string code) => new() { ["coding"] = new JsonArray(new JsonObject { ["system"] = system, ["code"] = code }) };
}
