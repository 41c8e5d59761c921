// GDPR article 17, and design: "Erasure destroys a patient's record key, row key and rows at once, the audit key after retention and legal hold. The ledger still verifies."
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Tests.Portal;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class ErasureTests : IAsyncLifetime
{
    private const string Retention = "--HealthLedger:Erasure:AuditRetentionDays=10";
    private readonly TestClock _clock = new();
    private readonly TestDirectory _directory = new();
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start(_directory, _clock, Retention);
        await _gateway.AddPatient("gone");
        await _gateway.AddPatient("stays");
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(Hospital)]
    [InlineData(Auditor)]
    public async Task Nobody_but_an_operator_gets_in_and_nothing_is_recorded_of_whom_it_was_about(string client)
    {
        foreach (var (method, path) in new[] { ("GET", "/admin/erasures"), ("POST", "/admin/erasures"), ("GET", "/admin/keys"), ("POST", "/admin/keys/wrapping"), ("POST", "/admin/keys/passphrase"), ("POST", "/admin/keys/pkcs11"), ("GET", "/admin/clients"), ("GET", "/admin/clients/clinic"), ("GET", "/admin/clients/nobody"), ("POST", "/admin/clients"), ("POST", "/admin/clients/clinic/disable"), ("GET", "/admin/users"), ("POST", "/admin/users"), ("POST", "/admin/users/show"), ("POST", "/admin/users/invite"), ("GET", "/admin/organizations"), ("POST", "/admin/organizations") })
        {
            var refused = (await _gateway.SendBytes(client, method, path, """{"patient":"gone","ground":"patient-request"}"""u8.ToArray(), "application/json")).Is(403);
            Assert.Equal(("forbidden", 0UL), (refused.Error(), refused.Growth));
            Assert.Equal(401, (await _gateway.Send(new HttpRequestMessage(new HttpMethod(method), path))).Status);
        }

        (await _gateway.Get(Hospital, "Patient/gone")).Is(200);
    }

    [Fact]
    public async Task A_token_of_an_operators_client_that_was_granted_less_than_the_operators_scope_operates_nothing()
    {
        async Task<Answer> Ask(string scopes, string method, string path)
        {
            var token = (await _gateway.RequestToken(Caretaker, scopes)).Json["access_token"]!.GetValue<string>();
            var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("""{"pseudonyms":["P-0123456789abcdef"]}""", System.Text.Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
            return await _gateway.Send(request);
        }

        foreach (var (method, path) in new[] { ("GET", "/admin/erasures"), ("GET", "/admin/backups"), ("GET", "/admin/clients"), ("GET", "/admin/users"), ("GET", "/admin/organizations"), ("POST", "/admin/keys/wrapping"), ("POST", "/admin/pseudonyms") })
        {
            var refused = await Ask("system/Organization.rs", method, path);
            Assert.Equal((403, 0UL), (refused.Status, refused.Growth));
        }

        (await Ask("healthledger/admin", "GET", "/admin/erasures")).Is(200);
        (await Ask("system/Organization.rs healthledger/admin", "POST", "/admin/pseudonyms")).Is(200);
    }

    [Theory]
    [InlineData("""{"patient":"gone"}""")]
    [InlineData("""{"patient":"gone","ground":"because"}""")]
    [InlineData("""{"patient":"../gone","ground":"patient-request"}""")]
    [InlineData("""{"patient":"gone","ground":"patient-request","force":"yes"}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task A_request_that_is_not_understood_erases_nothing(string body)
    {
        var refused = (await _gateway.SendBytes(Operator, "POST", "/admin/erasures", System.Text.Encoding.UTF8.GetBytes(body), "application/json")).Is(400);
        Assert.Equal(("invalid", 0UL), (refused.Error(), refused.Growth));
        (await _gateway.Get(Hospital, "Patient/gone")).Is(200);
    }

    [Fact]
    public async Task A_preview_says_in_numbers_what_the_erasure_then_does_and_changes_nothing_but_the_ledger()
    {
        (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, "gone", "stays"))).Is(201);
        var preview = (await _gateway.Admin("erasures/preview", new JsonObject { ["patient"] = "gone" })).Is(200);
        var absent = (await _gateway.Admin("erasures/preview", new JsonObject { ["patient"] = "never" })).Is(404);
        Assert.Equal((2UL, 2UL, "absent"), (preview.Growth, absent.Growth, absent.Error()));
        Assert.DoesNotContain("gone", preview.Text, StringComparison.Ordinal);
        foreach (var path in new[] { "Patient/gone", "Observation/pulse-gone", "Observation/pulse-gone/_history/1" })
        {
            (await _gateway.Get(Hospital, path)).Is(200);
        }

        using (var portal = await Person.SignedIn(_gateway, CallerRole.Patient, "gone"))
        {
            Assert.Contains("how much would go if your records were erased", (await portal.Load("/portal/events")).Html, StringComparison.Ordinal);
        }

        var erased = (await _gateway.Erase("gone")).Is(200);
        var (destroyed, stays) = (preview.Json["destroyed"]!, preview.Json["stays"]!);
        Assert.Equal(erased.Json["records"]!.GetValue<int>() - 1, destroyed["records"]!.GetValue<int>());
        Assert.Equal((5, 1), (destroyed["versions"]!.GetValue<int>(), stays["shared"]!.GetValue<int>()));
        foreach (var number in new[] { "versions", "rows", "consentsWithdrawn" })
        {
            Assert.Equal(erased.Json[number]!.GetValue<int>(), destroyed[number]!.GetValue<int>());
        }

        Assert.Equal("""[{"keeper":"Organization/north","records":1}]""", stays["sharedKeepers"]!.ToJsonString());
        Assert.Equal(erased.Json["erasure"]!["complete"]!.GetValue<string>()[..10], preview.Json["complete"]!.GetValue<string>()[..10]);
        Assert.Equal(erased.Json["erasure"]!["retainedUntil"]!.GetValue<string>()[..10], stays["auditKeyUntil"]!.GetValue<string>()[..10]);
    }

    [Fact]
    public async Task What_was_erased_looks_to_everybody_as_if_it_never_was()
    {
        (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, "gone", "stays"))).Is(201);
        var page = (await _gateway.Get(Clinic, "Observation?_count=1&code=8867-4")).Is(200);
        using var portal = await Person.SignedIn(_gateway, CallerRole.Patient, "gone");
        (await portal.Load("/portal")).Is(200);

        var erased = (await _gateway.Erase("gone")).Is(200);
        Assert.Equal((4, 1, 1), (erased.Json["records"]!.GetValue<int>(), erased.Json["shared"]!.GetValue<int>(), erased.Json["consentsWithdrawn"]!.GetValue<int>()));

        foreach (var path in new[] { "Patient/gone", "Observation/pulse-gone", "Observation/pulse-gone/_history/1", "Patient/gone/$everything" })
        {
            foreach (var client in new[] { Hospital, Clinic })
            {
                var hidden = await _gateway.Get(client, path);
                var absent = await _gateway.Get(client, path.Replace("gone", "never", StringComparison.Ordinal));
                Assert.Equal((404, absent.Status, absent.Text, absent.Growth), (hidden.Status, hidden.Status, hidden.Text, hidden.Growth));
            }
        }

        var search = (await _gateway.Get(Hospital, "Observation?code=8867-4")).Is(200);
        Assert.DoesNotContain("pulse-gone", search.Ids);
        Assert.Contains("pulse-stays", search.Ids);
        var next = (await _gateway.Get(Clinic, page.Link("next")!)).Is(200);
        Assert.DoesNotContain("pulse-gone", next.Ids);
        var shown = await portal.Load("/portal");
        Assert.DoesNotContain("Erasmus", shown.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("pulse-gone", shown.Html, StringComparison.Ordinal);

        Assert.Equal("absent", (await _gateway.Erase("gone")).Is(404).Error());
        Assert.Equal("absent", (await _gateway.Erase("never")).Is(404).Error());
    }

    [Fact]
    public async Task The_ledger_holds_an_ERASE_entry_the_withdrawals_before_it_and_still_verifies_and_replays()
    {
        var erased = (await _gateway.Erase("gone")).Is(200);
        var ledger = _gateway.Host.Storage.Ledger;
        var kinds = Enumerable.Range(0, (int)ledger.Published.Size).Select(i => LedgerEntry.Parse(ledger.ReadEntry((ulong)i)).Value).ToList();
        Assert.Single(kinds, entry => entry.Kind == EntryKind.Erase);
        Assert.Single(kinds, entry => entry.Operation == HealthLedger.Proofs.Entries.ConsentOperation.Withdraw);
        Assert.Equal((ulong)3, erased.Growth); // the withdrawal, ERASE, STATE
        _gateway.AssertReplays();

        var receipt = (await _gateway.SendBytes(Operator, "GET", new Uri(erased.Receipt!).PathAndQuery, null, null)).Is(200);
        Assert.Equal(5, Convert.FromBase64String(receipt.Json["entry"]!.GetValue<string>())[1]);
    }

    [Fact]
    public async Task No_file_holds_a_key_of_the_erased_and_what_an_insider_did_still_opens()
    {
        var storage = _gateway.Host.Storage;
        var keys = new List<byte[]>();
        storage.Keys.ExposeToLeakSearch(ShelfId.ForPatient("gone"), key => keys.Add(key.ToArray()));
        Assert.Equal(4, keys.Count);
        var id = (await _gateway.Erase("gone")).Is(200).ErasureId();

        var left = new List<byte[]>();
        storage.Keys.ExposeToLeakSearch(ShelfId.ForPatient("gone"), key => left.Add(key.ToArray()));
        Assert.Equal(keys[^1], Assert.Single(left)); // the audit key alone
        Assert.Contains(Facts(id), fact => fact[FactField.Event] == "access" && fact[FactField.Client] == Clinic && fact[FactField.Patient] == "Patient/gone");
        Assert.Null(storage.Vault.ChainOf(ShelfId.ForPatient("gone")));

        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        var page = (await regulator.Load("/review?list=1&client=clinic")).Is(200);
        Assert.Equal(2, page.Document.QuerySelectorAll("tbody tr").Length); // of both patients
    }

    [Fact]
    public async Task The_audit_key_goes_only_after_the_retention_without_a_hold_and_by_two_operators()
    {
        var id = (await _gateway.Erase("gone")).Is(200).ErasureId();
        async Task Refused(string step, string error, string client = Operator)
        {
            var refused = (await _gateway.Admin($"erasures/{id}/{step}", client: client)).Is(409);
            Assert.Equal((error, 2UL), (refused.Error(), refused.Growth));
        }

        await Refused("audit-key", "retained");
        await Refused("audit-key/confirm", "retained");
        await Later(11);
        await Refused("audit-key/confirm", "not-requested");
        (await _gateway.Admin($"erasures/{id}/hold")).Is(200);
        await Refused("audit-key", "on-hold");
        (await _gateway.Admin($"erasures/{id}/release")).Is(200);
        (await _gateway.Admin($"erasures/{id}/audit-key")).Is(200);
        await Refused("audit-key/confirm", "same-operator");
        (await _gateway.Admin($"erasures/{id}/hold", client: Supervisor)).Is(200);
        (await _gateway.Admin($"erasures/{id}/release", client: Supervisor)).Is(200);
        await Refused("audit-key/confirm", "not-requested", Supervisor); // a hold ends the request too
        (await _gateway.Admin($"erasures/{id}/audit-key")).Is(200);
        await Later(8);
        await Refused("audit-key/confirm", "not-requested", Supervisor); // too long ago
        (await _gateway.Admin($"erasures/{id}/audit-key")).Is(200);
        Assert.NotEmpty(Facts(id));

        var done = (await _gateway.Admin($"erasures/{id}/audit-key/confirm", client: Supervisor)).Is(200);
        Assert.Equal("destroyed", done.Json["erasure"]!["auditKey"]!.GetValue<string>());
        _gateway.Host.Storage.Keys.ExposeToLeakSearch(ShelfId.ForPatient("gone"), _ => Assert.Fail("a key is left"));
        Assert.Null(_gateway.Host.Storage.Vault.Erasures.ChainOf(_gateway.Host.Storage.Vault.Erasures.All.Single()));
        await Refused("audit-key", "gone");
        Assert.Equal("absent", (await _gateway.Admin($"erasures/{new string('0', 32)}/hold")).Is(404).Error());
        _gateway.AssertReplays();
        Assert.Equal("destroyed", (await _gateway.Admin("erasures", method: "GET")).Is(200).Json["erasures"]![0]!["auditKey"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_destruction_of_an_audit_key_commits_to_which_entries_cannot_be_opened_any_more()
    {
        var id = (await _gateway.Erase("gone")).Is(200).ErasureId();
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.Erasures.Chains.Single();
        var before = ledger.EventsOf(chain, 0, 1000).Select(e => e.Index).Order().ToList();
        await Later(11);
        (await _gateway.Admin($"erasures/{id}/audit-key")).Is(200);
        (await _gateway.Admin($"erasures/{id}/audit-key/confirm", client: Supervisor)).Is(200);

        ledger = _gateway.Host.Storage.Ledger;
        var tenant = _gateway.Host.Storage.Vault.TenantChain;
        var erase = ledger.EventsOf(tenant, 0, 1, newestFirst: true).Single().Index;
        Assert.Equal(EntryKind.Erase, LedgerEntry.Parse(ledger.ReadEntry(erase)).Value.Kind);
        var evidence = JsonNode.Parse(Fact.Parse(ledger.OpenFact(erase, tenant)).Value[FactField.Evidence]!)!;
        Assert.Equal(before, Distances(Convert.FromBase64String(evidence["indices"]!.GetValue<string>())));
        Assert.Equal(before.Count, evidence["entries"]!.GetValue<int>());
    }

    /// <summary>Else the events of whoever comes back in that moment would be sealed under a key that is gone.</summary>
    [Fact]
    public async Task An_audit_key_is_not_destroyed_while_somebody_may_be_bringing_the_patient_back()
    {
        var id = (await _gateway.Erase("gone")).Is(200).ErasureId();
        await Later(11);
        (await _gateway.Admin($"erasures/{id}/audit-key")).Is(200);
        Task<Answer> confirmed;
        using (await _gateway.Host.Storage.Vault.LockForWrite([ShelfId.ForPatient("gone")], CancellationToken.None))
        {
            confirmed = _gateway.Admin($"erasures/{id}/audit-key/confirm", client: Supervisor);
            await Task.Delay(TimeSpan.FromSeconds(1));
            Assert.False(confirmed.IsCompleted);
        }

        (await confirmed).Is(200);
        (await _gateway.Put(Hospital, "Patient/gone", Records.Patient("gone", "Anew"))).Is(201);
        (await _gateway.Get(Hospital, "Patient/gone")).Is(200);
    }

    [Fact]
    public async Task A_patient_who_comes_back_gets_new_keys_the_old_records_stay_gone_and_the_chain_goes_on()
    {
        var id = (await _gateway.Erase("gone")).Is(200).ErasureId();
        (await _gateway.Put(Hospital, "Patient/gone", Records.Patient("gone", "Anew"))).Is(201);
        (await _gateway.Get(Hospital, "Patient/gone")).Is(200);
        (await _gateway.Get(Hospital, "Observation/pulse-gone")).Is(404);
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient("gone"))!;
        Assert.Contains(_gateway.Host.Storage.Ledger.EventsOf(chain, 0, 100), e => LedgerEntry.Parse(_gateway.Host.Storage.Ledger.ReadEntry(e.Index)).Value.Kind == EntryKind.Erase);
        await Later(11);
        Assert.Equal("in-use", (await _gateway.Admin($"erasures/{id}/audit-key")).Is(409).Error());
    }

    [Fact]
    public async Task Records_that_are_another_patients_too_stay_with_that_patient()
    {
        var shared = (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, "gone", "stays"))).Is(201).Id;
        var other = (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, "stays", "gone"))).Is(201).Id;
        Assert.Equal(2, (await _gateway.Erase("gone")).Is(200).Json["shared"]!.GetValue<int>());
        foreach (var id in new[] { shared, other })
        {
            (await _gateway.Get(Hospital, "Appointment/" + id)).Is(200);
            Assert.Contains(id, (await _gateway.Get(Hospital, "Appointment?patient=stays")).Is(200).Ids);
        }
    }

    /// <summary>After a restart: a clock that runs ahead of a process by days stops its ledger.</summary>
    private async Task Later(int days)
    {
        await _gateway.DisposeAsync();
        _clock.Advance(TimeSpan.FromDays(days));
        _gateway = await TestGateway.Start(_directory, _clock, Retention);
    }

    private static List<ulong> Distances(byte[] listed)
    {
        var indices = new List<ulong>();
        for (int at = 0, shift = 0, begin = 0; at < listed.Length; at++)
        {
            begin |= (listed[at] & 0x7f) << shift;
            shift += 7;
            if (listed[at] < 0x80)
            {
                indices.Add((ulong)begin + (indices.Count == 0 ? 0 : indices[^1]));
                (shift, begin) = (0, 0);
            }
        }

        return indices;
    }

    private List<Fact> Facts(string id)
    {
        var (vault, ledger) = (_gateway.Host.Storage.Vault, _gateway.Host.Storage.Ledger);
        var chain = vault.Erasures.ChainOf(vault.Erasures.Find(Erasure.ParseId(id)!.Value)!)!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)).Value)];
    }
}
