// Bad input has a clear answer and changes nothing: http://hl7.org/fhir/R4/http.html (status codes), json.html, operationoutcome.html; docs/errors.md.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BadInputTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Json = "application/fhir+json";
    private readonly TestGateway _gateway = hospital.Gateway;

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "", "structure", "" },
        { "no json at all Zebedee", "structure", "" },
        { "{\"resourceType\":\"Observation\"", "structure", "" },
        { "[]", "structure", "" },
        { "null", "structure", "" },
        { "{\"resourceType\":\"Patient\"}", "invalid", "" },
        { "{\"resourceType\":\"Observations\"}", "", "" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\"},\"zebedee\":1}", "structure", "Observation.zebedee" },
        { "{\"resourceType\":\"Observation\",\"status\":\"Zebedee\",\"code\":{\"text\":\"a\"}}", "code-invalid", "Observation.status" },
        { "{\"resourceType\":\"Observation\",\"status\":7,\"code\":{\"text\":\"a\"}}", "", "Observation.status" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":\"Zebedee\"}", "structure", "Observation.code" },
        { "{\"resourceType\":\"Observation\",\"code\":{\"text\":\"a\"}}", "required", "Observation.status" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\"},\"effectiveDateTime\":\"Zebedee\"}", "value", "Observation.effective" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\"},\"status\":\"final\"}", "structure", "Observation.status" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\"},\"valueString\":\"a\",\"valueInteger\":1}", "structure", "Observation.value" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"\"}}", "", "Observation.code.text" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_that_is_no_such_resource_is_refused_with_the_place(string body, string code, string place)
    {
        var answer = (await _gateway.SendBytes(Hospital, "POST", "Observation", Encoding.UTF8.GetBytes(body), Json)).IsFault(400, code.Length > 0 ? code : await AnyCode(body), "Zebedee");
        Assert.True(place.Length == 0 || answer.Places.Any(p => p.StartsWith(place, StringComparison.Ordinal)), answer.Text);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task Invalid_utf8_and_a_lone_surrogate_are_refused()
    {
        byte[] body = [.. "{\"resourceType\":\"Patient\",\"birthDate\":\"1970\",\"language\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        (await _gateway.SendBytes(Hospital, "POST", "Patient", body, Json)).IsFault(400, "structure");
        (await _gateway.SendBytes(Hospital, "POST", "Patient", "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\\ud800\"}]}"u8.ToArray(), Json)).Is(400);
    }

    [Fact]
    public async Task Deep_nesting_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"extension\":[", 5000)) + string.Concat(Enumerable.Repeat("]}", 5000));
        var answer = await _gateway.SendBytes(Hospital, "POST", "Patient", Encoding.UTF8.GetBytes("{\"resourceType\":\"Patient\",\"extension\":[" + deep + "]}"), Json);
        Assert.Equal(400, answer.Status);
        Assert.Equal("OperationOutcome", answer.Json["resourceType"]!.GetValue<string>());
    }

    [Fact]
    public async Task All_faults_of_a_body_are_named_at_once()
    {
        var answer = (await _gateway.Post(Hospital, "Observation", new JsonObject { ["resourceType"] = "Observation", ["status"] = "Zebedee", ["zebedee"] = true })).IsFault(400, "code-invalid", "Zebedee");
        Assert.True(answer.Codes.Length >= 3, answer.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_16_MiB_is_refused_whether_or_not_its_length_is_said(bool isChunked)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/fhir/Patient");
        request.Headers.Authorization = new("Bearer", await _gateway.Token(Hospital));
        request.Headers.ExpectContinue = true;
        request.Headers.TransferEncodingChunked = isChunked;
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("{\"resourceType\":\"Patient\",\"birthDate\":\"1970\"" + new string(' ', 16 * 1024 * 1024) + "}"));
        request.Content.Headers.ContentType = new("application/fhir+json");
        var answer = (await _gateway.Send(request)).IsFault(413, "too-long");
        Assert.Equal(0u, answer.Growth);
    }

    [Theory]
    [InlineData("GET", "Zebedee", 404, "not-supported")]
    [InlineData("GET", "Zebedee/1", 404, "not-supported")]
    [InlineData("GET", "observation", 404, "not-supported")]
    [InlineData("GET", "Patient/with space", 400, "value")]
    [InlineData("GET", "Patient/under_score", 400, "value")]
    [InlineData("GET", "Patient/12345678901234567890123456789012345678901234567890123456789012345", 400, "value")]
    [InlineData("DELETE", "_history", 405, "not-supported")]
    [InlineData("POST", "Patient/_history", 405, "not-supported")]
    [InlineData("PUT", "Patient/a/_history", 405, "not-supported")]
    [InlineData("GET", "Patient/a/b/c/d", 404, "not-supported")]
    [InlineData("GET", "Patient/a/Bogus", 404, "not-supported")]
    [InlineData("GET", "Organization/a/Patient", 404, "not-supported")]
    [InlineData("POST", "Organization/a/Patient/_search", 404, "not-supported")]
    [InlineData("DELETE", "Patient?gender=", 400, "value")]
    [InlineData("DELETE", "Patient?_id=a&gender=", 400, "value")]
    [InlineData("PATCH", "Patient/a", 415, "not-supported")]
    [InlineData("PATCH", "Patient", 405, "not-supported")]
    [InlineData("PUT", "Patient", 405, "not-supported")]
    [InlineData("DELETE", "Patient", 405, "not-supported")]
    [InlineData("POST", "Patient/a", 405, "not-supported")]
    [InlineData("POST", "metadata", 405, "not-supported")]
    [InlineData("GET", "$zebedee", 404, "not-supported")]
    [InlineData("GET", "Patient/$zebedee", 404, "not-supported")]
    [InlineData("POST", "Patient/a/$zebedee", 404, "not-supported")]
    [InlineData("GET", "Patient/a/_history/1/$zebedee", 404, "not-supported")]
    [InlineData("GET", "Zebedee/$zebedee", 404, "not-supported")]
    [InlineData("GET", "Patient/under_score/$zebedee", 400, "value")]
    [InlineData("DELETE", "Patient?zebedee=male", 400, "not-supported")]
    [InlineData("DELETE", "Patient?", 400, "value")]
    [InlineData("DELETE", "Patient?_count=1", 400, "value")]
    public async Task What_is_not_served_is_said_to_be_so(string method, string path, int status, string code)
    {
        var answer = (await _gateway.Send(Hospital, method, path)).IsFault(status, code);
        Assert.Equal(0u, answer.Growth);
    }

    [Theory]
    [InlineData("Observation?zebedee=1", "not-supported")]
    [InlineData("Observation?_has:Observation:patient:code=1", "value")]
    [InlineData("Observation?_has:Observation:derived-from:zebedee=1", "not-supported")]
    [InlineData("Observation?_include=Observation:zebedee", "not-supported")]
    [InlineData("Observation?_include=Zebedee:subject", "value")]
    [InlineData("Observation?subject:Patient.zebedee=1", "not-supported")]
    [InlineData("Observation?subject:Device.family=Zebedee", "not-supported")]
    [InlineData("Observation?code:in=http://zebedee", "not-supported")]
    [InlineData("Observation?_type=Patient", "not-supported")]
    [InlineData("Location?near=Zebedee|2", "value")]
    [InlineData("Observation?_query=Zebedee", "not-supported")]
    [InlineData("Observation?_contained=both", "not-supported")]
    [InlineData("?_type=Zebedee", "value")]
    [InlineData("?_type=Patient,Observation&family=Zebedee", "not-supported")]
    [InlineData("?zebedee=1", "not-supported")]
    [InlineData("", "too-costly")]
    [InlineData("Patient/a/Questionnaire", "not-supported")]
    [InlineData("Patient/a/*?_type=Questionnaire", "value")]
    [InlineData("Observation?_elements=Zebedee", "value")]
    [InlineData("Observation?_elements=code&_summary=true", "value")]
    [InlineData("Observation?_include=Observation:subject&_summary=text", "value")]
    [InlineData("?_type=Patient,Observation&_elements=Zebedee", "value")]
    [InlineData("Observation/a?_summary=Zebedee", "value")]
    [InlineData("Observation/a?_summary=count", "value")]
    [InlineData("Observation/a/_history/1?_elements=Zebedee", "value")]
    [InlineData("Observation/_history?_elements=Zebedee", "value")]
    [InlineData("_history?_elements=Zebedee", "value")]
    [InlineData("Observation?_summary=Zebedee", "value")]
    [InlineData("Observation?_count=Zebedee", "value")]
    [InlineData("Observation?_count=-1", "value")]
    [InlineData("Observation?_total=Zebedee", "value")]
    [InlineData("Observation?_sort=zebedee", "not-supported")]
    [InlineData("Observation?date=Zebedee", "value")]
    [InlineData("Observation?date:Zebedee=2020", "value")]
    [InlineData("Observation?value-quantity=Zebedee", "value")]
    [InlineData("Observation?code=,", "value")]
    [InlineData("?_type=&_id=", "too-costly")]
    [InlineData("Observation?patient=Zebedee Zebedee", "value")]
    [InlineData("Observation?_cursor=Zebedee", "value")]
    [InlineData("Observation?_cursor=", "value")]
    public async Task A_query_that_is_not_understood_is_refused_and_not_widened(string path, string code)
    {
        var answer = (await _gateway.Get(Hospital, path)).IsFault(400, code, "=Zebedee");
        Assert.Equal(0u, answer.Growth);
    }

    /// <summary>http://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.location: "http." and the parameter's name.</summary>
    [Theory]
    [InlineData("Observation?zebedee=1", "http.zebedee", "no such search parameter")]
    [InlineData("Observation?status=final&date=Zebedee", "http.date", "no date")]
    [InlineData("Observation?status:exact=final", "http.status:exact", ":not, :text")]
    [InlineData("Patient?name:not=x", "http.name:not", ":missing, :exact and :contains")]
    [InlineData("Observation?status=final,", "http.status", "comma")]
    [InlineData("Observation?_sort=date,", "http._sort", "comma")]
    [InlineData("Observation?_sort=zebedee", "http._sort", "no search parameter to sort by")]
    [InlineData("Observation?_include=Observation:subject,Observation:encounter", "http._include", "once for each")]
    [InlineData("Observation?_elements=code,zebedee", "http._elements", "Number 2")]
    [InlineData("Observation?_elements=code,", "http._elements", "single commas")]
    [InlineData("Observation?subject.zebedee=x", "http.subject.zebedee", "Group, Device, Patient, Location")]
    [InlineData("Observation?subject:Practitioner.name=x", "http.subject:Practitioner.name", "Group, Device, Patient, Location")]
    [InlineData("Observation?patient.zebedee=x", "http.patient.zebedee", "none of them has what follows")]
    [InlineData("Observation?_summary=Zebedee", "http._summary", "true, text, data, count or false")]
    [InlineData("Observation?_cursor=Zebedee", "http._cursor", "page link")]
    [InlineData("?_type=Zebedee", "http._type", "resource types")]
    [InlineData("Patient?organization.zebedee=x", "http.organization.zebedee", "Organization has no such search parameter")]
    [InlineData("Patient?_filter=zebedee eq 1", "http._filter", "before character")]
    [InlineData("Observation/_history?_since=Zebedee", "http._since", "instant")]
    [InlineData("Patient?_id:exact=x", "http._id:exact", ":not and :missing")]
    [InlineData("Patient?_has:Observation:subject:zebedee=x", "http._has:Observation:subject:zebedee", "Observation has no such search parameter")]
    public async Task A_fault_of_a_query_says_which_parameter_and_what_would_do(string path, string place, string says)
    {
        var answer = (await _gateway.Get(Hospital, path)).Is(400);
        Assert.Equal([place], answer.Places);
        Assert.Contains(says, answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("=Zebedee", answer.Text, StringComparison.Ordinal);
        if (path.Split('?') is [{ Length: > 0 } type, var query] && !type.Contains('/', StringComparison.Ordinal))
        {
            var posted = (await _gateway.SendBytes(Hospital, "POST", type + "/_search", Encoding.UTF8.GetBytes(query), "application/x-www-form-urlencoded")).Is(400);
            Assert.Equal(answer.Text, posted.Text);
        }
    }

    [Fact]
    public async Task A_query_over_the_limits_is_refused()
    {
        (await _gateway.Get(Hospital, "Observation?code=" + new string('a', 8 * 1024))).IsFault(400, "too-long");
        (await _gateway.Get(Hospital, "Observation?" + string.Join('&', Enumerable.Repeat("status=final", 65)))).IsFault(400, "too-costly");
        (await _gateway.Get(Hospital, "Observation?status=" + string.Join(',', Enumerable.Repeat("a", 1001)))).IsFault(400, "too-costly");
        Assert.InRange((await _gateway.Get(Hospital, "Observation?code=" + new string('a', 40_000))).Status, 400, 414);
    }

    [Fact]
    public async Task The_id_in_the_body_is_the_id_in_the_url()
    {
        (await _gateway.Put(Hospital, "Patient/one", Records.Patient("other", "Mismatch"))).IsFault(400, "value");
        (await _gateway.Put(Hospital, "Patient/one", Records.Patient(null, "Mismatch"))).IsFault(400, "value");
        (await _gateway.Put(Hospital, "Patient/one", Records.Observation("one", SmallHospital.Open))).Is(400);
        (await _gateway.Get(Hospital, "Patient/one")).Is(404);
    }

    [Fact]
    public async Task Conditions_that_are_not_understood_do_not_become_unconditional()
    {
        var size = _gateway.LedgerSize;
        (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Conditional"), ("If-None-Exist", "zebedee=a"))).IsFault(400, "not-supported");
        (await _gateway.Put(Hospital, "Patient?zebedee=a", Records.Patient(null, "Conditional"))).IsFault(400, "not-supported");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("DELETE", "Patient?zebedee=male")))).IsFault(400, "not-supported");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("DELETE", "Patient/a?gender=male")))).IsFault(400, "value");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("DELETE", "Patient")))).IsFault(405, "not-supported");
        Assert.Equal(size, _gateway.LedgerSize);
    }

    [Fact]
    public async Task A_form_search_takes_forms_within_the_limit()
    {
        (await _gateway.SendBytes(Hospital, "POST", "Observation/_search", "status=final"u8.ToArray(), Json)).IsFault(415, "not-supported");
        (await _gateway.SendBytes(Hospital, "POST", "Observation/_search", Encoding.ASCII.GetBytes("status=" + new string('a', 9000)), "application/x-www-form-urlencoded")).IsFault(400, "too-long");
        (await _gateway.SendBytes(Hospital, "POST", "Observation/_search", [0x61, 0x3D, 0xFF, 0xFE], "application/x-www-form-urlencoded")).Is(400);
    }

    /// <summary>Where the code does not matter to a client, any will do.</summary>
    private async Task<string> AnyCode(string body) =>
        (await _gateway.SendBytes(Hospital, "POST", "Observation", Encoding.UTF8.GetBytes(body), Json)).Codes[0];
}
