// http://hl7.org/fhir/R4/http.html#cond-update, #cread, conditional delete and conditional references of #trules: a condition is a search of the caller, so what the caller may
// not see is no match.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class ConditionalChangeTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    // RFC 9110 section 13.1.1: where there is none, no version of it is the one that is meant.
    [Fact]
    public async Task An_update_that_names_a_version_of_what_is_not_there_is_refused_and_absent_and_hidden_are_alike()
    {
        (string, string) version = ("If-Match", "W/\"1\"");
        (await _gateway.Put(Hospital, "Patient/not-there", Records.Patient("not-there", "Absent"), version)).IsFault(412, "conflict");
        (await _gateway.Get(Hospital, "Patient/not-there")).Is(404);
        foreach (var match in new[] { "W/\"1\"", "W/\"7\"", "*" })
        {
            var hidden = (await _gateway.Put(Clinic, "Patient/" + SmallHospital.Closed, Records.Patient(SmallHospital.Closed, "Closely"), ("If-Match", match))).IsFault(412, "conflict");
            var absent = (await _gateway.Put(Clinic, "Patient/not-there", Records.Patient("not-there", "Closely"), ("If-Match", match))).IsFault(412, "conflict");
            Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        }

        (await _gateway.Put(Clinic, "Patient/not-there", Records.Patient("not-there", "Absent"))).IsFault(405, "not-found");
    }

    // RFC 9110 section 13.1.1: an asterisk is any version, of a record that is there.
    [Fact]
    public async Task If_Match_with_an_asterisk_holds_where_there_is_a_record()
    {
        (string, string) any = ("If-Match", "*");
        var (name, condition) = Named("Any");
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name), any)).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, "Patient/any-absent", Records.Patient("any-absent", name), any)).IsFault(412, "conflict");
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        var path = "Patient/" + made.Id;
        Assert.Equal("W/\"2\"", (await _gateway.Put(Hospital, path, Records.Patient(made.Id, name, "male"), any)).Is(200).Headers["ETag"]);
        Assert.Equal("W/\"3\"", (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name), any)).Is(200).Headers["ETag"]);
        var patch = "[{\"op\":\"replace\",\"path\":\"/gender\",\"value\":\"other\"}]"u8.ToArray();
        Assert.Equal("W/\"4\"", (await _gateway.SendBytes(Hospital, "PATCH", path, patch, "application/json-patch+json", any)).Is(200).Headers["ETag"]);
        (await _gateway.Delete(Hospital, path, any)).Is(204);
        (await _gateway.Put(Hospital, path, Records.Patient(made.Id, name), any)).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, path, Records.Patient(made.Id, name))).Is(201);
    }

    [Fact]
    public async Task An_update_makes_changes_or_refuses_by_what_its_condition_finds()
    {
        var (name, condition) = Named("Update");
        var made = (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name))).Is(201);
        var changed = (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name, "male"))).Is(200);
        Assert.Equal((made.Id, "W/\"2\""), (changed.Id, changed.Headers["ETag"]));
        Assert.Equal("male", (await _gateway.Get(Hospital, "Patient/" + made.Id)).Is(200).Json["gender"]!.GetValue<string>());

        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(made.Id, name))).Is(200);
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient("other-id", name))).IsFault(400, "value", name);
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name), ("If-Match", "W/\"3\""))).Is(200);
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name), ("If-Match", "W/\"3\""))).IsFault(412, "conflict");

        (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name))).IsFault(412, "multiple-matches", name);
        (await _gateway.Delete(Hospital, "Patient?" + condition)).IsFault(412, "multiple-matches", name);
        Assert.Equal(2, (await _gateway.Get(Hospital, "Patient?" + condition)).Is(200).Total);
    }

    [Fact]
    public async Task An_update_that_finds_nothing_takes_an_id_only_from_who_may_choose_and_never_that_of_another_record()
    {
        var (name, condition) = Named("Chosen");
        var id = name.ToLowerInvariant();
        (await _gateway.Put(Clinic, "Patient?" + condition, Records.Patient(id, name))).IsFault(405, "not-found");
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(SmallHospital.Open, name))).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name), ("If-Match", "W/\"1\""))).IsFault(412, "conflict");
        Assert.Equal(id, (await _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(id, name))).Is(201).Id);
        Assert.Contains("Openshaw", (await _gateway.Get(Hospital, "Patient/" + SmallHospital.Open)).Is(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delete_deletes_the_one_that_is_found_and_nothing_is_as_good_as_deleted()
    {
        var (name, condition) = Named("Delete");
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        (await _gateway.Delete(Hospital, "Patient?" + condition, ("If-Match", "W/\"2\""))).IsFault(412, "conflict");
        var deleted = (await _gateway.Delete(Hospital, "Patient?" + condition)).Is(204);
        Assert.NotNull(deleted.Receipt);
        (await _gateway.Get(Hospital, "Patient/" + made.Id)).Is(410);
        var nothing = (await _gateway.Delete(Hospital, "Patient?" + condition)).Is(204);
        Assert.NotNull(nothing.Receipt);
        Assert.False(nothing.Headers.ContainsKey("ETag"));
    }

    [Fact]
    public async Task What_the_caller_may_not_see_is_no_match_and_what_another_keeps_is_not_changed()
    {
        // The clinic does not see the closed patient, and sees the open one, whom the hospital keeps.
        var made = (await _gateway.Put(Clinic, "Patient?identifier=urn:mrn|mrn-Closely", Records.Patient(null, "Closely"))).Is(201);
        Assert.NotEqual(SmallHospital.Closed, made.Id);
        (await _gateway.Delete(Clinic, "Patient?_id=" + SmallHospital.Closed)).Is(204);
        (await _gateway.Get(Hospital, "Patient/" + SmallHospital.Closed)).Is(200);
        (await _gateway.Put(Clinic, "Patient?identifier=urn:mrn|mrn-Openshaw", Records.Patient(null, "Openshaw"))).IsFault(403, "forbidden");
        (await _gateway.Delete(Clinic, "Patient?identifier=urn:mrn|mrn-Openshaw")).IsFault(403, "forbidden");
        (await _gateway.Get(Hospital, "Patient/" + SmallHospital.Open)).Is(200);
        (await _gateway.Delete(Clinic, "Patient/" + made.Id)).Is(204);
    }

    [Fact]
    public async Task Of_many_equal_conditional_updates_at_once_one_creates_and_none_is_lost()
    {
        var (name, condition) = Named("Crowd");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _gateway.Put(Hospital, "Patient?" + condition, Records.Patient(null, name))));
        Assert.Single(answers, a => a.Status == 201);
        Assert.Equal(9, answers.Count(a => a.Status == 200));
        Assert.Equal("10", (await _gateway.Get(Hospital, "Patient/" + answers[0].Id)).Is(200).Json["meta"]!["versionId"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_reader_who_knows_the_version_is_told_so_after_the_entry_is_recorded()
    {
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Known"))).Is(201);
        var path = "Patient/" + made.Id;
        foreach (var header in new[] { ("If-None-Match", "W/\"1\""), ("If-None-Match", "W/\"7\", W/\"1\""), ("If-None-Match", "*"), ("If-Modified-Since", made.Headers["Last-Modified"]) })
        {
            var known = (await _gateway.Get(Hospital, path, header)).Is(304);
            Assert.Empty(known.Body);
            Assert.Equal("W/\"1\"", known.Headers["ETag"]);
            Assert.Equal((await _gateway.Get(Hospital, path)).Growth, known.Growth);
            Assert.NotNull(known.Receipt);
        }

        (await _gateway.Get(Hospital, path, ("If-None-Match", "W/\"2\""), ("If-Modified-Since", made.Headers["Last-Modified"]))).Is(200);
        (await _gateway.Get(Hospital, path, ("If-Modified-Since", "Fri, 20 Nov 1999 12:00:00 GMT"))).Is(200);
        (await _gateway.Get(Hospital, path, ("If-Modified-Since", "Zebedee"))).Is(200);
        (await _gateway.Get(Stranger, path, ("If-None-Match", "*"))).IsFault(404, "not-found");
    }

    [Fact]
    public async Task A_transaction_holds_conditional_changes_and_conditional_references()
    {
        var (name, condition) = Named("Bundle");
        const string One = "urn:uuid:7a0b7c9e-0002-4000-8000-000000000001";
        var old = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open, "1234-5"))).Is(201).Id;
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("PUT", "Patient?" + condition, Records.Patient(null, name), One),
            Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference(One))),
            Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?identifier=urn:mrn|mrn-Openshaw"))),
            Records.Entry("DELETE", "Observation?_id=" + old),
            Records.Entry("DELETE", "Observation?_id=absent"),
            Records.Entry("GET", "Observation?_id=" + old)))).Is(200);
        Assert.Equal(["201", "201", "201", "204", "204", "200"], Statuses(answer));
        var patient = Location(answer, 0).Split('/')[^3];
        Assert.Equal("Patient/" + patient, (await _gateway.Get(Hospital, Location(answer, 1))).Is(200).Json["subject"]!["reference"]!.GetValue<string>());
        Assert.Equal("Patient/" + SmallHospital.Open, (await _gateway.Get(Hospital, Location(answer, 2))).Is(200).Json["subject"]!["reference"]!.GetValue<string>());
        Assert.Equal(0, answer.Entries[5]["resource"]!["total"]!.GetValue<int>());

        var refused = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("DELETE", "Patient?" + condition),
            Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?gender=female")))))).IsFault(422, "multiple-matches");
        Assert.Contains("Bundle.entry[1].resource.subject", refused.Places);
        (await _gateway.Get(Hospital, "Patient/" + patient)).Is(200);
    }

    [Fact]
    public async Task A_conditional_reference_leads_to_what_the_caller_may_see_and_is_told_to_the_patient()
    {
        JsonObject To(string condition) => Records.Bundle("transaction", Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?" + condition))));
        (await _gateway.Post(Clinic, "", To("identifier=urn:mrn|mrn-Closely"))).IsFault(422, "not-found", "Closely");
        (await _gateway.Post(Clinic, "", To("zebedee=1"))).IsFault(422, "not-found");
        var made = (await _gateway.Post(Clinic, "", To("identifier=urn:mrn|mrn-Openshaw"), ("Prefer", "return=representation"))).Is(200).Entries[0]["resource"]!;
        Assert.Equal("Patient/" + SmallHospital.Open, made["subject"]!["reference"]!.GetValue<string>());
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(SmallHospital.Open))!;
        Assert.Contains(
            ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).TryGet(out var fact, out _) ? fact : null),
            f => f![FactField.Client] == Clinic && f[FactField.Interaction] == "search-type" && f[FactField.Event] == "access");
    }

    // #trules: conditional references are resolved last, after deletes, creates and updates.
    [Fact]
    public async Task A_conditional_reference_finds_the_records_as_the_transaction_leaves_them()
    {
        var (name, condition) = Named("Pending");
        JsonObject To(string query) => Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?" + query)));
        async Task<string> Subject(Answer answer, int entry) => (await _gateway.Get(Hospital, Location(answer, entry))).Is(200).Json["subject"]!["reference"]!.GetValue<string>();

        // What it creates, before and behind what refers to it, directory records and chosen ids among them.
        var made = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            To(condition).With("resource", Records.Observation(null, "x").With("subject", Records.Reference("Patient?" + condition)).With("performer", new JsonArray(Records.Reference("Practitioner?identifier=urn:npi|npi-" + name)))),
            Records.Entry("POST", "Patient", Records.Patient(null, name)),
            Records.Entry("PUT", "Practitioner/" + name, Records.Practitioner(name, name)),
            To(condition)))).Is(200);
        var patient = Location(made, 1).Split('/')[^3];
        Assert.Equal(("Patient/" + patient, "Patient/" + patient), (await Subject(made, 0), await Subject(made, 3)));
        Assert.Equal("Practitioner/" + name, (await _gateway.Get(Hospital, Location(made, 0))).Json["performer"]![0]!["reference"]!.GetValue<string>());
        Assert.Equal(2, (await _gateway.Get(Hospital, "Observation?patient=" + patient)).Total);

        // What a conditional create found is one record and not two.
        var again = Records.Entry("POST", "Patient", Records.Patient(null, name));
        again["request"]!["ifNoneExist"] = condition;
        Assert.Equal("Patient/" + patient, await Subject((await _gateway.Post(Hospital, "", Records.Bundle("transaction", To(condition), again))).Is(200), 0));

        // What is there and what is made are two.
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", To(condition), Records.Entry("POST", "Patient", Records.Patient(null, name))))).IsFault(422, "multiple-matches", name);

        // What it takes away, or changes to something else, is no match any more, and what it changes into one is.
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", To(condition), Records.Entry("DELETE", "Patient/" + patient)))).IsFault(422, "not-found", name);
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", To(condition), Records.Entry("PUT", "Patient/" + patient, Records.Patient(patient, "Other" + name))))).IsFault(422, "not-found", name);
        var (other, became) = Named("Became");
        Assert.Equal("Patient/" + patient, await Subject((await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", To(became), Records.Entry("PUT", "Patient/" + patient, Records.Patient(patient, other))))).Is(200), 0));
        Assert.Equal(4, (await _gateway.Get(Hospital, "Observation?patient=" + patient)).Total);
    }

    [Fact]
    public async Task A_conditional_reference_does_not_find_what_is_hidden_beside_what_it_makes()
    {
        var (name, condition) = Named("Hidden");
        (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        var answer = (await _gateway.Post(Clinic, "", Records.Bundle(
            "transaction",
            Records.Entry("POST", "Patient", Records.Patient(null, name)),
            Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?" + condition)))))).Is(200);
        Assert.Equal("Patient/" + Location(answer, 0).Split('/')[^3], (await _gateway.Get(Clinic, Location(answer, 1))).Is(200).Json["subject"]!["reference"]!.GetValue<string>());
    }

    [Fact]
    public async Task Relative_references_are_read_beside_the_fullUrl_of_their_entry()
    {
        var (name, _) = Named("Beside");
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("POST", "Patient", Records.Patient(null, name), "http://elsewhere.example/fhir/Patient/123"),
            Records.Entry("POST", "Observation", Records.Observation(null, "123"), "http://elsewhere.example/fhir/Observation/9"),
            Records.Entry("POST", "Observation", Records.Observation(null, "123"), "http://other.example/fhir/Observation/9")))).Is(200);
        var patient = Location(answer, 0).Split('/')[^3];
        Assert.Equal(
            ["Patient/" + patient, "Patient/123"],
            await Task.WhenAll(new[] { 1, 2 }.Select(async i => (await _gateway.Get(Hospital, Location(answer, i))).Is(200).Json["subject"]!["reference"]!.GetValue<string>())));
    }

    [Fact]
    public async Task A_Bundle_answers_as_its_Prefer_header_wants_and_reads_with_conditions_and_without_bodies()
    {
        var (name, condition) = Named("Prefer");
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        JsonObject Bundle() => Records.Bundle("transaction", Records.Entry("PUT", "Patient?" + condition, Records.Patient(null, name)));
        Assert.Null((await _gateway.Post(Hospital, "", Bundle(), ("Prefer", "return=minimal"))).Is(200).Entries[0]["resource"]);
        Assert.Equal(made.Id, (await _gateway.Post(Hospital, "", Bundle(), ("Prefer", "handling=strict; return=representation"))).Is(200).Entries[0]["resource"]!["id"]!.GetValue<string>());
        Assert.Equal("OperationOutcome", (await _gateway.Post(Hospital, "", Bundle(), ("Prefer", "return=OperationOutcome"))).Is(200).Entries[0]["response"]!["outcome"]!["resourceType"]!.GetValue<string>());

        JsonObject Known(string method, string name, string value)
        {
            var entry = Records.Entry(method, "Patient/" + made.Id);
            entry["request"]![name] = value;
            return entry;
        }

        var read = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch", Known("GET", "ifNoneMatch", "W/\"4\""), Known("GET", "ifNoneMatch", "W/\"1\""), Known("GET", "ifModifiedSince", "2100-01-01T00:00:00Z"), Records.Entry("HEAD", "Patient/" + made.Id)))).Is(200);
        Assert.Equal(["304", "200", "304", "200"], Statuses(read));
        Assert.Equal([false, true, false, false], read.Entries.Select(e => e["resource"] is not null));
        (await _gateway.Delete(Hospital, "Patient/" + made.Id, ("Prefer", "return=OperationOutcome"))).Is(200);
    }

    // http://hl7.org/fhir/R4/http.html#ops: an outcome for who prefers one, of what was not there and of what was hidden alike.
    [Fact]
    public async Task A_delete_of_nothing_has_an_outcome_too()
    {
        (string, string) prefer = ("Prefer", "return=OperationOutcome");
        foreach (var type in new[] { "batch", "transaction" })
        {
            JsonObject Bundle() => Records.Bundle(type, Records.Entry("DELETE", "Patient/absent"), Records.Entry("DELETE", "Patient/" + SmallHospital.Closed), Records.Entry("DELETE", "Observation?_id=absent"));
            var told = (await _gateway.Post(Clinic, "", Bundle(), prefer)).Is(200);
            Assert.Equal(["204", "204", "204"], Statuses(told));
            Assert.All(told.Entries, e => Assert.Equal("There was nothing to delete.", e["response"]!["outcome"]!["issue"]![0]!["diagnostics"]!.GetValue<string>()));
            Assert.All((await _gateway.Post(Clinic, "", Bundle())).Is(200).Entries, e => Assert.Null(e["response"]!["outcome"]));
        }

        foreach (var path in new[] { "Patient/absent", "Patient/" + SmallHospital.Closed, "Observation?_id=absent" })
        {
            Assert.Equal("informational", (await _gateway.Delete(Clinic, path, prefer)).Is(200).Codes.Single());
            Assert.Empty((await _gateway.Delete(Clinic, path)).Is(204).Body);
        }
    }

    // What may have been meant as a condition is not passed over either.
    [Theory]
    [InlineData("POST", "Patient?identifier=urn:mrn|mrn-Openshaw")]
    [InlineData("PUT", "Patient/patient-open?identifier=urn:mrn|mrn-Openshaw")]
    [InlineData("DELETE", "Patient/patient-open?identifier=urn:mrn|mrn-Nobodyhere")]
    [InlineData("PATCH", "Patient/patient-open?identifier=urn:mrn|mrn-Nobodyhere")]
    public async Task A_query_where_none_is_taken_is_refused(string method, string path)
    {
        JsonObject? Body() => method == "DELETE" ? null : Records.Patient(method == "PUT" ? "patient-open" : null, "Openshaw");
        Assert.Equal(0u, (await _gateway.Send(Hospital, method, path, Body())).IsFault(400, "value").Growth);
        Assert.Equal(["400"], Statuses((await _gateway.Post(Hospital, "", Records.Bundle("batch", Records.Entry(method, path, method == "PATCH" ? new JsonObject { ["resourceType"] = "Parameters" } : Body())))).Is(200)));
        (await _gateway.Post(Hospital, "Patient?_format=json&_pretty=true", Records.Patient(null, "Formed"))).Is(201);
    }

    // A condition that says nothing of a change is refused, in a Bundle and alone alike.
    [Theory]
    [InlineData("PUT", "Patient?identifier=urn:mrn|mrn-Openshaw", "If-None-Match", "*")]
    [InlineData("PATCH", "Patient?identifier=urn:mrn|mrn-Openshaw", "If-None-Match", "*")]
    [InlineData("PATCH", "Patient/patient-open", "If-None-Match", "*")]
    [InlineData("DELETE", "Patient/absent", "If-None-Match", "W/\"1\"")]
    [InlineData("DELETE", "Patient?identifier=urn:mrn|mrn-Nobodyhere", "If-None-Match", "*")]
    [InlineData("POST", "Patient", "If-None-Match", "*")]
    [InlineData("POST", "Patient", "If-Match", "W/\"1\"")]
    [InlineData("PUT", "Patient/patient-open", "If-None-Exist", "identifier=a")]
    public async Task A_misplaced_condition_is_refused(string method, string path, string header, string value)
    {
        var answer = (await _gateway.Send(Hospital, method, path, method == "DELETE" ? null : Records.Patient(method == "PUT" && !path.Contains('?', StringComparison.Ordinal) ? "patient-open" : null, "Openshaw"), (header, value))).IsFault(400, "value");
        Assert.Contains(header, answer.Text, StringComparison.Ordinal);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task An_update_with_If_None_Match_makes_a_record_once()
    {
        var id = Named("Once").Name.ToLowerInvariant();
        (await _gateway.Put(Hospital, "Patient/" + id, Records.Patient(id, "Once"), ("If-None-Match", "*"))).Is(201);
        (await _gateway.Put(Hospital, "Patient/" + id, Records.Patient(id, "Once"), ("If-None-Match", "*"))).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, "Patient/" + id, Records.Patient(id, "Once"), ("If-None-Match", "W/\"1\""))).IsFault(400, "value");
    }

    private static (string Name, string Condition) Named(string what)
    {
        var name = what + Guid.NewGuid().ToString("N");
        return (name, "identifier=urn:mrn|mrn-" + name);
    }

    private static string[] Statuses(Answer answer) => [.. answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3])];

    private static string Location(Answer answer, int entry) => answer.Entries[entry]["response"]!["location"]!.GetValue<string>();
}
