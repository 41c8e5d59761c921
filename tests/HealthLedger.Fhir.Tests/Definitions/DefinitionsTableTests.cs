// The official definitions: http://hl7.org/fhir/R4/downloads.html; the table's layout: fhir-profiles/generator/README.md
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Generator;

namespace HealthLedger.Fhir.Tests.Definitions;

public sealed class DefinitionsTableTests
{
    [Fact]
    public void The_committed_table_is_what_the_official_definitions_give()
    {
        if (SharedData.Folder("fhir-r4/core-4.0.1") is not { } folder)
        {
            return;
        }

        var built = DefinitionsTable.Build(OfficialDefinitions.Load(folder));

        Assert.True(built.AsSpan().SequenceEqual(EmbeddedTable.Unpack("r4.definitions")), "regenerate the table as fhir-profiles/generator/README.md says");
    }

    [Fact]
    public void The_same_definitions_give_the_same_bytes()
    {
        if (SharedData.Folder("fhir-r4/core-4.0.1") is not { } folder)
        {
            return;
        }

        var definitions = OfficialDefinitions.Load(folder);

        Assert.Equal(DefinitionsTable.Pack(DefinitionsTable.Build(definitions)), DefinitionsTable.Pack(DefinitionsTable.Build(definitions)));
    }

    [Fact]
    public void A_table_of_another_version_is_refused()
    {
        var table = EmbeddedTable.Unpack("r4.definitions");
        table[4]++;

        Assert.Throws<InvalidDataException>(() => FhirDefinitions.FromTable(table));
    }

    [Fact]
    public void A_file_that_is_no_table_is_refused() => Assert.Throws<InvalidDataException>(() => FhirDefinitions.FromTable("{}"u8.ToArray()));

    [Fact]
    public void A_table_with_bytes_after_its_end_is_refused() =>
        Assert.Throws<InvalidDataException>(() => FhirDefinitions.FromTable([.. EmbeddedTable.Unpack("r4.definitions"), 0]));
}
