using HealthLedger.Risk.Scores;

namespace HealthLedger.Risk.Features;

/// <summary>What the published scores need to know of one patient on one day, each input with its sources or the reason why it is missing. Units as in <see cref="PreventInputs"/>.</summary>
public sealed record ClinicalFeatures
{
    /// <summary>Measurements older than this many years before the day are not used (risk is to be assessed anew every four to six years).</summary>
    public const int MostYears = 5;

    public required Feature<int> Age { get; init; }
    public required Feature<Sex> Sex { get; init; }
    public required Feature<double> SystolicBloodPressure { get; init; }
    public required Feature<double> TotalCholesterol { get; init; }
    public required Feature<double> HdlCholesterol { get; init; }

    /// <summary>By CKD-EPI 2021 from the latest creatinine; only where there is no creatinine, as the laboratory reported it.</summary>
    public required Feature<double> FiltrationRate { get; init; }

    /// <summary>As recorded; only where it is not, from the latest weight and height.</summary>
    public required Feature<double> BodyMassIndex { get; init; }

    public required Feature<bool> Smoker { get; init; }
    public required Feature<bool> Diabetes { get; init; }
    public required Feature<bool> Antihypertensive { get; init; }
    public required Feature<bool> Statin { get; init; }

    /// <summary>Percent (NGSP). Optional for the scores.</summary>
    public required Feature<double> HbA1c { get; init; }

    /// <summary>mg/g. Optional for the scores.</summary>
    public required Feature<double> AlbuminCreatinineRatio { get; init; }

    /// <summary>Coronary disease, stroke, heart failure or peripheral arterial disease at any time: PREVENT is for people without.</summary>
    public required Feature<bool> CardiovascularDisease { get; init; }

    /// <summary>The patient has died: nothing is predicted.</summary>
    public required bool Deceased { get; init; }

    /// <summary>The version-specific reference of the Patient resource; null where the record has none.</summary>
    public required string? Patient { get; init; }

    internal static ClinicalFeatures From(IReadOnlyList<ReadOnlyMemory<byte>> resources, DateOnly at)
    {
        using var chart = new Chart(resources);
        var patients = chart.OfType("Patient").ToList();
        ChartResource? patient = patients is [var only] ? only : null;
        var measured = new Measurements(chart, at, MostYears);
        var histories = new Histories(chart, at);
        var birth = BirthDate(patient);
        var sex = SexOf(patient);
        return new ClinicalFeatures
        {
            Patient = patient?.Reference,
            Deceased = patient is { } p && (Json.Member(p.Json, "deceasedDateTime") is not null || Json.Member(p.Json, "deceasedBoolean") is { ValueKind: System.Text.Json.JsonValueKind.True }),
            Age = AgeOf(patient, birth, at),
            Sex = sex,
            SystolicBloodPressure = measured.LatestNumber(ClinicalCodes.Systolic, UnitTable.Pressure, ClinicalCodes.BloodPressurePanel),
            TotalCholesterol = measured.LatestNumber(ClinicalCodes.TotalCholesterol, UnitTable.Cholesterol),
            HdlCholesterol = measured.LatestNumber(ClinicalCodes.HdlCholesterol, UnitTable.Cholesterol),
            FiltrationRate = FiltrationRateOf(measured, birth, sex),
            BodyMassIndex = BodyMassIndexOf(measured),
            Smoker = measured.Latest(ClinicalCodes.Smoking, Smoking),
            Diabetes = histories.Condition(ClinicalCodes.Diabetes),
            Antihypertensive = histories.Medication(ClinicalCodes.Antihypertensive),
            Statin = histories.Medication(ClinicalCodes.Statin),
            HbA1c = measured.LatestNumber(ClinicalCodes.GlycatedHemoglobin, UnitTable.GlycatedHemoglobin),
            AlbuminCreatinineRatio = measured.LatestNumber(ClinicalCodes.AlbuminCreatinineRatio, UnitTable.AlbuminCreatinineRatio),
            CardiovascularDisease = histories.Condition(ClinicalCodes.CardiovascularDisease, ever: true),
        };
    }

    private static DateOnly? BirthDate(ChartResource? patient) =>
        patient is { } p && DateOnly.TryParseExact(Json.Text(p.Json, "birthDate"), "yyyy-MM-dd", out var day) ? day : null;

    private static Feature<int> AgeOf(ChartResource? patient, DateOnly? birth, DateOnly at)
    {
        if (patient is not { } p || Json.Text(p.Json, "birthDate") is null) return new Feature<int>.Missing(MissingReason.NotRecorded);
        return birth is { } day && day <= at ? new Feature<int>.Known(YearsBetween(day, at), [p.Reference]) : new Feature<int>.Missing(MissingReason.BirthDateNotExact);
    }

    private static Feature<Sex> SexOf(ChartResource? patient) => (patient is { } p ? Json.Text(p.Json, "gender") : null) switch
    {
        null => new Feature<Sex>.Missing(MissingReason.NotRecorded),
        "female" => new Feature<Sex>.Known(Scores.Sex.Female, [patient!.Value.Reference]),
        "male" => new Feature<Sex>.Known(Scores.Sex.Male, [patient!.Value.Reference]),
        _ => new Feature<Sex>.Missing(MissingReason.SexNotCovered),
    };

    private static Feature<double> FiltrationRateOf(Measurements measured, DateOnly? birth, Feature<Sex> sex)
    {
        var computed = measured.Latest<double>(ClinicalCodes.Creatinine, m =>
        {
            if (Measurements.Number(m, UnitTable.Creatinine) is not Feature<double>.Known creatinine) return Measurements.Number(m, UnitTable.Creatinine);
            if (birth is not { } born) return new Feature<double>.Missing(MissingReason.BirthDateNotExact);
            if (sex is not Feature<Sex>.Known known) return new Feature<double>.Missing(MissingReason.SexNotCovered);
            // The formula takes the age on the day of the blood sample.
            return CkdEpi2021.Score(known.Value, YearsBetween(born, DateOnly.FromDateTime(m.When.UtcDateTime)), creatinine.Value) is ScoreResult<double>.Scored rate
                ? new Feature<double>.Known(rate.Value, [.. creatinine.Sources, .. known.Sources])
                : new Feature<double>.Missing(MissingReason.OutOfRange);
        });
        return computed is Feature<double>.Missing { Reason: MissingReason.NotRecorded }
            ? measured.LatestNumber(ClinicalCodes.FiltrationRate, UnitTable.FiltrationRate)
            : computed;
    }

    private static Feature<double> BodyMassIndexOf(Measurements measured)
    {
        var recorded = measured.LatestNumber(ClinicalCodes.BodyMassIndex, UnitTable.BodyMassIndex);
        if (recorded is not Feature<double>.Missing { Reason: MissingReason.NotRecorded }) return recorded;
        var weight = measured.LatestNumber(ClinicalCodes.Weight, UnitTable.Weight);
        if (weight is not Feature<double>.Known kilograms) return weight;
        var height = measured.LatestNumber(ClinicalCodes.Height, UnitTable.Height);
        if (height is not Feature<double>.Known metres) return height;
        return metres.Value > 0
            ? new Feature<double>.Known(kilograms.Value / (metres.Value * metres.Value), [.. kilograms.Sources, .. metres.Sources])
            : new Feature<double>.Missing(MissingReason.OutOfRange);
    }

    private static Feature<bool> Smoking(Measurement measurement)
    {
        var status = Json.Member(measurement.Holder, "valueCodeableConcept");
        if (Json.HasCode(status, ClinicalCodes.CurrentSmoker)) return new Feature<bool>.Known(true, [measurement.Source]);
        return Json.HasCode(status, ClinicalCodes.NotSmoking)
            ? new Feature<bool>.Known(false, [measurement.Source])
            : new Feature<bool>.Missing(MissingReason.NoUsableValue);
    }

    private static int YearsBetween(DateOnly birth, DateOnly day) => day.Year - birth.Year - (day < birth.AddYears(day.Year - birth.Year) ? 1 : 0);
}
