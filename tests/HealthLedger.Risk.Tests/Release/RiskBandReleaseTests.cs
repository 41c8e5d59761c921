// The private release: each patient in at most one band, so sensitivity 1; discrete Gaussian; charged before it is drawn.
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;
using HealthLedger.Risk.Scores;
using HealthLedger.Risk.Tests.Privacy;

namespace HealthLedger.Risk.Tests.Release;

public sealed class RiskBandReleaseTests
{
    private static readonly NoisePlan s_plan = NoisePlan.ForCounts(new PrivacyBudget(1, 1e-6));

    [Fact]
    public void The_plan_meets_its_price_exactly_and_charges_the_renyi_cost_of_its_noise()
    {
        Assert.True(s_plan.Noise.Delta(1) <= 1e-6);
        Assert.InRange(s_plan.Noise.Sigma, 4.224678, 4.6);
        Assert.Equal(RenyiVector.OfGaussian(s_plan.Noise.Sigma), s_plan.Cost);
    }

    [Fact]
    public void A_release_is_near_the_truth_and_says_everything_about_its_noise()
    {
        var people = People(400, 60, 90, 50, unscored: 30);
        var release = RiskBandRelease.Draw(Reserve(people), s_plan, people, SeededBytes.Of(4));
        long[] exact = [400, 60, 90, 50];
        for (var i = 0; i < 4; i++) Assert.InRange(release.Counts[i] - exact[i], -30, 30);
        Assert.NotEqual(exact, release.Counts);

        using var json = JsonDocument.Parse(release.ToJson());
        var root = json.RootElement;
        Assert.Equal(
            ["release", "run", "outcome", "epsilon", "delta", "sigma", "sensitivity", "adjacency", "mechanism", "accountant", "postProcessing", "counts"],
            root.EnumerateObject().Select(p => p.Name));
        Assert.Equal(1, root.GetProperty("epsilon").GetDouble());
        Assert.Equal(1e-6, root.GetProperty("delta").GetDouble());
        Assert.Equal(s_plan.Noise.Sigma, root.GetProperty("sigma").GetDouble());
        Assert.Equal(release.Counts, root.GetProperty("counts").EnumerateObject().Select(p => p.Value.GetInt64()));
        Assert.Equal(release.Run.ToString(), root.GetProperty("run").GetString());
    }

    [Fact]
    public void Empty_bands_get_noise_too_and_no_count_is_negative()
    {
        var people = People(1, 0, 0, 0, unscored: 0);
        var seen = new HashSet<long>();
        for (var seed = 0; seed < 60; seed++)
        {
            var release = RiskBandRelease.Draw(Reserve(people), s_plan, people, SeededBytes.Of(seed));
            Assert.All(release.Counts, c => Assert.True(c >= 0));
            seen.UnionWith(release.Counts.Skip(1));
        }
        Assert.True(seen.Count > 5);
    }

    [Fact]
    public void One_patient_more_moves_one_count_by_one_before_noise()
    {
        var without = People(90, 80, 80, 80, unscored: 0);
        var with = People(90, 80, 81, 80, unscored: 0);
        var first = RiskBandRelease.Draw(Reserve(without), s_plan, without, SeededBytes.Of(8));
        var second = RiskBandRelease.Draw(Reserve(with), s_plan, with, SeededBytes.Of(8));
        Assert.Equal(1, first.Counts.Zip(second.Counts).Sum(c => Math.Abs(c.First - c.Second)));
    }

    [Fact]
    public void A_reservation_works_once()
    {
        var people = People(3, 0, 0, 0, unscored: 0);
        var reservation = Reserve(people);
        RiskBandRelease.Draw(reservation, s_plan, people, SeededBytes.Of(1));
        Assert.Throws<InvalidOperationException>(() => RiskBandRelease.Draw(reservation, s_plan, people, SeededBytes.Of(1)));
    }

    [Fact]
    public void Nobody_who_was_not_charged_is_counted_nobody_twice_and_no_cheaper_noise_is_drawn()
    {
        var people = People(3, 0, 0, 0, unscored: 0);
        var reservation = Reserve(people);
        Assert.Throws<ArgumentException>(() => RiskBandRelease.Draw(reservation, s_plan, People(4, 0, 0, 0, unscored: 0), SeededBytes.Of(1)));
        Assert.Throws<ArgumentException>(() => RiskBandRelease.Draw(reservation, s_plan, [.. people, people[0]], SeededBytes.Of(1)));
        Assert.Throws<ArgumentException>(() => RiskBandRelease.Draw(reservation, NoisePlan.ForCounts(new PrivacyBudget(8, 1e-3)), people, SeededBytes.Of(1)));
        Assert.NotNull(RiskBandRelease.Draw(reservation, s_plan, people, SeededBytes.Of(1)));
    }

    [Fact]
    public void A_second_run_beyond_the_lifetime_budget_is_refused()
    {
        var people = People(5, 1, 1, 1, unscored: 2);
        var accounts = people.Select(p => p.Account).ToList();
        var ledger = BudgetLedger.Empty(new PrivacyBudget(1.5, 1e-6));
        var first = Assert.IsType<BudgetDecision.Reserved>(ledger.Reserve(Run(1), accounts, s_plan.Cost));
        Assert.Equal(new BudgetDecision.Refused(BudgetRefusal.Exhausted, accounts.Count), first.Next.Reserve(Run(2), accounts, s_plan.Cost));
    }

    [Fact]
    public void A_price_too_small_to_be_of_use_is_the_callers_bug() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NoisePlan.ForCounts(new PrivacyBudget(0.001, 1e-6)));

    private static List<(PrivacyAccount Account, RiskBand? Band)> People(int low, int borderline, int intermediate, int high, int unscored)
    {
        RiskBand?[] bands =
        [
            .. Enumerable.Repeat<RiskBand?>(RiskBand.Low, low), .. Enumerable.Repeat<RiskBand?>(RiskBand.Borderline, borderline),
            .. Enumerable.Repeat<RiskBand?>(RiskBand.Intermediate, intermediate), .. Enumerable.Repeat<RiskBand?>(RiskBand.High, high),
            .. Enumerable.Repeat<RiskBand?>(null, unscored),
        ];
        return [.. bands.Select((band, i) => (PrivacyAccount.From(SHA256.HashData(BitConverter.GetBytes(i))), band))];
    }

    private static RunId Run(int number) => RunId.From(SHA256.HashData(BitConverter.GetBytes(~number)));

    private static BudgetReservation Reserve(List<(PrivacyAccount Account, RiskBand? Band)> people) =>
        Assert.IsType<BudgetDecision.Reserved>(
            BudgetLedger.Empty(new PrivacyBudget(10, 1e-6)).Reserve(Run(1), people.Select(p => p.Account).ToList(), s_plan.Cost)).Reservation;
}
