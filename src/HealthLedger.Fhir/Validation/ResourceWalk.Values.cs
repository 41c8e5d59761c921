using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>Values of elements: arrays and single values, resources inside resources, ids and extensions of primitives.</summary>
internal ref partial struct ResourceWalk
{
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
        for (; !_log.IsFull && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; count++)
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
            if (form.Definition.Binding is { Strength: BindingStrength.Required, Codes: { } codes } && !BoundCoding.IsIn(codes, type, _reader, out _))
            {
                _log.Error(IssueType.CodeInvalid, $"None of its codings is in the required value set {codes.Url}{BoundCoding.Allowed(codes)}.", _reader.TokenStartIndex);
            }
            else if (_advised?.Of(form.Definition.Binding) is { } advised && !BoundCoding.IsIn(advised, type, _reader, out var hasCode) && hasCode)
            {
                Advise(form, advised, "None of its codings is");
            }

            Object(type, form, isResource: false);
        }
    }

    /// <summary>A code outside a value set that is advised: never an error, and text without a code is as good.</summary>
    private readonly void Advise(ElementForm form, CodeList codes, string what)
    {
        var isExtensible = form.Definition.Binding!.Strength == BindingStrength.Extensible;
        _log.Issue(
            isExtensible ? IssueSeverity.Warning : IssueSeverity.Information,
            IssueType.CodeInvalid,
            $"{what} in the {(isExtensible ? "extensible" : "preferred")} value set {codes.Url}{BoundCoding.Allowed(codes)}. Use one of its codes if one fits.",
            _reader.TokenStartIndex);
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
            Resource(type, isContained);
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
        for (; !_log.IsFull && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; count++)
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
}
