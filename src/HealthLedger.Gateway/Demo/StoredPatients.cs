using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Gateway.Demo;

/// <summary>Finds what an earlier walk on the same data stored, so that a hospital is not stored twice.</summary>
internal static class StoredPatients
{
    /// <summary>The stored patient that a transaction's Patient is, by its first identifier; null where there is none, or the transaction has no single Patient.</summary>
    public static async Task<DemoPatientRecord?> Find(DemoContext demo, ReadOnlyMemory<byte> transaction)
    {
        using var json = JsonDocument.Parse(transaction);
        var patients = json.RootElement.GetProperty("entry").EnumerateArray().Select(e => e.GetProperty("resource")).Where(r => r.GetProperty("resourceType").GetString() == "Patient").ToList();
        if (patients is not [var patient] || !patient.TryGetProperty("identifier", out var identifiers) || identifiers.EnumerateArray().FirstOrDefault() is not { ValueKind: JsonValueKind.Object } identifier
            || !identifier.TryGetProperty("system", out var system) || !identifier.TryGetProperty("value", out var value))
        {
            return null;
        }

        var found = await Search(demo, $"Patient?identifier={Escaped(system)}|{Escaped(value)}");
        return found is [var id, ..] ? new DemoPatientRecord(id, await Search(demo, $"Consent?patient=Patient/{id}&_count=200"), IsFound: true) : null;
    }

    /// <summary>The ids that a search finds. Sent in a batch, because what identifies somebody has no place in a URL.</summary>
    private static async Task<List<string>> Search(DemoContext demo, string url)
    {
        var batch = new JsonObject
        {
            ["resourceType"] = "Bundle",
            ["type"] = "batch",
            ["entry"] = new JsonArray(new JsonObject { ["request"] = new JsonObject { ["method"] = "GET", ["url"] = url } }),
        };
        var answer = await demo.Send(HttpMethod.Post, "", DemoClients.RecordSource, JsonSerializer.SerializeToUtf8Bytes(batch));
        using var json = answer.Json();
        return json.RootElement.TryGetProperty("entry", out var entries) && entries[0].TryGetProperty("resource", out var bundle) && bundle.TryGetProperty("entry", out var matches)
            ? [.. matches.EnumerateArray().Select(m => m.GetProperty("resource").GetProperty("id").GetString()!)]
            : [];
    }

    private static string Escaped(JsonElement text) => UrlEncoder.Default.Encode(text.GetString() ?? "");
}
