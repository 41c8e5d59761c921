// FHIR R4 RESTful API, http://hl7.org/fhir/R4/http.html: read, vread, create, update, delete, versions and ETags.
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Receipts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class RecordLifeTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_created_record_gets_an_id_of_the_server_and_is_read_back_with_the_same_bytes()
    {
        var sent = Records.Observation("chosen-by-the-client", SmallHospital.Open);
        var created = (await _gateway.Post(Hospital, "Observation", sent)).Is(201);
        Assert.Matches("^[0-9a-f]{32}$", created.Id);
        Assert.Equal($"{_gateway.Fhir}/Observation/{created.Id}/_history/1", created.Headers["Location"]);
        Assert.Equal("W/\"1\"", created.Headers["ETag"]);
        Assert.Equal("1", created.Json["meta"]!["versionId"]!.GetValue<string>());

        var read = (await _gateway.Get(Hospital, "Observation/" + created.Id)).Is(200);
        Assert.Equal(created.Body, read.Body);
        Assert.Equal("W/\"1\"", read.Headers["ETag"]);
        Assert.Equal(hospital.Clock.GetUtcNow().ToString("R"), read.Headers["Last-Modified"]);
        Assert.Equal("application/fhir+json; charset=utf-8", read.Headers["Content-Type"]);
    }

    [Theory]
    [InlineData("Observation/pulse-patient-open", 200)]
    [InlineData("Observation/pulse-patient-open/_history/1", 200)]
    [InlineData("Observation?patient=patient-open", 200)]
    [InlineData("Observation/not-there", 404)]
    [InlineData("Observation/pulse-patient-closed", 404)]
    [InlineData("Observation?zebedee=1", 400)]
    [InlineData("metadata", 200)]
    [InlineData(".well-known/smart-configuration", 200)]
    public async Task Head_answers_as_get_does_without_the_body_and_is_recorded_alike(string path, int status)
    {
        var get = (await _gateway.Get(Clinic, path)).Is(status);
        var head = await _gateway.Send(Clinic, "HEAD", path);
        Assert.Equal(get.Status, head.Status);
        Assert.Empty(head.Body);
        Assert.Equal(get.Growth, head.Growth);
        string[] varying = ["Date", "X-Request-Id", "X-Ledger-Receipt", "Transfer-Encoding"];
        Assert.Equal(Fixed(get), Fixed(head));
        Assert.Equal(get.Receipt?.Length, head.Receipt?.Length);

        string[] Fixed(Answer answer) => [.. answer.Headers.Where(h => !varying.Contains(h.Key, StringComparer.OrdinalIgnoreCase)).Select(h => $"{h.Key}: {h.Value}").Order(StringComparer.Ordinal)];
    }

    // http://hl7.org/fhir/R4/http.html#custom: "When the server assigned id is different to the client assigned id, the server SHOULD also return the X-Correlation-Id header".
    [Theory]
    [InlineData("client-7_a.b:c/d+e=", "client-7_a.b:c/d+e=")]
    [InlineData("", null)]
    [InlineData("with blank", null)]
    [InlineData("a<b", null)]
    public async Task The_id_that_a_client_gave_its_request_comes_back_beside_the_servers(string given, string? back)
    {
        foreach (var path in new[] { "Patient/" + SmallHospital.Open, "Patient/absent", "metadata", "Patient?zebedee=1" })
        {
            var answer = await _gateway.Get(Hospital, path, ("X-Request-Id", given));
            Assert.Equal(back, answer.Headers.GetValueOrDefault("X-Correlation-Id"));
            Assert.Matches("^[0-9a-f]{16}$", answer.Headers["X-Request-Id"]);
        }

        Assert.Null((await _gateway.Get(Hospital, "metadata", ("X-Request-Id", new string('a', 129)))).Headers.GetValueOrDefault("X-Correlation-Id"));
    }

    [Theory]
    [InlineData("PUT", "", "GET, HEAD, POST")]
    [InlineData("PUT", "Patient", "GET, HEAD, POST")]
    [InlineData("OPTIONS", "Patient", "GET, HEAD, POST")]
    [InlineData("OPTIONS", "Patient?_id=a", "GET, HEAD, POST, PUT, PATCH, DELETE")]
    [InlineData("OPTIONS", "", "GET, HEAD, POST")]
    [InlineData("POST", "Patient/a", "GET, HEAD, PUT, PATCH, DELETE")]
    [InlineData("HEAD", "Patient/_search", "POST")]
    [InlineData("DELETE", "Patient/a/_history/1", "GET, HEAD")]
    [InlineData("PUT", "Patient/a/_history", "GET, HEAD")]
    [InlineData("POST", "Patient/_history", "GET, HEAD")]
    [InlineData("DELETE", "_history", "GET, HEAD")]
    [InlineData("POST", "metadata", "GET, HEAD")]
    public async Task A_method_that_a_path_does_not_take_is_answered_with_those_that_it_takes(string method, string path, string allowed)
    {
        var answer = (await _gateway.Send(Hospital, method, path)).Is(405);
        Assert.Equal(allowed, answer.Headers["Allow"]);
        Assert.Equal(0u, answer.Growth);
    }

    [Fact]
    public async Task Records_created_at_once_for_one_patient_have_an_entry_and_a_receipt_each()
    {
        var created = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open, value: i))));
        var changes = new HashSet<string>();
        foreach (var answer in created)
        {
            Assert.Equal(answer.Is(201).Body, (await _gateway.Get(Hospital, "Observation/" + answer.Id)).Is(200).Body);
            Assert.True(Receipt.Parse((await _gateway.Get(Hospital, new Uri(answer.Receipt!).PathAndQuery)).Is(200).Body).TryGet(out var receipt, out _));
            Assert.True(Fact.Parse(receipt.Fact!).TryGet(out var fact, out _));
            Assert.Contains($"Observation/{answer.Id}/", fact[FactField.Targets]);
            Assert.Single(fact[FactField.Targets]!.Split("Observation/")[1..]);
            changes.Add(fact[FactField.Evidence]!.Split('/')[0]);
        }

        Assert.Equal(created.Length, created.Select(answer => answer.Receipt).Distinct().Count());
        Assert.InRange(changes.Count, 1, created.Length - 1); // some shared a commit, and so a change of the shelf
    }

    [Fact]
    public async Task A_record_is_updated_read_by_version_deleted_and_gone()
    {
        var created = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open, value: 70))).Is(201);
        var path = "Observation/" + created.Id;

        var updated = (await _gateway.Put(Hospital, path, Records.Observation(created.Id, SmallHospital.Open, value: 71), ("If-Match", "W/\"1\""))).Is(200);
        Assert.Equal("W/\"2\"", updated.Headers["ETag"]);
        Assert.Equal($"{_gateway.Fhir}/{path}/_history/2", updated.Headers["Location"]);
        Assert.Equal(created.Body, (await _gateway.Get(Hospital, path + "/_history/1")).Is(200).Body);
        Assert.Equal(updated.Body, (await _gateway.Get(Hospital, path + "/_history/2")).Is(200).Body);
        Assert.Equal(updated.Body, (await _gateway.Get(Hospital, path)).Is(200).Body);
        (await _gateway.Get(Hospital, path + "/_history/3")).IsFault(404, "not-found");

        (await _gateway.Delete(Hospital, path, ("If-Match", "W/\"1\""))).IsFault(412, "conflict");
        var deleted = (await _gateway.Delete(Hospital, path, ("If-Match", "W/\"2\""))).Is(204);
        Assert.Empty(deleted.Body);
        (await _gateway.Get(Hospital, path)).IsFault(410, "deleted");
        (await _gateway.Get(Hospital, path + "/_history/2")).Is(200);
        (await _gateway.Get(Hospital, path + "/_history/3")).IsFault(410, "deleted");
        (await _gateway.Delete(Hospital, path)).Is(204);
        Assert.DoesNotContain(created.Id, (await _gateway.Get(Hospital, "Observation?patient=" + SmallHospital.Open)).Is(200).Ids);
    }

    [Fact]
    public async Task An_update_of_another_version_is_refused_and_changes_nothing()
    {
        var created = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open))).Is(201);
        var path = "Observation/" + created.Id;
        (await _gateway.Put(Hospital, path, Records.Observation(created.Id, SmallHospital.Open, value: 99), ("If-Match", "W/\"2\""))).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, path, Records.Observation(created.Id, SmallHospital.Open, value: 99), ("If-Match", "not an etag"))).IsFault(400, "value");
        (await _gateway.Put(Hospital, path, Records.Observation(created.Id, SmallHospital.Open, value: 99), ("If-Match", "W/\"1\", *"))).IsFault(400, "value");
        Assert.Equal(created.Body, (await _gateway.Get(Hospital, path)).Is(200).Body);
    }

    [Fact]
    public async Task Prefer_return_minimal_gives_headers_alone()
    {
        var answer = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open), ("Prefer", "return=minimal"))).Is(201);
        Assert.Empty(answer.Body);
        Assert.StartsWith(_gateway.Fhir + "/Observation/", answer.Headers["Location"]);
        Assert.Equal("W/\"1\"", answer.Headers["ETag"]);
        Assert.NotNull(answer.Receipt);
    }

    [Fact]
    public async Task Only_a_client_with_the_right_to_migrate_chooses_ids()
    {
        (await _gateway.Put(Hospital, "Patient/chosen-one", Records.Patient("chosen-one", "Chosen"))).Is(201);
        // http://hl7.org/fhir/R4/http.html#rejecting-updates
        var refused = (await _gateway.Put(Clinic, "Patient/chosen-two", Records.Patient("chosen-two", "Chosen"))).IsFault(405, "not-found");
        Assert.Equal("GET, HEAD, PATCH, DELETE", refused.Headers["Allow"]);
        (await _gateway.Get(Hospital, "Patient/chosen-two")).IsFault(404, "not-found");
    }

    [Fact]
    public async Task Only_who_keeps_a_record_changes_it()
    {
        var path = "Observation/pulse-" + SmallHospital.Open;
        var before = (await _gateway.Get(Clinic, path)).Is(200);
        (await _gateway.Put(Clinic, path, Records.Observation("pulse-" + SmallHospital.Open, SmallHospital.Open, value: 1))).IsFault(403, "forbidden");
        (await _gateway.Delete(Clinic, path)).IsFault(403, "forbidden");
        (await _gateway.Delete(Stranger, path)).Is(204);
        (await _gateway.Put(Stranger, path, Records.Observation("pulse-" + SmallHospital.Open, SmallHospital.Open, value: 1))).IsFault(405, "not-found");
        Assert.Equal(before.Body, (await _gateway.Get(Clinic, path)).Is(200).Body);
    }

    [Fact]
    public async Task A_record_stays_with_the_patient_it_was_created_for()
    {
        var created = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open))).Is(201);
        (await _gateway.Put(Hospital, "Observation/" + created.Id, Records.Observation(created.Id, SmallHospital.Closed))).IsFault(422, "business-rule");
        Assert.Equal(created.Body, (await _gateway.Get(Hospital, "Observation/" + created.Id)).Is(200).Body);
    }

    [Fact]
    public async Task A_refused_change_makes_no_keys_for_the_patients_that_it_names()
    {
        HealthLedger.Ledger.EventChain? Keys() => _gateway.Host.Storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("never-seen"));
        var pulse = "pulse-" + SmallHospital.Open;
        (await _gateway.Put(Clinic, "Observation/not-there", Records.Observation("not-there", "never-seen"))).IsFault(405, "not-found");
        (await _gateway.Put(Hospital, "Observation/not-there", Records.Observation("not-there", "never-seen"), ("If-Match", "W/\"1\""))).IsFault(412, "conflict");
        (await _gateway.Put(Hospital, "Observation/" + pulse, Records.Observation(pulse, "never-seen"))).IsFault(422, "business-rule");
        (await _gateway.Put(Clinic, "Consent/not-there", Records.Consent("not-there", "never-seen", Records.Permit()))).IsFault(405, "not-found");
        Assert.Null(Keys());
        (await _gateway.Put(Hospital, "Observation/now-there", Records.Observation("now-there", "never-seen"))).Is(201);
        Assert.NotNull(Keys());
    }

    [Fact]
    public async Task A_record_that_was_deleted_can_be_written_again()
    {
        (await _gateway.Put(Hospital, "Observation/phoenix", Records.Observation("phoenix", SmallHospital.Open))).Is(201);
        (await _gateway.Delete(Hospital, "Observation/phoenix")).Is(204);
        var again = (await _gateway.Put(Hospital, "Observation/phoenix", Records.Observation("phoenix", SmallHospital.Open, value: 55))).Is(201);
        Assert.Equal("W/\"3\"", again.Headers["ETag"]);
        Assert.Equal(again.Body, (await _gateway.Get(Clinic, "Observation/phoenix")).Is(200).Body);
    }

    [Fact]
    public async Task Each_answer_names_one_entry_whose_receipt_is_for_its_client_alone()
    {
        var answer = (await _gateway.Get(Clinic, "Observation/pulse-" + SmallHospital.Open)).Is(200);
        var receipt = new Uri(answer.Receipt!).PathAndQuery;
        (await _gateway.Get(Clinic, receipt)).Is(200);
        (await _gateway.Get(Hospital, receipt)).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, receipt[..^1] + (receipt[^1] == 'A' ? 'B' : 'A'))).Is(404);
        (await _gateway.Get(Clinic, "/ledger/receipts/nothing")).IsFault(404, "not-found");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/_history/")]
    [InlineData("?active=true")]
    [InlineData("/$everything")]
    public async Task An_address_of_this_server_that_names_no_record_is_refused(string end)
    {
        var observation = Records.Observation(null, SmallHospital.Open).With("subject", Records.Reference($"{_gateway.Fhir}/Patient/{SmallHospital.Open}{end}"));
        var answer = (await _gateway.Post(Hospital, "Observation", observation)).IsFault(422, "not-found", SmallHospital.Open);
        Assert.Equal(["Observation.subject"], answer.Places);
    }

    [Fact]
    public async Task A_subject_given_by_the_full_address_of_this_server_is_that_patient()
    {
        var observation = Records.Observation(null, SmallHospital.Open).With("subject", Records.Reference($"{_gateway.Fhir}/Patient/{SmallHospital.Open}"));
        var created = (await _gateway.Post(Hospital, "Observation", observation)).Is(201);
        (await _gateway.Get(Clinic, "Observation/" + created.Id)).Is(200);
        Assert.Contains(created.Id, (await _gateway.Get(Clinic, "Observation?patient=" + SmallHospital.Open)).Is(200).Ids);
    }
}
