using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>Writes a Parameters resource (http://hl7.org/fhir/R4/parameters.html), one parameter after the other.</summary>
internal sealed class ParametersWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly Utf8JsonWriter _json;

    public ParametersWriter()
    {
        _json = new Utf8JsonWriter(_output, Options);
        _json.WriteStartObject();
        _json.WriteString("resourceType"u8, "Parameters"u8);
        _json.WriteStartArray("parameter"u8);
    }

    public void Flag(string name, bool value)
    {
        Start(name);
        _json.WriteBoolean("valueBoolean"u8, value);
        _json.WriteEndObject();
    }

    /// <summary>A value of any simple type, such as <c>valueString</c>; nothing where there is none.</summary>
    public void Text(string name, string member, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Start(name);
            _json.WriteString(member, value);
            _json.WriteEndObject();
        }
    }

    /// <summary>A value that is JSON already.</summary>
    public void Value(string name, string member, JsonElement value)
    {
        Start(name);
        _json.WritePropertyName(member);
        value.WriteTo(_json);
        _json.WriteEndObject();
    }

    /// <summary>A Coding, of what is known of it.</summary>
    public void Coding(string name, string? system, string? version, string code, string? display)
    {
        Start(name);
        _json.WriteStartObject("valueCoding"u8);
        foreach (var (member, value) in new[] { ("system", system), ("version", version), ("code", code), ("display", display) })
        {
            if (!string.IsNullOrEmpty(value))
            {
                _json.WriteString(member, value);
            }
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    /// <summary>A parameter of parameters.</summary>
    public void Parts(string name, Action write)
    {
        Start(name);
        _json.WriteStartArray("part"u8);
        write();
        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    public byte[] Finish()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Dispose();
        return _output.WrittenSpan.ToArray();
    }

    private void Start(string name)
    {
        _json.WriteStartObject();
        _json.WriteString("name"u8, name);
    }
}
