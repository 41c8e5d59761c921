// The official FHIRPath suite for R4: FHIR/fhir-test-cases, r4/fhirpath/tests-fhir-r4.xml.
using System.Text.Json;
using System.Xml.Linq;
using HealthLedger.Conformance;
using HealthLedger.Fhir.FhirPath;
using Xunit.Abstractions;

namespace HealthLedger.Fhir.Tests.FhirPath;

public sealed class OfficialSuite(ITestOutputHelper output)
{
    [Fact]
    [Trait("Suite", "Conformance")]
    public void The_official_suite_keeps_its_score()
    {
        var folder = SharedData.Folder("fhirpath/r4");
        if (folder is null)
        {
            output.WriteLine("SKIPPED: ../shared/data/fhirpath is absent");
            return;
        }
        var suite = XDocument.Load(Path.Combine(folder, "fhirpath", "tests-fhir-r4.xml"));
        var inputs = new Dictionary<string, JsonElement>();
        var kept = File.ReadAllLines(Path.Combine(SharedData.Repository(), "tests", "HealthLedger.Fhir.Tests", "FhirPath", "official-suite-exceptions.txt"))
            .Where(l => l.Length > 0 && l[0] != '#').ToDictionary(l => l[..l.IndexOf(':', StringComparison.Ordinal)], l => l[(l.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        var exceptions = new List<string>();
        var failed = new List<string>();
        int passed = 0, total = 0;
        foreach (var test in suite.Descendants("test"))
        {
            total++;
            var fault = Run(test, folder, inputs);
            if (fault is null) passed++;
            else
            {
                var name = test.Attribute("name")?.Value ?? "";
                failed.Add(name);
                exceptions.Add($"`{name}`: {kept.GetValueOrDefault(name, fault)}");
            }
        }
        exceptions.ForEach(output.WriteLine);
        new SuiteResult("FHIRPath", "official suite for R4", "http://hl7.org/fhir/R4/fhirpath.html", passed, total, exceptions).Keep();
        output.WriteLine($"FHIRPath official suite: {passed} of {total} ({100.0 * passed / total:0.0} %)");
        Assert.Equal(kept.Keys.Order(StringComparer.Ordinal), failed.Order(StringComparer.Ordinal));
    }

    private static string? Run(XElement test, string folder, Dictionary<string, JsonElement> inputs)
    {
        var expression = test.Element("expression")!;
        var invalid = expression.Attribute("invalid")?.Value;
        var expected = test.Elements("output").ToList();
        List<Item> actual;
        try
        {
            var root = NodeItem.Resource(Input(test.Attribute("inputfile")?.Value ?? "patient-example.xml", folder, inputs))!;
            // What is counted depends on no clock: a busy machine is no deadline.
            var context = new FhirPathContext { Resource = root, Deadline = long.MaxValue, IsStrict = invalid == "semantic" || test.Attribute("mode")?.Value == "strict" };
            var compiled = FhirPathExpression.Parse(expression.Value);
            actual = compiled.Evaluate(root, context).ToList();
            if (test.Attribute("predicate")?.Value == "true") actual = [BooleanItem.Of(Singles.Boolean(new Items(actual)) ?? false)];
        }
        catch (Exception e) when (e is FhirPathSyntaxException or FhirPathEvaluationException)
        {
            return invalid is null ? e.Message : null;
        }
        if (invalid is not null) return "should fail, gave " + string.Join(", ", actual.Select(Text));
        if (actual.Count != expected.Count) return $"{expected.Count} items expected, gave {string.Join(", ", actual.Select(Text))}";
        var unordered = test.Attribute("ordered")?.Value == "false";
        var texts = actual.Select(Text).ToList();
        var wanted = expected.Select(e => e.Value.Trim()).ToList();
        if (unordered)
        {
            texts.Sort(StringComparer.Ordinal);
            wanted.Sort(StringComparer.Ordinal);
        }
        for (var i = 0; i < texts.Count; i++)
            if (!Same(texts[i], wanted[i])) return $"{wanted[i]} expected, gave {texts[i]}";
        return null;
    }

    private static string Text(Item item) => (item is NodeItem node ? node.Text ?? node.RawText : item.ToString()) ?? "";

    private static bool Same(string actual, string expected)
    {
        expected = expected.TrimStart('@').TrimStart('T');
        actual = actual.TrimStart('T');
        if (actual == expected || actual == expected.TrimEnd('T')) return true;
        return decimal.TryParse(actual, out var a) && decimal.TryParse(expected, out var b) && a == b;
    }

    private static JsonElement Input(string name, string folder, Dictionary<string, JsonElement> inputs)
    {
        if (inputs.TryGetValue(name, out var known)) return known;
        var path = Path.Combine(folder, name);
        var json = name.EndsWith(".xml", StringComparison.Ordinal) ? XmlResource.Read(path).ToJsonString() : File.ReadAllText(path);
        return inputs[name] = JsonDocument.Parse(json).RootElement;
    }
}
