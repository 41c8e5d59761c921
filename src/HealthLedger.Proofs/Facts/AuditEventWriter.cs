using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Receipts;
using static HealthLedger.Proofs.Facts.AuditEventParts;

namespace HealthLedger.Proofs.Facts;

/// <summary>Shows a fact as a FHIR R4 AuditEvent in the patterns of IHE BALP (IHE ITI Basic Audit Log Patterns 1.1).</summary>
/// <remarks>
/// A pure function: the same entry, opening and pseudonyms give the same bytes, so that what is shown is what was proven (<see cref="AuditEventProof"/> checks it). Fields
/// that are not opened are left out or marked <c>masked</c>, and the resource is tagged SUBSETTED. Network addresses, which BALP asks for and facts do not hold, are marked
/// <c>unsupported</c>.
/// </remarks>
public static class AuditEventWriter
{
    /// <summary>The extension that carries the proof: entry, tlog-proof and opening, each in base64.</summary>
    public const string ProofExtension = "urn:healthledger:extension:ledger-proof";

    private const string BalpProfile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

    /// <summary>AuditEvent.id of the event of an entry.</summary>
    public static string IdOf(ulong index) => string.Create(CultureInfo.InvariantCulture, $"entry-{index}");

    /// <summary>The entry that an AuditEvent.id names; null where it is none of ours, in the one spelling.</summary>
    public static ulong? EntryOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id.StartsWith("entry-", StringComparison.Ordinal) && ulong.TryParse(id.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var index) && IdOf(index) == id ? index : null;
    }

    /// <summary>The AuditEvent as UTF-8 JSON.</summary>
    /// <param name="index">The entry's index.</param>
    /// <param name="origin">The log.</param>
    /// <param name="fact">The opened fields; verify them against the entry first.</param>
    /// <param name="receipt">Entry and proof, to carry along with the opening; null to leave the extension out.</param>
    /// <param name="pseudonyms">Stand for people whose fields are closed; null for none.</param>
    public static byte[] Write(ulong index, string origin, FactOpening fact, Receipt? receipt = null, AuditPseudonyms? pseudonyms = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(origin);
        ArgumentNullException.ThrowIfNull(fact);
        pseudonyms ??= AuditPseudonyms.None;
        var pattern = AuditPattern.Of(fact, pseudonyms);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "AuditEvent");
            json.WriteString("id", IdOf(index));
            WriteMeta(json, fact, pattern);
            if (receipt is not null)
            {
                WriteProof(json, receipt, fact);
            }

            WriteEvent(json, fact, pattern);
            WriteAgents(json, origin, fact, pattern, pseudonyms);
            json.WriteStartObject("source");
            json.WriteString("site", origin);
            Who(json, "observer", origin);
            json.WriteStartArray("type");
            Coding(json, "http://terminology.hl7.org/CodeSystem/security-source-type", "4");
            json.WriteEndArray();
            json.WriteEndObject();
            AuditEventEntities.Write(json, index, origin, fact, pattern, pseudonyms);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteMeta(Utf8JsonWriter json, FactOpening fact, AuditPattern pattern)
    {
        var time = fact.ValueOf(FactField.Time);
        if (fact.IsFull && pattern.Profile is null && time is not { Length: > 0 })
        {
            return;
        }

        json.WriteStartObject("meta");
        if (time is { Length: > 0 })
        {
            json.WriteString("lastUpdated", time);
        }

        if (pattern.Profile is { } profile)
        {
            json.WriteStartArray("profile");
            json.WriteStringValue(BalpProfile + profile);
            json.WriteEndArray();
        }

        if (!fact.IsFull)
        {
            json.WriteStartArray("tag");
            Coding(json, "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED");
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteProof(Utf8JsonWriter json, Receipt receipt, FactOpening fact)
    {
        json.WriteStartArray("extension");
        json.WriteStartObject();
        json.WriteString("url", ProofExtension);
        json.WriteStartArray("extension");
        Part("entry", receipt.Entry);
        Part("proof", Encoding.UTF8.GetBytes(receipt.Proof));
        Part("opening", fact.ToJson());
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();

        void Part(string url, byte[] value)
        {
            json.WriteStartObject();
            json.WriteString("url", url);
            json.WriteBase64String("valueBase64Binary", value);
            json.WriteEndObject();
        }
    }

    private static void WriteEvent(Utf8JsonWriter json, FactOpening fact, AuditPattern pattern)
    {
        if (pattern.Type is { } type)
        {
            Type(json, type.System, type.Code);
        }
        else
        {
            Masked(json, "type");
        }

        if (pattern.Subtypes.Count > 0)
        {
            json.WriteStartArray("subtype");
            foreach (var subtype in pattern.Subtypes)
            {
                Coding(json, subtype.System, subtype.Code);
            }

            json.WriteEndArray();
        }

        if (pattern.Action is { } action)
        {
            json.WriteString("action", action);
        }

        if (fact.ValueOf(FactField.Time) is { Length: > 0 } time)
        {
            json.WriteString("recorded", time);
        }
        else
        {
            Masked(json, "_recorded");
        }

        if (fact.ValueOf(FactField.Decision) is { } decision)
        {
            // DICOM's "minor failure": the action was refused and nothing is broken.
            json.WriteString("outcome", decision == "permit" ? "0" : "4");
        }

        if (fact.ValueOf(FactField.Reason) is { Length: > 0 } reason)
        {
            json.WriteString("outcomeDesc", reason);
        }

        Purpose(json, "purposeOfEvent", fact);
    }

    private static void WriteAgents(Utf8JsonWriter json, string origin, FactOpening fact, AuditPattern pattern, AuditPseudonyms pseudonyms)
    {
        var participation = new AuditCode("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", pattern.User);
        var user = fact.ValueOf(FactField.User);
        var isSoftware = user is null && fact[FactField.User].Opened;
        json.WriteStartArray("agent");
        Agent(json, pattern.Server, origin, false, isMachine: pattern.Shape != AuditShape.Decision);
        if (fact.ValueOf(FactField.Client) is { Length: > 0 } client)
        {
            Agent(json, pattern.Client, client, isSoftware && !pattern.WantsUser, isMachine: true);
            if (isSoftware && pattern.WantsUser)
            {
                Agent(json, participation, client, true, withPurpose: fact);
            }
        }

        if (user is { Length: > 0 })
        {
            Agent(json, participation, user, true, withPurpose: fact);
        }
        else if (pseudonyms.User is { } pseudonym)
        {
            Agent(json, participation, pseudonym, true, withPurpose: fact, isPseudonym: true);
        }

        if (fact.ValueOf(FactField.Organization) is { Length: > 0 } organization)
        {
            Agent(json, new AuditCode("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV"), organization, false);
        }

        json.WriteEndArray();
    }
}
