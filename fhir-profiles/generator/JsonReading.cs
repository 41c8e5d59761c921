using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>Absent members read as empty: the definitions leave out what is default.</summary>
internal static class JsonReading
{
    public static string Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    public static bool Flag(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : [];

    public static IEnumerable<string> Texts(this JsonElement element, string name) => element.Items(name).Select(i => i.GetString()!);

    public static string ExtensionText(this JsonElement element, string url, string valueName) =>
        element.Items("extension").Where(e => e.Text("url") == url).Select(e => e.Text(valueName)).FirstOrDefault("");
}
