// http://hl7.org/fhir/R4/resource-operation-meta.html, -meta-add.html, -meta-delete.html: to change labels is to change the record, for who keeps and sees it.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Operations;

public sealed class MetaTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task Meta_of_a_record_is_for_whoever_may_read_the_record()
    {
        var path = "Observation/pulse-" + SmallHospital.Open;
        var meta = (await _gateway.Get(Clinic, path + "/$meta")).Is(200);
        Assert.Equal("return", meta.Json["parameter"]![0]!["name"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals((await _gateway.Get(Clinic, path)).Json["meta"], Meta(meta)));
        Assert.Equal("1", Meta(await _gateway.Get(Hospital, path + "/_history/1/$meta"))["versionId"]!.GetValue<string>());
        Assert.Equal(2u, meta.Growth);

        var absent = (await _gateway.Get(Clinic, "Observation/absent/$meta")).IsFault(404, "not-found");
        var closed = (await _gateway.Get(Clinic, $"Observation/pulse-{SmallHospital.Closed}/$meta")).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (closed.Text, closed.Growth));
        (await _gateway.Get(Narrow, $"Patient/{SmallHospital.Open}/$meta")).IsFault(403, "forbidden");
        (await _gateway.Get(Clinic, path + "/$meta?zebedee=1")).IsFault(400, "not-supported");
    }

    [Fact]
    public async Task Meta_of_a_type_or_of_all_is_what_the_records_have_that_the_caller_may_see()
    {
        foreach (var (patient, tag) in new[] { (SmallHospital.Open, "seen"), (SmallHospital.Closed, "unseen") })
        {
            var marked = Records.Encounter(null, patient).With("meta", new JsonObject
            {
                ["profile"] = new JsonArray("http://a.example/" + tag + "|1"),
                ["security"] = new JsonArray(Records.Coding(Records.Confidentiality, tag == "seen" ? "N" : "V")),
                ["tag"] = new JsonArray(Records.Coding("urn:meta-tags", tag)),
            });
            (await _gateway.Post(Hospital, "Encounter", marked)).Is(201);
            (await _gateway.Post(Hospital, "Encounter", marked.DeepClone())).Is(201);
        }

        var expected = """{"profile":["http://a.example/seen|1"],"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}],"tag":[{"system":"urn:meta-tags","code":"seen"}]}""";
        var used = (await _gateway.Get(Clinic, "Encounter/$meta")).Is(200);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), Meta(used)), used.Text);

        // The request, the one patient of whom it tells, and the STATE.
        Assert.Equal(3u, used.Growth);
        Assert.NotNull(used.Receipt);
        Assert.Contains("unseen", (await _gateway.SendBytes(Hospital, "POST", "Encounter/$meta", null, null)).Is(200).Text, StringComparison.Ordinal);
        var all = (await _gateway.Get(Clinic, "$meta")).Is(200).Text;
        Assert.Contains("a.example/seen", all, StringComparison.Ordinal);
        Assert.DoesNotContain("unseen", all, StringComparison.Ordinal);
        Assert.Empty(Meta(await _gateway.Get(Stranger, "Encounter/$meta")).AsObject());
        (await _gateway.Get(Narrow, "Patient/$meta")).IsFault(403, "forbidden");
        (await _gateway.Get(Clinic, "Encounter/$meta?zebedee=1")).IsFault(400, "not-supported");
    }

    [Fact]
    public async Task What_is_added_or_deleted_is_a_new_version_that_differs_in_meta_alone()
    {
        var made = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open, value: 72.50m))).Is(201);
        var path = "Observation/" + made.Id;
        var added = (await _gateway.Post(Hospital, path + "/$meta-add", Given("tag", Records.Coding("urn:tags", "follow-up")))).Is(200);
        Assert.Equal("follow-up", Meta(added)["tag"]![0]!["code"]!.GetValue<string>());
        Assert.Equal(("W/\"2\"", "2"), (added.Headers["ETag"], Meta(added)["versionId"]!.GetValue<string>()));
        Assert.Equal(made.Id, (await _gateway.Get(Hospital, "Observation?_tag=urn:tags|follow-up")).Is(200).Ids.Single());

        // Once more changes nothing.
        Assert.Equal("2", Meta((await _gateway.Post(Hospital, path + "/$meta-add", Given("tag", Records.Coding("urn:tags", "follow-up")))).Is(200))["versionId"]!.GetValue<string>());

        var deleted = (await _gateway.Post(Hospital, path + "/$meta-delete", Given("tag", Records.Coding("urn:tags", "follow-up")), ("If-Match", "W/\"2\""))).Is(200);
        Assert.Null(Meta(deleted)["tag"]);
        (await _gateway.Post(Hospital, path + "/$meta-delete", Given("tag", Records.Coding("urn:tags", "follow-up")), ("If-Match", "W/\"2\""))).IsFault(412, "conflict");
        var left = (await _gateway.Get(Hospital, path)).Is(200);
        Assert.Equal("3", left.Json["meta"]!["versionId"]!.GetValue<string>());
        Assert.Contains("72.50", left.Text, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(Without(made.Json), Without(left.Json)));
    }

    [Fact]
    public async Task A_label_hides_and_opens_a_record_only_by_who_keeps_it()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Labelled"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit().Except(Records.Provision("deny").WithLabel("R"))))).Is(201);
        var path = "Condition/" + (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient))).Is(201).Id;
        var label = Given("security", Records.Coding(Records.Confidentiality, "R"));
        (await _gateway.Get(Clinic, path)).Is(200);
        (await _gateway.Post(Clinic, path + "/$meta-add", label)).IsFault(403, "forbidden");
        (await _gateway.Post(Hospital, path + "/$meta-add", label)).Is(200);

        // Whom the label refuses finds no record to take it off.
        var hidden = (await _gateway.Post(Clinic, path + "/$meta-delete", label)).IsFault(404, "not-found");
        var absent = (await _gateway.Post(Clinic, "Condition/absent/$meta-delete", label)).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        (await _gateway.Get(Clinic, path)).IsFault(404, "not-found");
        (await _gateway.Post(Hospital, path + "/$meta-delete", label)).Is(200);
        (await _gateway.Get(Clinic, path)).Is(200);
    }

    [Fact]
    public async Task What_is_no_change_of_meta_is_refused()
    {
        var path = $"Observation/pulse-{SmallHospital.Open}/$meta-add";
        (await _gateway.Get(Hospital, path)).IsFault(405, "not-supported");
        (await _gateway.Post(Hospital, path, new JsonObject { ["resourceType"] = "Parameters" })).IsFault(400, "invalid");
        (await _gateway.Post(Hospital, path, Given("versionId", "9"))).IsFault(400, "invalid");
        (await _gateway.SendBytes(Hospital, "POST", path, "tag=x"u8.ToArray(), "text/plain")).IsFault(415, "not-supported");
        (await _gateway.Post(Narrow, path, Given("tag", Records.Coding("urn:tags", "x")))).IsFault(403, "forbidden");
        (await _gateway.Post(Hospital, path, Given("tag", Records.Coding("urn:tags", "x")), ("If-Match", "nine"))).IsFault(400, "value");
    }

    private static JsonObject Given(string element, JsonNode value) => new()
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray(new JsonObject { ["name"] = "meta", ["valueMeta"] = new JsonObject { [element] = value is JsonObject ? new JsonArray(value) : value } }),
    };

    private static JsonNode Meta(Answer answer) => answer.Is(200).Json["parameter"]![0]!["valueMeta"]!;

    private static JsonNode Without(JsonNode record)
    {
        record.AsObject().Remove("meta");
        return record;
    }
}
