// http://hl7.org/fhir/R4/binary.html#rest: content in its own type; what a browser may not do with it.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BinaryTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private static readonly byte[] Content = [0x25, 0x50, 0x44, 0x46, 0, 0xff, 0x80, 0x0a];

    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task Content_is_created_read_and_replaced_as_it_is()
    {
        var created = (await _gateway.SendBytes(Hospital, "POST", "Binary", Content, "application/pdf", ("X-Security-Context", "Patient/patient-open"))).Is(201);
        Assert.Equal(2u, created.Growth);
        Assert.Equal("application/pdf", created.Json["contentType"]!.GetValue<string>());
        Assert.Equal("Patient/patient-open", created.Json["securityContext"]!["reference"]!.GetValue<string>());
        Assert.Equal(Convert.ToBase64String(Content), created.Json["data"]!.GetValue<string>());

        foreach (var path in new[] { $"Binary/{created.Id}", $"Binary/{created.Id}/_history/1" })
        {
            foreach (var accept in new[] { "", "*/*", "application/pdf", "image/png", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/fhir+json;q=0" })
            {
                var read = (await _gateway.Get(Hospital, path, ("Accept", accept))).Is(200);
                Assert.Equal(Content, read.Body);
                Assert.Equal("application/pdf", read.Headers["Content-Type"]);
                Assert.Equal("W/\"1\"", read.Headers["ETag"]);
                Assert.Equal(2u, read.Growth);
                Assert.NotNull(read.Receipt);
            }
        }

        foreach (var (query, accept) in new[] { ("", "application/fhir+json"), ("", "application/fhir+json, */*;q=0.1"), ("?_format=json", "application/pdf"), ("?_format=json", "") })
        {
            Assert.Equal(created.Id, (await _gateway.Get(Hospital, $"Binary/{created.Id}{query}", ("Accept", accept))).Is(200).Id);
        }

        Assert.Equal(304, (await _gateway.Get(Hospital, $"Binary/{created.Id}", ("If-None-Match", "W/\"1\""))).Status);
        var changed = (await _gateway.SendBytes(Hospital, "PUT", $"Binary/{created.Id}", "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>"u8.ToArray(), "text/xml; charset=utf-8", ("If-Match", "W/\"1\""), ("Accept", "application/fhir+json"))).Is(200);
        Assert.Equal("text/xml; charset=utf-8", changed.Json["contentType"]!.GetValue<string>());
        Assert.Equal("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", (await _gateway.Get(Hospital, $"Binary/{created.Id}")).Is(200).Text);
        (await _gateway.Delete(Hospital, $"Binary/{created.Id}")).Is(204);
        (await _gateway.Get(Hospital, $"Binary/{created.Id}", ("Accept", "application/pdf"))).IsFault(410, "deleted");
    }

    [Theory]
    [InlineData("text/html", "text/html")]
    [InlineData("image/svg+xml", "image/svg+xml")]
    [InlineData("no type at all", "application/octet-stream")]
    [InlineData("text/html; x=\u00e9", "application/octet-stream")]
    public async Task A_stored_page_is_a_download_and_runs_nowhere(string stored, string sent)
    {
        var created = (await _gateway.Post(Hospital, "Binary", new JsonObject { ["resourceType"] = "Binary", ["contentType"] = stored, ["data"] = Convert.ToBase64String("<script>alert(1)</script>"u8) })).Is(201);
        var read = (await _gateway.Get(Hospital, $"Binary/{created.Id}", ("Accept", "text/html"))).Is(200);
        Assert.Equal(sent, read.Headers["Content-Type"]);
        Assert.Equal("attachment", read.Headers["Content-Disposition"]);
        Assert.Equal("nosniff", read.Headers["X-Content-Type-Options"]);
        Assert.Contains("default-src 'none'", read.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("sandbox", read.Headers["Content-Security-Policy"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_is_the_content_unless_it_is_a_Binary_resource()
    {
        foreach (var (type, text) in new[] { ("application/fhir+json", "{\"resourceType\":\"Patient\"}"), ("application/json", "[1]"), ("application/fhir+xml", "<Patient xmlns=\"http://hl7.org/fhir\"/>"), ("application/x-www-form-urlencoded", "a=b") })
        {
            var created = (await _gateway.SendBytes(Hospital, "POST", "Binary", Encoding.UTF8.GetBytes(text), type, ("Accept", "application/fhir+json"))).Is(201);
            Assert.Equal(text, (await _gateway.Get(Hospital, $"Binary/{created.Id}")).Is(200).Text);
        }

        var resource = (await _gateway.SendBytes(Hospital, "POST", "Binary", "<Binary xmlns=\"http://hl7.org/fhir\"><contentType value=\"a/b\"/><data value=\"YQ==\"/></Binary>"u8.ToArray(), "application/fhir+xml", ("Accept", "application/fhir+json"))).Is(201);
        Assert.Equal("a", (await _gateway.Get(Hospital, $"Binary/{resource.Id}")).Is(200).Text);
        var empty = (await _gateway.Post(Hospital, "Binary", new JsonObject { ["resourceType"] = "Binary", ["contentType"] = "a/b" })).Is(201);
        Assert.Empty((await _gateway.Get(Hospital, $"Binary/{empty.Id}")).Is(200).Body);

        (await _gateway.SendBytes(Hospital, "POST", "Binary", "{\"resourceType\":\"Binary\"}"u8.ToArray(), "application/fhir+json")).IsFault(400, "required");
        (await _gateway.SendBytes(Hospital, "POST", "Binary", "{\"resourceType\":\"Bi"u8.ToArray(), "application/fhir+json")).Is(400);
        (await _gateway.SendBytes(Hospital, "POST", "Binary", "<!DOCTYPE a []><a/>"u8.ToArray(), "application/xml", ("Accept", "application/fhir+json"))).Is(400);
        (await _gateway.SendBytes(Hospital, "POST", "Binary", Content, null)).IsFault(415, "not-supported");
        (await _gateway.SendBytes(Hospital, "POST", "Binary", Content, "image/*")).IsFault(415, "not-supported");
        (await _gateway.SendBytes(Hospital, "POST", "Binary", [], "image/png")).IsFault(400, "required");
        (await _gateway.SendBytes(Hospital, "POST", "Binary", Content, "image/png", ("X-Security-Context", "Zebedee/1"))).IsFault(400, "value", "Zebedee");
        (await _gateway.SendBytes(Hospital, "POST", "Patient", Content, "image/png")).IsFault(415, "not-supported");
    }

    [Fact]
    public async Task Content_has_a_limit()
    {
        var largest = (await _gateway.SendBytes(Hospital, "POST", "Binary", new byte[NativeBinary.Maximum], "a/b", ("Prefer", "return=minimal"))).Is(201);
        Assert.Equal(NativeBinary.Maximum, (await _gateway.Get(Hospital, new Uri(largest.Headers["Location"].Split("/_history")[0]).AbsolutePath)).Is(200).Body.Length);
        (await _gateway.SendBytes(Hospital, "POST", "Binary", new byte[NativeBinary.Maximum + 1], "a/b")).IsFault(413, "too-long");
    }

    [Fact]
    public async Task Who_may_not_see_it_is_told_what_is_told_of_none()
    {
        var created = (await _gateway.SendBytes(Hospital, "POST", "Binary", Content, "application/pdf")).Is(201);
        var hidden = (await _gateway.Get(Stranger, $"Binary/{created.Id}", ("Accept", "application/pdf"))).IsFault(404, "not-found");
        Assert.Equal((await _gateway.Get(Stranger, "Binary/absent", ("Accept", "application/pdf"))).Body, hidden.Body);
        Assert.Equal(2u, hidden.Growth);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/fhir/Binary/{created.Id}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/pdf"));
        (await _gateway.Send(request)).IsFault(401, "login");
    }
}
