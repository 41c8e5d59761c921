using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>Writes minified JSON piece by piece; raw pieces keep their bytes, so that numbers and escapes stay as they were written.</summary>
internal ref struct JsonSink
{
    private const int Chunk = 4096;

    private readonly IBufferWriter<byte> _output;
    private Span<byte> _span;
    private int _used;
    private bool _needsComma;

    public JsonSink(IBufferWriter<byte> output)
    {
        _output = output;
        _span = output.GetSpan(Chunk);
    }

    public void Open(byte bracket)
    {
        Separate();
        Raw(bracket);
        _needsComma = false;
    }

    public void Close(byte bracket)
    {
        Raw(bracket);
        _needsComma = true;
    }

    /// <summary>A property name as it stands between its quotes.</summary>
    public void Name(ReadOnlySpan<byte> rawName)
    {
        Separate();
        Raw((byte)'"');
        Raw(rawName);
        Raw((byte)'"');
        Raw((byte)':');
        _needsComma = false;
    }

    /// <summary>A string as it stands between its quotes.</summary>
    public void RawString(ReadOnlySpan<byte> rawText)
    {
        Separate();
        Raw((byte)'"');
        Raw(rawText);
        Raw((byte)'"');
        _needsComma = true;
    }

    /// <summary>A number or a literal as it stands.</summary>
    public void RawScalar(ReadOnlySpan<byte> raw)
    {
        Separate();
        Raw(raw);
        _needsComma = true;
    }

    /// <summary>A string that needs escaping.</summary>
    public void String(ReadOnlySpan<char> text) => RawString(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);

    /// <summary>A string that needs escaping.</summary>
    public void String(ReadOnlySpan<byte> utf8) => RawString(JsonEncodedText.Encode(utf8, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);

    /// <summary>The value the reader stands on, with all that is in it; leaves the reader on its end.</summary>
    public void Copy(ref Utf8JsonReader reader)
    {
        var depth = 0;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    Open((byte)'{');
                    depth++;
                    break;
                case JsonTokenType.StartArray:
                    Open((byte)'[');
                    depth++;
                    break;
                case JsonTokenType.EndObject:
                    Close((byte)'}');
                    depth--;
                    break;
                case JsonTokenType.EndArray:
                    Close((byte)']');
                    depth--;
                    break;
                case JsonTokenType.PropertyName:
                    Name(reader.ValueSpan);
                    break;
                case JsonTokenType.String:
                    RawString(reader.ValueSpan);
                    break;
                default:
                    RawScalar(reader.ValueSpan);
                    break;
            }
        }
        while (depth > 0 && reader.Read());
    }

    public void Flush()
    {
        _output.Advance(_used);
        _span = default;
        _used = 0;
    }

    private void Separate()
    {
        if (_needsComma)
        {
            Raw((byte)',');
        }
    }

    private void Raw(byte value)
    {
        if (_used == _span.Length)
        {
            Grow(1);
        }

        _span[_used++] = value;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _span.Length - _used)
        {
            Grow(bytes.Length);
        }

        bytes.CopyTo(_span[_used..]);
        _used += bytes.Length;
    }

    private void Grow(int size)
    {
        _output.Advance(_used);
        _span = _output.GetSpan(Math.Max(size, Chunk));
        _used = 0;
    }
}
