using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>Members of conformance resources; what is absent or of another kind reads as nothing.</summary>
internal static class JsonReading
{
    public static string? Text(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static bool? Flag(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    /// <summary>The objects of an array.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.All(name).Where(i => i.ValueKind == JsonValueKind.Object);

    /// <summary>The texts of an array.</summary>
    public static IEnumerable<string> Texts(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.All(name).Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!);

    private static IEnumerable<JsonElement> All(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}
