using System.Buffers;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Validation;

/// <summary>Values of elements: arrays and single values, resources inside resources, primitives.</summary>
internal ref partial struct ResourceWalk
{
    private const int MaxStringCharacters = 1024 * 1024;

    /// <summary>Validates the value of an element. True where it was an array of a primitive, which must be compared with its companion.</summary>
    private bool Value(ElementForm form, ElementType? use)
    {
        if (!form.Definition.IsRepeating)
        {
            _log.Enter(form.Definition.Name, -1);
            if (_reader.TokenType == JsonTokenType.StartArray)
            {
                _log.Error(IssueType.Structure, $"{form.JsonName} does not repeat: give the value without an array.", _reader.TokenStartIndex);
                _reader.Skip();
            }
            else
            {
                Item(form, use);
            }

            _log.Leave();
            return false;
        }

        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _log.Enter(form.Definition.Name, -1);
            _log.Error(IssueType.Structure, $"{form.JsonName} can repeat: put its value into an array.", _reader.TokenStartIndex);
            if (_reader.TokenType == JsonTokenType.Null)
            {
                _reader.Skip();
            }
            else
            {
                Item(form, use);
            }

            _log.Leave();
            return false;
        }

        var offset = _reader.TokenStartIndex;
        List<int>? nulls = null;
        var count = 0;
        for (; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (_reader.TokenType == JsonTokenType.Null && form.Type.IsPrimitive)
            {
                (nulls ??= []).Add(count);
                continue;
            }

            _log.Enter(form.Definition.Name, count);
            Item(form, use);
            _log.Leave();
        }

        CheckCount(form, count, offset);
        if (!form.Type.IsPrimitive)
        {
            return false;
        }

        (_lists ??= []).Add(new(form, false, count, nulls, offset));
        return nulls is not null;
    }

    private readonly void CheckCount(ElementForm form, int count, long offset)
    {
        if (count == 0)
        {
            _log.ErrorAt(form.Definition.Name, IssueType.Structure, $"The array {form.JsonName} is empty. Leave the property out, or give it items.", offset);
        }
        else if (count > form.Definition.Max)
        {
            _log.ErrorAt(form.Definition.Name, IssueType.Structure, $"{form.JsonName} has {count} items, at most {form.Definition.Max} are allowed.", offset);
        }
    }

    private void Item(ElementForm form, ElementType? use)
    {
        var type = form.Type;
        if (type.IsPrimitive)
        {
            Primitive(form, use);
        }
        else if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _log.Error(
                IssueType.Structure,
                _reader.TokenType == JsonTokenType.Null ? "null is not a value. Leave the element out." : $"{form.JsonName} must be a JSON object ({type.Name}).",
                _reader.TokenStartIndex);
            _reader.Skip();
        }
        else if (type.Kind == TypeKind.Resource)
        {
            NestedResource(form);
        }
        else
        {
            if (form.Definition.Binding is { Strength: BindingStrength.Required, Codes: { } codes } && !RequiredCoding.IsIn(codes, type, _reader))
            {
                _log.Error(IssueType.CodeInvalid, $"None of its codings is in the required value set {codes.Url}{RequiredCoding.Allowed(codes)}.", _reader.TokenStartIndex);
            }

            Object(type, form.Use, isResource: false);
        }
    }

    private void NestedResource(ElementForm form)
    {
        var (wasInContained, wasInBundle) = (_inContained, _inBundle);
        var isContained = form.Definition.Name == "contained";
        if (isContained && _inContained)
        {
            _log.Error(IssueType.Invariant, "A contained resource cannot contain resources. Contain it in the outermost resource.", _reader.TokenStartIndex);
        }

        _inContained = isContained;
        _inBundle |= form.Definition.Owner.Name == "Bundle.entry";
        if (ResourceTypeAhead(_reader) is { } type)
        {
            Object(type, null, isResource: true);
        }
        else
        {
            _reader.Skip();
        }

        (_inContained, _inBundle) = (wasInContained, wasInBundle);
    }

    /// <summary>Validates the property with the id and the extensions of a primitive. True where it was an array.</summary>
    private bool Companion(ElementForm form)
    {
        var isArray = _reader.TokenType == JsonTokenType.StartArray;
        if (isArray != form.Definition.IsRepeating)
        {
            _log.ErrorAt(
                "_" + form.JsonName,
                IssueType.Structure,
                isArray ? $"{form.JsonName} does not repeat: give _{form.JsonName} as an object." : $"{form.JsonName} can repeat: give _{form.JsonName} as an array beside it.",
                _reader.TokenStartIndex);
            _reader.Skip();
            return false;
        }

        if (!isArray)
        {
            CompanionItem(form, -1);
            return false;
        }

        var offset = _reader.TokenStartIndex;
        List<int>? nulls = null;
        var count = 0;
        for (; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (_reader.TokenType == JsonTokenType.Null)
            {
                (nulls ??= []).Add(count);
            }
            else
            {
                CompanionItem(form, count);
            }
        }

        CheckCount(form, count, offset);
        (_lists ??= []).Add(new(form, true, count, nulls, offset));
        return true;
    }

    private void CompanionItem(ElementForm form, int index)
    {
        _log.Enter(form.Definition.Name, index);
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            Object(form.Type, null, isResource: false);
        }
        else
        {
            _log.Error(IssueType.Structure, $"_{form.JsonName} holds objects with id and extension.", _reader.TokenStartIndex);
            _reader.Skip();
        }

        _log.Leave();
    }

    /// <summary>Each place of a repeating primitive has a value, or an id or extension, or both.</summary>
    private readonly void CheckLists(int firstList)
    {
        for (var i = firstList; i < _lists!.Count; i++)
        {
            var list = _lists[i];
            if (list.Nulls is null)
            {
                continue;
            }

            var other = default(PrimitiveList);
            for (var j = firstList; j < _lists.Count; j++)
            {
                if (j != i && _lists[j].Form == list.Form)
                {
                    other = _lists[j];
                }
            }

            foreach (var place in list.Nulls)
            {
                // Where both have null, the fault is named once, for the values.
                if (!other.Has(place) && !(list.IsCompanion && other.HasNull(place)))
                {
                    _log.ErrorAt(
                        $"{list.Form.Definition.Name}[{place}]",
                        IssueType.Structure,
                        $"null only fills a place that {list.Form.JsonName} or _{list.Form.JsonName} fills in the other array. Give a value or an extension, or leave the place out.",
                        list.Offset);
                }
            }
        }
    }

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
            Text(form, use, kind, rented.AsSpan(0, _reader.CopyString(rented)));
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

    private readonly void Text(ElementForm form, ElementType? use, PrimitiveKind kind, ReadOnlySpan<byte> text)
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
            case PrimitiveKind.Xhtml when NarrativeCheck.Fault(text) is { } fault:
                _log.Error(IssueType.Invariant, fault, _reader.TokenStartIndex);
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

        if (form.Definition.Binding is { Strength: BindingStrength.Required, Codes: { } codes } && !codes.Contains(text))
        {
            _log.Error(IssueType.CodeInvalid, $"The code is not in the required value set {codes.Url}{RequiredCoding.Allowed(codes)}.", _reader.TokenStartIndex);
        }
    }

    private readonly void Reference(ElementType? use, ReadOnlySpan<byte> text)
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
        else if (reference.Kind is ReferenceKind.Relative or ReferenceKind.Conditional
                 && use is { ReferenceTargets: { Count: > 0 } targets }
                 && !targets.Contains(reference.ResourceType!)
                 && !targets.Contains("Resource"))
        {
            _log.Error(IssueType.Structure, $"A reference to {reference.ResourceType} is not allowed here; allowed are {string.Join(", ", targets)}.", _reader.TokenStartIndex);
        }
    }
}
