// http://hl7.org/fhir/R4/capabilitystatement.html and SMART App Launch 2.2 "Conformance": what is listed works, what is not listed is refused.
using HealthLedger.Conformance;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class CapabilityTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task The_statement_is_for_everybody_and_a_valid_resource()
    {
        var answer = (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/metadata"))).Is(200);
        Assert.Equal(0u, answer.Growth);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "CapabilityStatement").Issues);
        Assert.Equal(FhirDefinitions.R4.ResourceTypes.Where(t => t != "Parameters").Order(StringComparer.Ordinal), Resources(answer).Select(r => r["type"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(_gateway.Fhir, answer.Json["implementation"]!["url"]!.GetValue<string>());
    }

    // http://hl7.org/fhir/R4/parameters.html: "there is no RESTful endpoint associated with it".
    [Fact]
    public async Task Parameters_are_no_records()
    {
        var parameters = JsonNode.Parse("""{"resourceType":"Parameters","id":"p"}""")!;
        var answers = new[]
        {
            await _gateway.Post(Hospital, "Parameters", parameters), await _gateway.Put(Hospital, "Parameters/p", parameters), await _gateway.Get(Hospital, "Parameters/p"),
            await _gateway.Get(Hospital, "Parameters"), await _gateway.Get(Hospital, "Parameters/_history"), await _gateway.Delete(Hospital, "Parameters/p"),
            await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("POST", "Parameters", parameters.DeepClone()))),
        };
        foreach (var answer in answers)
        {
            answer.IsFault(404, "not-supported");
            Assert.Contains("no endpoint", answer.Text, StringComparison.Ordinal);
            Assert.Equal(0u, answer.Growth);
        }

        (await _gateway.Get(Hospital, "?_type=Parameters")).IsFault(400, "value");
        (await _gateway.Get(Hospital, "Patient/$export?_type=Parameters", ("Prefer", "respond-async"))).IsFault(400, "value");
        (await _gateway.Post(Hospital, "$validate", parameters)).Is(200);
    }

    // http://hl7.org/fhir/R4/http.html#capabilities, http://hl7.org/fhir/R4/search.html#summary
    [Fact]
    public async Task The_statement_is_given_in_part_to_who_asks_for_a_part()
    {
        async Task<Answer> Asked(string query) => await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/metadata" + query));
        var whole = (await Asked("")).Is(200);
        foreach (var (query, has, lacks) in new[]
        {
            ("?_summary=true", "rest", "zebedee"), ("?_summary=text", "fhirVersion", "rest"), ("?_elements=software,rest", "software", "implementation"), ("?_summary=data", "rest", "text"),
            ("?mode=terminology&_elements=codeSystem", "codeSystem", "software"),
        })
        {
            var part = (await Asked(query)).Is(200);
            Assert.Equal("SUBSETTED", part.Json["meta"]!["tag"]![0]!["code"]!.GetValue<string>());
            Assert.NotNull(part.Json[has]);
            Assert.Null(part.Json[lacks]);
            Assert.Equal(part.Body, (await Asked(query)).Body);
            Assert.Contains("xml", (await Asked(query + "&_format=xml")).Is(200).Headers["Content-Type"], StringComparison.Ordinal);
        }

        Assert.True((await Asked("?_summary=true")).Body.Length < whole.Body.Length);
        (await Asked("?_summary=count")).IsFault(400, "value");
        (await Asked("?_elements=zebedee")).IsFault(400, "value");
        (await Asked("?mode=full&mode=full")).IsFault(400, "value");

        // Without what R4 marks as for trial use.
        var normative = (await Asked("?mode=normative")).Is(200);
        Assert.Empty(ResourceValidator.Validate(normative.Body, "CapabilityStatement").Issues);
        Assert.Null(normative.Json["rest"]![0]!["security"]);
        Assert.All(Resources(normative), r => Assert.Equal(["interaction", "operation", "profile", "searchParam", "type"], r.AsObject().Select(p => p.Key).Except(["documentation"]).Order(StringComparer.Ordinal)));
    }

    [Fact]
    [Trait("Suite", "Conformance")]
    public async Task Every_search_parameter_that_is_listed_is_answered_and_no_other()
    {
        var (answered, official, refused) = (0, 0, new List<string>());
        foreach (var resource in Resources(await _gateway.Get(Hospital, "metadata")))
        {
            var type = resource["type"]!.GetValue<string>();
            var listed = (resource["searchParam"] as JsonArray ?? []).Select(p => p!["name"]!.GetValue<string>()).ToList();
            Assert.Equal(SearchQuery.ServedParameters(type).Select(p => p.Code).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
            Assert.Contains("_id", listed);
            foreach (var some in listed.Except(["_id", "_lastUpdated", "_text", "_content", "_filter"]).Chunk(SearchQuery.MaxParameters - 4))
            {
                (await _gateway.Get(Hospital, $"{type}?_id=a&_lastUpdated=ge2000&_content=x&_filter=_id eq a&{string.Join('&', some.Select(p => p + ":missing=true"))}")).Is(200);
            }

            var defined = FhirDefinitions.R4.SearchParametersOf(type).Select(p => p.Code).ToList();
            official += defined.Except(["_query"]).Count();
            answered += defined.Intersect(listed).Count();
            refused.AddRange(FhirDefinitions.R4.SearchParametersOf(type).Where(p => p.Code != "_query" && !listed.Contains(p.Code)).Select(p => p.Expression.Length > 0
                ? $"`{type}?{p.Code}`: refused; an example of the specification, whose expression `{p.Expression}` selects nothing of a {type}"
                : $"`{type}?{p.Code}`: refused with an OperationOutcome"));
            foreach (var other in defined.Except(listed).Append("zebedee"))
            {
                var answer = await _gateway.Get(Hospital, $"{type}?{other}=1");
                Assert.True(answer.Status == 400 && answer.Codes.Contains("not-supported"), $"{type}?{other}=1 {answer.Text}");
            }
        }

        refused.Add("`_query` of all types is not counted: it has no expression, and R4 defines no query that it could name; refused with an OperationOutcome that says so");
        new SuiteResult("search", "official search parameters of all types, answered over HTTP", "http://hl7.org/fhir/R4/searchparameter-registry.html", answered, official, refused).Keep();
    }

    [Theory]
    [InlineData("Basic", """{"resourceType":"Basic","code":{"text":"a"}}""")]
    [InlineData("Questionnaire", """{"resourceType":"Questionnaire","status":"draft"}""")]
    [InlineData("Organization", """{"resourceType":"Organization","name":"North"}""")]
    [InlineData("Flag", """{"resourceType":"Flag","status":"active","code":{"text":"a"},"subject":{"reference":"Patient/patient-open"}}""")]
    [InlineData("Bundle", """{"resourceType":"Bundle","type":"collection"}""")]
    [InlineData("AuditEvent", """{"resourceType":"AuditEvent","type":{"code":"a"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"a"}}}""")]
    public async Task Every_interaction_that_is_listed_works(string type, string json)
    {
        var resource = Resources(await _gateway.Get(Hospital, "metadata")).Single(r => r["type"]!.GetValue<string>() == type);
        Assert.Equal(["create", "delete", "history-instance", "history-type", "patch", "read", "search-type", "update", "vread"], resource["interaction"]!.AsArray().Select(i => i!["code"]!.GetValue<string>()).Order(StringComparer.Ordinal));

        Assert.True(resource["conditionalCreate"]!.GetValue<bool>());
        Assert.True(resource["conditionalUpdate"]!.GetValue<bool>());
        Assert.Equal("single", resource["conditionalDelete"]!.GetValue<string>());
        Assert.Equal("full-support", resource["conditionalRead"]!.GetValue<string>());

        var created = (await _gateway.Post(Hospital, type, JsonNode.Parse(json)!)).Is(201);
        (await _gateway.Post(Hospital, type, JsonNode.Parse(json)!, ("If-None-Exist", "_id=" + created.Id))).Is(200);
        (await _gateway.Get(Hospital, $"{type}/{created.Id}")).Is(200);
        (await _gateway.Get(Hospital, $"{type}/{created.Id}/_history/1")).Is(200);
        (await _gateway.Get(Hospital, $"{type}/{created.Id}/_history")).Is(200);
        (await _gateway.Get(Hospital, $"{type}/_history")).Is(200);
        Assert.Equal([created.Id], (await _gateway.Get(Hospital, $"{type}?_id={created.Id}")).Is(200).Ids);
        (await _gateway.Get(Hospital, $"{type}/{created.Id}", ("If-None-Match", "W/\"1\""))).Is(304);
        (await _gateway.Put(Hospital, $"{type}/{created.Id}", created.Json)).Is(200);
        (await _gateway.Put(Hospital, $"{type}?_id={created.Id}", created.Json)).Is(200);
        (await _gateway.SendBytes(Hospital, "PATCH", $"{type}/{created.Id}", """[{"op":"add","path":"/language","value":"en"}]"""u8.ToArray(), "application/json-patch+json")).Is(200);
        (await _gateway.SendBytes(Hospital, "PATCH", $"{type}?_id={created.Id}", """[{"op":"test","path":"/language","value":"en"}]"""u8.ToArray(), "application/json-patch+json")).Is(200);
        (await _gateway.Delete(Hospital, $"{type}?_id={created.Id}")).Is(204);
        (await _gateway.Get(Hospital, $"{type}/{created.Id}")).Is(410);
    }

    /// <summary>A definition may have levels that are not served: each operation says where it is called, and is called there and nowhere else.</summary>
    [Fact]
    public async Task Every_operation_that_is_listed_is_called_where_it_says()
    {
        var metadata = await _gateway.Get(Hospital, "metadata");
        var listed = Resources(metadata).Where(r => r["type"]!.GetValue<string>() is "Patient" or "Observation" or "ValueSet" or "Group" or "DocumentReference" or "CodeSystem")
            .SelectMany(r => r["operation"]!.AsArray().Select(o => (Type: r["type"]!.GetValue<string>(), Operation: o!)))
            .Concat(metadata.Json["rest"]![0]!["operation"]!.AsArray().Select(o => (Type: "", Operation: o!)));
        foreach (var (type, operation) in listed)
        {
            var (name, told) = (operation["name"]!.GetValue<string>(), operation["documentation"]!.GetValue<string>());
            foreach (var (level, path) in new[] { ("the system", $"${name}"), ("the type", $"{type}/${name}"), ("one record", $"{type}/absent/${name}"), ("a version", $"{type}/absent/_history/1/${name}") })
            {
                if ((level == "the system") != (type.Length == 0))
                {
                    continue;
                }

                var (read, posted) = (await _gateway.Get(Hospital, path), await _gateway.SendBytes(Hospital, "POST", path, "{"u8.ToArray(), "application/fhir+json"));
                Assert.Equal(told.Contains(level, StringComparison.Ordinal), !Codes(posted).Contains("not-supported") || posted.Status is not (404 or 405));
                Assert.Equal(told.Contains(level, StringComparison.Ordinal) && told.Contains("GET", StringComparison.Ordinal), read.Status != 405 && !(read.Status == 404 && Codes(read).Contains("not-supported")));
            }
        }
    }

    [Fact]
    public async Task The_smart_configuration_names_what_is_there()
    {
        var answer = (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/fhir/.well-known/smart-configuration"))).Is(200);
        Assert.Equal(_gateway.Host.Url + "/auth/token", answer.Json["token_endpoint"]!.GetValue<string>());
        Assert.Equal(["client_credentials"], answer.Json["grant_types_supported"]!.AsArray().Select(g => g!.GetValue<string>()));
        var discovery = (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/.well-known/openid-configuration"))).Is(200);
        (await _gateway.Send(new HttpRequestMessage(HttpMethod.Get, discovery.Json["jwks_uri"]!.GetValue<string>()))).Is(200);
        foreach (var endpoint in new[] { "authorization_endpoint", "introspection_endpoint", "revocation_endpoint", "userinfo_endpoint", "registration_endpoint" })
        {
            Assert.Null(answer.Json[endpoint]);
            Assert.Null(discovery.Json[endpoint]);
        }
    }

    /// <summary>Of an OperationOutcome; none of another answer, such as GraphQL's.</summary>
    private static string[] Codes(Answer answer) => answer.Body.Length > 0 && answer.Json["resourceType"]?.GetValue<string>() == "OperationOutcome" ? answer.Codes : [];

    private static IEnumerable<JsonNode> Resources(Answer metadata) => metadata.Json["rest"]![0]!["resource"]!.AsArray().Select(r => r!);
}
