// http://hl7.org/fhir/R4/patient-operation-everything.html: the patient's compartment and what it refers to; start and end are about care, _since about writing.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Operations;

public sealed class EverythingTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_patient_comes_with_the_compartment_and_with_the_practitioners_it_leads_to()
    {
        var patient = await Patient("Whole");
        (await _gateway.Put(Hospital, "Organization/whole-ward", Json("Organization", "whole-ward").With("name", "Ward"))).Is(201);
        (await _gateway.Put(Hospital, "PractitionerRole/whole-role", Json("PractitionerRole", "whole-role").With("organization", Records.Reference("Organization/whole-ward")))).Is(201);
        var pulse = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient)
            .With("performer", new JsonArray(Records.Reference("Practitioner/doctor"), Records.Reference("PractitionerRole/whole-role"), Records.Reference("Practitioner/absent"))))).Is(201).Id;
        (await _gateway.Put(Hospital, "Practitioner/whole-stranger", Records.Practitioner("whole-stranger", "Elsewhere"))).Is(201);

        var everything = (await _gateway.Get(Clinic, $"Patient/{patient}/$everything")).Is(200);
        Assert.Equal("searchset", everything.Json["type"]!.GetValue<string>());
        Assert.Equal(
            [$"match {patient}", $"match {pulse}", "include whole-ward", "include doctor", "include whole-role"],
            everything.Entries.Select(e => $"{e["search"]!["mode"]} {e["resource"]!["id"]}"));
        Assert.Equal(2, everything.Total);
        Assert.Null(everything.Link("next"));
        Assert.NotNull(everything.Receipt);

        // The request, the patient, and the STATE.
        Assert.Equal(3u, everything.Growth);

        // The consent is told to the patient and to who keeps it.
        Assert.Contains("Consent", Types(await _gateway.Get(Hospital, $"Patient/{patient}/$everything")));
        Assert.DoesNotContain("Consent", Types(everything));
    }

    [Fact]
    public async Task Who_may_see_nothing_of_a_patient_is_told_what_an_absent_one_is_told()
    {
        var absent = (await _gateway.Get(Clinic, "Patient/absent/$everything")).IsFault(404, "not-found");
        var closed = (await _gateway.Get(Clinic, $"Patient/{SmallHospital.Closed}/$everything")).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (closed.Text, closed.Growth));
        (await _gateway.Get(Stranger, $"Patient/{SmallHospital.Open}/$everything")).IsFault(404, "not-found");
        (await _gateway.Get(Narrow, $"Patient/{SmallHospital.Open}/$everything")).IsFault(403, "forbidden");
    }

    [Fact]
    public async Task What_a_consent_denies_is_left_out()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Parted"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit().Except(Records.Provision("deny").WithLabel("R"))))).Is(201);
        var secret = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient, label: "R"))).Is(201).Id;
        var seen = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient))).Is(201).Id;
        Assert.Equal([patient, seen], (await _gateway.Get(Clinic, $"Patient/{patient}/$everything")).Is(200).Ids);
        Assert.Contains(secret, (await _gateway.Get(Hospital, $"Patient/{patient}/$everything")).Is(200).Ids);
    }

    [Fact]
    public async Task Start_and_end_choose_by_the_time_of_care_and_keep_what_has_none()
    {
        var patient = await Patient("Timed");
        foreach (var date in new[] { "2020-05-01", "2022-05-01", "2024-05-01" })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, date: date))).Is(201);
        }

        foreach (var (query, dates) in new (string, string[])[]
        {
            ("start=2022", ["2022-05-01", "2024-05-01"]), ("end=2022-05-01", ["2020-05-01", "2022-05-01"]), ("start=2021&end=2023-01-01", ["2022-05-01"]), ("start=2025-01-01", []),
        })
        {
            var found = (await _gateway.Get(Clinic, $"Patient/{patient}/$everything?{query}")).Is(200);
            Assert.Equal(["Patient", .. dates.Select(_ => "Observation")], Types(found));
            Assert.Equal(dates, found.Entries.Skip(1).Select(e => e["resource"]!["effectiveDateTime"]!.GetValue<string>()).Order());
        }
    }

    [Fact]
    public async Task Types_and_since_choose_among_the_records_in_a_form_in_parameters_and_in_the_url()
    {
        var patient = await Patient("Typed");
        (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient).With("performer", new JsonArray(Records.Reference("Practitioner/doctor"))))).Is(201);
        (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient))).Is(201);
        var path = $"Patient/{patient}/$everything";
        Assert.Equal(["Condition", "Practitioner"], Types(await _gateway.Get(Clinic, path + "?_type=Condition,Practitioner")));
        Assert.Equal(["Condition", "Observation"], Types(await _gateway.Get(Clinic, path + "?_type=Condition&_type=Observation")));
        Assert.Equal(["Condition"], Types(await _gateway.Post(Clinic, path, Parameters(("_type", "valueString", "Condition")))));
        Assert.Equal(["Observation"], Types(await _gateway.SendBytes(Clinic, "POST", path, "_type=Observation"u8.ToArray(), "application/x-www-form-urlencoded")));
        Assert.Equal(4, Types(await _gateway.SendBytes(Clinic, "POST", path, null, null)).Length);
        Assert.Equal(4, Types(await _gateway.Get(Clinic, path + "?_since=2000-01-01T00:00:00Z")).Length);
        var later = (await _gateway.Get(Clinic, path + "?_since=2999-01-01T00:00:00Z")).Is(200);
        Assert.Equal((0, 0, 3u), (later.Total, later.Entries.Length, later.Growth));
    }

    [Fact]
    public async Task Pages_show_each_record_once_and_not_what_came_meanwhile()
    {
        var patient = await Patient("Paged");
        var ids = new List<string> { patient };
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient).With("performer", new JsonArray(Records.Reference("Practitioner/doctor"))))).Is(201).Id);
        }

        var seen = new List<string>();
        var next = $"Patient/{patient}/$everything?_count=3";
        while (next is not null)
        {
            var page = (await _gateway.Get(Clinic, next)).Is(200);
            Assert.Equal(6, page.Total);
            Assert.True(page.Entries.Length <= 3);
            seen.AddRange(page.Ids);
            next = page.Link("next");
            hospital.Clock.Advance(TimeSpan.FromSeconds(1));
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201);
            if (next is not null)
            {
                (await _gateway.Get(Hospital, next)).IsFault(400, "value");
            }
        }

        Assert.Equal([ids[0], .. ids.Skip(1).Order(StringComparer.Ordinal), "doctor"], seen);
    }

    [Theory]
    [InlineData("start=Zebedee", "value")]
    [InlineData("start=2020&start=2021", "value")]
    [InlineData("_since=yesterday", "value")]
    [InlineData("_type=Zebedee", "value")]
    [InlineData("_type=", "value")]
    [InlineData("_count=0", "value")]
    [InlineData("_count=x", "value")]
    [InlineData("_cursor=AAAA", "value")]
    [InlineData("zebedee=1", "not-supported")]
    public async Task A_parameter_that_cannot_be_read_is_named(string query, string code) =>
        Assert.Equal(0u, (await _gateway.Get(Clinic, $"Patient/{SmallHospital.Open}/$everything?{query}")).IsFault(400, code).Growth);

    [Fact]
    public async Task An_encounter_comes_with_its_compartment_its_patient_and_what_these_lead_to()
    {
        var patient = await Patient("Visiting");
        var visit = (await _gateway.Post(Hospital, "Encounter", Records.Encounter(null, patient)
            .With("participant", new JsonArray(new JsonObject { ["individual"] = Records.Reference("Practitioner/doctor") }))
            .With("diagnosis", new JsonArray(new JsonObject { ["condition"] = Records.Reference("Condition/visit-reason") })))).Is(201).Id;
        (await _gateway.Put(Hospital, "Condition/visit-reason", Records.Condition("visit-reason", patient))).Is(201);
        var during = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient).With("encounter", Records.Reference("Encounter/" + visit)))).Is(201).Id;
        var other = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id;
        (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Closed).With("encounter", Records.Reference("Encounter/" + visit)))).Is(201);

        var everything = (await _gateway.Get(Clinic, $"Encounter/{visit}/$everything")).Is(200);
        Assert.Equal(
            [$"include doctor", $"include visit-reason", $"include {patient}", $"match {during}", $"match {visit}"],
            everything.Entries.Select(e => $"{e["search"]!["mode"]} {e["resource"]!["id"]}").OrderBy(e => e.Split(' ')[0], StringComparer.Ordinal).ThenBy(e => e.Contains(during, StringComparison.Ordinal) ? 0 : 1)
                .ThenBy(e => e.Contains("doctor", StringComparison.Ordinal) ? 0 : e.Contains("reason", StringComparison.Ordinal) ? 1 : 2));
        Assert.Equal((2, 3u), (everything.Total, everything.Growth));
        Assert.DoesNotContain(other, everything.Ids);
        Assert.Equal([during], (await _gateway.Get(Clinic, $"Encounter/{visit}/$everything?_type=Observation")).Is(200).Ids);

        var paged = new List<string>();
        for (var next = (string?)$"Encounter/{visit}/$everything?_count=2"; next is not null;)
        {
            var page = (await _gateway.Get(Clinic, next)).Is(200);
            paged.AddRange(page.Ids);
            next = page.Link("next");
        }

        Assert.Equal(everything.Ids.Order(StringComparer.Ordinal), paged.Order(StringComparer.Ordinal));
        (await _gateway.Get(Clinic, $"Encounter/{visit}/$everything?start=2020")).IsFault(400, "not-supported");
        var closed = (await _gateway.Get(Stranger, $"Encounter/{visit}/$everything")).IsFault(404, "not-found");
        var absent = (await _gateway.Get(Stranger, "Encounter/absent/$everything")).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (closed.Text, closed.Growth));
    }

    [Fact]
    public async Task A_group_comes_with_the_records_of_its_active_members()
    {
        var (one, two, former) = (await Patient("Member"), await Patient("Fellow"), await Patient("Former"));
        var pulse = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, two))).Is(201).Id;
        var group = Records.Group(null, one, two, former);
        group["member"]![2]!["inactive"] = true;
        var id = (await _gateway.Post(Hospital, "Group", group)).Is(201).Id;
        var everything = (await _gateway.Get(Clinic, $"Group/{id}/$everything")).Is(200);
        Assert.Equal(new[] { one, two, pulse, id }.Order(StringComparer.Ordinal), everything.Ids.Order(StringComparer.Ordinal));
        Assert.Equal(4, everything.Total);
        Assert.Equal([pulse], (await _gateway.Get(Clinic, $"Group/{id}/$everything?_type=Observation&start=2026-01-01")).Is(200).Ids);

        var closed = (await _gateway.Post(Hospital, "Group", Records.Group(null, one, SmallHospital.Closed))).Is(201).Id;
        (await _gateway.Get(Clinic, $"Group/{closed}/$everything")).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, "Group/absent/$everything")).IsFault(404, "not-found");
    }

    [Fact]
    public async Task Part_of_each_record_and_the_form_of_the_answer_are_chosen_like_those_of_a_search()
    {
        var patient = await Patient("Shaped");
        var path = $"Patient/{patient}/$everything";
        var named = (await _gateway.Get(Clinic, path + "?_elements=name&_format=json")).Is(200).Entries[0]["resource"]!;
        Assert.NotNull(named["name"]);
        Assert.Null(named["birthDate"]);
        Assert.Null((await _gateway.Get(Clinic, path + "?_summary=text")).Is(200).Entries[0]["resource"]!["name"]);
        Assert.StartsWith("<Bundle", (await _gateway.Get(Clinic, path + "?_format=xml")).Is(200).Text, StringComparison.Ordinal);
        Assert.Contains("\n  \"resourceType\"", (await _gateway.Get(Clinic, path + "?_pretty=true")).Is(200).Text, StringComparison.Ordinal);
        (await _gateway.Get(Clinic, path + "?_summary=count")).IsFault(400, "value");
        (await _gateway.Get(Clinic, path + "?_elements=zebedee")).IsFault(400, "value");
        (await _gateway.Get(Clinic, $"Observation/$lastn?patient={patient}&_summary=true&_format=json")).Is(200);
        (await _gateway.Get(Clinic, $"Observation/$lastn?patient={patient}&_summary=count")).IsFault(400, "not-supported");
        (await _gateway.Get(Clinic, $"DocumentReference/$docref?patient={patient}&_elements=status&_pretty=true")).Is(200);
        Assert.StartsWith("<ValueSet", (await _gateway.Get(Clinic, "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&_format=xml")).Is(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_called_on_one_record_alone()
    {
        Assert.Contains("one record", (await _gateway.Get(Clinic, "Patient/$everything")).IsFault(404, "not-supported").Text, StringComparison.Ordinal);
        (await _gateway.Get(Clinic, "Observation/a/$everything")).IsFault(404, "not-supported");
        (await _gateway.Delete(Clinic, $"Patient/{SmallHospital.Open}/$everything")).IsFault(405, "not-supported");
        (await _gateway.Post(Clinic, $"Patient/{SmallHospital.Open}/$everything", Records.Patient(null, "Wrong"))).IsFault(400, "invalid");
    }

    private static JsonObject Parameters(params (string Name, string Kind, string Value)[] parameters) => new()
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray([.. parameters.Select(p => new JsonObject { ["name"] = p.Name, [p.Kind] = p.Value })]),
    };

    private static JsonObject Json(string type, string id) => new() { ["resourceType"] = type, ["id"] = id, ["active"] = true };

    private static string[] Types(Answer answer) => [.. answer.Is(200).Entries.Select(e => e["resource"]!["resourceType"]!.GetValue<string>())];

    private async Task<string> Patient(string family)
    {
        var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, family))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, Records.Permit()))).Is(201);
        return id;
    }
}
