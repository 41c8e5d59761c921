using System.Buffers;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Json;

/// <summary>Copies a resource beside its definitions, so that links are known by their types and not by their names.</summary>
internal ref struct LinkWalk
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly LinkRewriter? _links;
    private Utf8JsonReader _reader;
    private JsonSink _sink;

    public LinkWalk(ReadOnlySpan<byte> text, JsonSink sink, LinkRewriter? links)
    {
        _text = text;
        _sink = sink;
        _links = links;
        _reader = new Utf8JsonReader(text);
    }

    public void Root(ResourceEdit edit)
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject || ResourceJson.TypeAhead(_reader) is not { } type)
        {
            throw new ArgumentException("The text is not a resource of R4.");
        }

        var places = HeadPlaces.Find(_text);
        _sink.Open((byte)'{');
        _sink.Name("resourceType"u8);
        _sink.RawString(System.Text.Encoding.UTF8.GetBytes(type.Name));
        Id(edit, places.Id(_text));
        Meta(edit, places.Meta(_text));
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("resourceType"u8) || _reader.ValueTextEquals("id"u8) || _reader.ValueTextEquals("meta"u8))
            {
                _reader.Read();
                _reader.Skip();
            }
            else
            {
                Member(type);
            }
        }

        // Anything but white space after the object is the reader's exception.
        _reader.Read();
        _sink.Close((byte)'}');
        _sink.Flush();
    }

    private void Id(ResourceEdit edit, ReadOnlySpan<byte> old)
    {
        if (edit.Id is not null)
        {
            _sink.Name("id"u8);
            _sink.String(edit.Id);
        }
        else if (!old.IsEmpty)
        {
            _sink.Name("id"u8);
            _sink.RawScalar(old);
        }
    }

    private void Meta(ResourceEdit edit, ReadOnlySpan<byte> old)
    {
        if (old.IsEmpty && edit.VersionId is null && edit.LastUpdated is null)
        {
            return;
        }

        _sink.Name("meta"u8);
        _sink.Open((byte)'{');
        if (edit.VersionId is not null)
        {
            _sink.Name("versionId"u8);
            _sink.String(edit.VersionId);
        }

        if (edit.LastUpdated is { } time)
        {
            _sink.Name("lastUpdated"u8);
            _sink.String(ResourceEditor.Instant(time));
        }

        var outer = _reader;
        _reader = new Utf8JsonReader(old);
        if (!old.IsEmpty && _reader.Read() && _reader.TokenType == JsonTokenType.StartObject)
        {
            var type = FhirDefinitions.R4.Type("Meta")!;
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                if ((edit.VersionId is not null && (_reader.ValueTextEquals("versionId"u8) || _reader.ValueTextEquals("_versionId"u8)))
                    || (edit.LastUpdated is not null && (_reader.ValueTextEquals("lastUpdated"u8) || _reader.ValueTextEquals("_lastUpdated"u8))))
                {
                    _reader.Read();
                    _reader.Skip();
                }
                else
                {
                    Member(type);
                }
            }
        }

        _reader = outer;
        _sink.Close((byte)'}');
    }

    /// <summary>A property name and its value; the reader stands on the name.</summary>
    private void Member(TypeDefinition type)
    {
        var name = _reader.ValueSpan;
        _sink.Name(name);
        var form = _links is null || _reader.ValueIsEscaped ? null : type.Element(name.Length > 1 && name[0] == (byte)'_' ? name[1..] : name);
        _reader.Read();
        if (form is null)
        {
            _sink.Copy(ref _reader);
        }
        else if (_reader.TokenType == JsonTokenType.StartArray)
        {
            _sink.Open((byte)'[');
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                Item(form);
            }

            _sink.Close((byte)']');
        }
        else
        {
            Item(form);
        }
    }

    private void Item(ElementForm form)
    {
        if (_reader.TokenType == JsonTokenType.String && Place(form) is { } place)
        {
            Link(place);
            return;
        }

        var type = form.Type.Kind == TypeKind.Resource ? ResourceJson.TypeAhead(_reader) : form.Type;
        if (_reader.TokenType != JsonTokenType.StartObject || type is null)
        {
            _sink.Copy(ref _reader);
            return;
        }

        _sink.Open((byte)'{');
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            Member(type);
        }

        _sink.Close((byte)'}');
    }

    private static LinkPlace? Place(ElementForm form) => form.Type.Primitive switch
    {
        PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Oid or PrimitiveKind.Uuid => LinkPlace.Uri,
        PrimitiveKind.Xhtml => LinkPlace.Narrative,
        PrimitiveKind.String when form.IsReferenceText => LinkPlace.Reference,
        _ => null,
    };

    private void Link(LinkPlace place)
    {
        if (!_reader.ValueIsEscaped)
        {
            Link(place, _reader.ValueSpan);
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(_reader.ValueSpan.Length);
        Link(place, rented.AsSpan(0, _reader.CopyString(rented)));
        ArrayPool<byte>.Shared.Return(rented, clearArray: true);
    }

    private void Link(LinkPlace place, ReadOnlySpan<byte> text)
    {
        if (place != LinkPlace.Narrative)
        {
            if (_links!(text, place) is { } changed)
            {
                _sink.String(changed);
                return;
            }
        }
        else if (NarrativeLinks.Rewrite(text, _links!) is { } narrative)
        {
            _sink.String(narrative);
            return;
        }

        _sink.RawString(_reader.ValueSpan);
    }
}
