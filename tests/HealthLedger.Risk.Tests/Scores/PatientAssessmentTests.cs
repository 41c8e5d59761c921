// The scores of one record, and FHIR R4 RiskAssessment (https://hl7.org/fhir/R4/riskassessment.html; invariants ras-1 and ras-2).
using System.Text.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Scores;
using HealthLedger.Risk.Tests.Features;

namespace HealthLedger.Risk.Tests.Scores;

public sealed class PatientAssessmentTests
{
    private const string Snomed = "http://snomed.info/sct";

    [Fact]
    public void A_complete_record_is_scored_from_what_it_names()
    {
        var assessment = Assess(RecordBuilder.Complete());
        var ten = Assert.IsType<AssessedRisk.Scored>(assessment.TenYears);
        var expected = (ScoreResult<PreventRisk>.Scored)Prevent.Score(new PreventInputs(
            Sex.Female, 55, 120, false, 213, 50, false, false, false, ((ScoreResult<double>.Scored)CkdEpi2021.Score(Sex.Female, 54, 0.8)).Value, 25));
        Assert.Equal(expected.Value, ten.Risk);
        Assert.Equal(
            [
                "Observation/bmi/_history/1", "Observation/bp/_history/1", "Observation/cr/_history/1", "Observation/hdl/_history/1",
                "Observation/smk/_history/1", "Observation/tc/_history/1", "Patient/p/_history/3",
            ],
            ten.Basis);
        Assert.IsType<AssessedRisk.Scored>(assessment.ThirtyYears);
        Assert.Equal(RiskBand.Low, assessment.Band);
    }

    [Fact]
    public void Conditions_and_medications_that_raise_or_lower_the_risk_are_in_its_basis()
    {
        var record = RecordBuilder.Complete()
            .Condition("dm", Snomed, "44054006")
            .Prescription("bpm", "http://www.nlm.nih.gov/research/umls/rxnorm", "314076")
            .Prescription("st", "http://www.nlm.nih.gov/research/umls/rxnorm", "617310");
        var risk = Assert.IsType<AssessedRisk.Scored>(Assess(record).TenYears);
        Assert.Superset(
            new HashSet<string> { "Condition/dm/_history/1", "MedicationRequest/bpm/_history/1", "MedicationRequest/st/_history/1" }, risk.Basis.ToHashSet());
        Assert.True(risk.Risk.TotalCvd > Assert.IsType<AssessedRisk.Scored>(Assess(RecordBuilder.Complete()).TenYears).Risk.TotalCvd);
    }

    [Fact]
    public void Every_missing_input_is_named_at_once()
    {
        var gaps = Gaps(RecordBuilder.Complete().Without("tc").Without("hdl").Without("smk"));
        Assert.Equal(
            [new ScoreGap("total cholesterol", "not-recorded"), new ScoreGap("HDL cholesterol", "not-recorded"), new ScoreGap("smoking", "not-recorded")], gaps);
    }

    [Fact]
    public void An_input_out_of_range_is_named_and_not_clamped() =>
        Assert.Equal([new ScoreGap("systolic blood pressure", "out-of-range")], Gaps(RecordBuilder.Complete().Pressure("b", "2026-05-01", 190)));

    [Fact]
    public void People_with_cardiovascular_disease_are_not_scored_even_when_it_is_past() =>
        Assert.Equal(
            [new ScoreGap("cardiovascular disease", "already-present")], Gaps(RecordBuilder.Complete().Condition("mi", Snomed, "22298006", clinical: "resolved")));

    [Theory]
    [InlineData("\"deceasedBoolean\":true")]
    [InlineData("\"deceasedDateTime\":\"2026-01-30\"")]
    public void The_dead_are_not_scored(string deceased)
    {
        var record = RecordBuilder.Complete().Without("p")
            .Add($$"""{"resourceType":"Patient","id":"p","meta":{"versionId":"3"},"gender":"female","birthDate":"1971-03-10",{{deceased}}}""");
        Assert.Equal([new ScoreGap("patient", "deceased")], Gaps(record));
        Assert.Null(Assess(record).Band);
    }

    [Fact]
    public void The_thirty_year_risk_is_left_out_from_sixty_on()
    {
        var record = RecordBuilder.Complete().Without("p").Add("""{"resourceType":"Patient","id":"p","gender":"male","birthDate":"1962-03-10"}""");
        Assert.IsType<AssessedRisk.Scored>(Assess(record).TenYears);
        Assert.Equal([new ScoreGap("age", "out-of-range")], Assert.IsType<AssessedRisk.NotScored>(Assess(record).ThirtyYears).Gaps);
        using var json = JsonDocument.Parse(RiskAssessmentWriter.Prevent(Assess(record)));
        Assert.Equal(5, json.RootElement.GetProperty("prediction").GetArrayLength());
    }

    [Fact]
    public void The_written_RiskAssessment_is_valid_R4_and_says_what_was_computed()
    {
        var assessment = Assess(RecordBuilder.Complete().Condition("dm", Snomed, "44054006"));
        var bytes = RiskAssessmentWriter.Prevent(assessment);
        var outcome = ResourceValidator.Validate(bytes, "RiskAssessment");
        Assert.True(outcome.IsValid, string.Join("; ", outcome.Issues));

        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        Assert.Equal("final", root.GetProperty("status").GetString());
        Assert.Equal("Patient/p", root.GetProperty("subject").GetProperty("reference").GetString());
        Assert.Equal("2026-06-01", root.GetProperty("occurrenceDateTime").GetString());
        Assert.Equal("prevent-base-2023", root.GetProperty("method").GetProperty("coding")[0].GetProperty("code").GetString());
        var risk = Assert.IsType<AssessedRisk.Scored>(assessment.TenYears);
        Assert.Equal(risk.Basis, root.GetProperty("basis").EnumerateArray().Select(b => b.GetProperty("reference").GetString()!));
        Assert.Equal(10, root.GetProperty("prediction").GetArrayLength());
        var first = root.GetProperty("prediction")[0];
        var low = first.GetProperty("probabilityRange").GetProperty("low");
        Assert.Equal(Math.Round(risk.Risk.TotalCvd * 100, 1), low.GetProperty("value").GetDouble(), 1e-9);
        Assert.Equal(("%", "http://unitsofmeasure.org"), (low.GetProperty("code").GetString(), low.GetProperty("system").GetString()));
        Assert.Equal("2036-06-01", first.GetProperty("whenPeriod").GetProperty("end").GetString());
        Assert.Contains("diabetes", first.GetProperty("rationale").GetString(), StringComparison.Ordinal);
        Assert.Contains("eGFR", root.GetProperty("note")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        var qualitative = Assert.Single(root.GetProperty("prediction").EnumerateArray(), p => p.TryGetProperty("qualitativeRisk", out _));
        Assert.Equal(RiskBands.Of(risk.Risk.Ascvd) is RiskBand.Low or RiskBand.Borderline ? "low" : "moderate", qualitative.GetProperty("qualitativeRisk").GetProperty("coding")[0].GetProperty("code").GetString());
    }

    [Fact]
    public void Without_a_score_there_is_nothing_to_write() =>
        Assert.Throws<ArgumentException>(() => RiskAssessmentWriter.Prevent(Assess(RecordBuilder.Complete().Without("tc"))));

    private static IReadOnlyList<ScoreGap> Gaps(RecordBuilder record) => Assert.IsType<AssessedRisk.NotScored>(Assess(record).TenYears).Gaps;

    private static PatientAssessment Assess(RecordBuilder record) =>
        PatientAssessment.Of(PrivacyAccount.From(new byte[32]), record.Build(), RecordBuilder.Day);
}
