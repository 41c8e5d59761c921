// FHIR R4 auditevent.html and search.html; IHE BALP 1.1; docs/surfaces.md, "Recorded events": facts opened by role, an auditor's question is one REVIEW entry.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Review;
using HealthLedger.Tests.Profiles;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Review;

public sealed class AuditEventTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly string[] Closed = ["secret-patient", "secret-pulse", "Namely", "8867-4", "unconscious", "Consent/", "Observation/"];
    private static readonly string Balp = Path.GetFullPath(Path.Combine(OwnProfiles.Folder(), "..", "..", "shared", "data", "ig", "ihe-balp", "resources"));
    private readonly TestClock _clock = new();
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start(_clock, Directory.Exists(Balp) ? [$"--HealthLedger:Packages:0={Balp}"] : []);
        (await _gateway.Put(Hospital, "Patient/secret-patient", Records.Patient("secret-patient", "Namely"))).Is(201);
        (await _gateway.Put(Hospital, "Observation/secret-pulse", Records.Observation("secret-pulse", "secret-patient"))).Is(201);
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, "secret-patient", Records.Permit()))).Is(201);
        (await _gateway.Get(Clinic, "Observation?patient=secret-patient&code=8867-4")).Is(200);
        (await _gateway.Get(Clinic, "Observation/secret-pulse", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious in ward seven"))).Is(200);
        (await _gateway.Get(Clinic, "Observation/secret-pulse/_history")).Is(200);
        (await _gateway.Get(Stranger, "Observation/secret-pulse")).Is(404);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Every_event_is_valid_meets_the_pattern_it_claims_and_proves_itself()
    {
        if (!Directory.Exists(Balp))
        {
            output.WriteLine("SKIPPED in part: ../shared/data/ig/ihe-balp is absent; the events were not validated against IHE's profiles.");
        }

        var validator = _gateway.Host.Services.GetRequiredService<ProfileValidator>();
        foreach (var path in new[] { "AuditEvent?_count=200", "AuditEvent?_count=200&patient=secret-patient" })
        {
            var found = (await _gateway.Get(Auditor, path)).Is(200);
            Assert.True(found.Entries.Length >= 6, found.Text);
            Assert.Equal(found.Entries.Length, found.Total);
            foreach (var resource in found.Entries.Select(e => e["resource"]!))
            {
                var json = Encoding.UTF8.GetBytes(resource.ToJsonString());
                Assert.Empty(validator.Validate(json, "AuditEvent").Issues.Where(i => i.Severity <= IssueSeverity.Error).Select(i => $"{i.Message} {i.Location}"));
                var proven = AuditEventProof.Verify(json, Policy());
                Assert.True(proven.IsValid, proven.Fault?.ToString());
                Assert.Equal(resource["id"]!.GetValue<string>(), AuditEventWriter.IdOf(proven.Value));
            }
        }
    }

    [Fact]
    public async Task An_auditor_sees_who_and_why_and_nothing_of_a_record_nor_whose()
    {
        var found = (await _gateway.Get(Auditor, "AuditEvent?_count=200")).Is(200);
        var openings = string.Concat(found.Entries.Select(e => Encoding.UTF8.GetString(Convert.FromBase64String(e["resource"]!["extension"]![0]!["extension"]![2]!["valueBase64Binary"]!.GetValue<string>()))));
        Assert.All(Closed, closed => Assert.DoesNotContain(closed, found.Text + openings, StringComparison.Ordinal));
        Assert.Contains("Organization/riverside", found.Text, StringComparison.Ordinal);
        Assert.Matches("P-[0-9a-f]{16}", found.Text);
        var named = (await _gateway.Get(Auditor, "AuditEvent?_count=200&patient=secret-patient")).Is(200);
        Assert.All(named.Entries, e => Assert.Contains("Patient/secret-patient", e.ToJsonString(), StringComparison.Ordinal));
        Assert.All(new[] { "secret-pulse", "unconscious", "8867-4" }, closed => Assert.DoesNotContain(closed, named.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("agent:identifier=stranger", 1)]
    [InlineData("outcome=4", 1)]
    [InlineData("outcome=4&patient=Patient/secret-patient", 1)]
    [InlineData("action=R&outcome=0", 2)]
    [InlineData("subtype=read&patient=secret-patient", 1)]
    [InlineData("subtype=AuthZ-Consent&patient=secret-patient", 1)]
    [InlineData("type=http://dicom.nema.org/resources/ontology/DCM|110113", 1)]
    [InlineData("type=110106&subtype=disclose", 1)]
    [InlineData("subtype=http://hl7.org/fhir/restful-interaction|history-instance", 1)]
    [InlineData("type=rest&subtype=search-type&patient=secret-patient", 1)]
    [InlineData("policy=x", 0)]
    [InlineData("altid=x", 0)]
    [InlineData("address=10.0.0.1", 0)]
    [InlineData("agent-name=clinic", 0)]
    [InlineData("agent-role=x", 0)]
    [InlineData("entity-type=http://hl7.org/fhir/resource-types|Consent&outcome=0", 0)]
    [InlineData("entity-type=http://hl7.org/fhir/resource-types|Consent", 1)] // Every decision has an entity for the consent, which is masked whether there is one or not.
    [InlineData("entity=Observation/secret-pulse", 0)]
    [InlineData("patient=nobody", 0)]
    [InlineData("date=lt2001-01-01", 0)]
    [InlineData("_lastUpdated=lt2001-01-01", 0)]
    [InlineData("_id=entry-4000000", 0)]
    public async Task Parameters_of_R4_find_by_what_the_auditor_may_see(string query, int count) => Assert.Equal(count, (await _gateway.Get(Auditor, "AuditEvent?" + query)).Is(200).Entries.Length);

    [Fact]
    public async Task Dates_sites_and_ids_narrow()
    {
        var all = (await _gateway.Get(Auditor, "AuditEvent?_count=200")).Is(200);
        var today = _clock.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        foreach (var query in new[] { $"date={today}", $"date=ge{today}", $"date=le{today}&date=ge{today}", "site=healthledger.local/log", "source:identifier=healthledger.local/log", $"_lastUpdated={today}" })
        {
            // Each question since the first is one event more.
            Assert.True((await _gateway.Get(Auditor, $"AuditEvent?_count=200&{query}")).Is(200).Entries.Length > all.Entries.Length, query);
        }

        Assert.Equal([all.Ids[0]], (await _gateway.Get(Auditor, "AuditEvent?_id=" + all.Ids[0])).Is(200).Ids);
        Assert.Equal(all.Ids[0], (await _gateway.Get(Auditor, "AuditEvent/" + all.Ids[0])).Is(200).Id);
        var posted = await _gateway.SendBytes(Auditor, "POST", "AuditEvent/_search", "outcome=4"u8.ToArray(), "application/x-www-form-urlencoded");
        Assert.Single(posted.Is(200).Entries);
    }

    [Theory]
    [InlineData("unknown=1")]
    [InlineData("agent.name=x")]
    [InlineData("_has:Provenance:target:agent=x")]
    [InlineData("_include=AuditEvent:patient")]
    [InlineData("_list=x")]
    [InlineData("_sort=date")]
    [InlineData("patient=a,b")]
    [InlineData("date=yesterday")]
    [InlineData("_cursor=AAAA")]
    public async Task What_is_not_understood_is_refused_and_costs_no_entry(string query)
    {
        var answer = await _gateway.Get(Auditor, "AuditEvent?" + query);
        Assert.Equal((400, 0UL), (answer.Status, answer.Growth));
    }

    [Fact]
    public async Task Each_question_is_one_entry_whatever_it_finds_and_the_named_patient_is_told()
    {
        foreach (var path in new[] { "AuditEvent", "AuditEvent?outcome=4", "AuditEvent?patient=nobody", "AuditEvent?patient=secret-patient", "AuditEvent/entry-1", "AuditEvent/entry-999999", "AuditEvent/other" })
        {
            var answer = await _gateway.Get(Auditor, path);

            // Its event and the STATE entry that ends the batch.
            Assert.True(answer is { Growth: 2, Receipt: not null }, $"{path}: {answer.Status} {answer.Growth}");
        }

        var told = _gateway.Host.Services.GetRequiredService<PatientEvents>().Of("secret-patient", 0, 1).Events[0];
        Assert.Equal(("review", Auditor), (told.Kind, told.Client));
        Assert.Equal(200, (await _gateway.Get(Auditor, (await _gateway.Get(Auditor, "AuditEvent?outcome=4")).Receipt!)).Status);
    }

    [Fact]
    public async Task Pages_go_on_and_together_show_each_event_once()
    {
        var all = (await _gateway.Get(Auditor, "AuditEvent?_count=200&_total=accurate")).Is(200);
        var walked = new List<string>();
        string? link = "AuditEvent?_count=2&_total=accurate";
        for (var pages = 0; link is not null; pages++)
        {
            Assert.True(pages < 50);
            var page = (await _gateway.Get(Auditor, link)).Is(200);
            Assert.True(pages > 0 || page.Total == all.Total + 1, $"{page.Total} {all.Total}");
            walked.AddRange(page.Ids);
            link = page.Link("next");
        }

        // The question for all came in between, and the first of the pages shows it.
        Assert.Equal(all.Ids, walked.Skip(1));
        Assert.Equal(walked.Count, walked.Distinct().Count());
        Assert.Equal(1, (await _gateway.Get(Auditor, "AuditEvent?outcome=4&_summary=count")).Is(200).Total);
    }

    /// <summary>Whose an event is is remembered once it was shown: the answer must be the same as where every chain is tried, also when the patient was erased meanwhile.</summary>
    [Fact]
    public async Task An_event_reads_the_same_whether_it_was_listed_before_or_not_and_when_its_patient_is_gone()
    {
        await using var fresh = await TestGateway.Start(_clock);
        (await fresh.Put(Hospital, "Patient/one", Records.Patient("one", "Namely"))).Is(201);
        (await fresh.Put(Hospital, "Patient/two", Records.Patient("two", "Namely"))).Is(201);
        (await fresh.Get(Hospital, "Patient/one")).Is(200);
        (await fresh.Get(Hospital, "Observation?patient=two")).Is(200);
        var last = fresh.LedgerSize;
        var unknown = new List<string>();
        for (ulong entry = 0; entry < last; entry++)
        {
            unknown.Add(Told(await fresh.Get(Auditor, "AuditEvent/" + AuditEventWriter.IdOf(entry))));
        }

        Assert.True(unknown.Count(told => told != "404") >= 4);
        (await fresh.Get(Auditor, "AuditEvent?_count=200")).Is(200);
        for (ulong entry = 0; entry < last; entry++)
        {
            Assert.Equal(unknown[(int)entry], Told(await fresh.Get(Auditor, "AuditEvent/" + AuditEventWriter.IdOf(entry))));
        }

        (await fresh.Erase("one")).Is(200);
        for (ulong entry = 0; entry < last; entry++)
        {
            Assert.Equal(unknown[(int)entry], Told(await fresh.Get(Auditor, "AuditEvent/" + AuditEventWriter.IdOf(entry))));
        }

        // The proof beside it is under the newest checkpoint, so it differs.
        static string Told(Answer answer)
        {
            if (answer.Status != 200)
            {
                return $"{answer.Status}";
            }

            var resource = answer.Json.AsObject();
            resource.Remove("extension");
            return resource.ToJsonString();
        }
    }

    [Fact]
    public async Task Nobody_else_is_answered_from_facts()
    {
        Assert.Empty((await _gateway.Get(Clinic, "AuditEvent")).Is(200).Entries);
        (await _gateway.Get(Clinic, "AuditEvent/entry-1")).Is(404);
        (await _gateway.Get(Operator, "AuditEvent")).Is(403);
        (await _gateway.Get(Auditor, "Patient")).Is(403);
        (await _gateway.Get(Auditor, "AuditEvent/_history")).Is(403);
        (await _gateway.Get(Auditor, "AuditEvent/entry-1/_history/1")).Is(403);
    }

    [Fact]
    public async Task A_patient_sees_all_of_the_own_events_and_of_nobody_elses()
    {
        var trail = _gateway.Host.Services.GetRequiredService<AuditTrail>();
        var patient = new Caller { ClientId = "app", Role = CallerRole.Patient, Patient = "secret-patient", FhirUser = "Patient/secret-patient", Purposes = [PurposeOfUse.PatientRequested], Scopes = [new("patient", "*", ScopeInteraction.Search | ScopeInteraction.Read)] };
        var answer = await trail.Ask(patient, "1", new ReviewQuestion(Max: 100) { Patient = "secret-patient" }, new AuditScope(1000), null, default);
        var total = _gateway.Host.Services.GetRequiredService<PatientEvents>().Of("secret-patient", 0, 1).Total;
        Assert.Equal(total, (ulong)answer!.Count);
        var json = string.Concat(answer.Events().Select(e => Encoding.UTF8.GetString(e.ToAuditEvent(withProof: false))));
        Assert.All(new[] { "Observation/secret-pulse", "unconscious in ward seven", "Patient/secret-patient" }, own => Assert.Contains(own, json, StringComparison.Ordinal));
        Assert.DoesNotContain("SUBSETTED", json, StringComparison.Ordinal);

        var entry = answer.Events().First().Entry;
        Assert.NotNull((await trail.Read(patient, "2", AuditEventWriter.IdOf(entry), default))!.Value.Event);
        Assert.Null((await trail.Read(patient with { Patient = "nobody" }, "3", AuditEventWriter.IdOf(entry), default))!.Value.Event);
        await Assert.ThrowsAsync<ArgumentException>(async () => await trail.Ask(patient, "4", new ReviewQuestion { Patient = "another" }, new AuditScope(10), null, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await trail.Ask(patient, "5", new ReviewQuestion(), new AuditScope(10), null, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await trail.Ask(patient with { Role = CallerRole.Clinician }, "6", new ReviewQuestion { Patient = "secret-patient" }, new AuditScope(10), null, default));
    }

    [Fact]
    public async Task A_scan_that_ends_early_says_from_where_to_go_on()
    {
        var trail = _gateway.Host.Services.GetRequiredService<AuditTrail>();
        var auditor = new Caller { ClientId = "auditor", Role = CallerRole.Regulator, MayAudit = true, Purposes = [PurposeOfUse.Compliance], Scopes = [] };
        var whole = (await trail.Ask(auditor, "1", new ReviewQuestion(Max: 1000), new AuditScope(1000), null, default))!;
        var walked = new List<ulong>();
        ulong? before = whole.Asked;
        while (before is not null)
        {
            var part = (await trail.Ask(auditor, "2", new ReviewQuestion(Max: 1000, Before: before), new AuditScope(3), null, default))!;
            Assert.True(part.Scanned <= 3);
            Assert.Null(part.Total);
            walked.AddRange(part.Events().Select(e => e.Entry));
            before = part.Next;
        }

        Assert.Equal(whole.Events().Select(e => e.Entry), walked);
    }

    /// <summary>Entries of a batch are shuffled: with many requests at once, a chain's numbers do not follow the entries.</summary>
    [Fact]
    public async Task Events_that_were_committed_together_are_each_shown_once_in_order()
    {
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => _gateway.Get(i % 2 == 0 ? Clinic : Stranger, i % 3 == 0 ? "Practitioner" : "Observation/secret-pulse")));
        var trail = _gateway.Host.Services.GetRequiredService<AuditTrail>();
        var auditor = new Caller { ClientId = "auditor", Role = CallerRole.Regulator, MayAudit = true, Purposes = [PurposeOfUse.Compliance], Scopes = [] };
        var whole = (await trail.Ask(auditor, "1", new ReviewQuestion(Max: 1000), new AuditScope(1000), null, default))!;
        var entries = whole.Events().Select(e => e.Entry).ToList();
        Assert.Equal(entries.OrderDescending(), entries);
        var storage = _gateway.Host.Storage;
        var expected = new[] { storage.Vault.TenantChain, storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("secret-patient"))! }
            .SelectMany(chain => storage.Ledger.EventsOf(chain, 0, 10_000)).Select(e => e.Index).Where(i => i < whole.Asked).OrderDescending();
        Assert.Equal(expected, entries);
        var walked = new List<ulong>();
        for (ulong? before = whole.Asked; before is not null;)
        {
            var page = (await trail.Ask(auditor, "2", new ReviewQuestion(Max: 7, Before: before), new AuditScope(1000), null, default))!;
            walked.AddRange(page.Events().Select(e => e.Entry));
            before = page.Next;
        }

        Assert.Equal(entries, walked);
    }

    private LogPolicy Policy() => LogPolicy.ForLog(NoteVerifier.Parse(_gateway.Host.Storage.Ledger.VerifierKey).Value);
}
