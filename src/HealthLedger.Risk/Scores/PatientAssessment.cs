using HealthLedger.Risk.Consented;
using HealthLedger.Risk.Features;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Scores;

/// <summary>Why there is no score: the input and a stable code. Carries no value of the patient.</summary>
public sealed record ScoreGap(string Input, string Code);

/// <summary>A risk with what it was computed from, or every reason why there is none.</summary>
public abstract record AssessedRisk
{
    private AssessedRisk() { }

    /// <param name="Basis">Version-specific references of the resources that were used, each once, sorted.</param>
    public sealed record Scored(PreventRisk Risk, IReadOnlyList<string> Basis) : AssessedRisk;

    public sealed record NotScored(IReadOnlyList<ScoreGap> Gaps) : AssessedRisk;
}

/// <summary>The published scores of one consented patient on one day.</summary>
public sealed class PatientAssessment
{
    private PatientAssessment(PrivacyAccount account, DateOnly day, ClinicalFeatures features)
    {
        Account = account;
        Day = day;
        Features = features;
        TenYears = Assess(features, PreventHorizon.TenYears);
        ThirtyYears = Assess(features, PreventHorizon.ThirtyYears);
    }

    public PrivacyAccount Account { get; }

    public DateOnly Day { get; }

    public ClinicalFeatures Features { get; }

    /// <summary>PREVENT base, ten years.</summary>
    public AssessedRisk TenYears { get; }

    /// <summary>PREVENT base, thirty years; for ages 30 to 59.</summary>
    public AssessedRisk ThirtyYears { get; }

    /// <summary>The band of the ten-year risk of atherosclerotic disease, for which the bands were drawn; null where there is no score.</summary>
    public RiskBand? Band => TenYears is AssessedRisk.Scored scored ? RiskBands.Of(scored.Risk.Ascvd) : null;

    /// <exception cref="InvalidDataException">The record holds something that is not FHIR JSON.</exception>
    public static PatientAssessment Of(ConsentedRecord record, DateOnly day)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Of(record.Account, record.Resources, day);
    }

    internal static PatientAssessment Of(PrivacyAccount account, IReadOnlyList<ReadOnlyMemory<byte>> resources, DateOnly day) =>
        new(account, day, ClinicalFeatures.From(resources, day));

    private static AssessedRisk Assess(ClinicalFeatures features, PreventHorizon horizon)
    {
        var gaps = new List<ScoreGap>();
        var basis = new SortedSet<string>(StringComparer.Ordinal);
        if (features.Patient is null) gaps.Add(new ScoreGap("patient", "not-recorded"));
        if (features.Deceased) gaps.Add(new ScoreGap("patient", "deceased"));
        if (features.CardiovascularDisease is Feature<bool>.Known { Value: true }) gaps.Add(new ScoreGap("cardiovascular disease", "already-present"));
        var inputs = new PreventInputs(
            Take("sex", features.Sex), Take("age", features.Age), Take("systolic blood pressure", features.SystolicBloodPressure),
            Take("antihypertensive medication", features.Antihypertensive), Take("total cholesterol", features.TotalCholesterol),
            Take("HDL cholesterol", features.HdlCholesterol), Take("statin medication", features.Statin), Take("diabetes", features.Diabetes),
            Take("smoking", features.Smoker), Take("eGFR", features.FiltrationRate), Take("BMI", features.BodyMassIndex));
        if (gaps.Count > 0) return new AssessedRisk.NotScored(gaps);
        return Prevent.Score(inputs, PreventModel.Base, horizon) switch
        {
            ScoreResult<PreventRisk>.Scored scored => new AssessedRisk.Scored(scored.Value, [.. basis]),
            ScoreResult<PreventRisk>.Refused refused => new AssessedRisk.NotScored([new ScoreGap(refused.Reason.Input, "out-of-range")]),
            _ => throw new InvalidOperationException("A score is given or refused."),
        };

        T Take<T>(string input, Feature<T> feature) where T : struct
        {
            switch (feature)
            {
                case Feature<T>.Known known:
                    basis.UnionWith(known.Sources);
                    return known.Value;
                case Feature<T>.Missing missing:
                    gaps.Add(new ScoreGap(input, CodeOf(missing.Reason)));
                    return default;
                default:
                    throw new InvalidOperationException("A feature is known or missing.");
            }
        }
    }

    private static string CodeOf(MissingReason reason) => reason switch
    {
        MissingReason.NotRecorded => "not-recorded",
        MissingReason.TooOld => "too-old",
        MissingReason.NoUsableValue => "no-usable-value",
        MissingReason.UnitNotUnderstood => "unit-not-understood",
        MissingReason.BirthDateNotExact => "birth-date-not-exact",
        MissingReason.SexNotCovered => "sex-not-covered",
        MissingReason.OutOfRange => "out-of-range",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };
}
