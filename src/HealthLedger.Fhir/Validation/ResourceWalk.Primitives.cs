using System.Buffers;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Validation;

/// <summary>Primitives: kind, text, required code, reference.</summary>
internal ref partial struct ResourceWalk
{
    private const int MaxStringCharacters = 1024 * 1024;

    /// <summary>
    /// R4 datatypes.html#string says that strings should not have them, R5 that they shall not, and XML 1.0 has no place for them. JSON has them as escapes alone, so that
    /// other strings need not be looked through.
    /// </summary>
    private static readonly SearchValues<byte> Controls = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(c => (byte)c).Where(c => c is not (byte)'\t' and not (byte)'\n' and not (byte)'\r')]);

    /// <summary>Validates a primitive's JSON kind, its text, and what its element asks of it.</summary>
    private void Primitive(ElementForm form, ElementType? use)
    {
        var kind = form.Type.Primitive;
        var token = _reader.TokenType;
        if (token != PrimitiveFormat.Token(kind) && !(token == JsonTokenType.False && kind == PrimitiveKind.Boolean))
        {
            _log.Error(
                IssueType.Structure,
                token == JsonTokenType.Null ? "null is not a value. Leave the element out." : $"{form.JsonName} must be {PrimitiveFormat.JsonKind(kind)} ({form.Type.Name}).",
                _reader.TokenStartIndex);
            _reader.Skip();
            return;
        }

        if (kind == PrimitiveKind.Boolean)
        {
            return;
        }

        if (!_reader.ValueIsEscaped)
        {
            Text(form, use, kind, _reader.ValueSpan);
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(_reader.ValueSpan.Length);
        try
        {
            var text = rented.AsSpan(0, _reader.CopyString(rented));
            if (text.IndexOfAny(Controls) is >= 0 and var at)
            {
                _log.Error(IssueType.Value, $"The string has the control character U+{text[at]:X4}. Of those below U+0020 only tab, line feed and carriage return are allowed.", _reader.TokenStartIndex);
                return;
            }

            Text(form, use, kind, text);
        }
        catch (InvalidOperationException)
        {
            // The reader leaves escapes to those who read the string; half a surrogate pair is no character.
            _log.Error(IssueType.Value, "The string has an escape that is not a Unicode character.", _reader.TokenStartIndex);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }
    }

    private void Text(ElementForm form, ElementType? use, PrimitiveKind kind, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            _log.Error(IssueType.Value, "The string is empty. Leave the element out, or give it content.", _reader.TokenStartIndex);
            return;
        }

        if (!PrimitiveFormat.Matches(kind, text))
        {
            _log.Error(IssueType.Value, $"{form.JsonName} is not a valid {form.Type.Name}: expected is {PrimitiveFormat.Expected(kind)}.", _reader.TokenStartIndex);
            return;
        }

        switch (kind)
        {
            case PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Canonical when text[0] == '#':
                Fragment(text[1..]);
                break;
            case PrimitiveKind.Xhtml when NarrativeCheck.Fault(text) is { } fault:
                _log.Error(IssueType.Invariant, fault, _reader.TokenStartIndex);
                break;
            case PrimitiveKind.Xhtml:
                NarrativeFragments(text);
                break;
            case PrimitiveKind.String or PrimitiveKind.Markdown:
                if (text.Length > MaxStringCharacters && System.Text.Encoding.UTF8.GetCharCount(text) > MaxStringCharacters)
                {
                    _log.Error(IssueType.TooLong, "The string is longer than 1,048,576 characters. Put large content into a Binary.", _reader.TokenStartIndex);
                }
                else if (form.IsReferenceText)
                {
                    Reference(use, text);
                }

                break;
        }

        PrimitiveRules(form);
        if (form.Definition.Binding is { Strength: BindingStrength.Required, Codes: { } codes } && !codes.Contains(text))
        {
            _log.Error(IssueType.CodeInvalid, $"The code is not in the required value set {codes.Url}{BoundCoding.Allowed(codes)}.", _reader.TokenStartIndex);
        }
        else if (_advised?.Of(form.Definition.Binding) is { } advised && !advised.Contains(text))
        {
            Advise(form, advised, "The code is not");
        }
    }

    private void Reference(ElementType? use, ReadOnlySpan<byte> text)
    {
        var reference = LiteralReference.Parse(text);
        if (reference.Kind == ReferenceKind.Invalid || (reference.Kind == ReferenceKind.Conditional && !_inBundle))
        {
            _log.Error(
                IssueType.Value,
                reference.Kind == ReferenceKind.Conditional
                    ? "A conditional reference (Type?query) is allowed in a transaction Bundle only."
                    : "The reference has none of the allowed forms: Type/id, Type/id/_history/version, an absolute URL, urn:uuid:, urn:oid:, #id.",
                _reader.TokenStartIndex);
        }
        else if (reference.Kind == ReferenceKind.Fragment)
        {
            FragmentReference(use, reference.Id);
        }
        else if (reference.Kind is ReferenceKind.Relative or ReferenceKind.Conditional
                 && use is { ReferenceTargets: { Count: > 0 } targets }
                 && !targets.Contains(reference.ResourceType!)
                 && !targets.Contains("Resource"))
        {
            _log.Error(IssueType.Structure, $"A reference to {reference.ResourceType} is not allowed here; allowed are {string.Join(", ", targets)}.", _reader.TokenStartIndex);
        }
    }

    /// <summary>A Reference that has a reference and a type, which has just ended: where both name a type it is the same one (http://hl7.org/fhir/R4/references-definitions.html#Reference.type).</summary>
    private readonly void TypeOfReference(long start)
    {
        const string Base = "http://hl7.org/fhir/StructureDefinition/";
        using var document = Again(start);
        var type = document.RootElement.GetProperty("type"u8).GetString()!;
        var reference = LiteralReference.Parse(System.Text.Encoding.UTF8.GetBytes(document.RootElement.GetProperty("reference"u8).GetString()!));
        if (reference.ResourceType is { } named && named != (type.StartsWith(Base, StringComparison.Ordinal) ? type[Base.Length..] : type))
        {
            _log.ErrorAt("type", IssueType.Structure, $"The reference names the type {named}, and the type beside it another. Leave the type out, or make both the same.", start);
        }
    }
}
