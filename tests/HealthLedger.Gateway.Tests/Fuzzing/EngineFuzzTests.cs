// Robustness of the FHIR engine: of any input, none takes over a second, allocates without bound or ends in an exception that is not documented.
using System.Text;
using Xunit.Abstractions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

public sealed class EngineFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void Mutated_json_is_judged_and_never_breaks_the_engine() =>
        new FuzzRun("json", 60_000, output).Each(random => JsonMutations.Mutate(random.Pick(Seeds.Resources), random), EngineChecks.Json);

    [Fact]
    public void Mutated_xml_is_read_or_told_off() =>
        new FuzzRun("xml", 30_000, output).Each(random => XmlMutations.Mutate(random.Pick(Seeds.Xml), random), EngineChecks.Xml);

    [Fact]
    public void Mutated_xml_patches_are_applied_or_refused() =>
        new FuzzRun("xml-patch", 30_000, output).Each(PatchMutations.MakeXml, EngineChecks.XmlPatch);

    [Fact]
    public void Mutated_queries_are_understood_or_refused() =>
        new FuzzRun("query", 45_000, output).Each(random => QueryMutations.Make(random) is var (type, query) ? Encoding.UTF8.GetBytes($"{type}?{query}") : [], EngineChecks.Query);

    [Fact]
    public void Mutated_expressions_are_evaluated_or_refused() =>
        new FuzzRun("fhirpath", 45_000, output).Each(random => Encoding.UTF8.GetBytes(FhirPathMutations.Make(random)), EngineChecks.FhirPath);
}
