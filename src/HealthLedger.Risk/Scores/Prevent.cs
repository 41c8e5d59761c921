namespace HealthLedger.Risk.Scores;

/// <summary>
/// The American Heart Association's PREVENT equations of 2023 (Khan et al. 2024, doi:10.1161/CIRCULATIONAHA.123.067626): a logistic model of
/// the risk of a first cardiovascular event, without race, for people without known cardiovascular disease.
/// </summary>
public static class Prevent
{
    /// <summary>The version of the equations, for methods that name it.</summary>
    public const string Version = "2023";

    private const double MmolPerMg = 0.02586;
    private const int MostTerms = 32;

    /// <summary>The five risks, or the first input (in the order of <see cref="PreventInputs"/>) that lies outside its range.</summary>
    public static ScoreResult<PreventRisk> Score(PreventInputs inputs, PreventModel model = PreventModel.Base, PreventHorizon horizon = PreventHorizon.TenYears)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (!Enum.IsDefined(inputs.Sex)) throw new ArgumentOutOfRangeException(nameof(inputs));
        if (!Enum.IsDefined(model)) throw new ArgumentOutOfRangeException(nameof(model));
        if (!Enum.IsDefined(horizon)) throw new ArgumentOutOfRangeException(nameof(horizon));
        return FirstOutOfRange(inputs, model, horizon) is { } reason
            ? new ScoreResult<PreventRisk>.Refused(reason)
            : new ScoreResult<PreventRisk>.Scored(Evaluate(inputs, model, horizon));
    }

    /// <summary>The equations alone, without the ranges: some published values lie outside them.</summary>
    internal static PreventRisk Evaluate(PreventInputs inputs, PreventModel model, PreventHorizon horizon)
    {
        Span<double> buffer = stackalloc double[MostTerms];
        var terms = buffer[..WriteTerms(buffer, inputs, model, horizon)];
        return new PreventRisk(
            model, horizon,
            Risk(terms, PreventOutcome.TotalCvd), Risk(terms, PreventOutcome.Ascvd), Risk(terms, PreventOutcome.HeartFailure),
            Risk(terms, PreventOutcome.CoronaryHeartDisease), Risk(terms, PreventOutcome.Stroke));

        double Risk(ReadOnlySpan<double> terms, PreventOutcome outcome)
        {
            var coefficients = PreventCoefficients.Of(model, horizon, inputs.Sex, outcome);
            if (coefficients.Length != terms.Length) throw new InvalidOperationException("The table and the terms of a PREVENT model disagree.");
            var logOdds = 0.0;
            for (var i = 0; i < terms.Length; i++) logOdds += coefficients[i] * terms[i];
            return 1 / (1 + Math.Exp(-logOdds));
        }
    }

    private static OutOfRange? FirstOutOfRange(PreventInputs inputs, PreventModel model, PreventHorizon horizon)
    {
        var reason =
            OutOfRange.Check("age", inputs.Age, 30, horizon == PreventHorizon.TenYears ? 79 : 59, "years")
            ?? OutOfRange.Check("systolic blood pressure", inputs.SystolicBloodPressure, 90, 180, "mmHg")
            ?? OutOfRange.Check("total cholesterol", inputs.TotalCholesterol, 130, 320, "mg/dL")
            ?? OutOfRange.Check("HDL cholesterol", inputs.HdlCholesterol, 20, 100, "mg/dL")
            ?? OutOfRange.Check("eGFR", inputs.FiltrationRate, 15, 140, "mL/min/1.73 m2")
            ?? OutOfRange.Check("BMI", inputs.BodyMassIndex, 18.5, 39.9, "kg/m2");
        if (reason is null && model is PreventModel.HbA1c or PreventModel.Full && inputs.HbA1c is { } hba1c)
            reason = OutOfRange.Check("HbA1c", hba1c, 4.5, 15, "%");
        if (reason is null && model is PreventModel.Uacr or PreventModel.Full && inputs.AlbuminCreatinineRatio is { } ratio)
            reason = OutOfRange.Check("urine albumin-creatinine ratio", ratio, 0.1, 25_000, "mg/g");
        if (reason is null && model is PreventModel.Sdi or PreventModel.Full && inputs.DeprivationDecile is { } decile)
            reason = OutOfRange.Check("deprivation decile", decile, 1, 10, "");
        return reason;
    }

    /// <summary>Writes the model's terms in the order of its coefficients and returns how many there are.</summary>
    private static int WriteTerms(Span<double> terms, PreventInputs x, PreventModel model, PreventHorizon horizon)
    {
        var age = (x.Age - 55) / 10.0;
        var nonHdl = (x.TotalCholesterol - x.HdlCholesterol) * MmolPerMg - 3.5;
        var hdl = (x.HdlCholesterol * MmolPerMg - 1.3) / 0.3;
        var highPressure = (Math.Max(x.SystolicBloodPressure, 110) - 130) / 20;
        var highMass = (Math.Max(x.BodyMassIndex, 30) - 30) / 5;
        var lowFiltration = (Math.Min(x.FiltrationRate, 60) - 60) / -15;
        double diabetes = x.Diabetes ? 1 : 0, smoker = x.Smoker ? 1 : 0, treated = x.Antihypertensive ? 1 : 0, statin = x.Statin ? 1 : 0;

        var count = 0;
        terms[count++] = age;
        if (horizon == PreventHorizon.ThirtyYears) terms[count++] = age * age;
        ReadOnlySpan<double> shared =
        [
            nonHdl,
            hdl,
            (Math.Min(x.SystolicBloodPressure, 110) - 110) / 20,
            highPressure,
            diabetes,
            smoker,
            (Math.Min(x.BodyMassIndex, 30) - 25) / 5,
            highMass,
            lowFiltration,
            (Math.Max(x.FiltrationRate, 60) - 90) / -15,
            treated,
            statin,
            treated * highPressure,
            statin * nonHdl,
            age * nonHdl,
            age * hdl,
            age * highPressure,
            age * diabetes,
            age * smoker,
            age * highMass,
            age * lowFiltration,
        ];
        shared.CopyTo(terms[count..]);
        count += shared.Length;

        if (model is PreventModel.Sdi or PreventModel.Full)
        {
            terms[count++] = x.DeprivationDecile is >= 4 and <= 6 ? 1 : 0;
            terms[count++] = x.DeprivationDecile is >= 7 ? 1 : 0;
            terms[count++] = x.DeprivationDecile is null ? 1 : 0;
        }
        if (model is PreventModel.Uacr or PreventModel.Full)
        {
            terms[count++] = x.AlbuminCreatinineRatio is { } ratio ? Math.Log(ratio) : 0;
            terms[count++] = x.AlbuminCreatinineRatio is null ? 1 : 0;
        }
        if (model is PreventModel.HbA1c or PreventModel.Full)
        {
            terms[count++] = x.HbA1c is { } withDiabetes && x.Diabetes ? withDiabetes - 5.3 : 0;
            terms[count++] = x.HbA1c is { } without && !x.Diabetes ? without - 5.3 : 0;
            terms[count++] = x.HbA1c is null ? 1 : 0;
        }
        terms[count++] = 1;
        return count;
    }
}
