// The review: a regulator lists accesses, each question recorded, and sees no clinical data (design: The ledger, "for authenticated auditors").
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Tests.Portal;
using HealthLedger.Proofs.Facts;
using HealthLedger.Review;
using HealthLedger.Smart.People;
using HealthLedger.Vault;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Review;

public sealed class ReviewTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start();
        (await _gateway.Put(TestClients.Hospital, "Patient/secret-patient", Records.Patient("secret-patient", "Namely"))).Is(201);
        (await _gateway.Put(TestClients.Hospital, "Observation/secret-pulse", Records.Observation("secret-pulse", "secret-patient"))).Is(201);
        (await _gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, "secret-patient", Records.Permit()))).Is(201);
        (await _gateway.Get(TestClients.Clinic, "Observation?patient=secret-patient&code=8867-4")).Is(200);
        (await _gateway.Get(TestClients.Clinic, "Observation/secret-pulse", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious in ward seven"))).Is(200);
        (await _gateway.Get(TestClients.Stranger, "Observation/secret-pulse")).Is(404);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_regulator_sees_who_why_and_what_was_decided_and_nothing_of_a_record()
    {
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, "secret-patient");
        (await patient.Load("/portal")).Is(200);
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        var page = (await regulator.Load("/review?list=1")).Is(200);
        PageRules.Hold(page);
        var rows = page.Text("table tbody");
        Assert.Contains(TestClients.Stranger, rows, StringComparison.Ordinal);
        Assert.Contains("Organization/riverside", rows, StringComparison.Ordinal);
        Assert.Contains("emergency", rows, StringComparison.Ordinal);
        Assert.Matches("P-[0-9a-f]{10}", rows);
        Assert.All(new[] { "secret-patient", "secret-pulse", "Namely", "8867-4", "Observation", "unconscious" }, clinical => Assert.DoesNotContain(clinical, page.Html, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Filters_narrow_the_list_and_a_filter_that_is_not_understood_is_an_error_not_ignored()
    {
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        var refused = (await regulator.Load("/review?list=1&decision=refused&client=stranger")).Is(200);
        Assert.Equal(1, refused.Document.QuerySelectorAll("tbody tr").Length);
        Assert.Equal(1, (await regulator.Load("/review?list=1&purpose=BTG")).Document.QuerySelectorAll("tbody tr").Length);
        Assert.Equal(0, (await regulator.Load("/review?list=1&until=2001-01-01")).Document.QuerySelectorAll("tbody tr").Length);
        foreach (var bad in new[] { "purpose=XX", "decision=maybe", "since=yesterday", "since=2026-02-02&until=2026-02-01" })
        {
            var wrong = (await regulator.Load("/review?list=1&" + bad)).Is(422);
            PageRules.Hold(wrong);
            Assert.NotEmpty(wrong.Text("[role=alert]"));
        }
    }

    [Fact]
    public async Task Each_question_is_one_entry_that_stands_before_the_answer()
    {
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        (await regulator.Load("/review")).Is(200);
        var storage = _gateway.Host.Storage;
        var before = storage.Ledger.CountOf(storage.Vault.TenantChain);
        var page = (await regulator.Load("/review?list=1&client=stranger")).Is(200);
        Assert.Equal(before + 1, storage.Ledger.CountOf(storage.Vault.TenantChain));
        var asked = storage.Ledger.EventsOf(storage.Vault.TenantChain, 0, 1, newestFirst: true)[0].Index;
        Assert.Contains($"This question is entry {asked}.", page.Text("caption"), StringComparison.Ordinal);
        var fact = Fact.Parse(storage.Ledger.OpenFact(asked, storage.Vault.TenantChain)).Value;
        Assert.Equal("review", fact[FactField.Event]);
        Assert.Equal("HCOMPL", fact[FactField.Purpose]);
        Assert.Equal("{\"client\":\"stranger\"}", fact[FactField.Evidence]);
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_ended_and_together_show_each_event_once()
    {
        var review = _gateway.Host.Services.GetRequiredService<AccessReview>();
        var regulator = new Caller { ClientId = Session.PagesClientId, UserId = "r", Role = CallerRole.Regulator, MayAudit = true, Purposes = [PurposeOfUse.Compliance], Scopes = [] };
        var all = Assert.IsType<ReviewResult.Answered>(await review.Ask(regulator, "1", new ReviewQuestion(Max: 200), default));
        var walked = new List<ulong>();
        ulong? before = all.Entry;
        while (before is not null)
        {
            var page = Assert.IsType<ReviewResult.Answered>(await review.Ask(regulator, "2", new ReviewQuestion(Before: before, Max: 2), default));
            walked.AddRange(page.Rows.Select(r => r.Entry));
            before = page.Next;
        }

        Assert.Equal(all.Rows.Select(r => r.Entry), walked);
        await Assert.ThrowsAsync<ArgumentException>(async () => await review.Ask(regulator with { Role = CallerRole.Patient }, "3", new ReviewQuestion(), default));
    }

    [Fact]
    public async Task One_press_verifies_the_ledger_and_says_what_was_not_checked()
    {
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        var page = await regulator.Submit((await regulator.Load("/review")).Form("/review/verify"));
        PageRules.Hold(page.Is(200));
        Assert.Contains("The ledger holds", page.Text("h1"), StringComparison.Ordinal);
        Assert.Contains(_gateway.Host.Storage.Ledger.VerifierKey, page.Text(".key"), StringComparison.Ordinal);
        Assert.Contains("healthledger verify", page.Text("code"), StringComparison.Ordinal);
        (await regulator.Post("/review/verify", [])).Is(400);
    }

    [Fact]
    public void A_flipped_byte_in_the_stored_entries_is_found()
    {
        var ledger = _gateway.Host.Storage.Ledger;
        Assert.True(new LedgerCheck(ledger).Run(default).Holds);
        var file = Path.Combine(_gateway.Host.Options.DataDirectory, "ledger", "entries.dat");
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.Position = 300;
            var flipped = (byte)(stream.ReadByte() ^ 1);
            stream.Position = 300;
            stream.WriteByte(flipped);
        }

        var result = new LedgerCheck(ledger).Run(default);
        Assert.False(result.Holds);
        Assert.Contains(result.Findings, f => f.Code == "audit-root");
    }

    [Fact]
    public void A_patients_list_says_everything_that_happened_newest_first()
    {
        var page = _gateway.Host.Services.GetRequiredService<PatientEvents>().Of("secret-patient", 0, 100);
        Assert.Equal(page.Total, (ulong)page.Events.Length);
        Assert.Equal(page.Events.Select(e => e.Entry).OrderDescending(), page.Events.Select(e => e.Entry));
        var (refused, emergency) = (page.Events[0], page.Events[1]);
        Assert.True(refused.Refused);
        Assert.Equal((TestClients.Stranger, "implicit-deny"), (refused.Client, refused.Reason));
        Assert.True(emergency.IsEmergency);
        Assert.Equal("unconscious in ward seven", emergency.EmergencyReason);
        Assert.Contains(page.Events, e => e.Kind == "consent");
        Assert.True(page.Events[2].Consent?.Contains("#provision", StringComparison.Ordinal));
        Assert.Equal(0UL, _gateway.Host.Services.GetRequiredService<PatientEvents>().Of("nobody", 0, 10).Total);
    }
}
