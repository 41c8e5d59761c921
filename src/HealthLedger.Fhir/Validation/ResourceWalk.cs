using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// One walk over the JSON of a resource, definitions beside it. Resources and objects are in this file, values of elements in
/// ResourceWalk.Values.cs, primitives in ResourceWalk.Primitives.cs, invariants in ResourceWalk.Rules.cs, references to contained resources in ResourceWalk.Fragments.cs, what has no place in the definitions in ResourceWalk.Unknown.cs. Malformed JSON ends the walk by the reader's exception, which <see cref="ResourceValidator"/> turns into an issue.
/// </summary>
internal ref partial struct ResourceWalk
{
    private static readonly int ExtensionBit = FhirDefinitions.R4.Type("Extension")!.ElementNamed("extension")!.Index;
    private static readonly int ExtensionValueBit = FhirDefinitions.R4.Type("Extension")!.ElementNamed("value")!.Index;

    private static readonly ulong TypedReference =
        (1UL << FhirDefinitions.R4.Type("Reference")!.ElementNamed("reference")!.Index) | (1UL << FhirDefinitions.R4.Type("Reference")!.ElementNamed("type")!.Index);

    private readonly IssueLog _log;
    private readonly ReadOnlySpan<byte> _text;
    private readonly bool _withWarnings;
    private readonly AdvisedCodes? _advised;
    private Utf8JsonReader _reader;
    private bool _inContained;
    private bool _inBundle;
    private Fragments? _fragments;
    private int _steps;
    private bool _hasOuterRules;

    // Stacks: an object's part starts where the length was when it began, and is cut off at its end.
    private List<ElementForm>? _choices;
    private List<PrimitiveList>? _lists;

    public ResourceWalk(ReadOnlySpan<byte> text, IssueLog log, bool withWarnings, AdvisedCodes? advised)
    {
        _withWarnings = withWarnings;
        _advised = advised;
        _steps = StepsAtLeast + text.Length;
        _log = log;
        _text = text;
        _reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = ResourceValidator.MaxDepth });
    }

    /// <summary>Validates the whole text; the resource type, if it has one.</summary>
    public TypeDefinition? Root(string? expectedType)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _log.Fatal(IssueType.Structure, "A resource is a JSON object.", _reader.TokenStartIndex);
            _reader.Skip();
            _reader.Read();
            return null;
        }

        var type = ResourceTypeAhead(_reader);
        if (type is not null && expectedType is not null && type.Name != expectedType)
        {
            _log.Fatal(IssueType.Invalid, $"The resource is of type {type.Name}, expected is {expectedType}. Send it to /{type.Name}, or correct its resourceType.", _reader.TokenStartIndex);
        }

        if (type is null)
        {
            _reader.Skip();
        }
        else
        {
            _log.Enter(type.Name, -1);
            Resource(type, isContained: false);
            _log.Leave();
        }

        // Anything but white space after the object is the reader's exception.
        if (!_log.IsFull)
        {
            _reader.Read();
        }

        return type;
    }

    /// <summary>Validates the object the reader stands on, and leaves the reader on its end.</summary>
    private void Object(TypeDefinition type, ElementForm? form, bool isResource)
    {
        var use = form?.Use;
        var start = _reader.TokenStartIndex;
        var firstError = _log.Errors;
        var firstChoice = _choices?.Count ?? 0;
        var firstList = _lists?.Count ?? 0;
        var values = 0UL;
        var companions = 0UL;
        var properties = 0;
        var sawResourceType = false;
        var sawList = false;

        while (!_log.IsFull && _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            properties++;
            if (_reader.ValueIsEscaped)
            {
                UnknownEscaped();
                continue;
            }

            var name = _reader.ValueSpan;
            if (isResource && name.SequenceEqual("resourceType"u8))
            {
                if (sawResourceType)
                {
                    Duplicate("resourceType");
                }

                sawResourceType = true;
                _reader.Read();
                _reader.Skip();
                continue;
            }

            var isCompanion = name.Length > 1 && name[0] == (byte)'_';
            var element = type.Element(isCompanion ? name[1..] : name);
            if (element is null || (isCompanion && !element.Type.IsPrimitive))
            {
                Unknown(type, name, element);
                continue;
            }

            var bit = 1UL << element.Definition.Index;
            if (element.Definition.IsChoice && !OnlyChoice(element, firstChoice))
            {
                continue;
            }

            if (((isCompanion ? companions : values) & bit) != 0)
            {
                Duplicate((isCompanion ? "_" : "") + element.JsonName);
                _reader.Read();
                _reader.Skip();
                continue;
            }

            if (isCompanion)
            {
                companions |= bit;
                _reader.Read();
                sawList |= Companion(element);
            }
            else
            {
                values |= bit;
                _reader.Read();
                sawList |= Value(element, use);
            }
        }

        if (_log.IsFull)
        {
            return;
        }

        Finish(type, start, properties, values, companions, isResource);
        if (type.Name == "Reference" && (values & TypedReference) == TypedReference && firstError == _log.Errors)
        {
            TypeOfReference(start);
        }

        if (sawList)
        {
            CheckLists(firstList);
        }

        if (!type.IsPrimitive && firstError == _log.Errors)
        {
            Rules(type, form, start, values | companions, isResource);
        }

        Cut(_choices, firstChoice);
        Cut(_lists, firstList);
    }

    private static void Cut<T>(List<T>? stack, int length)
    {
        if (stack?.Count > length)
        {
            stack.RemoveRange(length, stack.Count - length);
        }
    }

    /// <summary>What can be said only at the end of an object.</summary>
    private readonly void Finish(TypeDefinition type, long start, int properties, ulong values, ulong companions, bool isResource)
    {
        var present = values | companions;
        if (properties == 0)
        {
            _log.Error(IssueType.Structure, "The object is empty. Leave the property out, or give it content.", start);
        }
        else if (!isResource && !type.IsPrimitive && properties == 1 && type.Elements[0].Name == "id" && present == 1)
        {
            _log.Error(IssueType.Invariant, "The element has an id only. It needs a value, children or an extension.", start);
        }

        for (var missing = type.RequiredElements & ~present; missing != 0; missing &= missing - 1)
        {
            var element = type.Elements[System.Numerics.BitOperations.TrailingZeroCount(missing)];
            var name = element.IsChoice ? $"{element.Name}[x] (one of {string.Join(", ", element.Types.Take(8).Select(t => t.Type.Name))})" : element.Name;
            _log.ErrorAt(element.Name, IssueType.Required, $"{type.Name} needs the element {name}.", start);
        }

        if (type.Name == "Extension")
        {
            var nested = (present & (1UL << ExtensionBit)) != 0;
            var valued = (present & (1UL << ExtensionValueBit)) != 0;
            if (nested == valued)
            {
                _log.Error(
                    IssueType.Invariant,
                    nested ? "An extension has either a value or extensions in it, not both." : "An extension needs a value[x] or extensions in it.",
                    start);
            }
        }
    }

    /// <summary>Of the types of a choice only one may be present. The companion property of the same type is the same choice.</summary>
    private bool OnlyChoice(ElementForm form, int firstChoice)
    {
        _choices ??= [];
        for (var i = firstChoice; i < _choices.Count; i++)
        {
            var other = _choices[i];
            if (other == form)
            {
                return true;
            }

            if (other.Definition == form.Definition)
            {
                _log.ErrorAt(
                    form.Definition.Name,
                    IssueType.Structure,
                    $"{form.Definition.Name}[x] is present as {other.JsonName} and as {form.JsonName}. Keep one of them.",
                    _reader.TokenStartIndex);
                _reader.Read();
                _reader.Skip();
                return false;
            }
        }

        _choices.Add(form);
        return true;
    }
}
