using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>One request to the FHIR API, as far as it is not the same for all.</summary>
internal sealed record FuzzedRequest(string Method, string Path, byte[]? Body = null, string? ContentType = null, params (string Name, string Value)[] Headers)
{
    public override string ToString() =>
        $"{Method} {Path} [{ContentType}] {string.Join("; ", Headers.Select(h => $"{h.Name}: {h.Value}"))} {(Body is null ? "" : Body.Length <= 2000 ? Encoding.UTF8.GetString(Body) : Convert.ToBase64String(Body[..Math.Min(Body.Length, 30_000)]))}";
}

/// <summary>Requests of every interaction, most of them wrong in some way. Targets, queries and headers are printable ASCII: the web server refuses others itself, before any of ours runs.</summary>
internal static class RequestMutations
{
    private const string Json = "application/fhir+json";
    private const string Xml = "application/fhir+xml";

    private static readonly string[] Ids = ["fuzz-patient", "fuzz-pulse", "fuzz-condition", "x", "_history", "$everything", "a_b", "-", ".", "..", "%2e%2e", "%2F", new string('a', 64), new string('a', 65), "fuzz-patient%20"];

    private static readonly string[] Operations =
    [
        "$validate", "$everything", "$expand", "$validate-code", "$lookup", "$meta", "$meta-add", "$meta-delete", "$lastn", "$docref", "$export", "$graphql", "$match", "$nothing", "$", "$summary", "$subsumes", "$translate", "$document",
    ];

    private static readonly string[] OperationQueries =
    [
        "", "start=2024", "start=x&end=y", "_type=Patient,Observation", "_type=x", "_since=2024-01-01T00:00:00Z", "_since=x", "_count=1", "url=http://hl7.org/fhir/ValueSet/administrative-gender", "url=http://x", "url=", "filter=a", "count=-1", "offset=99999999999",
        "system=http://hl7.org/fhir/administrative-gender&code=male", "code=male", "profile=http://hl7.org/fhir/StructureDefinition/Patient", "profile=x", "mode=delete", "resource=x", "patient=fuzz-patient", "patient=Patient/fuzz-patient&category=vital-signs", "max=0", "max=x",
        "query={Patient(id:\"fuzz-patient\"){name{family}}}", "query={PatientList(name:\"x\"){id}}", "query={", "query={a{b{c{d{e{f}}}}}}", "query={...x}fragment x on Patient{...x}", "_outputFormat=x", "_typeFilter=Patient%3Fname%3Dx", "_elements=id",
    ];

    private static readonly (string Name, string[] Values)[] HeaderValues =
    [
        ("If-Match", ["W/\"1\"", "\"1\"", "W/\"99999999999\"", "*", "x", "W/\"", "W/\"1\", W/\"2\"", "W/\"-1\""]), ("If-None-Match", ["W/\"1\"", "*", "x"]), ("If-Modified-Since", ["Sat, 29 Oct 1994 19:43:31 GMT", "x", "2024-01-01"]),
        ("If-None-Exist", ["identifier=x", "?name=fuzz", "x", "_id=fuzz-patient", "_count=1", "name=", "subject:Patient.name=x"]), ("Prefer", ["return=minimal", "return=OperationOutcome", "return=representation", "handling=lenient", "handling=strict", "respond-async", "x", "return=;"]),
        ("Accept", [Json, Xml, "application/json", "text/html", "*/*", "application/*;q=0", "x", ";", "application/fhir+json; fhirVersion=4.0", "application/fhir+json; fhirVersion=9.9", ",,,"]), ("Accept-Encoding", ["gzip", "br", "x"]),
        ("X-Purpose-Of-Use", ["TREAT", "BTG", "ETREAT", "x", "TREAT, TREAT"]), ("X-Break-Glass-Reason", ["x", "%00"]), ("X-Security-Context", ["Patient/fuzz-patient", "x", "#a", "Patient?name=x"]), ("X-HTTP-Method-Override", ["DELETE"]), ("Range", ["bytes=0-1"]), ("X-Request-Id", ["x"]), ("Content-Encoding", ["gzip", "identity"]), ("Expect", ["x"]),
    ];

    public static FuzzedRequest Make(Random random)
    {
        var request = random.Next(17) switch
        {
            0 or 1 or 2 => WithBody(random, Mutated(random), Json),
            3 => WithBody(random, (random.Pick(Seeds.Resources).Type, XmlMutations.Mutate(random.Pick(Seeds.Xml), random)), Xml),
            4 or 5 or 6 => Search(random),
            7 => Form(random),
            8 or 9 => new("POST", "", Bundle(random), Json),
            10 or 11 => Patch(random),
            12 or 13 => Operation(random),
            14 => Content(random),
            _ => new(random.Pick((string[])["GET", "GET", "HEAD", "DELETE", "PUT", "OPTIONS", "TRACE", "PROPFIND"]), Place(random)),
        };
        var headers = Enumerable.Range(0, random.Next(3) == 0 ? random.Next(1, 4) : 0).Select(_ => Header(random)).DistinctBy(h => h.Name).ToArray();
        return headers.Length > 0 ? request with { Headers = headers } : request;
    }

    /// <summary>Binary in its own content type.</summary>
    private static FuzzedRequest Content(Random random) => random.Next(3) == 0 ? new("GET", $"Binary/x{random.Pick((string[])["", "/_history/1", "?_format=json", "?", "/_history/x"])}") : new(
        random.Pick((string[])["POST", "PUT", "PUT"]),
        random.Next(3) == 0 ? "Binary" : "Binary/x",
        random.Next(3) == 0 ? Mutated(random).Json : random.Next(3) == 0 ? XmlMutations.Mutate(random.Pick(Seeds.Xml), random) : TextMutations.Mutate("%PDF-1.4 \0\u0001 <script>"u8.ToArray(), random),
        random.Pick((string[])["application/pdf", "text/html", Json, Xml, "application/json", "text/xml", "x", "", "*/*", "image/svg+xml; a=\"b\"", "text/plain;  charset=x", new string('a', 300) + "/b"]));

    private static (string Type, byte[] Json) Mutated(Random random)
    {
        var seed = random.Pick(Seeds.Resources);
        return (seed.Type, random.Next(8) == 0 ? seed.Json : JsonMutations.Mutate(seed, random));
    }

    private static FuzzedRequest WithBody(Random random, (string Type, byte[] Body) resource, string contentType)
    {
        var type = random.Next(20) == 0 ? random.Pick(FhirDefinitions.R4.ResourceTypes) : resource.Type;
        var (method, path) = random.Next(6) switch
        {
            0 => ("PUT", $"{type}/{Own(resource.Body) ?? random.Pick(Ids)}"),
            1 => ("PUT", $"{type}?{QueryMutations.Make(random).Query}"),
            2 => ("POST", $"{type}/$validate"),
            _ => ("POST", type),
        };
        return new(method, path, resource.Body, random.Next(20) == 0 ? random.Pick((string[])["application/json", "text/plain", "application/fhir+json; charset=latin1", Xml, Json, "", "x", "multipart/form-data"]) : contentType);
    }

    /// <summary>The id that the mutated body still has; null where it has none that a path can hold.</summary>
    private static string? Own(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject { Count: > 0 } json && json["id"] is JsonValue id && id.TryGetValue(out string? text) && FhirId.IsValid(text) ? text : null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static FuzzedRequest Search(Random random)
    {
        var (type, query) = QueryMutations.Make(random);
        return random.Next(8) switch
        {
            0 => new("GET", $"?{query}"),
            1 => new("GET", $"Patient/fuzz-patient/{type}?{query}"),
            2 => new("DELETE", $"{type}?{query}"),
            3 => new("GET", $"{type}/_history?{query}"),
            _ => new("GET", $"{type}?{query}"),
        };
    }

    private static FuzzedRequest Form(Random random)
    {
        var (type, query) = QueryMutations.Make(random);
        return new("POST", $"{type}/_search{(random.Next(4) == 0 ? "?" + QueryMutations.Make(random).Query : "")}", Encoding.UTF8.GetBytes(query), random.Next(10) == 0 ? Json : "application/x-www-form-urlencoded");
    }

    private static byte[] Bundle(Random random)
    {
        if (random.Next(4) == 0)
        {
            return JsonMutations.Mutate(random.Pick([.. Seeds.Resources.Where(s => s.Type == "Bundle")]), random);
        }

        var entries = Enumerable.Range(0, random.Next(1, 6)).Select(i =>
        {
            var (type, json) = Mutated(random);
            var (method, url) = (random.Pick((string[])["POST", "PUT", "DELETE", "GET", "PATCH", "HEAD", "x"]), random.Next(3) switch
            {
                0 => type,
                1 => random.Next(3) == 0 ? Operation(random).Path : Place(random),
                _ => QueryMutations.Make(random) is var (of, query) ? $"{of}?{query}" : "",
            });
            var condition = random.Next(6) == 0 ? $",\"ifNoneExist\":{JsonValue.Create(QueryMutations.Make(random).Query).ToJsonString()}" : random.Next(6) == 0 ? ",\"ifMatch\":\"W/\\\"1\\\"\"" : "";
            var fullUrl = random.Pick((string[])["urn:uuid:00000000-0000-4000-8000-00000000000" + i, "urn:uuid:x", "", "http://localhost/fhir/Patient/fuzz-patient", "Patient/x"]);
            return $"{{\"fullUrl\":\"{fullUrl}\",\"resource\":{Encoding.UTF8.GetString(json)},\"request\":{{\"method\":\"{method}\",\"url\":{JsonValue.Create(url).ToJsonString()}{condition}}}}}";
        });
        return Encoding.UTF8.GetBytes($"{{\"resourceType\":\"Bundle\",\"type\":\"{random.Pick((string[])["batch", "batch", "batch", "transaction", "transaction", "history", "x"])}\",\"entry\":[{string.Join(',', entries)}]}}");
    }

    private static FuzzedRequest Patch(Random random)
    {
        var (body, type) = PatchMutations.Make(random);
        return new("PATCH", random.Next(6) == 0 ? $"Patient?{QueryMutations.Make(random).Query}" : random.Pick((string[])["Patient/fuzz-patient", "Observation/fuzz-pulse", "Patient/x", "Condition/fuzz-condition"]), body, random.Next(15) == 0 ? Json : type);
    }

    private static FuzzedRequest Operation(Random random)
    {
        var at = random.Pick((string[])["", "Patient/", "Patient/fuzz-patient/", "Observation/", "ValueSet/", "CodeSystem/", "Group/x/", random.Pick(FhirDefinitions.R4.ResourceTypes) + "/"]);
        var query = random.Pick(OperationQueries);
        var path = QueryMutations.Printable(at + random.Pick(Operations) + "?" + (random.Next(4) == 0 ? TextMutations.Mutate(query, random) : query));
        return random.Next(2) == 0 ? new("GET", path)
            : random.Next(3) == 0 ? new("POST", path, Encoding.UTF8.GetBytes("{\"query\":\"" + query.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"}"), "application/json")
            : new("POST", path, random.Next(2) == 0 ? Mutated(random).Json : TextMutations.Mutate("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"url\",\"valueUri\":\"http://x\"},{\"name\":\"resource\",\"resource\":{\"resourceType\":\"Patient\"}}]}"u8.ToArray(), random), Json);
    }

    private static string Place(Random random)
    {
        var type = random.Next(3) == 0 ? random.Pick((string[])["Patients", "patient", "Resource", "DomainResource", "HumanName", "x", "_history", ""]) : random.Pick((string[])["Patient", "Observation", "Condition", "Bundle", "Binary"]);
        return random.Next(5) switch
        {
            0 => $"{type}/{random.Pick(Ids)}/_history",
            1 => $"{type}/{random.Pick(Ids)}/_history/{random.Pick((string[])["1", "0", "-1", "99999999999999999999", "x", "1.0"])}",
            2 => $"{type}/{random.Pick(Ids)}/_history?_since={random.Pick((string[])["2024-01-01T00:00:00Z", "x", "2024"])}&_count={random.Next(-1, 3)}&_at={random.Pick((string[])["2024", "gt2024", "x"])}",
            3 => $"{type}/{random.Pick(Ids)}?_summary={random.Pick((string[])["true", "text", "data", "count", "false", "x"])}&_elements={random.Pick((string[])["id", "name", "x,,"])}&_format={random.Pick((string[])["json", "xml", "html", "x"])}&_pretty=true",
            _ => $"{type}/{random.Pick(Ids)}",
        };
    }

    private static (string Name, string Value) Header(Random random)
    {
        var (name, values) = random.Pick(HeaderValues);
        var value = random.Next(5) == 0 ? TextMutations.Mutate(random.Pick(values), random) : random.Pick(values);
        return (name, string.Concat(value.Where(c => c is >= ' ' and < '\x7f')).Trim());
    }
}
