// PREVENT (Khan et al. 2024, doi:10.1161/CIRCULATIONAHA.123.067626). Published values: preventr, tests/testthat/test-estimate_risk.R.
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Risk.Scores;

namespace HealthLedger.Risk.Tests.Scores;

public sealed class PreventTests
{
    /// <summary>Age 50, SBP 160 treated, TC 200, HDL 45, no statin, diabetes, non-smoker, eGFR 90, BMI 35, HbA1c 9.2, ACR 92, decile 3.</summary>
    private static PreventInputs Published(Sex sex) => new(sex, 50, 160, true, 200, 45, false, true, false, 90, 35)
    {
        HbA1c = 9.2,
        AlbuminCreatinineRatio = 92,
        DeprivationDecile = 3,
    };

    public static TheoryData<PreventModel, Sex, PreventHorizon, double[]> PublishedValues => new()
    {
        { PreventModel.Base, Sex.Female, PreventHorizon.TenYears, [.147, .092, .081, .044, .054] },
        { PreventModel.Base, Sex.Female, PreventHorizon.ThirtyYears, [.530, .354, .390, .198, .221] },
        { PreventModel.Base, Sex.Male, PreventHorizon.TenYears, [.163, .102, .106, .056, .052] },
        { PreventModel.Base, Sex.Male, PreventHorizon.ThirtyYears, [.514, .349, .424, .216, .197] },
        { PreventModel.HbA1c, Sex.Female, PreventHorizon.TenYears, [.165, .103, .107, .055, .053] },
        { PreventModel.HbA1c, Sex.Female, PreventHorizon.ThirtyYears, [.541, .356, .449, .219, .200] },
        { PreventModel.HbA1c, Sex.Male, PreventHorizon.TenYears, [.187, .112, .130, .063, .056] },
        { PreventModel.HbA1c, Sex.Male, PreventHorizon.ThirtyYears, [.524, .340, .457, .211, .188] },
        { PreventModel.Uacr, Sex.Female, PreventHorizon.TenYears, [.181, .111, .105, .055, .065] },
        { PreventModel.Uacr, Sex.Female, PreventHorizon.ThirtyYears, [.565, .381, .437, .220, .241] },
        { PreventModel.Uacr, Sex.Male, PreventHorizon.TenYears, [.195, .123, .130, .066, .063] },
        { PreventModel.Uacr, Sex.Male, PreventHorizon.ThirtyYears, [.535, .368, .448, .227, .213] },
        { PreventModel.Sdi, Sex.Female, PreventHorizon.TenYears, [.127, .080, .070, .038, .047] },
        { PreventModel.Sdi, Sex.Female, PreventHorizon.ThirtyYears, [.485, .322, .358, .179, .202] },
        { PreventModel.Sdi, Sex.Male, PreventHorizon.TenYears, [.143, .088, .089, .049, .043] },
        { PreventModel.Sdi, Sex.Male, PreventHorizon.ThirtyYears, [.480, .317, .384, .199, .171] },
        { PreventModel.Full, Sex.Female, PreventHorizon.TenYears, [.174, .105, .114, .056, .056] },
        { PreventModel.Full, Sex.Female, PreventHorizon.ThirtyYears, [.534, .348, .443, .213, .204] },
        { PreventModel.Full, Sex.Male, PreventHorizon.TenYears, [.191, .112, .131, .068, .052] },
        { PreventModel.Full, Sex.Male, PreventHorizon.ThirtyYears, [.513, .326, .438, .216, .167] },
    };

    [Theory]
    [MemberData(nameof(PublishedValues))]
    public void Every_published_value_comes_out_to_three_decimals(PreventModel model, Sex sex, PreventHorizon horizon, double[] expected)
    {
        var risk = Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(Published(sex), model, horizon)).Value;
        Assert.Equal(expected, Enum.GetValues<PreventOutcome>().Select(o => Math.Round(risk.Of(o), 3)));
        Assert.Equal(model, risk.Model);
        Assert.Equal(horizon, risk.Horizon);
    }

    [SharedDataFact("risk/prevent_derived_vectors.csv")]
    public void Every_derived_value_comes_out_to_six_decimals()
    {
        var rows = File.ReadAllLines(SharedData.Find("risk/prevent_derived_vectors.csv")!).Skip(1).Where(l => l.Length > 0).ToList();
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            var cells = row.Split(',');
            double At(int i) => double.Parse(cells[i], CultureInfo.InvariantCulture);
            var inputs = new PreventInputs(
                cells[0] == "female" ? Sex.Female : Sex.Male, (int)At(1), At(2), At(3) != 0, At(4), At(5), At(6) != 0, At(7) != 0, At(8) != 0, At(9), At(10));
            var ten = Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(inputs)).Value;
            var thirty = Prevent.Evaluate(inputs, PreventModel.Base, PreventHorizon.ThirtyYears);
            double[] actual = [ten.TotalCvd, ten.Ascvd, ten.HeartFailure, thirty.TotalCvd, thirty.Ascvd, thirty.HeartFailure];
            for (var i = 0; i < actual.Length; i++) Assert.Equal(At(11 + i), actual[i], 1e-6);
            Assert.Equal(inputs.Age <= 59, Prevent.Score(inputs, horizon: PreventHorizon.ThirtyYears) is ScoreResult<PreventRisk>.Scored);
        }
    }

    [Theory]
    [InlineData("age", 29)]
    [InlineData("age", 80)]
    [InlineData("systolic blood pressure", 89.9)]
    [InlineData("systolic blood pressure", 180.1)]
    [InlineData("total cholesterol", 129)]
    [InlineData("total cholesterol", 321)]
    [InlineData("HDL cholesterol", 19)]
    [InlineData("HDL cholesterol", 101)]
    [InlineData("eGFR", 14)]
    [InlineData("eGFR", 141)]
    [InlineData("BMI", 18.4)]
    [InlineData("BMI", 40)]
    [InlineData("HbA1c", 4.4)]
    [InlineData("HbA1c", 15.1)]
    [InlineData("urine albumin-creatinine ratio", 0)]
    [InlineData("urine albumin-creatinine ratio", 25001)]
    [InlineData("deprivation decile", 0)]
    [InlineData("deprivation decile", 11)]
    [InlineData("BMI", double.NaN)]
    [InlineData("systolic blood pressure", double.PositiveInfinity)]
    public void An_input_out_of_range_is_refused_by_name_and_never_moved_into_the_range(string input, double value)
    {
        var inputs = With(Published(Sex.Female), input, value);
        var reason = Assert.IsType<ScoreResult<PreventRisk>.Refused>(Prevent.Score(inputs, PreventModel.Full)).Reason;
        Assert.Equal(input, reason.Input);
        Assert.StartsWith($"{input} is outside the valid range ", reason.ToString(), StringComparison.Ordinal);
        Assert.False(value >= reason.Low && value <= reason.High);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(79)]
    public void The_ends_of_the_ranges_are_valid(int age)
    {
        var low = new PreventInputs(Sex.Male, age, 90, false, 130, 20, false, false, false, 15, 18.5);
        var high = new PreventInputs(Sex.Male, age, 180, true, 320, 100, true, true, true, 140, 39.9);
        Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(low));
        Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(high));
    }

    [Fact]
    public void Thirty_years_are_refused_from_sixty_on()
    {
        var inputs = Published(Sex.Female);
        Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(inputs with { Age = 59 }, horizon: PreventHorizon.ThirtyYears));
        var refused = Assert.IsType<ScoreResult<PreventRisk>.Refused>(Prevent.Score(inputs with { Age = 60 }, horizon: PreventHorizon.ThirtyYears));
        Assert.Equal(new OutOfRange("age", 30, 59, "years"), refused.Reason);
    }

    [Fact]
    public void What_a_model_does_not_use_cannot_refuse_it()
    {
        var inputs = Published(Sex.Male) with { HbA1c = 99, AlbuminCreatinineRatio = -1, DeprivationDecile = 40 };
        Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(inputs));
    }

    [Fact]
    public void Extended_models_do_without_what_was_not_measured()
    {
        var inputs = Published(Sex.Male) with { HbA1c = null, AlbuminCreatinineRatio = null, DeprivationDecile = null };
        var full = Assert.IsType<ScoreResult<PreventRisk>.Scored>(Prevent.Score(inputs, PreventModel.Full)).Value;
        Assert.Equal(0.078330, full.TotalCvd, 1e-6); // computed apart from this code, from the same coefficients
    }

    [Fact]
    public void Risk_is_a_probability_and_smoking_or_diabetes_never_lowers_it()
    {
        var inputs =
            from sex in Gen.Elements(Sex.Female, Sex.Male)
            from age in Gen.Choose(30, 79)
            from pressure in Gen.Choose(90, 180)
            from cholesterol in Gen.Choose(130, 320)
            from hdl in Gen.Choose(20, 100)
            from filtration in Gen.Choose(15, 140)
            from mass in Gen.Choose(185, 399)
            from flags in Gen.Choose(0, 15)
            select new PreventInputs(
                sex, age, pressure, (flags & 1) != 0, cholesterol, hdl, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0, filtration, mass / 10.0);
        Prop.ForAll(inputs.ToArbitrary(), x =>
        {
            var risk = ((ScoreResult<PreventRisk>.Scored)Prevent.Score(x)).Value;
            var healthier = ((ScoreResult<PreventRisk>.Scored)Prevent.Score(x with { Smoker = false, Diabetes = false })).Value;
            return Enum.GetValues<PreventOutcome>().All(o => risk.Of(o) is > 0 and < 1 && healthier.Of(o) <= risk.Of(o) + 1e-12);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_model_that_does_not_exist_is_the_callers_bug()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Prevent.Score(Published(Sex.Male), (PreventModel)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => Prevent.Score(Published(Sex.Male), horizon: (PreventHorizon)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => Prevent.Score(Published((Sex)9)));
    }

    private static PreventInputs With(PreventInputs x, string input, double value) => input switch
    {
        "age" => x with { Age = (int)value },
        "systolic blood pressure" => x with { SystolicBloodPressure = value },
        "total cholesterol" => x with { TotalCholesterol = value },
        "HDL cholesterol" => x with { HdlCholesterol = value },
        "eGFR" => x with { FiltrationRate = value },
        "BMI" => x with { BodyMassIndex = value },
        "HbA1c" => x with { HbA1c = value },
        "urine albumin-creatinine ratio" => x with { AlbuminCreatinineRatio = value },
        "deprivation decile" => x with { DeprivationDecile = (int)value },
        _ => throw new ArgumentException("No such input.", nameof(input)),
    };
}
