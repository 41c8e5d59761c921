namespace HealthLedger.Risk.Scores;

/// <summary>
/// Estimated glomerular filtration rate from serum creatinine by the CKD-EPI equation of 2021, without race (Inker et al. 2021,
/// doi:10.1056/NEJMoa2102953), in mL/min/1.73 m2.
/// </summary>
public static class CkdEpi2021
{
    /// <summary>
    /// For adults: age 18 to 120 in completed years, creatinine 0.1 to 40 mg/dL (wider than any living adult's; beyond it the unit is wrong).
    /// </summary>
    public static ScoreResult<double> Score(Sex sex, int age, double creatinine)
    {
        if (!Enum.IsDefined(sex)) throw new ArgumentOutOfRangeException(nameof(sex));
        var reason = OutOfRange.Check("age", age, 18, 120, "years") ?? OutOfRange.Check("creatinine", creatinine, 0.1, 40, "mg/dL");
        if (reason is not null) return new ScoreResult<double>.Refused(reason);

        var female = sex == Sex.Female;
        var relative = creatinine / (female ? 0.7 : 0.9);
        var rate = 142
            * Math.Pow(Math.Min(relative, 1), female ? -0.241 : -0.302)
            * Math.Pow(Math.Max(relative, 1), -1.200)
            * Math.Pow(0.9938, age)
            * (female ? 1.012 : 1);
        return new ScoreResult<double>.Scored(rate);
    }

    /// <summary>KDIGO category of a filtration rate: G1, G2, G3a, G3b, G4 or G5.</summary>
    public static string Stage(double filtrationRate) => filtrationRate switch
    {
        >= 90 => "G1",
        >= 60 => "G2",
        >= 45 => "G3a",
        >= 30 => "G3b",
        >= 15 => "G4",
        >= 0 => "G5",
        _ => throw new ArgumentOutOfRangeException(nameof(filtrationRate)),
    };
}
