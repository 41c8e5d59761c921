// The official rules of R4 over the official examples, which keep them: an oracle for the engine.
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Tests.Search;
using HealthLedger.Fhir.Validation.Invariants;
using Xunit.Abstractions;

namespace HealthLedger.Fhir.Tests.FhirPath;

public sealed class InvariantTests(ITestOutputHelper output)
{
    [Fact]
    public void The_official_examples_keep_the_official_rules()
    {
        var compiled = new Dictionary<string, FhirPathExpression>(StringComparer.Ordinal);
        var broken = new List<string>();
        var checks = 0;
        foreach (var (name, bytes) in Samples.OfficialExamples().Where(e => e.Bytes.Length < 200_000))
        {
            using var document = JsonDocument.Parse(bytes);
            var root = NodeItem.Resource(document.RootElement)!;
            Walk(root, root, root);

            void Walk(NodeItem node, NodeItem resource, NodeItem container)
            {
                if (node.IsResource && node != resource) (resource, container) = (node, node.Name == "contained" ? container : node);
                if (node.Type is { } type) Check(type.Invariants);
                if (node.Definition is { } definition) Check(definition.Invariants);
                foreach (var child in node.Nodes) Walk(child, resource, container);

                void Check(IReadOnlyList<InvariantDefinition> rules)
                {
                    foreach (var rule in rules)
                    {
                        if (rule.IsWarning) continue;
                        checks++;
                        if (!compiled.TryGetValue(rule.Expression, out var expression)) compiled[rule.Expression] = expression = FhirPathExpression.Parse(rule.Expression);
                        string? fault = null;
                        var ahead = Presence.Decide(expression.Root, node.Type!, Present(node));
                        try
                        {
                            if (!expression.Holds(node, new FhirPathContext { Resource = resource, RootResource = container, IsLenient = true, IsPublished = true })) fault = "broken";
                        }
                        catch (FhirPathEvaluationException e)
                        {
                            fault = e.Message;
                        }
                        if (ahead == Presence.Truth.False != (fault is not null) && ahead != Presence.Truth.Unknown) fault = "presence says " + ahead;
                        if (fault is not null) broken.Add($"{name} {node.Name} {rule.Key}: {fault}: {rule.Expression}");
                    }
                }
            }
        }
        output.WriteLine($"{checks} checks, {broken.Count} broken");
        foreach (var line in broken) output.WriteLine(line);
        Assert.Empty(broken);
    }

    private static ulong Present(NodeItem node)
    {
        var present = 0UL;
        foreach (var child in node.Nodes) present |= node.Type!.ElementNamed(child.Name) is { } element ? 1UL << element.Index : 0;
        return present;
    }

    [Theory]
    [InlineData("Observation", "obs-6", """{"resourceType":"Observation","status":"final","code":{},"dataAbsentReason":{"text":"x"},"valueString":"v"}""", false)]
    [InlineData("Observation", "obs-6", """{"resourceType":"Observation","status":"final","code":{},"dataAbsentReason":{"text":"x"}}""", true)]
    [InlineData("Condition", "con-5", """{"resourceType":"Condition","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]},"clinicalStatus":{"text":"x"}}""", false)]
    [InlineData("Patient", "dom-3", """{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}""", false)]
    [InlineData("Patient", "dom-3", """{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":"#o"}}""", true)]
    public void A_resource_that_breaks_a_rule_is_noticed(string type, string key, string json, bool expected)
    {
        var rule = FhirDefinitions.R4.Type(type)!.Invariants.Concat(FhirDefinitions.R4.Type("DomainResource")!.Invariants).First(i => i.Key == key);
        var root = NodeItem.Resource(JsonDocument.Parse(json).RootElement)!;

        Assert.Equal(expected, FhirPathExpression.Parse(rule.Expression).Holds(root, new FhirPathContext { Resource = root, IsLenient = true, IsPublished = true }));
    }
}
