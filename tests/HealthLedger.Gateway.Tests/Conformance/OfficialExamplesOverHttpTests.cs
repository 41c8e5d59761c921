// http://hl7.org/fhir/R4/http.html#update, #read and http://hl7.org/fhir/R4/search.html#searchinputs: the specification's own examples, over HTTP.
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Conformance;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Search;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Conformance;

[Trait("Suite", "Conformance")]
public sealed class OfficialExamplesOverHttpTests(ITestOutputHelper output)
{
    /// <summary>No example of the specification is longer than 1 MiB, but for one guide that no server stores.</summary>
    private const int Largest = 1 << 20;

    [Fact]
    public async Task Every_example_is_stored_read_back_unchanged_and_found_by_its_own_parameters()
    {
        if (Folder() is not { } folder)
        {
            output.WriteLine("SKIPPED: ../shared/data/r4-examples is absent");
            return;
        }

        // A clock that stands still: tokens count for as long as a slow machine takes, and nothing depends on the day.
        await using var gateway = await TestGateway.Start(new TestClock());
        var (stored, refused, changed) = (new List<JsonObject>(), new List<string>(), new List<string>());
        var total = 0;
        foreach (var (name, json) in Examples(folder))
        {
            total++;
            var (type, id) = (json["resourceType"]!.GetValue<string>(), json["id"]?.GetValue<string>());
            if (id is null)
            {
                json["id"] = id = "example-without-id-" + type.ToLowerInvariant();
            }

            var answer = await gateway.Put(Hospital, $"{type}/{id}", json);
            if (answer.Status is not (200 or 201))
            {
                refused.Add($"`{name}`: {answer.Status}: {Told(answer)}");
                continue;
            }

            var read = (await gateway.Get(Hospital, $"{type}/{id}", ("Accept", "application/fhir+json"))).Json.AsObject();
            if (!JsonNode.DeepEquals(Own(read), Own(json)))
            {
                changed.Add($"`{name}` came back changed");
            }

            stored.Add(json);
        }

        refused.ForEach(output.WriteLine);
        changed.ForEach(output.WriteLine);
        new SuiteResult("over HTTP", "official examples but Consents and Parameters, stored by update as create", "http://hl7.org/fhir/R4/http.html#upsert", total - refused.Count, total, refused).Keep();
        new SuiteResult("over HTTP", "stored examples read back unchanged", "http://hl7.org/fhir/R4/http.html#read", stored.Count - changed.Count, stored.Count, changed).Keep();
        Assert.Empty(changed);
        await FindByOwnParameters(gateway, stored);
    }

    private async Task FindByOwnParameters(TestGateway gateway, List<JsonObject> stored)
    {
        var (tried, lost) = (new Dictionary<SearchParameterType, int>(), new Dictionary<SearchParameterType, List<string>>());
        foreach (var kind in Enum.GetValues<SearchParameterType>())
        {
            (tried[kind], lost[kind]) = (0, []);
        }

        foreach (var json in stored)
        {
            var (type, id) = (json["resourceType"]!.GetValue<string>(), json["id"]!.GetValue<string>());
            using var document = JsonDocument.Parse(json.ToJsonString());
            var root = NodeItem.Resource(document.RootElement)!;
            foreach (var parameter in SearchQuery.ServedParameters(type).Where(p => !p.Code.StartsWith('_')))
            {
                if (OwnValue.Of(parameter, root) is not { } value)
                {
                    continue;
                }

                tried[parameter.Type]++;
                var query = $"{type}?_id={id}&{parameter.Code}={Uri.EscapeDataString(value)}";
                var answer = await gateway.Get(Hospital, query);
                if (answer.Status != 200 || !answer.Ids.Contains(id))
                {
                    lost[parameter.Type].Add($"`{query}`: {(answer.Status == 200 ? "not found" : $"{answer.Status}: {Told(answer)}")}");
                }
            }
        }

        foreach (var (kind, count) in tried.Where(t => t.Value > 0))
        {
            lost[kind].ForEach(output.WriteLine);
            new SuiteResult(
                "search", $"examples found by a value of their own, {kind.ToString().ToLowerInvariant()} parameters", "http://hl7.org/fhir/R4/search.html#ptypes",
                count - lost[kind].Count, count, lost[kind]).Keep();
        }
    }

    private static string Told(Answer answer) => answer.Json["issue"]?[0] is { } issue ? $"{issue["diagnostics"]?.GetValue<string>()} {issue["expression"]?[0]?.GetValue<string>()}".Trim() : "";

    /// <summary>Without what the server adds.</summary>
    private static JsonObject Own(JsonObject resource)
    {
        var own = resource.DeepClone().AsObject();
        if (own["meta"] is JsonObject meta)
        {
            meta.Remove("versionId");
            meta.Remove("lastUpdated");
            if (meta.Count == 0)
            {
                own.Remove("meta");
            }
        }

        return own;
    }

    private static IEnumerable<(string Name, JsonObject Json)> Examples(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.json*").Order(StringComparer.Ordinal))
        {
            using Stream raw = File.OpenRead(file);
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            // A Consent would be enforced from then on, against the tests themselves; Parameters have no endpoint.
            if (bytes.Length <= Largest && JsonNode.Parse(bytes.ToArray()) is JsonObject json && json["resourceType"]!.GetValue<string>() is not ("Consent" or "Parameters"))
            {
                yield return (Path.GetFileName(file), json);
            }
        }
    }

    private static string? Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var found = Path.Combine(folder.FullName, "..", "shared", "data", "r4-examples");
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                return Directory.Exists(found) ? found : null;
            }
        }

        return null;
    }
}
