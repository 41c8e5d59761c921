// Budgets: reserved before the draw, on the ledger, never refunded; the patient is the unit (docs/threats.md, "Learning from risk releases").
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Risk;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Risk;

public sealed class PrivacyBudgetsTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_second_release_beyond_the_lifetime_is_refused_and_opens_draws_and_charges_nothing()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
        var (spent, events) = (await registry.Spent("one"), registry.Events("one"));
        Assert.InRange(spent, 1, 1.5);
        var draws = 0;
        var refused = Assert.IsType<RunOutcome.BudgetRefused>(await With(registry, _ => draws++).Run(Request, static () => { }, CancellationToken.None));
        Assert.Equal((BudgetRefusal.Exhausted, 1), (refused.Reason, refused.Patients));
        Assert.Equal((0, spent, events), (draws, await registry.Spent("one"), registry.Events("one")));
        Assert.Equal("budget-exhausted", registry.Facts(registry.Tenant)[^1][FactField.Reason]);
    }

    [Fact]
    public async Task What_was_spent_is_read_from_the_ledger_after_a_restart()
    {
        double spent;
        await using (var registry = await Registry.Open(_directory))
        {
            await registry.Consenting("one");
            Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
            spent = await registry.Spent("one");
        }

        await using var again = await Registry.Open(_directory);
        Assert.Equal(spent, await again.Spent("one"));
        Assert.IsType<RunOutcome.BudgetRefused>(await again.Run(Registry.Price));
    }

    [Fact]
    public async Task A_run_that_breaks_before_its_draw_stays_charged()
    {
        double spent;
        await using (var registry = await Registry.Open(_directory))
        {
            await registry.Consenting("one");
            await Assert.ThrowsAsync<IOException>(() => With(registry, _ => throw new IOException("no randomness")).Run(Request, static () => { }, CancellationToken.None));
            spent = await registry.Spent("one");
            Assert.True(spent > 1);
            Assert.DoesNotContain(registry.Facts(registry.Tenant), f => f[FactField.Reason] == "released");
        }

        await using var again = await Registry.Open(_directory);
        Assert.Equal(spent, await again.Spent("one"));
        Assert.IsType<RunOutcome.BudgetRefused>(await again.Run(Registry.Price));
    }

    [Fact]
    public async Task The_charge_stands_before_the_first_record_is_opened()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var before = (int)registry.Events("one");
        var eventsAtDraw = 0ul;
        await With(registry, bytes =>
        {
            eventsAtDraw = registry.Events("one");
            System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        }).Run(Request, static () => { }, CancellationToken.None);
        var facts = registry.Facts(registry.ChainOf("one"))[before..];
        Assert.Equal(RunEntries.Charged, facts[0][FactField.Reason]);
        Assert.Equal((ulong)(before + 3), eventsAtDraw);
    }

    [Fact]
    public async Task A_new_consent_opens_no_new_budget()
    {
        await using var registry = await Registry.Open(_directory);
        var consent = await registry.Consenting("one");
        Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
        await registry.Withdraw("one", consent);
        await registry.Consent("one", Records.Permit("registry", "HRESCH"));
        Assert.IsType<RunOutcome.BudgetRefused>(await registry.Run(Registry.Price));
    }

    [Fact]
    public async Task Of_two_runs_at_once_that_the_budget_pays_one_of_one_is_refused()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var outcomes = await Task.WhenAll(Task.Run(() => registry.Run(Registry.Price)), Task.Run(() => registry.Run(Registry.Price)));
        Assert.Single(outcomes.OfType<RunOutcome.Completed>());
        Assert.Single(outcomes.OfType<RunOutcome.BudgetRefused>());
    }

    [Fact]
    public async Task A_lifetime_that_was_raised_pays_more_and_counts_what_was_spent_before()
    {
        await using (var registry = await Registry.Open(_directory))
        {
            await registry.Consenting("one");
            Assert.IsType<RunOutcome.Completed>(await registry.Run(Registry.Price));
        }

        await using var again = await Registry.Open(_directory, null, "--HealthLedger:Privacy:Epsilon=1.8");
        var first = await again.Spent("one");
        Assert.IsType<RunOutcome.Completed>(await again.Run(Registry.Price));
        Assert.InRange(await again.Spent("one"), first * 1.2, 1.8);
        Assert.IsType<RunOutcome.BudgetRefused>(await again.Run(Registry.Price));
    }

    [Fact]
    public async Task Where_the_ledger_takes_no_entry_nothing_is_charged_and_nothing_may_be_drawn()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var storage = registry.Gateway.Host.Storage;
        var entries = new RunEntries(storage.Vault, new FullLedger(), registry.Clock);
        using var budgets = new PrivacyBudgets(storage.Vault, storage.Ledger, entries, registry.Part<PrivacyAccounts>(), new PrivacyBudget(1.5, 1e-6));
        var run = new RunIdentity(Registry.Caller, PurposeOfUse.Research, RunId.From(new byte[32]));
        Assert.IsType<Charging.Unavailable>(await budgets.Charge(run, ["one"], NoisePlan.ForCounts(Registry.Price), CancellationToken.None));
        Assert.Equal(0, await budgets.Spent("one", CancellationToken.None));
    }

    [Fact]
    public void A_charge_is_read_as_it_was_written_and_in_no_other_way()
    {
        var plan = NoisePlan.ForCounts(Registry.Price);
        var charge = BudgetCharge.Of(RunId.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]), plan);
        var text = charge.ToJson(1.25);
        var read = BudgetCharge.Parse(text);
        Assert.Equal((charge.Run, charge.Variance, charge.Epsilon, charge.Delta), (read.Run, read.Variance, read.Epsilon, read.Delta));
        Assert.Equal(plan.Cost, read.Cost);
        foreach (var (member, value) in new (string, JsonNode)[]
            { ("variance", 400.0), ("variance", -1.0), ("mechanism", "laplace"), ("sensitivity", 2), ("cost", "00"), ("run", "zz"), ("run", "00"), ("epsilon", "1") })
        {
            var json = JsonNode.Parse(text)!.AsObject();
            json[member] = value;
            Assert.Throws<InvalidDataException>(() => BudgetCharge.Parse(json.ToJsonString()));
            json.Remove(member);
            Assert.Throws<InvalidDataException>(() => BudgetCharge.Parse(json.ToJsonString()));
        }

        Assert.Throws<InvalidDataException>(() => BudgetCharge.Parse(null));
    }

    private static RunRequest Request => new(Registry.Caller, PurposeOfUse.Research, Registry.Price);

    private static RiskRun With(Registry registry, RandomBytes random) => ActivatorUtilities.CreateInstance<RiskRun>(registry.Gateway.Host.Services, random);

    private sealed class FullLedger : IAppendOnly
    {
        public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation) => ValueTask.FromResult<AppendOutcome>(new AppendOutcome.Unavailable("full"));
    }
}
