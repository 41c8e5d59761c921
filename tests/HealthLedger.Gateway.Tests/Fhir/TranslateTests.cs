// http://hl7.org/fhir/R4/conceptmap-operation-translate.html and conceptmap.html: codes in other code systems, by a concept map that is sent or stored.
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class TranslateTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Map = """
        {"resourceType":"ConceptMap","url":"urn:map:colours","version":"1","status":"active","sourceUri":"urn:set:english","targetUri":"urn:set:german","group":[
          {"source":"urn:english","target":"urn:german","targetVersion":"2","element":[
            {"code":"red","target":[{"code":"rot","display":"Rot","equivalence":"equivalent"},{"code":"rosa","equivalence":"narrower","comment":"A shade of it.","product":[{"property":"urn:shade","system":"urn:shades","value":"light"}]}]},
            {"code":"puce","target":[{"equivalence":"unmatched"}]},
            {"code":"teal","target":[{"code":"blau","equivalence":"wider","dependsOn":[{"property":"urn:eye","value":"x"}]}]}]},
          {"source":"urn:english","target":"urn:french","element":[{"code":"red","target":[{"code":"rouge","equivalence":"equal"}]}],"unmapped":{"mode":"provided"}},
          {"source":"urn:danish","target":"urn:french","element":[{"code":"hvid"}],"unmapped":{"mode":"fixed","code":"inconnu"}},
          {"source":"urn:dutch","target":"urn:french","element":[{"code":"wit"}],"unmapped":{"mode":"other-map","url":"urn:map:other"}}]}
        """;

    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("urn:english", "red", "", true, "equivalent rot, narrower rosa, equal rouge")]
    [InlineData("urn:english", "red", "targetsystem=urn:french", true, "equal rouge")]
    [InlineData("urn:english", "red", "source=urn:set:english&target=urn:set:german|1&targetsystem=urn:german", true, "equivalent rot, narrower rosa")]
    [InlineData("urn:english", "red", "target=urn:set:other", false, "")]
    [InlineData("urn:english", "puce", "targetsystem=urn:german", false, "unmatched ")]
    [InlineData("urn:english", "teal", "targetsystem=urn:german", false, "")]
    [InlineData("urn:english", "grey", "", true, "relatedto grey")]
    [InlineData("urn:danish", "blå", "", true, "relatedto inconnu")]
    [InlineData("urn:dutch", "rood", "", false, "")]
    [InlineData("urn:greek", "red", "", false, "")]
    [InlineData("urn:german", "rot", "reverse=true", true, "equivalent red")]
    [InlineData("urn:german", "rosa", "reverse=true&version=2", true, "wider red")]
    [InlineData("urn:german", "rosa", "reverse=true&version=3", false, "")]
    public async Task A_code_is_translated_as_the_map_says(string system, string code, string rest, bool result, string matches)
    {
        var answer = (await _gateway.Post(Clinic, $"ConceptMap/$translate?system={system}&code={Uri.EscapeDataString(code)}&{rest}", JsonNode.Parse(Map)!)).Is(200);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "Parameters").Issues);
        Assert.Equal(0u, answer.Growth);
        Assert.Equal(result, All(answer, "result").Single()["valueBoolean"]!.GetValue<bool>());
        Assert.True(result || All(answer, "message").Any());
        Assert.Equal(matches, string.Join(", ", All(answer, "match").Select(m => $"{Part(m, "equivalence")!["valueCode"]} {Part(m, "concept")?["valueCoding"]!["code"]}")));
        Assert.All(All(answer, "match"), m => Assert.Equal("urn:map:colours", Part(m, "source")!["valueUri"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_match_has_its_system_its_display_and_what_it_produces()
    {
        var parameters = new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = new JsonArray(
            new JsonObject { ["name"] = "conceptMap", ["resource"] = JsonNode.Parse(Map) },
            new JsonObject { ["name"] = "codeableConcept", ["valueCodeableConcept"] = new JsonObject { ["coding"] = new JsonArray(Records.Coding("urn:english", "red"), Records.Coding("urn:greek", "kokkino")) } }) };
        var answer = (await _gateway.Post(Clinic, "ConceptMap/$translate", parameters)).Is(200);
        Assert.Empty(ResourceValidator.Validate(answer.Body, "Parameters").Issues);
        Assert.Equal("""{"system":"urn:german","version":"2","code":"rot","display":"Rot"}""", Part(All(answer, "match")[0], "concept")!["valueCoding"]!.ToJsonString());
        var product = Part(All(answer, "match")[1], "product")!;
        Assert.Equal("urn:shade", Part(product, "element")!["valueUri"]!.GetValue<string>());
        Assert.Equal("""{"system":"urn:shades","code":"light"}""", Part(product, "concept")!["valueCoding"]!.ToJsonString());
    }

    [Fact]
    public async Task A_stored_map_is_a_record_for_who_may_read_it()
    {
        var id = (await _gateway.Post(Hospital, "ConceptMap", JsonNode.Parse(Map)!)).Is(201).Id;
        const string Code = "system=urn:english&code=red";
        foreach (var path in new[] { $"ConceptMap/{id}/$translate?{Code}", $"ConceptMap/$translate?url=urn:map:colours&{Code}", $"ConceptMap/$translate?url=urn:map:colours&conceptMapVersion=1&{Code}" })
        {
            var answer = (await _gateway.Get(Hospital, path)).Is(200);
            Assert.NotNull(answer.Receipt);
            Assert.Equal(3, All(answer, "match").Length);
        }

        var hidden = (await _gateway.Get(Clinic, $"ConceptMap/{id}/$translate?{Code}")).IsFault(404, "not-found");
        var absent = (await _gateway.Get(Clinic, $"ConceptMap/absent/$translate?{Code}")).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        var unseen = (await _gateway.Get(Clinic, $"ConceptMap/$translate?url=urn:map:colours&{Code}")).IsFault(404, "not-found");
        Assert.Equal((await _gateway.Get(Clinic, $"ConceptMap/$translate?url=urn:map:absent&{Code}")).IsFault(404, "not-found").Text, unseen.Text);
        (await _gateway.Get(Hospital, $"ConceptMap/$translate?url=urn:map:colours&conceptMapVersion=2&{Code}")).IsFault(404, "not-found");
    }

    [Theory]
    [InlineData("?url=urn:a&code=red", "required")]
    [InlineData("?code=red&system=urn:english", "required")]
    [InlineData("?url=urn:a&code=red&system=urn:english&dependency=x", "not-supported")]
    [InlineData("?url=urn:a&code=red&system=urn:english&reverse=maybe", "value")]
    public async Task What_cannot_be_asked_is_refused_before_anything_is_looked_at(string query, string code) =>
        Assert.Equal(0u, (await _gateway.Get(Clinic, "ConceptMap/$translate" + query)).IsFault(400, code).Growth);

    private static JsonNode[] All(Answer answer, string name) => [.. answer.Json["parameter"]!.AsArray().Where(p => p!["name"]!.GetValue<string>() == name).Select(p => p!)];

    private static JsonNode? Part(JsonNode parameter, string name) => parameter["part"]!.AsArray().FirstOrDefault(p => p!["name"]!.GetValue<string>() == name);
}
