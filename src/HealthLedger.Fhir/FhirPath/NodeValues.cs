using System.Globalization;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>The implicit conversion of FHIR primitives and Quantity to System values (http://hl7.org/fhir/R4/fhirpath.html#types). Text that is no value of its type has none.</summary>
internal static class NodeValues
{
    public static Item? Read(NodeItem node)
    {
        if (node.Type is { IsPrimitive: false } complex) return complex.Is("Quantity") ? Quantity(node) : null;
        return node.Type?.Primitive switch
        {
            PrimitiveKind.Boolean => node.Json.ValueKind switch { JsonValueKind.True => BooleanItem.True, JsonValueKind.False => BooleanItem.False, _ => null },
            PrimitiveKind.Integer or PrimitiveKind.PositiveInt or PrimitiveKind.UnsignedInt =>
                node.Json.ValueKind == JsonValueKind.Number && node.Json.TryGetInt32(out var integer) ? new IntegerItem(integer) : null,
            PrimitiveKind.Decimal => Decimal(node) is { } number ? new DecimalItem(number) : null,
            PrimitiveKind.Date => TemporalOf(node, TemporalKind.Date),
            PrimitiveKind.DateTime or PrimitiveKind.Instant => TemporalOf(node, TemporalKind.DateTime),
            PrimitiveKind.Time => TemporalOf(node, TemporalKind.Time),
            _ => node.Json.ValueKind == JsonValueKind.String ? new StringItem(JsonText.String(node.Json)) : null,
        };
    }

    /// <summary>A FHIR decimal, or null where there is none or it exceeds 28 digits.</summary>
    public static decimal? Decimal(NodeItem node) =>
        node.Json.ValueKind == JsonValueKind.Number
        && decimal.TryParse(node.Json.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TemporalItem? TemporalOf(NodeItem node, TemporalKind kind) =>
        node.Json.ValueKind == JsonValueKind.String && Temporal.TryParse(JsonText.String(node.Json), kind, out var value) ? new TemporalItem(value) : null;

    private static QuantityItem? Quantity(NodeItem node)
    {
        if (node.First("value") is not { } value || Decimal(value) is not { } amount || node.First("comparator") is not null) return null;
        var unit = node.First("code")?.Text ?? node.First("unit")?.Text ?? "1";
        return new QuantityItem(amount, unit, false);
    }
}
