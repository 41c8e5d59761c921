using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>What the definitions have no place for: broken JSON, unknown types and elements, properties that come twice.</summary>
internal ref partial struct ResourceWalk
{
    /// <summary>Notes where the JSON breaks off. The reader's own message may quote the text, so it is not passed on.</summary>
    public readonly void Malformed(JsonException malformed)
    {
        var offset = Offset(malformed.LineNumber ?? 0, malformed.BytePositionInLine ?? 0);
        if (IsTooDeep())
        {
            _log.Fatal(IssueType.TooCostly, $"The JSON is nested deeper than {ResourceValidator.MaxDepth} levels.", offset);
        }
        else if (offset >= _text.Length)
        {
            _log.Fatal(IssueType.Structure, "The JSON ends too early: an object, an array or a string is not closed.", offset);
        }
        else
        {
            _log.Fatal(IssueType.Structure, "The text is not well-formed JSON from here on.", offset);
        }
    }

    /// <summary>The walk may have failed in a copy of the reader that looked ahead, so the depth is found by reading anew.</summary>
    private readonly bool IsTooDeep()
    {
        var reader = new Utf8JsonReader(_text, new JsonReaderOptions { MaxDepth = ResourceValidator.MaxDepth });
        try
        {
            while (reader.Read())
            {
            }

            return false;
        }
        catch (JsonException)
        {
            var depth = reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 1 : 0);
            var next = _text[(int)reader.BytesConsumed..].TrimStart(" \t\r\n,:"u8);
            return depth >= ResourceValidator.MaxDepth && !next.IsEmpty && next[0] is (byte)'{' or (byte)'[';
        }
    }

    private readonly long Offset(long line, long position)
    {
        var at = 0;
        for (; line > 0; line--)
        {
            at += _text[at..].IndexOf((byte)'\n') + 1;
        }

        return Math.Min(at + position, _text.Length);
    }

    /// <summary>The type that an object says it is; the reader is a copy, at the object's start. Null, with an issue, where it says none or one that does not exist.</summary>
    private readonly TypeDefinition? ResourceTypeAhead(Utf8JsonReader reader)
    {
        var start = reader.TokenStartIndex;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueSpan.SequenceEqual("resourceType"u8);
            reader.Read();
            if (!found)
            {
                reader.Skip();
                continue;
            }

            if (reader.TokenType != JsonTokenType.String)
            {
                _log.ErrorAt("resourceType", IssueType.Structure, "resourceType must be a string with the name of a resource type.", reader.TokenStartIndex);
                return null;
            }

            if (!reader.ValueIsEscaped && FhirDefinitions.R4.ResourceType(reader.ValueSpan) is { } type)
            {
                return type;
            }

            var name = reader.ValueIsEscaped ? "" : Encoding.UTF8.GetString(reader.ValueSpan);
            _log.ErrorAt("resourceType", IssueType.Structure, $"{NearMiss.Show(name)} is not a resource type of FHIR R4{NearMiss.Hint(name, FhirDefinitions.R4.ResourceTypes)}.", reader.TokenStartIndex);
            return null;
        }

        _log.ErrorAt("resourceType", IssueType.Required, "The property resourceType is missing. Name the type of the resource in it.", start);
        return null;
    }

    private readonly void Duplicate(string name) =>
        _log.ErrorAt(name, IssueType.Structure, $"The property {name} is there twice. Keep one.", _reader.TokenStartIndex);

    private void Unknown(TypeDefinition type, ReadOnlySpan<byte> utf8Name, ElementForm? complex)
    {
        var name = Encoding.UTF8.GetString(utf8Name);
        var shown = NearMiss.Show(name);
        var message = complex is not null
            ? $"{shown} is not allowed: {complex.JsonName} is not a primitive. Put id and extension into its objects."
            : NearMiss.UnknownElement(type, name);
        _log.ErrorAt(NearMiss.IsPlain(name) ? name : "(unknown)", IssueType.Structure, message, _reader.TokenStartIndex);
        _reader.Read();
        _reader.Skip();
    }

    private void UnknownEscaped()
    {
        _log.ErrorAt("(unknown)", IssueType.Structure, "A property name is written with escapes. Names of FHIR elements need none.", _reader.TokenStartIndex);
        _reader.Read();
        _reader.Skip();
    }
}
