// A run opens whom a consent token admits and nobody else; scores, charges and the release stand on the ledger (docs/formats/consent-token.md).
using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Risk;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Tests.Profiles;

namespace HealthLedger.Gateway.Tests.Risk;

public sealed class RiskRunTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Who_has_no_token_is_not_opened_and_each_has_a_reason()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        await registry.Consenting("two");
        await registry.Patient("silent");
        await registry.Patient("treated");
        await registry.Consent("treated", Records.Permit("registry", "TREAT"));
        await registry.Patient("over");
        await registry.Consent("over", Records.Permit("registry", "HRESCH", "2026-06-30"));
        await registry.Withdraw("gone", await registry.Consenting("gone"));
        await registry.Consenting("denying");
        await registry.Consent("denying", Records.Provision("deny"));
        string[] others = ["silent", "treated", "over", "gone", "denying"];
        var before = others.Select(registry.Events).ToArray();

        var completed = Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));

        Assert.Equal(["one", "two"], completed.Report.Admitted.Select(a => a.Patient).Order());
        Assert.Equal(7, completed.Report.Considered);
        Assert.Equal(
            new Dictionary<string, int> { ["no-consent"] = 1, ["not-for-this-purpose"] = 1, ["expired"] = 1, ["withdrawn"] = 1, ["denied"] = 1 },
            completed.Report.NotAdmitted.ToDictionary());
        Assert.Empty(completed.Report.NotScored);
        Assert.Equal(before, others.Select(registry.Events));
        foreach (var other in others)
        {
            Assert.Equal(0, await registry.Spent(other));
        }
    }

    [Fact]
    public async Task A_patient_sees_charge_access_and_score_of_the_run_in_this_order()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var before = (int)registry.Events("one");
        var completed = Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
        var facts = registry.Facts(registry.ChainOf("one"))[before..];
        Assert.Equal(["release", "access", "record"], facts.Select(f => f[FactField.Event]));
        Assert.All(facts, f => Assert.Equal(completed.Report.Run.ToString(), f[FactField.Request]));
        Assert.All(facts, f => Assert.Equal(("registry", "HRESCH", "permit"), (f[FactField.Client], f[FactField.Purpose], f[FactField.Decision])));
        Assert.Contains("RiskAssessment/" + completed.Report.Admitted[0].Assessment!.Value.Id, facts[2][FactField.Targets], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patients_who_are_erased_while_a_run_is_under_way_neither_end_it_nor_come_back()
    {
        await using var registry = await Registry.Open(_directory);
        string[] erased = ["two", "three", "four", "five", "six"];
        foreach (var patient in erased.Prepend("one"))
        {
            await registry.Consenting(patient);
        }

        var running = registry.Run();
        foreach (var patient in erased)
        {
            (await registry.Gateway.Erase(patient)).Is(200);
        }

        var completed = Assert.IsType<RunOutcome.Completed>(await running);
        Assert.Contains("one", completed.Report.Admitted.Select(a => a.Patient));
        Assert.Equal(6, completed.Report.Admitted.Length + completed.Report.NotAdmitted.Values.Sum());
        Assert.Equal(["one"], (await registry.Gateway.Host.Storage.Vault.Patients.PatientIds(default)).ToArray());
    }

    [Fact]
    public async Task The_ledger_holds_the_digest_of_what_was_released()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var completed = Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
        var fact = registry.Facts(registry.Tenant).Single(f => f[FactField.Reason] == "released");
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(completed.Release!.ToJson())), fact[FactField.Evidence], StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_many_refuse_does_not_show_in_how_far_the_ledger_grows()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var start = registry.Log.CountOf(registry.Tenant);
        await registry.Run();
        var first = registry.Log.CountOf(registry.Tenant) - start;
        for (var i = 0; i < 5; i++)
        {
            await registry.Patient("refusing-" + i);
        }

        start = registry.Log.CountOf(registry.Tenant);
        await registry.Run();
        Assert.Equal(first, registry.Log.CountOf(registry.Tenant) - start);
    }

    [Fact]
    public async Task The_stored_score_is_valid_R4_and_meets_our_profile()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var completed = Assert.IsType<RunOutcome.Completed>(await registry.Run());
        Assert.Null(completed.Release);
        var key = completed.Report.Admitted.Single().Assessment!.Value;
        var read = new DisclosureRequest { Caller = Registry.Caller, Purpose = PurposeOfUse.Research, RequestId = "r", Target = new Target.Record(key.Type, key.Id, null) };
        var stored = Assert.IsType<DisclosureResult.Disclosed>(await registry.Part<Disclosure>().Disclose(read, CancellationToken.None)).Records.Single().Json;
        Assert.Empty(ResourceValidator.Validate(stored, "RiskAssessment").Issues);
        Assert.Empty(OwnProfiles.Broken("RiskAssessment", System.Text.Encoding.UTF8.GetString(stored.Span)));
    }

    [Fact]
    public async Task Only_what_the_tokens_scope_covers_is_read()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Patient("one");
        await registry.Consent("one", Records.Permit("registry", "HRESCH").WithClass("Observation"));
        var completed = Assert.IsType<RunOutcome.Completed>(await registry.Run());
        Assert.Null(completed.Report.Admitted.Single().Assessment);
        Assert.Contains("patient: not-recorded", completed.Report.NotScored.Keys);
        var targets = registry.Facts(registry.ChainOf("one"))[^1][FactField.Targets];
        Assert.DoesNotContain("Patient/one/", targets, StringComparison.Ordinal);
        Assert.Contains("Observation/tc-one/", targets, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_score_is_of_the_day_asked_for_and_no_later_than_today()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var run = registry.Part<RiskRun>();
        var early = await run.Run(new RunRequest(Registry.Caller, PurposeOfUse.Research, null, new DateOnly(2026, 3, 3)), static () => { }, CancellationToken.None);
        Assert.Contains("total cholesterol: not-recorded", Assert.IsType<RunOutcome.Completed>(early).Report.NotScored.Keys);
        var after = await run.Run(new RunRequest(Registry.Caller, PurposeOfUse.Research, null, new DateOnly(2026, 3, 5)), static () => { }, CancellationToken.None);
        Assert.NotNull(Assert.IsType<RunOutcome.Completed>(after).Report.Admitted.Single().Assessment);
        var tomorrow = new RunRequest(Registry.Caller, PurposeOfUse.Research, null, new DateOnly(2026, 11, 21));
        await Assert.ThrowsAsync<ArgumentException>(() => run.Run(tomorrow, static () => { }, CancellationToken.None));
    }

    [Fact]
    public async Task A_caller_without_the_scopes_or_the_purpose_runs_nothing()
    {
        await using var registry = await Registry.Open(_directory);
        var run = registry.Part<RiskRun>();
        var size = registry.Log.Published.Size;
        var narrow = Registry.Caller with { Scopes = [SmartScope.Parse("system/*.rs")!] };
        await Assert.ThrowsAsync<ArgumentException>(() => run.Run(new RunRequest(narrow, PurposeOfUse.Research, null), static () => { }, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(() => run.Run(new RunRequest(Registry.Caller, PurposeOfUse.Treatment, null), static () => { }, CancellationToken.None));
        Assert.Equal(size, registry.Log.Published.Size);
    }
}
