// Balle and Wang 2018 (arXiv:1805.06530), theorem 8. Published points: google/differential-privacy, dp_accounting tests.
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Tests.Privacy;

public sealed class AnalyticGaussianTests
{
    [Theory]
    [InlineData(0.1, 1e-5, 30.749566)]
    [InlineData(0.1, 1e-6, 36.30469)]
    [InlineData(0.5, 1e-5, 7.031827)]
    [InlineData(0.5, 1e-6, 8.057618)]
    [InlineData(1, 1e-5, 3.730632)]
    [InlineData(1, 1e-6, 4.224679)]
    [InlineData(1, 1e-8, 5.100309)]
    [InlineData(2, 1e-5, 1.993812)]
    [InlineData(2, 1e-6, 2.230476)]
    [InlineData(4, 1e-5, 1.081162)]
    [InlineData(4, 1e-6, 1.193519)]
    [InlineData(8, 1e-5, 0.600229)]
    [InlineData(8, 1e-6, 0.652935)]
    [InlineData(1, 0.78760074, 0.333333)]
    public void The_reference_calibrations_come_out(double epsilon, double delta, double sigma) =>
        Assert.Equal(sigma, AnalyticGaussian.Calibrate(epsilon, delta), 1e-6);

    [SharedDataFact("risk/accountant-vectors.json")]
    public void Every_shared_reference_calibration_comes_out()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(SharedData.Find("risk/accountant-vectors.json")!));
        var cases = vectors.RootElement.GetProperty("analytic_gaussian_balle_wang").GetProperty("cases").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        foreach (var c in cases)
            Assert.Equal(c.GetProperty("sigma").GetDouble(), AnalyticGaussian.Calibrate(c.GetProperty("epsilon").GetDouble(), c.GetProperty("delta").GetDouble()), 1e-6);
    }

    [Fact]
    public void Published_deltas_come_out()
    {
        Assert.Equal(0.126936, AnalyticGaussian.Delta(1, 1), 1e-6);
        Assert.Equal(0.78760074, AnalyticGaussian.Delta(1, 1 / 3.0), 1e-8);
        // Twenty-five times with sensitivity six is once with thirty; three times with noise of root three is once with one.
        Assert.Equal(0.78760074, AnalyticGaussian.Delta(1, 10, 30), 1e-8);
    }

    [Fact]
    public void A_calibration_satisfies_its_bound_and_is_not_wasteful()
    {
        Prop.ForAll(Settings().ToArbitrary(), s =>
        {
            var sigma = AnalyticGaussian.Calibrate(s.Epsilon, s.Delta);
            return AnalyticGaussian.Delta(s.Epsilon, sigma) <= s.Delta && AnalyticGaussian.Delta(s.Epsilon, sigma * 0.999) > s.Delta;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Asking_for_more_privacy_never_lowers_the_noise()
    {
        Prop.ForAll(Settings().ToArbitrary(), s =>
        {
            var sigma = AnalyticGaussian.Calibrate(s.Epsilon, s.Delta);
            return AnalyticGaussian.Calibrate(s.Epsilon * 0.9, s.Delta) > sigma
                && AnalyticGaussian.Calibrate(s.Epsilon, s.Delta * 0.5) > sigma
                && Math.Abs(AnalyticGaussian.Calibrate(s.Epsilon, s.Delta, 7) - 7 * sigma) < 1e-9 * sigma;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Delta_falls_as_epsilon_or_noise_grows()
    {
        for (var epsilon = 0.0; epsilon < 8; epsilon += 0.25)
        {
            for (var sigma = 0.5; sigma < 20; sigma *= 1.5)
            {
                Assert.True(AnalyticGaussian.Delta(epsilon + 0.25, sigma) <= AnalyticGaussian.Delta(epsilon, sigma));
                Assert.True(AnalyticGaussian.Delta(epsilon, sigma * 1.5) <= AnalyticGaussian.Delta(epsilon, sigma));
            }
        }
    }

    [Theory]
    [InlineData(0, 1e-5)]
    [InlineData(-1, 1e-5)]
    [InlineData(101, 1e-5)]
    [InlineData(double.NaN, 1e-5)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(1, double.NaN)]
    public void What_is_no_privacy_setting_is_the_callers_bug(double epsilon, double delta) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AnalyticGaussian.Calibrate(epsilon, delta));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, 0)]
    [InlineData(1, double.NaN)]
    public void Noise_and_sensitivity_are_positive_numbers(double sigma, double sensitivity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AnalyticGaussian.Delta(1, sigma, sensitivity));

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1, 0.84134474606854293)]
    [InlineData(-1, 0.15865525393145707)]
    [InlineData(-3, 1.3498980316300946e-3)]
    [InlineData(-6, 9.8658764503769814e-10)]
    [InlineData(-20, 2.7536241186062337e-89)]
    [InlineData(8, 0.99999999999999933)]
    public void The_normal_distribution_keeps_its_digits_in_the_tails(double x, double expected) =>
        Assert.Equal(1, NormalDistribution.Cdf(x) / expected, 1e-11);

    private static Gen<(double Epsilon, double Delta)> Settings() =>
        from epsilon in Gen.Choose(5, 1000)
        from digits in Gen.Choose(30, 120)
        select (epsilon / 100.0, Math.Pow(10, -digits / 10.0));
}
