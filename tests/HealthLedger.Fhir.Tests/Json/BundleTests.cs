// http://hl7.org/fhir/R4/bundle.html
using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Json;

public sealed class BundleTests
{
    private static readonly DateTimeOffset Time = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [Fact]
    public void Entries_are_read_in_order_with_their_requests_and_their_resources_as_parts_of_the_text()
    {
        var json = """
            {"resourceType":"Bundle","entry":[
              {"fullUrl":"urn:uuid:1","resource": {"resourceType":"Patient","name":[{"family":"x"}]} ,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=a"}},
              {"request":{"url":"Patient/1","method":"PUT","ifMatch":"W/\"1\"","ifNoneMatch":"*","ifModifiedSince":"2020-01-01T00:00:00Z"},"link":[{"relation":"self","url":"x"}]},
              {"search":{"mode":"include","score":1}}
            ],"type":"transaction"}
            """u8.ToArray();

        var reader = new BundleReader(json);

        Assert.True(reader.IsBundle);
        Assert.Equal("transaction", reader.Type);
        var entries = reader.Entries().ToList();
        Assert.Equal([0, 1, 2], entries.Select(e => e.Index));
        Assert.Equal("urn:uuid:1", entries[0].FullUrl);
        Assert.Equal("""{"resourceType":"Patient","name":[{"family":"x"}]}""", Encoding.UTF8.GetString(entries[0].Resource.Span));
        Assert.Equal(new EntryRequest("POST", "Patient", null, null, "identifier=a", null), entries[0].Request);
        Assert.Equal(new EntryRequest("PUT", "Patient/1", "W/\"1\"", "*", null, "2020-01-01T00:00:00Z"), entries[1].Request);
        Assert.True(entries[1].Resource.IsEmpty);
        Assert.Null(entries[2].Request);
        Assert.Equal("include", entries[2].SearchMode);
        Assert.Null(reader.Next());
    }

    [Theory]
    [InlineData("""{"resourceType":"Bundle","type":"batch"}""", true)]
    [InlineData("""{"resourceType":"Bundle","type":"batch","entry":[]}""", true)]
    [InlineData("""{"resourceType":"Bundle","type":"batch","entry":{}}""", true)]
    [InlineData("""{"resourceType":"Patient"}""", false)]
    [InlineData("[]", false)]
    public void A_bundle_without_entries_has_none(string json, bool isBundle)
    {
        var reader = new BundleReader(Encoding.UTF8.GetBytes(json));

        Assert.Equal(isBundle, reader.IsBundle);
        Assert.Null(reader.Next());
    }

    [Theory]
    [InlineData("""{"resourceType":"Bundle","entry":[{"fullUrl":"\ud800","request":{"method":"\udfff","url":"x"}}]}""")]
    [InlineData("""{"resourceType":"Bundle","\ud800":1,"entry":[{"\udc00":[],"request":{"\ud800":{},"url":"x"}}]}""")]
    [InlineData("""{"resourceType":"Bundle","type":"\ud800","entry":[{"fullUrl":{},"request":{"method":[1,{}],"url":"x"}}]}""")]
    [InlineData("""{"resourceType":"Bundle","entry":[{"request":[{"method":"GET"}]}]}""")]
    [InlineData("""{"resourceType":"Bundle","entry":[{"request":"x","search":1}]}""")]
    public void What_is_not_well_formed_in_an_entry_is_read_as_absent(string json)
    {
        var reader = new BundleReader(Encoding.UTF8.GetBytes(json));

        var entry = Assert.Single(reader.Entries());
        Assert.Null(reader.Type);
        Assert.Null(entry.FullUrl);
        Assert.Null(entry.Request?.Method);
        Assert.Equal(json.IndexOf("entry\":[", StringComparison.Ordinal) + 8, entry.Place.Start.Value);
        Assert.Equal(json.Length - 2, entry.Place.End.Value);
    }

    [Fact]
    public void Entries_read_are_those_of_a_json_document()
    {
        foreach (var (name, json) in ExampleFiles.Of("synthea").Take(12))
        {
            using var document = JsonDocument.Parse(json);
            var expected = document.RootElement.GetProperty("entry").EnumerateArray().ToList();

            var entries = new BundleReader(json).Entries().ToList();

            Assert.Equal(expected.Count, entries.Count);
            for (var i = 0; i < expected.Count; i += 7)
            {
                Assert.Equal(expected[i].GetProperty("resource").GetRawText(), Encoding.UTF8.GetString(entries[i].Resource.Span));
                Assert.True(expected[i].GetProperty("request").GetProperty("url").GetString() == entries[i].Request!.Url, name);
            }
        }
    }

    [Fact]
    public void A_searchset_is_written_as_it_comes()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new BundleWriter(output, "searchset", "b", Time, 7))
        {
            writer.Link("self", "http://a.example/Patient?name=a%20b&x=ä");
            writer.Link("next", "http://a.example/n");
            writer.Entry(new(FullUrl: "http://a.example/Patient/1", Resource: """{"resourceType":"Patient","id":"1","multipleBirthInteger":1}"""u8.ToArray(), SearchMode: "match"));
            writer.Finish();
        }

        Assert.Empty(ResourceValidator.Validate(output.WrittenMemory, "Bundle").Issues);
        Assert.Equal(
            """{"resourceType":"Bundle","id":"b","meta":{"lastUpdated":"2026-02-03T04:05:06.000Z"},"type":"searchset","total":7,"link":[{"relation":"self","url":"http://a.example/Patient?name=a%20b&x=ä"},{"relation":"next","url":"http://a.example/n"}],"entry":[{"fullUrl":"http://a.example/Patient/1","resource":{"resourceType":"Patient","id":"1","multipleBirthInteger":1},"search":{"mode":"match"}}]}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Responses_and_history_are_written()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new BundleWriter(output, "history"))
        {
            writer.Entry(new(RequestMethod: "DELETE", RequestUrl: "Patient/1", Response: new("204", ETag: "W/\"2\"", LastModified: Time)));
            writer.Entry(new(RequestMethod: "PUT", RequestUrl: "Patient/1", Response: new("400", "http://a.example/Patient/1/_history/1", Outcome: OperationOutcomeJson.From([]))));
            writer.Finish();
        }

        Assert.Empty(ResourceValidator.Validate(output.WrittenMemory, "Bundle").Issues);
        var bundle = JsonNode.Parse(output.WrittenSpan)!;
        Assert.Equal("204", (string?)bundle["entry"]![0]!["response"]!["status"]);
        Assert.Equal("OperationOutcome", (string?)bundle["entry"]![1]!["response"]!["outcome"]!["resourceType"]);
        Assert.Null(bundle["link"]);
    }

    [Fact]
    public void A_bundle_without_entries_or_links_is_valid()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new BundleWriter(output, "searchset", total: 0))
        {
            writer.Finish();
        }

        Assert.Empty(ResourceValidator.Validate(output.WrittenMemory, "Bundle").Issues);
    }

    [Fact]
    public void Links_after_entries_and_anything_after_the_end_are_refused()
    {
        using var writer = new BundleWriter(new ArrayBufferWriter<byte>(), "searchset");
        writer.Entry(new(FullUrl: "urn:uuid:1"));
        Assert.Throws<InvalidOperationException>(() => writer.Link("self", "x"));
        writer.Finish();
        Assert.Throws<InvalidOperationException>(() => writer.Entry(new(FullUrl: "urn:uuid:2")));
    }
}
