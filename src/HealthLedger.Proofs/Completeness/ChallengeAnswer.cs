using System.Text.Json;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Completeness;

/// <summary>What the operator answers to a challenged entry that stands on a chain.</summary>
/// <param name="Event">The entry; its fact is not shown whole.</param>
/// <param name="Opening">Its fact, with event, time and patient opened; null where nobody holds a key that opens it.</param>
/// <param name="Number">Its number in its chain.</param>
/// <param name="TagKey">The chain's tag key; null where the fact does not open.</param>
/// <param name="Enrolment">The chain's ENROL entry; null where the fact does not open.</param>
public sealed record ChallengedEvent(ProvenEntry Event, FactOpening? Opening, ulong Number, byte[]? TagKey, ProvenEnrolment? Enrolment);

/// <summary>The ENROL entry of a challenged event's chain.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Number">Its number in the chain.</param>
/// <param name="Opening">Its fact, with event, patient and evidence opened.</param>
public sealed record ProvenEnrolment(ProvenEntry Entry, ulong Number, FactOpening Opening);

/// <summary>An answer to an auditor's challenge (docs/formats/completeness.md).</summary>
/// <param name="Checkpoint">The signed checkpoint that everything is proven under.</param>
/// <param name="Events">An answer for each challenged entry that stands on a chain, in the order asked.</param>
public sealed record ChallengeAnswer(string Checkpoint, IReadOnlyList<ChallengedEvent> Events)
{
    /// <summary>The longest answer.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private const string Format = "healthledger/challenge/v1";

    /// <summary>The answer as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("checkpoint", Checkpoint);
            json.WriteStartArray("events");
            foreach (var each in Events)
            {
                json.WriteStartObject();
                ProofJson.Write(json, each.Event);
                if (each is { Opening: { } opening, TagKey: { } key, Enrolment: { } enrolment })
                {
                    json.WritePropertyName("opening");
                    json.WriteRawValue(opening.ToJson());
                    json.WriteNumber("number", each.Number);
                    json.WriteBase64String("tagKey", key);
                    json.WriteStartObject("enrolment");
                    ProofJson.Write(json, enrolment.Entry);
                    json.WriteNumber("number", enrolment.Number);
                    json.WritePropertyName("opening");
                    json.WriteRawValue(enrolment.Opening.ToJson());
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads an answer strictly. Does not verify it.</summary>
    public static Parsed<ChallengeAnswer> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.HasExactly(root, "format", "checkpoint", "events") || StrictJson.String(root, "format") != Format
                || StrictJson.String(root, "checkpoint") is not { } checkpoint || root.GetProperty("events") is not { ValueKind: JsonValueKind.Array } events)
            {
                return new Fault("challenge-shape", $"Not a {Format} document: format, checkpoint and events are needed.");
            }

            return ProofJson.All(events, One, out var at) is { } read
                ? new ChallengeAnswer(checkpoint, read)
                : new Fault("challenge-shape", $"Answer {at} is none: index, entry and path are needed, and all of opening, number, tagKey and enrolment or none.");
        }
    }

    private static ChallengedEvent? One(JsonElement element)
    {
        if (StrictJson.HasExactly(element, "index", "entry", "path") && ProofJson.Entry(element) is { } unopened)
        {
            return new ChallengedEvent(unopened, null, 0, null, null);
        }

        return StrictJson.HasExactly(element, "index", "entry", "path", "opening", "number", "tagKey", "enrolment") && ProofJson.Entry(element) is { } entry
            && Opening(element) is { } opening && StrictJson.Number(element, "number") is { } number && StrictJson.Base64(element, "tagKey") is { } key
            && element.GetProperty("enrolment") is var enrolment && StrictJson.HasExactly(enrolment, "index", "entry", "path", "number", "opening")
            && ProofJson.Entry(enrolment) is { } first && StrictJson.Number(enrolment, "number") is { } place && Opening(enrolment) is { } enrolled
                ? new ChallengedEvent(entry, opening, number, key, new ProvenEnrolment(first, place, enrolled))
                : null;
    }

    private static FactOpening? Opening(JsonElement element) =>
        FactOpening.Parse(System.Text.Encoding.UTF8.GetBytes(element.GetProperty("opening").GetRawText())).TryGet(out var opening, out _) ? opening : null;
}
