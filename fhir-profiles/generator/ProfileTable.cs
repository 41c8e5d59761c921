using System.Buffers;
using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>
/// The table of R4's own profiles and extensions that HealthLedger.Fhir embeds: their StructureDefinitions, one a line as JSON, in the order of canonical URL. A snapshot
/// keeps what validation looks at and its type has not said already; slices keep all of that.
/// </summary>
internal static class ProfileTable
{
    private static readonly string[] Members = ["resourceType", "url", "version", "type", "baseDefinition", "derivation"];

    private static readonly string[] Compared = ["min", "max", "contentReference", "type", "binding", "mustSupport", "slicing", "maxLength"];

    private static readonly Dictionary<string, string[]> Parts = new(StringComparer.Ordinal)
    {
        ["type"] = ["code", "profile", "targetProfile"],
        ["binding"] = ["strength", "valueSet"],
        ["slicing"] = ["discriminator", "ordered", "rules"],
        ["constraint"] = ["key", "severity", "human", "expression"],
    };

    /// <summary>Where R4's own definitions have extensions that, by their contexts, may not stand there.</summary>
    private static readonly Dictionary<string, string> UsedAt = new(StringComparer.Ordinal)
    {
        ["http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"] = "ElementDefinition.type",
        ["http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version"] = "ElementDefinition",
        ["http://hl7.org/fhir/StructureDefinition/regex"] = "ElementDefinition.type",
    };

    public static byte[] Build(OfficialDefinitions definitions)
    {
        var types = definitions.Types
            .SelectMany(t => t.GetProperty("snapshot").Items("element"))
            .DistinctBy(e => e.Text("path"))
            .ToDictionary(e => e.Text("path"), StringComparer.Ordinal);
        var rules = types.Values.SelectMany(e => e.Items("constraint")).Select(Rule).ToHashSet();
        var table = new ArrayBufferWriter<byte>(1 << 20);
        using var writer = new Utf8JsonWriter(table, TerminologyTable.Plain);
        foreach (var profile in definitions.Profiles)
        {
            writer.WriteStartObject();
            foreach (var name in Members)
            {
                Member(writer, profile, name);
            }

            Contexts(writer, profile);

            // Two examples have no snapshot; their base is a type, which the differential is laid over.
            var view = profile.TryGetProperty("snapshot", out _) ? "snapshot" : "differential";
            writer.WriteStartObject(view);
            writer.WriteStartArray("element");
            foreach (var element in profile.GetProperty(view).Items("element"))
            {
                var isSlice = element.Text("sliceName").Length > 0;
                Element(writer, element, !isSlice && types.TryGetValue(element.Text("path"), out var known) ? known : default, rules);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.Flush();
            table.Write("\n"u8);
            writer.Reset();
        }

        return table.WrittenSpan.ToArray();
    }

    private static void Contexts(Utf8JsonWriter writer, JsonElement profile)
    {
        writer.WriteStartArray("context");
        foreach (var context in profile.Items("context"))
        {
            Object(writer, context, ["type", "expression"]);
        }

        if (UsedAt.TryGetValue(profile.Text("url"), out var place))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "element");
            writer.WriteString("expression", place);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Element(Utf8JsonWriter writer, JsonElement element, JsonElement known, HashSet<(string, string)> rules)
    {
        var news = Compared.Where(name => Slim(element, name) is { } said && (said != Slim(known, name) || IsChecked(element, name))).ToList();
        news.AddRange(element.EnumerateObject().Select(m => m.Name).Where(IsValue));
        var constraints = element.Items("constraint").Where(c => !rules.Contains(Rule(c))).ToList();
        if (known.ValueKind != JsonValueKind.Undefined && news.Count == 0 && constraints.Count == 0)
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("path", element.Text("path"));
        Member(writer, element, "sliceName");
        foreach (var name in news)
        {
            Member(writer, element, name);
        }

        if (constraints.Count > 0)
        {
            writer.WriteStartArray("constraint");
            foreach (var constraint in constraints)
            {
                Object(writer, constraint, Parts["constraint"]);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static (string, string) Rule(JsonElement constraint) => (constraint.Text("key"), constraint.Text("expression"));

    /// <summary>What counts although the type says the same: content that repeats another element repeats what the profile says of that; bindings of profiles are looked up in the terminology.</summary>
    private static bool IsChecked(JsonElement element, string name) =>
        name == "contentReference" || name == "binding" && element.GetProperty(name).Text("strength") is ("required" or "extensible");

    /// <summary>Fixed values, patterns and bounds: types say none.</summary>
    private static bool IsValue(string name) =>
        name.StartsWith("fixed", StringComparison.Ordinal) || name.StartsWith("pattern", StringComparison.Ordinal)
        || name.StartsWith("minValue", StringComparison.Ordinal) || name.StartsWith("maxValue", StringComparison.Ordinal);

    private static string? Slim(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out _))
        {
            return null;
        }

        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            Member(writer, element, name);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static void Member(Utf8JsonWriter writer, JsonElement from, string name)
    {
        if (!from.TryGetProperty(name, out var value))
        {
            return;
        }

        writer.WritePropertyName(name);
        if (!Parts.TryGetValue(name, out var parts) || value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
        {
            value.WriteTo(writer);
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            Object(writer, value, parts);
        }
        else
        {
            writer.WriteStartArray();
            foreach (var item in value.EnumerateArray())
            {
                Object(writer, item, parts);
            }

            writer.WriteEndArray();
        }
    }

    private static void Object(Utf8JsonWriter writer, JsonElement value, string[] members)
    {
        writer.WriteStartObject();
        foreach (var name in members.Where(m => value.TryGetProperty(m, out _)))
        {
            writer.WritePropertyName(name);
            value.GetProperty(name).WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
