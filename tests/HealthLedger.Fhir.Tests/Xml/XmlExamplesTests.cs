// http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/json.html: the two forms say the same
using HealthLedger.Conformance;
using System.Text.Json;
using System.Xml;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Fhir.Tests.Xml;

public sealed class XmlExamplesTests
{
    [Theory]
    [InlineData("r4-examples", 500)]
    [InlineData("ig", 100)]
    [Trait("Suite", "Conformance")]
    public void Every_published_resource_survives_the_way_through_XML_unchanged(string folder, int atLeast)
    {
        var files = ExampleFiles.Of(folder).ToList();
        var done = 0;
        var isOfTheSpecification = folder == "r4-examples";
        foreach (var (name, json) in files)
        {
            // Those of the specification, the ones too that break a rule of it; of the guides some are of other releases.
            if (!isOfTheSpecification && !ResourceValidator.Validate(json).IsValid)
            {
                continue;
            }

            done++;
            var back = XmlResource.Read(XmlResource.Write(json, isPretty: done % 2 == 0));
            Assert.True(back.Issues.Count == 0, $"{name}: {string.Join("; ", back.Issues)}");
            SameJson.Assert(name, json, back.Json);
        }

        Assert.True(files.Count == 0 || done >= atLeast, $"{done} of {files.Count}");
        if (done > 0)
        {
            // Any that differs has failed above.
            new SuiteResult("formats", $"JSON to XML to JSON unchanged: {(isOfTheSpecification ? "all" : "valid")} resources of {folder}", "http://hl7.org/fhir/R4/xml.html", done, done, []).Keep();
        }
    }

    [Fact]
    public void Published_XML_is_read_and_written_again_the_same()
    {
        var done = 0;
        foreach (var file in Published())
        {
            // Some are wrong on purpose, and some are of other releases.
            var reading = XmlResource.Read(File.ReadAllBytes(file));
            if (reading.Issues.Count > 0 || !ResourceValidator.Validate(reading.Json).IsValid)
            {
                continue;
            }

            done++;
            var again = XmlResource.Read(XmlResource.Write(reading.Json));
            Assert.Empty(again.Issues);
            SameJson.Assert(Path.GetFileName(file), reading.Json, again.Json);
            Assert.Equal(Values(Load(File.OpenRead(file))), Values(Load(new MemoryStream(XmlResource.Write(reading.Json)))));
        }

        Assert.True(SharedData.Folder("validator") is null || done >= 20, $"{done}");
    }

    private static IEnumerable<string> Published() =>
        new[] { "validator", "fhirpath" }.Select(SharedData.Folder).OfType<string>().SelectMany(f => Directory.EnumerateFiles(f, "*.xml", SearchOption.AllDirectories)).Order(StringComparer.Ordinal);

    private static XmlDocument Load(Stream stream)
    {
        var document = new XmlDocument { XmlResolver = null };
        using var reader = XmlReader.Create(stream, new XmlReaderSettings { CloseInput = true });
        document.Load(reader);
        return document;
    }

    /// <summary>Paths and values of all FHIR attributes, in the order of the document.</summary>
    private static List<string> Values(XmlDocument document) =>
        [.. document.SelectNodes("//*[namespace-uri()='http://hl7.org/fhir']/@*")!.Cast<XmlAttribute>()
            .Where(a => a.NamespaceURI.Length == 0)
            .Select(a => $"{Place(a.OwnerElement!)}/@{a.Name}={a.Value}").Order(StringComparer.Ordinal)];

    private static string Place(XmlNode node) => node.ParentNode is XmlElement parent ? $"{Place(parent)}/{node.LocalName}" : node.LocalName;
}

/// <summary>Compares what two JSON texts say: names in any order, numbers by their text.</summary>
internal static class SameJson
{
    public static void Assert(string name, ReadOnlyMemory<byte> expected, ReadOnlyMemory<byte> actual)
    {
        using var one = JsonDocument.Parse(expected);
        using var other = JsonDocument.Parse(actual);
        var difference = Difference(one.RootElement, other.RootElement, "$");
        Xunit.Assert.True(difference is null, $"{name}: {difference}");
    }

    private static string? Difference(JsonElement one, JsonElement other, string path)
    {
        if (one.ValueKind != other.ValueKind)
        {
            return $"{path}: {one.ValueKind} became {other.ValueKind}";
        }

        switch (one.ValueKind)
        {
            case JsonValueKind.Object:
                var names = one.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal).ToList();
                if (!names.SequenceEqual(other.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)))
                {
                    return $"{path}: other properties";
                }

                return names.Select(n => Difference(one.GetProperty(n), other.GetProperty(n), $"{path}.{n}")).FirstOrDefault(d => d is not null);
            case JsonValueKind.Array:
                return one.GetArrayLength() != other.GetArrayLength()
                    ? $"{path}: other length"
                    : one.EnumerateArray().Zip(other.EnumerateArray()).Select((p, i) => Difference(p.First, p.Second, $"{path}[{i}]")).FirstOrDefault(d => d is not null);
            case JsonValueKind.String:
                return one.GetString() == other.GetString() ? null : $"{path}: {Show(one.GetString()!, other.GetString()!)}";
            default:
                return one.GetRawText() == other.GetRawText() ? null : $"{path}: {one.GetRawText()} became {other.GetRawText()}";
        }
    }

    private static string Show(string one, string other)
    {
        var at = one.Zip(other).TakeWhile(p => p.First == p.Second).Count();
        return $"from {at}: {one[at..Math.Min(one.Length, at + 40)]} became {other[at..Math.Min(other.Length, at + 40)]}";
    }
}
