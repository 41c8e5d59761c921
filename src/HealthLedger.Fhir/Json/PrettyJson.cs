using System.Buffers;
using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>Lays JSON out for people: one property or item a line. Names, strings and numbers keep their bytes.</summary>
public static class PrettyJson
{
    /// <summary>The same JSON, indented by two spaces a level.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    public static byte[] Write(ReadOnlySpan<byte> json)
    {
        var output = new ArrayBufferWriter<byte>((json.Length * 3 / 2) + 64);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        var last = JsonTokenType.None;
        while (reader.Read())
        {
            var isEnd = reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
            var isEmpty = isEnd && last is JsonTokenType.StartObject or JsonTokenType.StartArray;
            if (last is not (JsonTokenType.None or JsonTokenType.PropertyName) && !isEmpty)
            {
                output.Write(isEnd || last is JsonTokenType.StartObject or JsonTokenType.StartArray ? "\n"u8 : ",\n"u8);
                Indent(output, reader.CurrentDepth);
            }

            Token(ref reader, output);
            last = reader.TokenType;
        }

        output.Write("\n"u8);
        return output.WrittenSpan.ToArray();
    }

    private static void Token(ref Utf8JsonReader reader, ArrayBufferWriter<byte> output)
    {
        var isQuoted = reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String;
        if (isQuoted)
        {
            output.Write("\""u8);
        }

        output.Write(reader.ValueSpan);
        if (isQuoted)
        {
            output.Write(reader.TokenType == JsonTokenType.PropertyName ? "\": "u8 : "\""u8);
        }
    }

    private static void Indent(ArrayBufferWriter<byte> output, int depth)
    {
        var size = depth * 2;
        output.GetSpan(size)[..size].Fill((byte)' ');
        output.Advance(size);
    }
}
