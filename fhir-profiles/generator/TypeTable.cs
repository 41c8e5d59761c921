using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

internal sealed record TypeRow(string Name, int Kind, bool Abstract, string Base, string Regex, List<int> Constraints, List<ElementRow> Elements);

internal sealed record ElementRow(string Name, int Min, int Max, int Flags, List<TypeUseRow> Types, int Strength, string ValueSet, List<int> Constraints);

internal sealed record TypeUseRow(string Type, List<string> Targets, List<string> Profiles);

internal sealed record ConstraintRow(string Key, bool Warning, string Expression, string Human);

/// <summary>Turns the snapshots of the types into rows: one for each type and one for each element that has elements of its own.</summary>
internal sealed class TypeTable
{
    private const string Core = "http://hl7.org/fhir/StructureDefinition/";
    private const string SystemTypes = "http://hl7.org/fhirpath/System.";

    private readonly Dictionary<ConstraintRow, int> _constraintIndexes = [];
    private readonly Dictionary<string, HashSet<string>> _statedByType;

    public TypeTable(OfficialDefinitions definitions)
    {
        _statedByType = definitions.Types.ToDictionary(
            t => t.Text("type"),
            t => Keys(t.GetProperty("snapshot").GetProperty("element")[0]).ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal);
        foreach (var type in definitions.Types)
        {
            Add(type);
        }
    }

    public List<ConstraintRow> Constraints { get; } = [];

    public List<TypeRow> Rows { get; } = [];

    private static IEnumerable<string> Keys(JsonElement element) => element.Items("constraint").Select(c => c.Text("key"));

    private void Add(JsonElement type)
    {
        var name = type.Text("type");
        var kind = type.Text("kind") switch { "primitive-type" => 0, "complex-type" => 1, _ => 2 };
        var elements = type.GetProperty("snapshot").GetProperty("element").EnumerateArray().ToList();
        var parents = elements.Select(e => Parent(e.Text("path"))).ToHashSet(StringComparer.Ordinal);
        var rows = new Dictionary<string, TypeRow>(StringComparer.Ordinal);

        foreach (var element in elements)
        {
            var path = element.Text("path");
            if (element.Text("max") == "0")
            {
                // xhtml takes the extension of Element back.
                continue;
            }

            if (path == name)
            {
                rows[path] = new(name, kind, type.Flag("abstract"), type.Text("baseDefinition").Replace(Core, "", StringComparison.Ordinal), "", ConstraintIndexes(element, []), []);
                Rows.Add(rows[path]);
                continue;
            }

            if (kind == 0 && path == name + ".value")
            {
                var regex = element.Items("type").First().ExtensionText(Core + "regex", "valueString");
                var old = rows[name];
                rows[name] = old with { Regex = regex };
                Rows[Rows.IndexOf(old)] = rows[name];
                continue;
            }

            rows[Parent(path)].Elements.Add(Element(element, parents.Contains(path)));
            if (parents.Contains(path))
            {
                // Stated constraints stay on the element itself, so that they are evaluated once.
                rows[path] = new(path, 3, false, element.Items("type").First().Text("code"), "", [], []);
                Rows.Add(rows[path]);
            }
        }
    }

    private ElementRow Element(JsonElement element, bool isParent)
    {
        var path = element.Text("path");
        var name = path[(path.LastIndexOf('.') + 1)..];
        var choice = name.EndsWith("[x]", StringComparison.Ordinal);
        var flags = (choice ? 1 : 0)
                    | (element.Flag("isModifier") ? 2 : 0)
                    | (element.Flag("isSummary") ? 4 : 0)
                    | (element.Texts("representation").Contains("xmlAttr") ? 8 : 0);
        var max = element.Text("max");
        var types = Types(element, isParent ? path : null);
        var binding = element.TryGetProperty("binding", out var found) ? found : default;
        return new(
            choice ? name[..^3] : name,
            element.GetProperty("min").GetInt32(),
            max == "*" ? 0 : int.Parse(max, System.Globalization.CultureInfo.InvariantCulture),
            flags,
            types,
            binding.Text("strength") switch { "required" => 1, "extensible" => 2, "preferred" => 3, "example" => 4, _ => 0 },
            binding.Text("valueSet").Split('|')[0],
            ConstraintIndexes(element, element.Items("type").SelectMany(t => Stated(TypeCode(t, element)))));
    }

    private IEnumerable<string> Stated(string type) => _statedByType.TryGetValue(type, out var keys) ? keys : [];

    private static List<TypeUseRow> Types(JsonElement element, string? ownPath)
    {
        if (element.Text("contentReference") is { Length: > 0 } reference)
        {
            return [new(reference[(reference.IndexOf('#') + 1)..], [], [])];
        }

        // A snapshot may list a type once for each profile; here it is one use.
        return element.Items("type")
            .GroupBy(t => ownPath ?? TypeCode(t, element), StringComparer.Ordinal)
            .Select(g => new TypeUseRow(
                g.Key,
                g.SelectMany(t => t.Texts("targetProfile")).Select(p => p.Replace(Core, "", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).ToList(),
                g.SelectMany(t => t.Texts("profile")).Distinct(StringComparer.Ordinal).ToList()))
            .ToList();
    }

    /// <summary>The FHIR type behind a FHIRPath system type. The definitions call Resource.id a string; its type is id (resource.html#id).</summary>
    private static string TypeCode(JsonElement type, JsonElement element)
    {
        var code = type.Text("code");
        if (!code.StartsWith(SystemTypes, StringComparison.Ordinal))
        {
            return code;
        }

        if (element.GetProperty("base").Text("path") == "Resource.id")
        {
            return "id";
        }

        var fhirType = type.ExtensionText(Core + "structuredefinition-fhir-type", "valueUrl");
        return fhirType.Length > 0 ? fhirType : "string";
    }

    private List<int> ConstraintIndexes(JsonElement element, IEnumerable<string> stated)
    {
        var known = stated.ToHashSet(StringComparer.Ordinal);
        var indexes = new List<int>();
        foreach (var constraint in element.Items("constraint"))
        {
            var row = new ConstraintRow(constraint.Text("key"), constraint.Text("severity") == "warning", constraint.Text("expression"), constraint.Text("human").Trim());
            if (known.Contains(row.Key) || row.Expression.Length == 0)
            {
                continue;
            }

            if (!_constraintIndexes.TryGetValue(row, out var index))
            {
                _constraintIndexes[row] = index = Constraints.Count;
                Constraints.Add(row);
            }

            indexes.Add(index);
        }

        return indexes;
    }

    private static string Parent(string path) => path.LastIndexOf('.') is > 0 and var dot ? path[..dot] : "";
}
