using System.IO.Compression;
using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>The table that HealthLedger.Fhir embeds; its layout is in the README beside this file.</summary>
internal static class DefinitionsTable
{
    private const int Version = 2;

    public static byte[] Build(OfficialDefinitions definitions)
    {
        var types = new TypeTable(definitions);
        var writer = new TableWriter();
        writer.List(types.Constraints, c =>
        {
            writer.Text(c.Key);
            writer.Flag(c.Warning);
            writer.Text(c.Expression);
            writer.Text(c.Human);
        });

        var required = types.Rows.SelectMany(t => t.Elements)
            .Where(e => e.Strength == 1 && e.ValueSet.Length > 0)
            .Select(e => e.ValueSet)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        var indexes = required.Select((url, i) => (url, i)).ToDictionary(p => p.url, p => p.i, StringComparer.Ordinal);
        writer.List(required, url => ValueSet(writer, url, ValueSetExpansion.Of(definitions, url)));
        writer.List(types.Rows, row => Type(writer, row, indexes));
        writer.List(definitions.SearchParameters, parameter => Search(writer, parameter));
        writer.List(definitions.Compartments, compartment =>
        {
            writer.Text(compartment.Text("code"));
            writer.List(compartment.Items("resource").ToList(), resource =>
            {
                writer.Text(resource.Text("code"));
                writer.Texts(resource.Texts("param").ToList());
            });
        });
        return writer.ToArray("HLFD"u8, Version);
    }

    public static byte[] Pack(ReadOnlySpan<byte> table)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            brotli.Write(table);
        }

        return packed.ToArray();
    }

    private static void ValueSet(TableWriter writer, string url, ValueSetExpansion expansion)
    {
        writer.Text(url);
        writer.Flag(expansion.Open);
        writer.List(expansion.Systems, system =>
        {
            writer.Text(system.Key);
            writer.Texts(system.Value);
        });
    }

    private static void Type(TableWriter writer, TypeRow row, Dictionary<string, int> valueSets)
    {
        writer.Text(row.Name);
        writer.Number(row.Kind);
        writer.Flag(row.Abstract);
        writer.Text(row.Base);
        writer.Text(row.Regex);
        writer.List(row.Constraints, writer.Number);
        writer.List(row.Elements, element =>
        {
            writer.Text(element.Name);
            writer.Number(element.Min);
            writer.Number(element.Max);
            writer.Number(element.Flags);
            writer.List(element.Types, use =>
            {
                writer.Text(use.Type);
                writer.Texts(use.Targets);
                writer.Texts(use.Profiles);
            });
            writer.Number(element.Strength);
            if (element.Strength > 0)
            {
                writer.Text(element.ValueSet);
                writer.Number(valueSets.TryGetValue(element.ValueSet, out var index) && element.Strength == 1 ? index + 1 : 0);
            }

            writer.List(element.Constraints, writer.Number);
        });
    }

    private static void Search(TableWriter writer, JsonElement parameter)
    {
        writer.Text(parameter.Text("url"));
        writer.Text(parameter.Text("code"));
        writer.Text(parameter.Text("type"));
        writer.Text(parameter.Text("xpathUsage"));
        writer.Text(parameter.Text("expression"));
        writer.Texts(parameter.Texts("base").ToList());
        writer.Texts(parameter.Texts("target").ToList());
        writer.List(parameter.Items("component").ToList(), component =>
        {
            writer.Text(component.Text("definition"));
            writer.Text(component.Text("expression"));
        });
        writer.Texts(parameter.Texts("comparator").ToList());
        writer.Texts(parameter.Texts("modifier").ToList());
        // Absent means that both are allowed (R4 SearchParameter.multipleOr, multipleAnd).
        var or = !parameter.TryGetProperty("multipleOr", out var multipleOr) || multipleOr.GetBoolean();
        var and = !parameter.TryGetProperty("multipleAnd", out var multipleAnd) || multipleAnd.GetBoolean();
        writer.Number((or ? 1 : 0) | (and ? 2 : 0));
    }
}
