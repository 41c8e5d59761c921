namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>What the demo deliberately leaves out of some records, as real ones do.</summary>
internal enum Gap { None, Lipids, BloodPressure, Smoking, Kidney }

/// <summary>
/// The hidden state that one patient's measurements come from, so that they agree with each other: heavier and older people have higher
/// pressure, treated ones lower pressure and cholesterol, and so on. Adequate for plumbing and for scores; no epidemiological claim.
/// Heights in cm, pressure in mmHg, cholesterol and creatinine in mg/dL, HbA1c in %, ACR in mg/g.
/// </summary>
internal sealed record Health
{
    public required int Age { get; init; }
    public required bool Female { get; init; }
    public required double Height { get; init; }
    public required double BodyMassIndex { get; init; }
    public required bool Hypertension { get; init; }
    public required bool Diabetes { get; init; }
    public required bool HighCholesterol { get; init; }
    public required bool KidneyDisease { get; init; }
    public required bool Asthma { get; init; }
    public required Coded Smoking { get; init; }
    public required Coded[] BloodPressureDrugs { get; init; }
    public required Coded? Statin { get; init; }
    public required double Systolic { get; init; }
    public required double TotalCholesterol { get; init; }
    public required double Hdl { get; init; }
    public required double Creatinine { get; init; }
    public required double HbA1c { get; init; }
    public required double AlbuminRatio { get; init; }
    public required SensitiveKind Sensitive { get; init; }
    public required Gap Gap { get; init; }

    public bool Child => Age < 18;

    public static Health Draw(SeededGenerator random, int number, int age, bool female)
    {
        var child = age < 18;
        var bmi = child ? random.Normal(17.5, 1.2) : Math.Clamp(random.Normal(27.2, 4.6), 17.2, 44.5);
        var hypertension = !child && random.Chance(0.04 + 0.009 * Math.Max(0, age - 28) + 0.012 * Math.Max(0, bmi - 25));
        var diabetes = !child && random.Chance(0.02 + 0.003 * Math.Max(0, age - 35) + 0.014 * Math.Max(0, bmi - 26));
        var highCholesterol = age >= 35 && random.Chance(0.34);
        var kidney = age >= 50 && random.Chance(diabetes || hypertension ? 0.16 : 0.03);
        var smoking = age < 16 ? Codes.NeverSmoker : random.Between(0, 9) switch { < 2 => Codes.DailySmoker, < 5 => Codes.FormerSmoker, _ => Codes.NeverSmoker };
        var drugs = hypertension && random.Chance(0.82) ? PressureDrugs(random) : [];
        Coded? statin = null;
        if ((highCholesterol && random.Chance(0.7)) || (diabetes && age >= 40 && random.Chance(0.6)))
            statin = random.Chance(0.5) ? Codes.Atorvastatin : Codes.Simvastatin;

        var systolic = child ? 88 + age : 101 + 0.36 * age + 0.7 * (bmi - 25) + (hypertension ? 17 : 0) - (drugs.Length > 0 ? 13 : 0) + random.Normal(0, 5);
        var cholesterol = child ? random.Normal(160, 14) : random.Normal(190, 19) + (highCholesterol ? 44 : 0) + 0.25 * (Math.Min(age, 65) - 45);
        if (statin is not null) cholesterol *= 0.76;
        return new Health
        {
            Age = age,
            Female = female,
            Height = child ? 82 + 5.6 * age : random.Normal(female ? 163 : 176, 6),
            BodyMassIndex = bmi,
            Hypertension = hypertension,
            Diabetes = diabetes,
            HighCholesterol = highCholesterol,
            KidneyDisease = kidney,
            Asthma = random.Chance(0.09),
            Smoking = smoking,
            BloodPressureDrugs = drugs,
            Statin = statin,
            Systolic = Math.Clamp(systolic, 84, 192),
            TotalCholesterol = Math.Clamp(cholesterol, 112, 335),
            Hdl = Math.Clamp(random.Normal(female ? 58 : 48, 8) - 0.7 * (bmi - 26), 23, 98),
            Creatinine = child ? 0.3 + 0.025 * age : (female ? 0.72 : 0.88) + random.Normal(0, 0.08) + 0.0025 * Math.Max(0, age - 45) + (kidney ? 0.3 + 0.9 * random.Unit() : 0),
            HbA1c = diabetes ? Math.Clamp(random.Normal(7.4, 0.9), 6.1, 11.5) : random.Normal(5.35, 0.18),
            AlbuminRatio = kidney ? random.Between(32, 310) : random.Between(4, 26),
            Sensitive = child ? SensitiveKind.None : SensitiveAt(number),
            Gap = number % 10 == 9 ? (Gap)random.Between(1, 4) : Gap.None,
        };
    }

    // By position, not by chance: even a hospital of ten has a record of each kind.
    private static SensitiveKind SensitiveAt(int number) => (number % 10) switch
    {
        1 => SensitiveKind.Hiv,
        4 => SensitiveKind.SubstanceUse,
        6 => SensitiveKind.MentalHealth,
        _ => SensitiveKind.None,
    };

    private static Coded[] PressureDrugs(SeededGenerator random) => random.Between(0, 3) switch
    {
        0 => [Codes.Lisinopril],
        1 => [Codes.Amlodipine],
        2 => [Codes.Hydrochlorothiazide],
        _ => [Codes.Lisinopril, Codes.Hydrochlorothiazide],
    };
}
