// http://hl7.org/fhir/R4/observation-operation-lastn.html: the last n of each code, newest first, for a patient and whatever else a search can say.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Operations;

public sealed class LastObservationsTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task The_last_of_each_code_comes_newest_first()
    {
        var patient = await Patient("Lasting");
        foreach (var (code, year) in new[] { ("1111-1", 2020), ("1111-1", 2023), ("2222-2", 2021), ("1111-1", 2022), ("2222-2", 2019) })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, code, year, date: $"{year}-01-01"))).Is(201);
        }

        Assert.Equal(["1111-1 2023", "2222-2 2021"], await Last("patient=" + patient));
        Assert.Equal(["1111-1 2023", "1111-1 2022", "2222-2 2021", "2222-2 2019"], await Last($"max=2&patient={patient}"));
        Assert.Equal(["2222-2 2021"], await Last($"subject=Patient/{patient}&code=http://loinc.org|2222-2"));
        Assert.Equal(["1111-1 2020", "2222-2 2019"], await Last($"patient={patient}&date=lt2021"));
        Assert.Empty(await Last("patient=" + SmallHospital.Closed));
        Assert.Empty(await Last("patient=absent"));

        var posted = await _gateway.Post(Clinic, "Observation/$lastn", new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(
                new JsonObject { ["name"] = "subject", ["valueReference"] = Records.Reference("Patient/" + patient) },
                new JsonObject { ["name"] = "max", ["valuePositiveInt"] = 3 }),
        });
        Assert.Equal(5, posted.Is(200).Total);

        var seen = new List<string>();
        for (var next = $"Observation/$lastn?max=2&patient={patient}&_count=3"; next is not null;)
        {
            var page = (await _gateway.Get(Clinic, next)).Is(200);
            Assert.Equal(4, page.Total);
            seen.AddRange(page.Ids);
            next = page.Link("next");
        }

        Assert.Equal(4, seen.Distinct().Count());
    }

    [Fact]
    public async Task Codes_that_observations_share_are_one_kind()
    {
        var patient = await Patient("Coded");
        async Task Add(int year, params string[] codes) => (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: year, date: $"{year}-01-01")
            .With("code", new JsonObject { ["coding"] = new JsonArray([.. codes.Select(c => Records.Coding("urn:codes", c))]) }))).Is(201);
        await Add(2020, "a");
        await Add(2021, "b");
        await Add(2019, "a", "b");
        await Add(2018, "c");
        Assert.Equal([2018m, 2021m], (await _gateway.Get(Clinic, "Observation/$lastn?patient=" + patient)).Is(200).Entries.Select(e => e["resource"]!["valueQuantity"]!["value"]!.GetValue<decimal>()).Order());
    }

    [Fact]
    public async Task What_is_hidden_is_not_the_last_of_anything()
    {
        var patient = await Patient("Shaded", Records.Permit().Except(Records.Provision("deny").WithLabel("R")));
        (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, "1111-1", 2020, date: "2020-01-01"))).Is(201);
        (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, "1111-1", 2024, "R", "2024-01-01"))).Is(201);
        Assert.Equal(["1111-1 2020"], await Last("patient=" + patient));
    }

    [Theory]
    [InlineData("", "required")]
    [InlineData("code=1", "required")]
    [InlineData("patient=a&max=0", "value")]
    [InlineData("patient=a&max=1&max=2", "value")]
    [InlineData("patient=a&_sort=date", "not-supported")]
    [InlineData("patient=a&_include=Observation:subject", "not-supported")]
    [InlineData("patient=a&zebedee=1", "not-supported")]
    public async Task What_cannot_be_asked_is_said(string query, string code) => (await _gateway.Get(Clinic, "Observation/$lastn?" + query)).IsFault(400, code);

    private async Task<string[]> Last(string query) =>
        [.. (await _gateway.Get(Clinic, "Observation/$lastn?" + query)).Is(200).Entries.Select(e => $"{e["resource"]!["code"]!["coding"]![0]!["code"]} {e["resource"]!["valueQuantity"]!["value"]}")];

    private async Task<string> Patient(string family, JsonObject? provision = null)
    {
        var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, family))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, provision ?? Records.Permit()))).Is(201);
        return id;
    }
}
