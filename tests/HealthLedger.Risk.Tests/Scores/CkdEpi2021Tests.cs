// CKD-EPI 2021 creatinine equation (Inker et al. 2021, doi:10.1056/NEJMoa2102953); bands of the ACC/AHA guideline of 2019.
using HealthLedger.Risk.Scores;

namespace HealthLedger.Risk.Tests.Scores;

public sealed class CkdEpi2021Tests
{
    [Fact]
    public void The_published_example_comes_out_as_71() =>
        Assert.Equal(71, Math.Round(Rate(Sex.Male, 55, 1.2)));

    [Theory]
    [InlineData(Sex.Male, 55, 1.2, 71.42)]
    [InlineData(Sex.Female, 60, 1.0, 64.50)]
    [InlineData(Sex.Male, 50, 0.8, 107.82)]
    [InlineData(Sex.Female, 40, 0.6, 116.30)]
    [InlineData(Sex.Male, 70, 2.5, 26.96)]
    public void Computed_values_come_out_to_two_decimals(Sex sex, int age, double creatinine, double expected) =>
        Assert.Equal(expected, Math.Round(Rate(sex, age, creatinine), 2));

    [Theory]
    [InlineData("age", 17, 1.0)]
    [InlineData("age", 121, 1.0)]
    [InlineData("creatinine", 40, 0.09)]
    [InlineData("creatinine", 40, 80.0)]
    [InlineData("creatinine", 40, double.NaN)]
    public void An_input_out_of_range_is_refused_by_name(string input, int age, double creatinine) =>
        Assert.Equal(input, Assert.IsType<ScoreResult<double>.Refused>(CkdEpi2021.Score(Sex.Female, age, creatinine)).Reason.Input);

    [Theory]
    [InlineData(90, "G1")]
    [InlineData(89.9, "G2")]
    [InlineData(60, "G2")]
    [InlineData(59.9, "G3a")]
    [InlineData(45, "G3a")]
    [InlineData(44.9, "G3b")]
    [InlineData(30, "G3b")]
    [InlineData(29.9, "G4")]
    [InlineData(15, "G4")]
    [InlineData(14.9, "G5")]
    [InlineData(0, "G5")]
    public void A_rate_has_its_KDIGO_stage(double rate, string stage) => Assert.Equal(stage, CkdEpi2021.Stage(rate));

    [Fact]
    public void A_negative_rate_has_no_stage() => Assert.Throws<ArgumentOutOfRangeException>(() => CkdEpi2021.Stage(-1));

    [Theory]
    [InlineData(0, RiskBand.Low)]
    [InlineData(0.0499, RiskBand.Low)]
    [InlineData(0.05, RiskBand.Borderline)]
    [InlineData(0.075, RiskBand.Intermediate)]
    [InlineData(0.1999, RiskBand.Intermediate)]
    [InlineData(0.20, RiskBand.High)]
    [InlineData(1, RiskBand.High)]
    public void A_risk_falls_into_its_band(double risk, RiskBand band) => Assert.Equal(band, RiskBands.Of(risk));

    [Theory]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void What_is_no_probability_has_no_band(double risk) => Assert.Throws<ArgumentOutOfRangeException>(() => RiskBands.Of(risk));

    private static double Rate(Sex sex, int age, double creatinine) =>
        Assert.IsType<ScoreResult<double>.Scored>(CkdEpi2021.Score(sex, age, creatinine)).Value;
}
