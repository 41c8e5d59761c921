using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Fhir.Xml;

/// <summary>
/// JSON as it grows from XML, with the places it comes from. Ids and extensions of a list of primitives stand in an array of their own behind the values, so they
/// grow in a part of their own until the list ends.
/// </summary>
internal sealed class JsonPart
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256);

    public JsonPart() => Writer = new Utf8JsonWriter(_bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public Utf8JsonWriter Writer { get; }

    public List<JsonPlace> Places { get; } = [];

    private int Length => checked((int)(Writer.BytesCommitted + Writer.BytesPending));

    public void Mark((int Line, int Column) place) => Places.Add(new(Length, place.Line, place.Column));

    /// <summary>Puts the other part in as one value.</summary>
    public void Append(JsonPart part)
    {
        part.Writer.Flush();
        var start = Length;
        Writer.WriteRawValue(part._bytes.WrittenSpan, skipInputValidation: true);
        foreach (var place in part.Places)
        {
            Places.Add(place with { Offset = start + place.Offset });
        }
    }

    public ReadOnlyMemory<byte> Finish()
    {
        Writer.Flush();
        return _bytes.WrittenMemory;
    }
}
