namespace HealthLedger.Risk.Scores;

/// <summary>Sex as the published scores use it; a record that says neither gets no score.</summary>
public enum Sex { Female, Male }

/// <summary>Which predictors a PREVENT model uses beside the base ones: HbA1c, urine albumin-creatinine ratio, social deprivation index, or all three.</summary>
public enum PreventModel { Base, HbA1c, Uacr, Sdi, Full }

/// <summary>Over how many years. The thirty-year models are for ages 30 to 59.</summary>
public enum PreventHorizon { TenYears, ThirtyYears }

/// <summary>What is predicted: a first event of that kind.</summary>
public enum PreventOutcome { TotalCvd, Ascvd, HeartFailure, CoronaryHeartDisease, Stroke }

/// <summary>What PREVENT is computed from. The last three are used by the models that carry their name, which know how to do without.</summary>
/// <param name="Age">Completed years, 30 to 79 (30 to 59 for thirty years).</param>
/// <param name="SystolicBloodPressure">mmHg, 90 to 180.</param>
/// <param name="TotalCholesterol">mg/dL, 130 to 320.</param>
/// <param name="HdlCholesterol">mg/dL, 20 to 100.</param>
/// <param name="FiltrationRate">eGFR in mL/min/1.73 m2, 15 to 140.</param>
/// <param name="BodyMassIndex">kg/m2, 18.5 to 39.9.</param>
public sealed record PreventInputs(
    Sex Sex,
    int Age,
    double SystolicBloodPressure,
    bool Antihypertensive,
    double TotalCholesterol,
    double HdlCholesterol,
    bool Statin,
    bool Diabetes,
    bool Smoker,
    double FiltrationRate,
    double BodyMassIndex)
{
    /// <summary>Percent (NGSP), 4.5 to 15; null where not measured.</summary>
    public double? HbA1c { get; init; }

    /// <summary>mg/g, 0.1 to 25000; null where not measured.</summary>
    public double? AlbuminCreatinineRatio { get; init; }

    /// <summary>1 to 10; null where not known.</summary>
    public int? DeprivationDecile { get; init; }
}

/// <summary>Risks of a first event as fractions in (0, 1).</summary>
public sealed record PreventRisk(
    PreventModel Model, PreventHorizon Horizon, double TotalCvd, double Ascvd, double HeartFailure, double CoronaryHeartDisease, double Stroke)
{
    public double Of(PreventOutcome outcome) => outcome switch
    {
        PreventOutcome.TotalCvd => TotalCvd,
        PreventOutcome.Ascvd => Ascvd,
        PreventOutcome.HeartFailure => HeartFailure,
        PreventOutcome.CoronaryHeartDisease => CoronaryHeartDisease,
        PreventOutcome.Stroke => Stroke,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
