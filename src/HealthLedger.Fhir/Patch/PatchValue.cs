using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Patch;

/// <summary>
/// What a FHIRPath Patch puts somewhere: a value[x], a resource, or, for an element without a type of its own, parts named as its elements
/// (http://hl7.org/fhir/R4/fhirpatch.html). Gives copies, so that one patch serves many resources.
/// </summary>
internal sealed class PatchValue
{
    private const int MaxNesting = 32;

    private readonly JsonNode? _value;
    private readonly JsonNode? _shadow;
    private readonly (string Name, PatchValue Value)[] _parts;

    private PatchValue(string suffix, JsonNode? value, JsonNode? shadow, (string Name, PatchValue Value)[] parts) => (Suffix, _value, _shadow, _parts) = (suffix, value, shadow, parts);

    /// <summary>The type as value[x] spells it, <c>CodeableConcept</c>, <c>DateTime</c>; empty for parts and resources.</summary>
    public string Suffix { get; }

    /// <summary>What comes before the id and the extensions of a primitive; null where it has none of its own.</summary>
    public JsonNode? Shadow => _shadow?.DeepClone();

    /// <summary>Reads the value of a parameter or part; null where it has none.</summary>
    public static PatchValue? Read(JsonObject part) => Read(part, 0);

    /// <summary>The value, for an element of that type.</summary>
    /// <exception cref="PatchException">A part is no element of the type.</exception>
    public JsonNode? For(TypeDefinition type)
    {
        if (_parts.Length == 0)
        {
            return _value?.DeepClone();
        }

        var members = new JsonObject();
        foreach (var (name, value) in _parts)
        {
            var form = FormOf(type, name, value);
            var made = value.For(form.Type);
            if (!form.Definition.IsRepeating)
            {
                if (members.ContainsKey(form.JsonName) || members.ContainsKey("_" + form.JsonName))
                {
                    throw new PatchException(PatchFaultKind.NotApplicable, "its value has an element twice that does not repeat.");
                }

                Set(members, form.JsonName, made);
                Set(members, "_" + form.JsonName, value.Shadow);
                continue;
            }

            var list = members[form.JsonName] as JsonArray ?? [];
            members[form.JsonName] = list;
            list.Add(made);
            if (value.Shadow is { } shadow)
            {
                ListSlot.Align(members, form.JsonName, list.Count - 1).Add(shadow);
            }
        }

        return members;
    }

    /// <summary>The form of an element that takes this value: for a choice the one of its type.</summary>
    /// <exception cref="PatchException">The type has no such element, or none that takes a value of this type.</exception>
    public static ElementForm FormOf(TypeDefinition type, string name, PatchValue value) =>
        type.Element(name) ?? type.Element(name + value.Suffix) ?? throw new PatchException(PatchFaultKind.NotApplicable, "there is no element of that name, or it does not take a value of that type.");

    private static PatchValue? Read(JsonObject part, int depth)
    {
        if (depth > MaxNesting)
        {
            return null;
        }

        if (part["resource"] is JsonObject resource)
        {
            return new PatchValue("", resource, null, []);
        }

        if (part["part"] is JsonArray inner)
        {
            var parts = new List<(string, PatchValue)>();
            foreach (var child in inner)
            {
                if (child is not JsonObject members || members["name"] is not JsonValue text || !text.TryGetValue<string>(out var name) || Read(members, depth + 1) is not { } value)
                {
                    return null;
                }

                parts.Add((name, value));
            }

            return parts.Count == 0 ? null : new PatchValue("", null, null, [.. parts]);
        }

        var given = part.Select(m => m.Key.TrimStart('_')).FirstOrDefault(k => k.StartsWith("value", StringComparison.Ordinal) && k.Length > "value".Length);
        return given is null ? null : new PatchValue(given["value".Length..], part[given], part["_" + given], []);
    }

    private static void Set(JsonObject members, string name, JsonNode? value)
    {
        if (value is not null)
        {
            members[name] = value;
        }
    }
}
