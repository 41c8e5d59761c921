using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Json;

/// <summary>A literal reference in a resource.</summary>
/// <param name="Text">Reference.reference, unescaped.</param>
/// <param name="Kind">Its form.</param>
/// <param name="ResourceType">The resource type it names; null where it names none.</param>
/// <param name="Id">The id it names; null where it names none.</param>
/// <param name="Element">The element of type Reference by its definition, such as <c>Observation.subject</c> or <c>Extension.value[x]</c>.</param>
/// <param name="IsInContained">True where it stands in a contained resource.</param>
public sealed record FoundReference(string Text, ReferenceKind Kind, string? ResourceType, string? Id, string Element, bool IsInContained);

/// <summary>Finds the literal references of a resource, in contained resources and extensions too.</summary>
public static class ResourceReferences
{
    /// <summary>All of them, in the order of the text.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is not a JSON object with a resource type of R4.</exception>
    public static IReadOnlyList<FoundReference> Of(ReadOnlySpan<byte> resource)
    {
        var walk = new Walk(resource);
        return walk.Root();
    }

    private ref struct Walk
    {
        private readonly List<FoundReference> _found;
        private Utf8JsonReader _reader;
        private int _contained;

        public Walk(ReadOnlySpan<byte> text)
        {
            _reader = new Utf8JsonReader(text);
            _found = [];
        }

        public List<FoundReference> Root()
        {
            if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject || ResourceJson.TypeAhead(_reader) is not { } type)
            {
                throw new ArgumentException("The text is not a resource of R4.");
            }

            Object(type, null);
            return _found;
        }

        private void Object(TypeDefinition type, ElementForm? holder)
        {
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = _reader.ValueSpan;
                var form = _reader.ValueIsEscaped ? null : type.Element(name.Length > 1 && name[0] == (byte)'_' ? name[1..] : name);
                _reader.Read();
                if (form is null)
                {
                    _reader.Skip();
                }
                else if (_reader.TokenType == JsonTokenType.StartArray)
                {
                    while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                    {
                        Item(form, holder);
                    }
                }
                else
                {
                    Item(form, holder);
                }
            }
        }

        private void Item(ElementForm form, ElementForm? holder)
        {
            if (_reader.TokenType == JsonTokenType.String && form.IsReferenceText)
            {
                Add(holder);
                return;
            }

            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                _reader.Skip();
                return;
            }

            var type = form.Type.Kind == TypeKind.Resource ? ResourceJson.TypeAhead(_reader) : form.Type;
            if (type is null)
            {
                _reader.Skip();
                return;
            }

            var contained = form.Definition.Name == "contained" ? 1 : 0;
            _contained += contained;
            Object(type, form);
            _contained -= contained;
        }

        private readonly void Add(ElementForm? holder)
        {
            var text = _reader.GetString()!;
            var literal = LiteralReference.Parse(Encoding.UTF8.GetBytes(text));
            var id = literal.Id.IsEmpty ? null : Encoding.UTF8.GetString(literal.Id);
            _found.Add(new(text, literal.Kind, literal.ResourceType, id, holder?.Definition.ToString() ?? "Reference", _contained > 0));
        }
    }
}
