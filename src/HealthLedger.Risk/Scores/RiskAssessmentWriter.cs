using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using HealthLedger.Risk.Features;

namespace HealthLedger.Risk.Scores;

/// <summary>
/// Writes a score as a FHIR R4 RiskAssessment (https://hl7.org/fhir/R4/riskassessment.html). Probabilities are a range in UCUM percent, because R4 is of two minds
/// about a bare decimal (its text says percent, its examples are fractions); PREVENT publishes no interval for a person, so low equals high.
/// </summary>
public static class RiskAssessmentWriter
{
    private const string Methods = "urn:healthledger:risk-method";

    /// <summary>The resource as UTF-8 JSON without id or meta, which the server gives.</summary>
    /// <exception cref="ArgumentException">The assessment has no ten-year score.</exception>
    public static byte[] Prevent(PatientAssessment assessment)
    {
        ArgumentNullException.ThrowIfNull(assessment);
        if (assessment.TenYears is not AssessedRisk.Scored ten || assessment.Features.Patient is not { } patient)
            throw new ArgumentException("There is no score to write.", nameof(assessment));

        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "RiskAssessment");
            json.WriteString("status", "final");
            Concept(json, "method", Methods, $"prevent-base-{Scores.Prevent.Version}", $"AHA PREVENT base model, version {Scores.Prevent.Version} (doi:10.1161/CIRCULATIONAHA.123.067626)");
            json.WriteStartObject("code");
            json.WriteString("text", "Risk of a first cardiovascular event");
            json.WriteEndObject();
            Reference(json, "subject", patient.Split("/_history/")[0]);
            json.WriteString("occurrenceDateTime", Day(assessment.Day));
            json.WriteStartArray("basis");
            foreach (var source in ten.Basis) Reference(json, null, source);
            json.WriteEndArray();
            json.WriteStartArray("prediction");
            Predictions(json, assessment, ten.Risk, 10);
            if (assessment.ThirtyYears is AssessedRisk.Scored thirty) Predictions(json, assessment, thirty.Risk, 30);
            json.WriteEndArray();
            Notes(json, assessment);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void Predictions(Utf8JsonWriter json, PatientAssessment assessment, PreventRisk risk, int years)
    {
        foreach (var outcome in Enum.GetValues<PreventOutcome>())
        {
            json.WriteStartObject();
            json.WriteStartObject("outcome");
            json.WriteString("text", $"{Words(outcome)} within {years} years");
            json.WriteEndObject();
            json.WriteStartObject("probabilityRange");
            Percent(json, "low", risk.Of(outcome));
            Percent(json, "high", risk.Of(outcome));
            json.WriteEndObject();
            if (years == 10 && outcome == PreventOutcome.Ascvd) Qualitative(json, RiskBands.Of(risk.Ascvd));
            json.WriteStartObject("whenPeriod");
            json.WriteString("start", Day(assessment.Day));
            json.WriteString("end", Day(assessment.Day.AddYears(years)));
            json.WriteEndObject();
            json.WriteString("rationale", $"Logistic model of first events in people without known cardiovascular disease. {Drivers(assessment.Features)}");
            json.WriteEndObject();
        }
    }

    // The R4 value set has no word for "borderline": the text carries the guideline's band, the coding the nearest word.
    private static void Qualitative(Utf8JsonWriter json, RiskBand band)
    {
        var (code, display, text) = band switch
        {
            RiskBand.Low => ("low", "Low likelihood", "low (below 5 %)"),
            RiskBand.Borderline => ("low", "Low likelihood", "borderline (5 % to below 7.5 %)"),
            RiskBand.Intermediate => ("moderate", "Moderate likelihood", "intermediate (7.5 % to below 20 %)"),
            RiskBand.High => ("high", "High likelihood", "high (20 % or more)"),
            _ => throw new ArgumentOutOfRangeException(nameof(band)),
        };
        Concept(json, "qualitativeRisk", "http://terminology.hl7.org/CodeSystem/risk-probability", code, display, text);
    }

    private static string Drivers(ClinicalFeatures features)
    {
        List<string> present = [];
        if (features.Diabetes is Feature<bool>.Known { Value: true }) present.Add("diabetes");
        if (features.Smoker is Feature<bool>.Known { Value: true }) present.Add("smoking");
        if (features.Antihypertensive is Feature<bool>.Known { Value: true }) present.Add("treated blood pressure");
        if (features.Statin is Feature<bool>.Known { Value: true }) present.Add("statin");
        return present.Count == 0
            ? "No diabetes, smoking, antihypertensive or statin on record."
            : $"On record: {string.Join(", ", present)}.";
    }

    private static void Notes(Utf8JsonWriter json, PatientAssessment assessment)
    {
        json.WriteStartArray("note");
        if (assessment.Features.FiltrationRate is Feature<double>.Known rate)
        {
            json.WriteStartObject();
            json.WriteString("text", string.Create(
                CultureInfo.InvariantCulture, $"eGFR {rate.Value:F0} mL/min/1.73 m2 (CKD-EPI 2021 where from creatinine), category {CkdEpi2021.Stage(rate.Value)}."));
            json.WriteEndObject();
        }
        json.WriteStartObject();
        json.WriteString("text", "Informs a clinician and replaces no judgement. Conditions and medications that the record does not show count as absent.");
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Percent(Utf8JsonWriter json, string name, double risk)
    {
        json.WriteStartObject(name);
        json.WritePropertyName("value");
        // One decimal of a percent: the three decimals to which the equations are published.
        json.WriteRawValue((risk * 100).ToString("F1", CultureInfo.InvariantCulture));
        json.WriteString("unit", "%");
        json.WriteString("system", "http://unitsofmeasure.org");
        json.WriteString("code", "%");
        json.WriteEndObject();
    }

    private static void Concept(Utf8JsonWriter json, string name, string system, string code, string display, string? text = null)
    {
        json.WriteStartObject(name);
        json.WriteStartArray("coding");
        json.WriteStartObject();
        json.WriteString("system", system);
        json.WriteString("code", code);
        json.WriteString("display", display);
        json.WriteEndObject();
        json.WriteEndArray();
        if (text is not null) json.WriteString("text", text);
        json.WriteEndObject();
    }

    private static void Reference(Utf8JsonWriter json, string? name, string target)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("reference", target);
        json.WriteEndObject();
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Words(PreventOutcome outcome) => outcome switch
    {
        PreventOutcome.TotalCvd => "Cardiovascular disease (atherosclerotic or heart failure)",
        PreventOutcome.Ascvd => "Atherosclerotic cardiovascular disease",
        PreventOutcome.HeartFailure => "Heart failure",
        PreventOutcome.CoronaryHeartDisease => "Coronary heart disease",
        PreventOutcome.Stroke => "Stroke",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
