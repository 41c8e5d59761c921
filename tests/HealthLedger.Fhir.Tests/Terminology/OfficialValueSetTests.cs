// http://hl7.org/fhir/R4/terminology-service.html and valueset.html#compositions, over all value sets of the official definitions.
using System.Text.Json;
using HealthLedger.Conformance;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Tests.Terminology;

public sealed class OfficialValueSetTests
{
    private static readonly ConformanceResources Official = new(R4Terminology.Resources);

    private static List<ValueSet> All => [.. Official.Urls("ValueSet").Order(StringComparer.Ordinal).Select(u => R4.ValueSets.Find(u)!)];

    [Fact]
    [Trait("Suite", "Conformance")]
    public void Every_value_set_expands_or_says_which_content_is_lacking()
    {
        var expanded = 0;
        var refused = new List<string>();
        foreach (var set in All)
        {
            switch (R4.ValueSets.Expand(set, new ExpansionRequest()))
            {
                case ExpansionResult.Expanded done:
                    expanded++;
                    Assert.Equal(done.Total, done.Page.Count);
                    Assert.Equal(done.Page.Count, done.Page.Select(c => (c.System, c.Code)).Distinct().Count());
                    break;
                case ExpansionResult.Refused no:
                    Assert.False(no.IsTooCostly, set.Canonical);
                    refused.Add($"{set.Canonical}: {no.Why}");
                    break;
            }
        }

        // SNOMED CT, LOINC, UCUM and others are not part of the definitions, and a few value sets name a version, a value set or a property that is not there either.
        Assert.Equal((1221, 95), (expanded, refused.Count));
        new SuiteResult("Terminology", "expansions of the official value sets", "http://hl7.org/fhir/R4/valueset-operation-expand.html", expanded, expanded + refused.Count, refused).Keep();
        Assert.All(refused, r => Assert.Matches("(are not held here|is not known here|has no property 'acme-plasma' to filter by)", r));
    }

    [Fact]
    public void What_an_expansion_lists_is_what_the_value_set_contains()
    {
        var strange = R4.ValueSets.CodeSystems.Find("http://hl7.org/fhir/resource-types")!;
        foreach (var set in All)
        {
            if (R4.ValueSets.Expand(set, new ExpansionRequest()) is not ExpansionResult.Expanded done)
            {
                continue;
            }

            var listed = done.Page.Select(c => (c.System, c.Code)).ToHashSet();
            foreach (var (system, code) in listed)
            {
                Assert.Equal(Membership.Yes, R4.ValueSets.Look(set, system, code).Membership);
                Assert.Equal(Membership.Yes, R4.ValueSets.Look(set, null, code).Membership);
            }

            // Its systems' other codes, and codes of another system, are not in it.
            var others = done.Systems.Select(s => R4.ValueSets.CodeSystems.Find(s)!).Append(strange).SelectMany(s => s.Concepts.Take(200).Select(c => (s.Url, c.Code)));
            foreach (var (system, code) in others)
            {
                Assert.Equal(listed.Contains((system, code)) ? Membership.Yes : Membership.No, R4.ValueSets.Look(set, system, code).Membership);
            }

            Assert.NotEqual(Membership.Yes, R4.ValueSets.Look(set, strange.Url, "no such code").Membership);
        }
    }

    [Fact]
    public void Expansions_that_the_definitions_contain_are_ours_too()
    {
        var compared = new List<string>();
        foreach (var set in All)
        {
            // One example takes codes of a code system that it contains, which R4 gives no name to.
            if (!set.Url!.EndsWith("/example-hierarchical", StringComparison.Ordinal) && Official.Find("ValueSet", set.Url) is { } source && source.TryGetProperty("expansion", out var expansion)
                && R4.ValueSets.Expand(set, new ExpansionRequest()) is ExpansionResult.Expanded done)
            {
                compared.Add(set.Url[(set.Url.LastIndexOf('/') + 1)..]);
                var ours = done.Page.Select(c => (c.System, c.Code));
                // One of them is of 2017; its code system has more codes since, all of them no longer to be used.
                Assert.Equal(Codes(expansion).Order(), ours.Where(c => !c.Code.EndsWith(".CRT", StringComparison.Ordinal)).Order());
            }
        }

        Assert.Equal(["inactive", "yesnodontknow"], compared);
    }

    [Fact]
    public void Value_sets_of_a_package_are_made_of_its_own_and_the_official_code_systems()
    {
        if (SharedData.Folder("ig/us-core/610") is not { } folder)
        {
            return;
        }

        using var file = File.OpenRead(Path.Combine(folder, "definitions.json.gz"));
        var package = PackageReader.Resources("definitions.json.gz", file);
        var resources = new ConformanceResources(() => R4Terminology.Resources().Concat(package));
        var sets = new ValueSets(resources);
        var own = new ConformanceResources(() => package).Urls("ValueSet").ToDictionary(u => u, u => sets.Expand(sets.Find(u)!, new ExpansionRequest()));

        Assert.Equal(36, own.Count);
        Assert.Equal(15, own.Values.Count(r => r is ExpansionResult.Expanded));
        Assert.All(own.Values.OfType<ExpansionResult.Refused>(), r => Assert.Matches("(are not held here|is not known here)", r.Why));
        const string Participants = "http://hl7.org/fhir/us/core/ValueSet/us-core-provenance-participant-type";
        Assert.Equal(Membership.Yes, sets.Contains(Participants, "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter"));
        Assert.Equal(Membership.Yes, sets.Contains(Participants, "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author"));
        Assert.Equal(Membership.No, sets.Contains(Participants, "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "zebedee"));
        Assert.Equal(Membership.Yes, sets.Contains("http://hl7.org/fhir/us/core/ValueSet/us-core-condition-code", "http://snomed.info/sct", "160245001"));
        Assert.Equal(Membership.Unknown, sets.Contains("http://hl7.org/fhir/us/core/ValueSet/us-core-condition-code", "http://snomed.info/sct", "1"));
    }

    private static IEnumerable<(string? System, string Code)> Codes(JsonElement parent) =>
        parent.TryGetProperty("contains", out var contains)
            ? contains.EnumerateArray().SelectMany(c => Codes(c).Prepend((c.TryGetProperty("system", out var s) ? s.GetString() : null, c.TryGetProperty("code", out var code) ? code.GetString()! : "")).Where(p => p.Item2.Length > 0))
            : [];
}
