using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Xml;

/// <summary>Primitives: an element with a value attribute becomes a JSON value, and beside it, where it has an id or extensions, an object.</summary>
internal sealed partial class XmlResourceReader
{
    private void Primitive(ElementForm form, Group group)
    {
        var here = Here;
        var value = xml.GetAttribute("value");
        var mayHaveMore = xml.AttributeCount > (value is null ? 0 : 1) || !xml.IsEmptyElement;
        if (value is null)
        {
            group.NoValue(here);
        }
        else
        {
            Value(form, value, group.Value(here));
        }

        if (!(mayHaveMore && Companion(form, group)) && value is null)
        {
            log.Error(IssueType.Structure, "The element is empty. Leave it out, or give it a value.", here.Line, here.Column);
        }
    }

    /// <summary>Reads id and extensions; false where there are none, but a line break or a comment.</summary>
    private bool Companion(ElementForm form, Group group)
    {
        var companion = new JsonPart();
        Object(form.Type, companion);
        if (companion.Finish().Length <= "{}".Length)
        {
            return false;
        }

        group.Companion(companion);
        return true;
    }

    private void Value(ElementForm form, string value, Utf8JsonWriter json)
    {
        var kind = form.Type.Primitive;
        switch (PrimitiveFormat.Token(kind))
        {
            case JsonTokenType.String:
                json.WriteStringValue(value);
                return;
            case JsonTokenType.True when value is "true" or "false":
                json.WriteBooleanValue(value == "true");
                return;
            case JsonTokenType.Number:
                // The schemas of integers allow a plus sign, which JSON has not.
                var number = kind != PrimitiveKind.Decimal && value.Length > 1 && value[0] == '+' && value[1] != '-' ? value[1..] : value;
                if (IsJsonNumber(number))
                {
                    json.WriteRawValue(number, skipInputValidation: true);
                    return;
                }

                break;
        }

        Error(IssueType.Value, $"{form.JsonName} is not a valid {form.Type.Name}: expected is {(kind == PrimitiveKind.Boolean ? "true or false" : PrimitiveFormat.Expected(kind))}.");
        json.WriteNullValue();
    }

    /// <summary>-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, which is FHIR's decimal too (R4 datatypes.html#decimal).</summary>
    private static bool IsJsonNumber(ReadOnlySpan<char> text)
    {
        var rest = text.StartsWith("-") ? text[1..] : text;
        if (!Digits(ref rest, out var first) || (first.Length > 1 && first[0] == '0'))
        {
            return false;
        }

        if (rest.StartsWith("."))
        {
            rest = rest[1..];
            if (!Digits(ref rest, out _))
            {
                return false;
            }
        }

        if (rest.Length > 0 && rest[0] is 'e' or 'E')
        {
            rest = rest[1..];
            rest = rest.Length > 0 && rest[0] is '+' or '-' ? rest[1..] : rest;
            if (!Digits(ref rest, out _))
            {
                return false;
            }
        }

        return rest.IsEmpty;
    }

    private static bool Digits(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> digits)
    {
        var end = rest.IndexOfAnyExceptInRange('0', '9');
        digits = end < 0 ? rest : rest[..end];
        rest = rest[digits.Length..];
        return digits.Length > 0;
    }

    /// <summary>The elements of one name that stand together: one JSON property, or two for primitives.</summary>
    private sealed class Group(JsonPart json, ElementForm? form = null)
    {
        private JsonPart? _companions;
        private bool _isOpen;
        private int _companionCount;

        public ElementForm? Form => form;

        public JsonPart Json => json;

        /// <summary>Items so far.</summary>
        public int Count { get; private set; }

        /// <summary>Makes room for a value, and notes where it comes from; the value is to be written next.</summary>
        public Utf8JsonWriter Value((int Line, int Column) place)
        {
            json.Mark(place);
            if (!_isOpen)
            {
                _isOpen = true;
                json.Writer.WritePropertyName(form!.JsonName);
                if (form.Definition.IsRepeating)
                {
                    json.Writer.WriteStartArray();
                }

                for (var empty = 0; empty < Count; empty++)
                {
                    json.Writer.WriteNullValue();
                }
            }

            Count++;
            return json.Writer;
        }

        /// <summary>An item of a primitive that has an id or extensions only.</summary>
        public void NoValue((int Line, int Column) place)
        {
            if (_isOpen)
            {
                Value(place).WriteNullValue();
            }
            else
            {
                Count++;
            }
        }

        /// <summary>What stands beside the last item.</summary>
        public void Companion(JsonPart companion)
        {
            if (!form!.Definition.IsRepeating)
            {
                _companions = companion;
                return;
            }

            if (_companions is null)
            {
                _companions = new JsonPart();
                _companions.Writer.WriteStartArray();
            }

            for (; _companionCount < Count - 1; _companionCount++)
            {
                _companions.Writer.WriteNullValue();
            }

            _companions.Append(companion);
            _companionCount++;
        }

        public void Close()
        {
            var isArray = form?.Definition.IsRepeating == true;
            if (_isOpen && isArray)
            {
                json.Writer.WriteEndArray();
            }

            if (_companions is null)
            {
                return;
            }

            for (; isArray && _companionCount < Count; _companionCount++)
            {
                _companions.Writer.WriteNullValue();
            }

            if (isArray)
            {
                _companions.Writer.WriteEndArray();
            }

            json.Writer.WritePropertyName("_" + form!.JsonName);
            json.Append(_companions);
        }
    }
}
