// Canonne, Kamath and Steinke 2020 (arXiv:2004.00010): algorithms 1 to 3, theorem 7 (exact delta), corollary 9 (variance).
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Tests.Privacy;

public sealed class DiscreteGaussianTests
{
    [Theory]
    [InlineData(0.25)]
    [InlineData(1.0)]
    [InlineData(13.917)]
    [InlineData(400.0)]
    public void Draws_have_the_right_mean_and_variance(double variance)
    {
        const int Count = 20_000;
        var noise = DiscreteGaussian.WithVariance(variance);
        var random = SeededBytes.Of(17);
        var draws = Enumerable.Range(0, Count).Select(_ => (double)noise.Sample(random)).ToList();
        var expected = Moments(variance).Variance;
        // Five standard errors of each.
        Assert.InRange(draws.Average(), -5 * Math.Sqrt(expected / Count), 5 * Math.Sqrt(expected / Count));
        Assert.InRange(draws.Average(d => d * d), expected * (1 - 5 * Math.Sqrt(3.0 / Count)) - 0.01, expected * (1 + 5 * Math.Sqrt(3.0 / Count)) + 0.01);
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(2.0)]
    [InlineData(13.917)]
    public void Draws_fit_the_distribution_cell_by_cell(double variance)
    {
        const int Count = 40_000;
        var noise = DiscreteGaussian.WithVariance(variance);
        var random = SeededBytes.Of(23);
        var seen = new Dictionary<BigInteger, int>();
        for (var i = 0; i < Count; i++)
        {
            var draw = noise.Sample(random);
            seen[draw] = seen.GetValueOrDefault(draw) + 1;
        }
        double statistic = 0;
        var cells = 0;
        foreach (var (y, probability) in Moments(variance).Probabilities)
        {
            var expected = Count * probability;
            if (expected < 10) continue;
            statistic += Math.Pow(seen.GetValueOrDefault(y) - expected, 2) / expected;
            cells++;
        }
        // Far above the 99.99 % point of chi-squared with that many cells.
        Assert.True(statistic < cells + 5 * Math.Sqrt(2.0 * cells) + 5, $"{statistic} over {cells} cells");
    }

    [Fact]
    public void Rejecting_zero_with_a_minus_sign_keeps_zero_from_being_twice_as_likely()
    {
        var noise = DiscreteGaussian.WithVariance(1);
        var random = SeededBytes.Of(5);
        var zeros = Enumerable.Range(0, 20_000).Count(_ => noise.Sample(random).IsZero);
        Assert.InRange(zeros / 20_000.0, 0.38, 0.418); // 0.3989 is exact; 0.57 would be the error
    }

    [Fact]
    public void The_same_bytes_give_the_same_noise()
    {
        var noise = DiscreteGaussian.WithVariance(50);
        RandomBytes first = SeededBytes.Of(3), second = SeededBytes.Of(3);
        for (var i = 0; i < 100; i++) Assert.Equal(noise.Sample(first), noise.Sample(second));
    }

    [Fact]
    public void The_exact_delta_agrees_with_the_definition_and_is_near_the_continuous_one()
    {
        foreach (var variance in new[] { 0.3, 1, 4.5, 13.917, 60 })
        {
            foreach (var epsilon in new[] { 0.0, 0.1, 0.7, 1, 2.3 })
            {
                var noise = DiscreteGaussian.WithVariance(variance);
                var cells = Moments(noise.Variance).Probabilities;
                var byDefinition = cells.Sum(c => Math.Max(0, c.Probability - Math.Exp(epsilon) * cells.FirstOrDefault(o => o.Y == c.Y - 1).Probability));
                Assert.Equal(byDefinition, noise.Delta(epsilon), 1e-12);
            }
        }
        Assert.Equal(1, DiscreteGaussian.WithVariance(100).Delta(0.5) / AnalyticGaussian.Delta(0.5, 10), 0.1);
    }

    [Fact]
    public void A_calibrated_noise_meets_its_delta_exactly_and_is_never_below_the_continuous_calibration()
    {
        var settings =
            from epsilon in Gen.Choose(5, 500)
            from digits in Gen.Choose(30, 100)
            select (Epsilon: epsilon / 100.0, Delta: Math.Pow(10, -digits / 10.0));
        Prop.ForAll(settings.ToArbitrary(), s =>
        {
            var noise = DiscreteGaussian.Calibrate(s.Epsilon, s.Delta);
            var continuous = AnalyticGaussian.Calibrate(s.Epsilon, s.Delta);
            return noise.Delta(s.Epsilon) <= s.Delta && noise.Sigma >= continuous && noise.Sigma < continuous * 1.6 + 0.1;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_renyi_charge_proves_no_more_than_the_exact_delta_allows()
    {
        foreach (var epsilon in new[] { 0.3, 1, 3 })
        {
            var noise = DiscreteGaussian.Calibrate(epsilon, 1e-6);
            Assert.True(RenyiVector.OfGaussian(noise.Sigma).Epsilon(1e-6).Epsilon >= epsilon * 0.999);
        }
    }

    [Fact]
    public void Whole_numbers_below_a_bound_are_equally_likely()
    {
        var random = SeededBytes.Of(9);
        var counts = new int[13];
        for (var i = 0; i < 26_000; i++) counts[(int)random.Below(13)]++;
        Assert.All(counts, c => Assert.InRange(c, 1_780, 2_220));
        Assert.Equal(BigInteger.Zero, random.Below(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Below(0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(1e11)]
    public void An_impossible_variance_is_the_callers_bug(double variance) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DiscreteGaussian.WithVariance(variance));

    private static (double Variance, List<(BigInteger Y, double Probability)> Probabilities) Moments(double variance)
    {
        var reach = (int)(12 * Math.Sqrt(variance)) + 12;
        var weights = Enumerable.Range(-reach, 2 * reach + 1).Select(y => (Y: (BigInteger)y, Weight: Math.Exp(-(double)y * y / (2 * variance)))).ToList();
        var total = weights.Sum(w => w.Weight);
        var cells = weights.Select(w => (w.Y, w.Weight / total)).ToList();
        return (cells.Sum(c => c.Item2 * (double)(c.Y * c.Y)), cells);
    }
}
