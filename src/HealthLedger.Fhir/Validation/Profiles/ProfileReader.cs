using System.Globalization;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>
/// Reads StructureDefinitions (R4 structuredefinition.html). A snapshot stands alone. A differential is laid over what its base profile says: elements are found by their
/// paths and slice names, so that no snapshot need be written out.
/// </summary>
internal sealed class ProfileReader
{
    private const int MaxElements = 20_000;

    private static readonly Slicing ByUrl = new([Discriminator.Of("value", "url")], "open", false);
    private static readonly Slicing ByType = new([Discriminator.Of("type", "$this")], "open", false);

    /// <summary>Base invariants by key and expression: the base validation has evaluated them.</summary>
    private static readonly Lazy<HashSet<(string, string)>> BaseRules = new(() =>
        FhirDefinitions.R4.Types.SelectMany(t => t.Invariants.Concat(t.Elements.SelectMany(e => e.Invariants))).Select(i => (i.Key, i.Expression)).ToHashSet());

    private static readonly HashSet<string> AlwaysBase = new(StringComparer.Ordinal) { "ele-1", "ext-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "txt-1", "txt-2" };

    private readonly ProfileElement _root;
    private readonly Dictionary<string, ProfileElement> _current = new(StringComparer.Ordinal);

    private ProfileReader(ProfileElement root) => _root = root;

    /// <summary>The profile that a StructureDefinition defines.</summary>
    /// <param name="definition">The StructureDefinition.</param>
    /// <param name="baseRoot">Makes a fresh copy of what its base profile says; null where that is a type of R4 itself.</param>
    /// <exception cref="InvalidDataException">It has no elements, or too many.</exception>
    public static Profile Read(JsonElement definition, Func<ProfileElement?> baseRoot)
    {
        var type = Text(definition, "type") ?? "";
        var hasSnapshot = definition.TryGetProperty("snapshot"u8, out var view);
        if (!hasSnapshot && !definition.TryGetProperty("differential"u8, out view))
        {
            throw new InvalidDataException("A profile needs a snapshot or a differential.");
        }

        var root = (hasSnapshot ? null : baseRoot()) ?? new ProfileElement(type, type);
        var reader = new ProfileReader(root);
        var count = 0;
        foreach (var element in Items(view, "element"))
        {
            if (++count > MaxElements)
            {
                throw new InvalidDataException($"A profile has at most {MaxElements} elements.");
            }

            reader.Add(element);
        }

        var contexts = Items(definition, "context").Select(c => (Text(c, "type") ?? "", Text(c, "expression") ?? ""));
        return new(Text(definition, "url") ?? "", type, root, [.. contexts]);
    }

    private void Add(JsonElement element)
    {
        var path = Text(element, "path");
        if (path is null)
        {
            return;
        }

        if (!IsThere(path))
        {
            throw new InvalidDataException("A profile names an element that its type does not have.");
        }

        var target = path.Contains('.', StringComparison.Ordinal) ? Place(path, Text(element, "sliceName")) : _root;
        // What was below an earlier slice of this path belongs to that one.
        foreach (var below in _current.Keys.Where(k => k.StartsWith(path + ".", StringComparison.Ordinal)).ToList())
        {
            _current.Remove(below);
        }

        _current[path] = target;
        Fill(target, element);
    }

    private ProfileElement Place(string path, string? sliceName)
    {
        var dot = path.LastIndexOf('.');
        var parent = At(path[..dot]);
        var name = path[(dot + 1)..];
        if (name.EndsWith("[x]", StringComparison.Ordinal))
        {
            name = name[..^3];
        }
        else if (sliceName is null && ChoiceOf(path) is { } form)
        {
            // valueQuantity stands for the slice of value[x] with that type.
            var choice = parent.Child(form.Definition.Name);
            choice.Slicing ??= ByType;
            var typed = Slice(choice, name);
            typed.Types = [new(form.Type.Name, [], [])];
            return typed;
        }

        var all = parent.Child(name);
        if (sliceName is null)
        {
            return all;
        }

        // a/b is slice b of slice a.
        var parts = sliceName.Split('/');
        for (var i = 1; i < parts.Length; i++)
        {
            if (all.Slice(string.Join('/', parts[..i])) is { } outer)
            {
                all = outer;
            }
        }

        all.Slicing ??= name is "extension" or "modifierExtension" ? ByUrl : path.EndsWith("[x]", StringComparison.Ordinal) ? ByType : null;
        return Slice(all, sliceName);
    }

    private static ProfileElement Slice(ProfileElement all, string sliceName)
    {
        if (all.Slice(sliceName) is { } known)
        {
            return known;
        }

        var slice = new ProfileElement(all.Name, all.Path + ":" + sliceName);
        all.Slices.Add((sliceName, slice));
        return slice;
    }

    private ProfileElement At(string path)
    {
        if (_current.TryGetValue(path, out var known))
        {
            return known;
        }

        return _current[path] = path.Contains('.', StringComparison.Ordinal) ? Place(path, null) : _root;
    }

    /// <summary>False where the base definitions show that the path leads nowhere.</summary>
    private static bool IsThere(string path)
    {
        var names = path.Split('.');
        var type = FhirDefinitions.R4.Type(names[0]);
        foreach (var name in names.AsSpan(1))
        {
            var plain = name.Replace("[x]", "", StringComparison.Ordinal);
            if (type is null || type.IsAbstract || type.IsPrimitive)
            {
                return true;
            }

            var element = type.ElementNamed(plain);
            if (element is null && type.Element(plain) is null)
            {
                return false;
            }

            type = type.Element(plain)?.Type ?? (element!.Types.Count == 1 ? element.Types[0].Type : null);
        }

        return true;
    }

    /// <summary>The choice that a path's last name is one type of, by the base definitions.</summary>
    private static ElementForm? ChoiceOf(string path)
    {
        var names = path.Split('.');
        var type = FhirDefinitions.R4.Type(names[0]);
        ElementForm? form = null;
        foreach (var name in names.AsSpan(1))
        {
            var plain = name.Replace("[x]", "", StringComparison.Ordinal);
            form = type?.Element(plain);
            type = form?.Type ?? type?.ElementNamed(plain)?.Types[0].Type;
        }

        return form is { Definition.IsChoice: true } ? form : null;
    }

    private static void Fill(ProfileElement target, JsonElement element)
    {
        target.Min = Number(element, "min") ?? target.Min;
        if (Text(element, "max") is { } max)
        {
            target.Max = int.TryParse(max, NumberStyles.None, CultureInfo.InvariantCulture, out var bound) ? bound : null;
        }

        if (Text(element, "contentReference") is { } reference)
        {
            target.ContentPath = reference[(reference.IndexOf('#', StringComparison.Ordinal) + 1)..];
        }

        var types = Items(element, "type").Select(t => new ProfileType(TypeCode(t), Profiles(t), Texts(t, "targetProfile"))).ToList();
        target.Types = types.Count > 0 ? types : target.Types;
        target.Extras = ExtrasOf(element) ?? target.Extras;
        target.MaxLength = Number(element, "maxLength") ?? target.MaxLength;
        target.MustSupport |= element.TryGetProperty("mustSupport"u8, out var must) && must.ValueKind == JsonValueKind.True;
        foreach (var property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case var name when name.StartsWith("fixed", StringComparison.Ordinal):
                    target.Fixed = property.Value;
                    break;
                case var name when name.StartsWith("pattern", StringComparison.Ordinal):
                    target.Pattern = property.Value;
                    break;
                case var name when name.StartsWith("minValue", StringComparison.Ordinal):
                    target.MinValue = property.Value;
                    break;
                case var name when name.StartsWith("maxValue", StringComparison.Ordinal):
                    target.MaxValue = property.Value;
                    break;
            }
        }

        if (element.TryGetProperty("binding"u8, out var binding) && Text(binding, "valueSet") is { } valueSet)
        {
            var strength = Text(binding, "strength") switch
            {
                "required" => BindingStrength.Required,
                "extensible" => BindingStrength.Extensible,
                "preferred" => BindingStrength.Preferred,
                _ => BindingStrength.Example,
            };
            target.Binding = new(strength, valueSet);
        }

        if (element.TryGetProperty("slicing"u8, out var slicing))
        {
            var discriminators = Items(slicing, "discriminator").Select(d => Discriminator.Of(Text(d, "type") ?? "", Text(d, "path") ?? "$this")).ToList();
            var ordered = slicing.TryGetProperty("ordered"u8, out var order) && order.ValueKind == JsonValueKind.True;
            target.Slicing = new(discriminators.Count > 0 ? discriminators : target.Slicing?.Discriminators ?? [], Text(slicing, "rules") ?? "open", ordered);
        }

        foreach (var constraint in Items(element, "constraint"))
        {
            AddRule(target, constraint);
        }
    }

    private static void AddRule(ProfileElement target, JsonElement constraint)
    {
        var key = Text(constraint, "key") ?? "";
        if (Text(constraint, "expression") is not { } text || AlwaysBase.Contains(key) || BaseRules.Value.Contains((key, text)) || target.Rules.Exists(r => r.Key == key))
        {
            return;
        }

        FhirPathExpression? expression = null;
        try
        {
            expression = FhirPathExpression.Parse(text);
        }
        catch (FhirPathSyntaxException)
        {
            // Reported where the rule would be evaluated.
        }

        target.Rules.Add(new(key, Text(constraint, "severity") == "warning", Text(constraint, "human") ?? "", expression));
    }

    private static string TypeCode(JsonElement type)
    {
        var code = Text(type, "code") ?? "";
        return code.StartsWith("http://hl7.org/fhirpath/", StringComparison.Ordinal) ? "" : code;
    }

    /// <summary>The profiles of a type; where an extension names one element of the profile, that stands behind '#'.</summary>
    private static string[] Profiles(JsonElement type)
    {
        var profiles = Texts(type, "profile");
        var at = 0;
        foreach (var beside in Items(type, "_profile"))
        {
            foreach (var extension in Items(beside, "extension"))
            {
                if (at < profiles.Length && Text(extension, "url") == "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element" && Text(extension, "valueString") is { } element)
                {
                    profiles[at] += "#" + element;
                }
            }

            at++;
        }

        return profiles;
    }

    private static ProfileExtras? ExtrasOf(JsonElement element)
    {
        var mustHaveValue = false;
        bool? language = null;
        List<string> alternatives = [], valueSets = [];
        foreach (var extension in Items(element, "extension"))
        {
            switch (Text(extension, "url"))
            {
                case "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue":
                    mustHaveValue = extension.TryGetProperty("valueBoolean"u8, out var flag) && flag.ValueKind == JsonValueKind.True;
                    break;
                case "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives" when Text(extension, "valueCanonical") is { } alternative:
                    alternatives.Add(alternative);
                    break;
                case "http://hl7.org/fhir/StructureDefinition/narrative-language-control":
                    language = Text(extension, "valueCode") switch { "_yes" => true, "_no" => false, _ => null };
                    break;
            }
        }

        if (element.TryGetProperty("binding"u8, out var binding))
        {
            foreach (var extension in Items(binding, "extension"))
            {
                var isAdditional = Text(extension, "url") is "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional" or "http://hl7.org/fhir/tools/StructureDefinition/additional-binding";
                var parts = isAdditional ? Items(extension, "extension").ToList() : [];
                if (parts.Exists(p => Text(p, "url") == "purpose" && Text(p, "valueCode") == "required"))
                {
                    valueSets.AddRange(parts.Where(p => Text(p, "url") == "valueSet").Select(p => Text(p, "valueCanonical")).OfType<string>());
                }
            }
        }

        return mustHaveValue || language is not null || alternatives.Count > 0 || valueSets.Count > 0 ? new(mustHaveValue, alternatives, valueSets, language) : null;
    }

    private static int? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string[] Texts(JsonElement element, string name) =>
        [.. Items(element, name).Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!)];

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : [];
}
