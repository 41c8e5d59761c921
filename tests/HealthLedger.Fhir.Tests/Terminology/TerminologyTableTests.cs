// The official definitions: http://hl7.org/fhir/R4/downloads.html; the table's layout: fhir-profiles/generator/README.md
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Generator;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Tests.Terminology;

public sealed class TerminologyTableTests
{
    [Fact]
    public void The_committed_table_is_what_the_official_definitions_give()
    {
        if (SharedData.Folder("fhir-r4/core-4.0.1") is not { } folder)
        {
            return;
        }

        var built = TerminologyTable.Build(OfficialDefinitions.Load(folder));

        Assert.True(built.AsSpan().SequenceEqual(EmbeddedTable.Unpack("r4.terminology")), "regenerate the table as fhir-profiles/generator/README.md says");
    }

    [Fact]
    public void It_holds_every_official_code_system_and_value_set()
    {
        var resources = new ConformanceResources(R4Terminology.Resources);

        Assert.Equal(1062, resources.Urls("CodeSystem").Count());
        Assert.Equal(1316, resources.Urls("ValueSet").Count());
    }

    [Fact]
    public void Codes_of_required_bindings_are_the_same_in_both_tables()
    {
        var valueSets = R4.ValueSets;
        var lists = FhirDefinitions.R4.Types.SelectMany(t => t.Elements).Select(e => e.Binding?.Codes).OfType<CodeList>().DistinctBy(c => c.Url).ToList();

        Assert.True(lists.Count > 200);
        foreach (var list in lists)
        {
            var codes = valueSets.CodesOf(list.Url, out var why);
            Assert.True(codes is not null, why);
            Assert.Equal(Pairs(list), Pairs(codes));
        }
    }

    private static IEnumerable<(string, string)> Pairs(CodeList list) => list.Systems.SelectMany(s => s.Value.Select(c => (s.Key, c))).Order();
}

/// <summary>The official terminology, read once for all tests.</summary>
internal static class R4
{
    public static ValueSets ValueSets { get; } = new(new ConformanceResources(R4Terminology.Resources));

    public static ValueSet Named(string name) => ValueSets.Find("http://hl7.org/fhir/ValueSet/" + name) ?? throw new ArgumentException(name);
}
