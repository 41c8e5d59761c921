// http://hl7.org/fhir/R4/http.html#mime-type, http://hl7.org/fhir/R4/http.html#parameters (_format, _pretty), http://hl7.org/fhir/R4/xml.html
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class FormatTests : IAsyncLifetime
{
    private const string FhirXml = "application/fhir+xml";

    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start();
        (await _gateway.Put(Hospital, "Practitioner/p", Records.Practitioner("p", "Format"))).Is(201);
    }

    public Task DisposeAsync() => _gateway.DisposeAsync().AsTask();

    [Theory]
    [InlineData("", "", "application/fhir+json")]
    [InlineData("", "*/*", "application/fhir+json")]
    [InlineData("", "application/*", "application/fhir+json")]
    [InlineData("", "application/fhir+json", "application/fhir+json")]
    [InlineData("", "application/json", "application/json")]
    [InlineData("", "text/json;q=0.1", "text/json")]
    [InlineData("", "application/fhir+json; fhirVersion=4.0", "application/fhir+json")]
    [InlineData("", "application/fhir+xml", "application/fhir+xml")]
    [InlineData("", "application/xml", "application/xml")]
    [InlineData("", "text/xml", "text/xml")]
    [InlineData("", "APPLICATION/FHIR+XML; charset=\"UTF-8\"", "application/fhir+xml")]
    [InlineData("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml")]
    [InlineData("", "application/fhir+json;q=0.5, application/fhir+xml", "application/fhir+xml")]
    [InlineData("", "application/fhir+xml, application/fhir+json", "application/fhir+xml")]
    [InlineData("", "application/fhir+json, application/fhir+xml", "application/fhir+json")]
    [InlineData("", "*/*, application/fhir+xml", "application/fhir+xml")]
    [InlineData("", "application/fhir+json;q=0, */*", "application/fhir+xml")]
    [InlineData("", "text/html, application/fhir+xml;q=0.9, */*;q=0.1", "application/fhir+xml")]
    [InlineData("_format=xml", "application/fhir+json", "application/fhir+xml")]
    [InlineData("_format=json", "text/html", "application/fhir+json")]
    [InlineData("_format=text/xml", "", "text/xml")]
    [InlineData("_format=application/fhir+xml", "", "application/fhir+xml")]
    [InlineData("_format=application/fhir%2Bxml", "", "application/fhir+xml")]
    [InlineData("_format=application/fhir%2Bjson%3B%20charset%3Dutf-8", "", "application/fhir+json")]
    [InlineData("_format=APPLICATION/JSON", "", "application/json")]
    public async Task The_form_of_an_answer_is_what_the_client_likes_best(string query, string accept, string expected)
    {
        foreach (var path in new[] { "Practitioner/p", "Practitioner", "Practitioner/absent", "metadata" })
        {
            var answer = await _gateway.Get(Hospital, query.Length == 0 ? path : $"{path}?{query}", ("Accept", accept));
            Assert.Equal(expected + "; charset=utf-8", answer.Headers["Content-Type"]);
            var json = expected.EndsWith("xml", StringComparison.Ordinal) ? Json(answer) : answer.Json;
            Assert.Equal(path switch { "Practitioner/p" => "Practitioner", "Practitioner" => "Bundle", "metadata" => "CapabilityStatement", _ => "OperationOutcome" }, json["resourceType"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("", "text/html")]
    [InlineData("", "zebedee")]
    [InlineData("", "application/fhir+xml;q=0, application/fhir+json;q=0, application/json;q=0")]
    [InlineData("", "application/fhir+json; fhirVersion=3.0")]
    [InlineData("", "application/fhir+xml; charset=iso-8859-1")]
    [InlineData("", "application/fhir+turtle")]
    [InlineData("_format=html", "")]
    [InlineData("_format=ttl", "application/fhir+json")]
    [InlineData("_format=", "")]
    [InlineData("_format=json&_format=xml", "")]
    public async Task A_form_that_is_not_served_is_refused(string query, string accept)
    {
        var answer = (await _gateway.Get(Hospital, "Practitioner/p?" + query, ("Accept", accept))).IsFault(406, "not-supported", "zebedee");
        Assert.Equal(0u, answer.Growth);
    }

    // RFC 9110 section 15.5.16: nothing is unpacked, and what says that it is packed is not read as if it were not.
    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 401)]
    public async Task A_compressed_body_is_refused(string coding, int status)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/fhir/Patient") { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/fhir+json") };
        request.Content.Headers.ContentEncoding.Add(coding);
        Assert.Equal(status, (await _gateway.Send(request)).Status);
    }

    [Fact]
    public async Task Bodies_are_json_or_xml_by_their_content_type()
    {
        var json = Encoding.UTF8.GetBytes(Records.Practitioner(null, "Media").ToJsonString());
        var xml = XmlResource.Write(json);
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "json json json", "application/fhir+json; charset=utf-16", "application/fhir+xml; fhirVersion=5.0", "application/*", null })
        {
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", json, type)).IsFault(415, "not-supported");
        }

        foreach (var type in new[] { "application/json", "text/json", "application/fhir+json; charset=utf-8", "application/fhir+json;fhirVersion=4.0" })
        {
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", json, type)).Is(201);
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", xml, type)).IsFault(400, "structure", "Media");
        }

        foreach (var type in new[] { "application/xml", "text/xml; charset=UTF-8", FhirXml })
        {
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", xml, type, ("Accept", "application/fhir+json"))).Is(201);
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", json, type, ("Accept", "application/fhir+json"))).IsFault(400, "structure", "Media");
        }
    }

    [Fact]
    public async Task What_is_written_as_xml_is_read_as_json_and_the_other_way_round()
    {
        var record = Records.Observation(null, "nobody", value: 7.250m);
        var created = await _gateway.SendBytes(Hospital, "POST", "Observation", XmlResource.Write(Encoding.UTF8.GetBytes(record.ToJsonString())), FhirXml);
        var id = Json(created.Is(201))["id"]!.GetValue<string>();
        Assert.Equal(FhirXml + "; charset=utf-8", created.Headers["Content-Type"]);

        var read = (await _gateway.Get(Hospital, "Observation/" + id)).Is(200);
        Assert.Contains("\"value\":7.250,", read.Text, StringComparison.Ordinal);
        var asXml = await _gateway.Get(Hospital, "Observation/" + id, ("Accept", FhirXml));
        Assert.Equal(read.Headers["ETag"], asXml.Headers["ETag"]);
        Assert.True(JsonNode.DeepEquals(read.Json, Json(asXml)), asXml.Text);

        var changed = read.Text.Replace("7.250", "7.2500", StringComparison.Ordinal);
        var updated = await _gateway.SendBytes(Hospital, "PUT", "Observation/" + id, XmlResource.Write(Encoding.UTF8.GetBytes(changed)), FhirXml, ("If-Match", "W/\"1\""), ("Accept", "application/fhir+json"));
        Assert.Contains("\"value\":7.2500,", updated.Is(200).Text, StringComparison.Ordinal);
        Assert.Equal("OperationOutcome", Json(await _gateway.SendBytes(
            Hospital, "PUT", "Observation/" + id, XmlResource.Write(updated.Body), FhirXml, ("Prefer", "return=OperationOutcome")))["resourceType"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_transaction_in_xml_answers_in_xml()
    {
        var bundle = Records.Bundle(
            "transaction",
            Records.Entry("POST", "Practitioner", Records.Practitioner(null, "One"), "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
            Records.Entry("GET", "Practitioner/p"),
            Records.Entry("GET", "Practitioner?family=Format"));
        var answer = Json((await _gateway.SendBytes(Hospital, "POST", "", XmlResource.Write(Encoding.UTF8.GetBytes(bundle.ToJsonString())), FhirXml)).Is(200));
        Assert.Equal("transaction-response", answer["type"]!.GetValue<string>());
        Assert.Equal(["201 Created", "200 OK", "200 OK"], answer["entry"]!.AsArray().Select(e => e!["response"]!["status"]!.GetValue<string>()));
        Assert.Equal("p", answer["entry"]![2]!["resource"]!["entry"]![0]!["resource"]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Faults_of_xml_are_told_at_its_own_lines_in_the_form_asked_for()
    {
        const string Wrong = "<Practitioner xmlns=\"http://hl7.org/fhir\">\n <active value=\"Zebedee\"/>\n <zebedee/>\n</Practitioner>";
        var structure = (await _gateway.SendBytes(Hospital, "POST", "Practitioner", Encoding.UTF8.GetBytes(Wrong), FhirXml, ("Accept", "application/fhir+json"))).IsFault(400, "value", "Zebedee");
        Assert.Equal(["Practitioner.active", "Practitioner.zebedee"], structure.Places);
        Assert.Contains("line 3, column 3", structure.Text, StringComparison.Ordinal);

        const string Invalid = "<Practitioner xmlns=\"http://hl7.org/fhir\">\n <gender value=\"Zebedee\"/>\n <birthDate value=\"Zebedee\"/>\n</Practitioner>";
        var content = Json((await _gateway.SendBytes(Hospital, "POST", "Practitioner", Encoding.UTF8.GetBytes(Invalid), FhirXml)).Is(400));
        Assert.Equal(["line 2, column 3", "line 3, column 3"], content["issue"]!.AsArray().Select(i => i!["location"]![0]!.GetValue<string>()));

        foreach (var hostile in new[] { "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><Practitioner xmlns=\"http://hl7.org/fhir\"><language value=\"&b;\"/></Practitioner>", "<", "", "\ufffe" })
        {
            (await _gateway.SendBytes(Hospital, "POST", "Practitioner", Encoding.UTF8.GetBytes(hostile), FhirXml, ("Accept", "application/fhir+json"))).IsFault(400, "structure", "passwd");
        }
    }

    [Fact]
    public async Task Pretty_answers_say_the_same()
    {
        foreach (var path in new[] { "Practitioner/p", "Practitioner?family=Format", "Practitioner/absent" })
        {
            var join = path.Contains('?', StringComparison.Ordinal) ? "&" : "?";
            var (plain, pretty) = (await _gateway.Get(Hospital, path), await _gateway.Get(Hospital, path + join + "_pretty=true"));
            Assert.Contains("\n  \"", pretty.Text, StringComparison.Ordinal);
            Assert.True(JsonNode.DeepEquals(Unlinked(plain.Json), Unlinked(pretty.Json)), pretty.Text);
            var xml = await _gateway.Get(Hospital, path + join + "_pretty=true&_format=xml");
            Assert.Contains("\n  <", xml.Text, StringComparison.Ordinal);
            Assert.True(JsonNode.DeepEquals(Unlinked(plain.Json), Unlinked(Json(xml))), xml.Text);
            Assert.Equal(plain.Text, (await _gateway.Get(Hospital, path + join + "_pretty=false")).Text.Replace("&_pretty=false", "", StringComparison.Ordinal));
        }

        (await _gateway.Get(Hospital, "Practitioner/p?_pretty=zebedee")).IsFault(400, "value", "zebedee");

        // Links carry the form on.
        static JsonNode Unlinked(JsonNode json)
        {
            var without = json.DeepClone().AsObject();
            without.Remove("link");
            return without;
        }
    }

    [Fact]
    public async Task A_search_by_form_may_name_its_form_there()
    {
        var answer = await _gateway.SendBytes(Hospital, "POST", "Practitioner/_search", "family=Format&_format=xml"u8.ToArray(), "application/x-www-form-urlencoded");
        Assert.Equal("p", Json(answer.Is(200))["entry"]![0]!["resource"]!["id"]!.GetValue<string>());
        (await _gateway.SendBytes(Hospital, "POST", "Practitioner/_search", "family=Format&_format=html"u8.ToArray(), "application/x-www-form-urlencoded")).IsFault(406, "not-supported");
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_told_so_in_the_form_asked_for()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fhir/Practitioner/p");
        request.Headers.TryAddWithoutValidation("Accept", FhirXml);
        Assert.Equal("OperationOutcome", Json((await _gateway.Send(request)).Is(401))["resourceType"]!.GetValue<string>());
    }

    /// <summary>An answer in XML as JSON.</summary>
    private static JsonNode Json(Answer answer)
    {
        var reading = XmlResource.Read(answer.Body);
        Assert.True(reading.Issues.Count == 0, answer.Text);
        Assert.True(ResourceValidator.Validate(reading.Json).IsValid, answer.Text);
        return JsonNode.Parse(reading.Json.Span)!;
    }
}
