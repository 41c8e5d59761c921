// Inputs of PREVENT and CKD-EPI from FHIR R4 Patient, Observation, Condition, MedicationRequest and MedicationStatement.
using HealthLedger.Risk.Features;
using HealthLedger.Risk.Scores;

namespace HealthLedger.Risk.Tests.Features;

public sealed class ClinicalFeaturesTests
{
    private const string Snomed = "http://snomed.info/sct";
    private const string RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";

    [Fact]
    public void A_complete_record_gives_every_input_with_the_version_it_is_from()
    {
        var features = Read(RecordBuilder.Complete());
        AssertKnown(55, "Patient/p/_history/3", features.Age);
        AssertKnown(Sex.Female, "Patient/p/_history/3", features.Sex);
        AssertKnown(120, "Observation/bp/_history/1", features.SystolicBloodPressure);
        AssertKnown(213, "Observation/tc/_history/1", features.TotalCholesterol);
        AssertKnown(50, "Observation/hdl/_history/1", features.HdlCholesterol);
        AssertKnown(25, "Observation/bmi/_history/1", features.BodyMassIndex);
        AssertKnown(false, "Observation/smk/_history/1", features.Smoker);
        var rate = Assert.IsType<Feature<double>.Known>(features.FiltrationRate);
        // On the day of the sample she was 54.
        Assert.Equal(((ScoreResult<double>.Scored)CkdEpi2021.Score(Sex.Female, 54, 0.8)).Value, rate.Value);
        Assert.Equal(["Observation/cr/_history/1", "Patient/p/_history/3"], rate.Sources);
        Assert.Equal((false, false, false), (Known(features.Diabetes), Known(features.Antihypertensive), Known(features.Statin)));
        Assert.False(features.Deceased);
        Assert.Equal(MissingReason.NotRecorded, Reason(features.HbA1c));
    }

    [Theory]
    [InlineData("1971-06-01", 55)]
    [InlineData("1971-06-02", 54)]
    [InlineData("2026-06-01", 0)]
    [InlineData("1972-02-29", 54)]
    public void Age_is_in_completed_years(string birth, int age) =>
        Assert.Equal(age, Known(Read(new RecordBuilder().Add($$"""{"resourceType":"Patient","id":"p","gender":"male","birthDate":"{{birth}}"}""")).Age));

    [Theory]
    [InlineData("1971", MissingReason.BirthDateNotExact)]
    [InlineData("1971-03", MissingReason.BirthDateNotExact)]
    [InlineData("2030-01-01", MissingReason.BirthDateNotExact)]
    public void A_birth_date_that_is_partial_or_to_come_gives_no_age(string birth, MissingReason reason) =>
        Assert.Equal(reason, Reason(Read(new RecordBuilder().Add($$"""{"resourceType":"Patient","id":"p","gender":"male","birthDate":"{{birth}}"}""")).Age));

    [Theory]
    [InlineData("\"gender\":\"other\",", MissingReason.SexNotCovered)]
    [InlineData("\"gender\":\"unknown\",", MissingReason.SexNotCovered)]
    [InlineData("", MissingReason.NotRecorded)]
    public void Only_female_and_male_are_covered(string gender, MissingReason reason) =>
        Assert.Equal(reason, Reason(Read(new RecordBuilder().Add($$"""{"resourceType":"Patient",{{gender}}"id":"p"}""")).Sex));

    [Fact]
    public void The_latest_valid_result_counts_whatever_the_order_of_the_record()
    {
        var record = RecordBuilder.Complete()
            .Lab("tc9", "2093-3", "2026-05-31T23:00:00+02:00", 240, "mg/dL")
            .Lab("tc8", "2093-3", "2025-12-01", 111, "mg/dL")
            .Lab("tc7", "2093-3", "2026-06-02", 112, "mg/dL")
            .Lab("tc6", "2093-3", "2026-05-31T22:00:00Z", 113, "mg/dL", status: "entered-in-error")
            .Lab("tc5", "2093-3", "2026-05-31T22:30:00Z", 114, "mg/dL", status: "preliminary");
        AssertKnown(240, "Observation/tc9/_history/1", Read(record).TotalCholesterol);
        AssertKnown(240, "Observation/tc9/_history/1", ClinicalFeatures.From([.. record.Build().Reverse()], RecordBuilder.Day).TotalCholesterol);
    }

    [Fact]
    public void A_latest_result_that_cannot_be_used_is_not_replaced_by_an_older_one()
    {
        Assert.Equal(MissingReason.UnitNotUnderstood, Reason(Read(RecordBuilder.Complete().Lab("n", "2093-3", "2026-02-01", 5, "mEq/L")).TotalCholesterol));
        Assert.Equal(MissingReason.NoUsableValue, Reason(Read(RecordBuilder.Complete().Lab("n", "2085-9", "2026-02-01", 20, "mg/dL", extra: "\"comparator\":\"<\",")).HdlCholesterol));
        Assert.Equal(MissingReason.OutOfRange, Reason(Read(RecordBuilder.Complete().Lab("n", "2160-0", "2026-02-01", 71, "mg/dL")).FiltrationRate));
    }

    [Fact]
    public void A_result_older_than_five_years_is_not_used()
    {
        var record = RecordBuilder.Complete().Without("tc");
        Assert.Equal(MissingReason.TooOld, Reason(Read(record.Lab("old", "2093-3", "2021-05-31", 200, "mg/dL")).TotalCholesterol));
        Assert.Equal(200, Known(Read(record.Lab("old", "2093-3", "2021-06-01", 200, "mg/dL")).TotalCholesterol));
    }

    [Theory]
    [InlineData("2093-3", "mmol/L", 5.5, 212.68)]
    [InlineData("14647-2", "mmol/L", 5.5, 212.68)]
    [InlineData("2093-3", "mg/dL", 213, 213)]
    public void Cholesterol_is_converted(string loinc, string unit, double value, double expected) =>
        Assert.Equal(expected, Known(Read(RecordBuilder.Complete().Without("tc").Lab("x", loinc, "2026-02-01", value, unit)).TotalCholesterol), 0.01);

    [Theory]
    [InlineData("4548-4", "%", 7, 7)]
    [InlineData("59261-8", "mmol/mol", 53, 7.0)]
    public void Glycated_hemoglobin_is_converted(string loinc, string unit, double value, double expected) =>
        Assert.Equal(expected, Known(Read(RecordBuilder.Complete().Lab("x", loinc, "2026-02-01", value, unit)).HbA1c), 0.01);

    [Theory]
    [InlineData("mg/g", 30, 30)]
    [InlineData("mg/mmol", 3.4, 30.06)]
    public void The_albumin_ratio_is_converted(string unit, double value, double expected) =>
        Assert.Equal(expected, Known(Read(RecordBuilder.Complete().Lab("x", "9318-7", "2026-02-01", value, unit)).AlbuminCreatinineRatio), 0.01);

    [Fact]
    public void Creatinine_in_micromoles_gives_the_same_rate()
    {
        var milligrams = Known(Read(RecordBuilder.Complete()).FiltrationRate);
        var micromoles = Known(Read(RecordBuilder.Complete().Without("cr").Lab("x", "14682-9", "2026-01-05T09:00:00Z", 0.8 * 88.4, "umol/L")).FiltrationRate);
        Assert.Equal(milligrams, micromoles, 1e-9);
    }

    [Fact]
    public void A_reported_rate_stands_in_only_where_there_is_no_creatinine()
    {
        var record = RecordBuilder.Complete().Lab("gfr", "33914-3", "2026-04-01", 61, "mL/min/{1.73_m2}");
        Assert.NotEqual(61, Known(Read(record).FiltrationRate));
        AssertKnown(61, "Observation/gfr/_history/1", Read(record.Without("cr")).FiltrationRate);
    }

    [Fact]
    public void Body_mass_comes_from_weight_and_height_only_where_it_is_not_recorded()
    {
        var record = RecordBuilder.Complete().Lab("w", "29463-7", "2026-02-01", 80, "kg").Lab("h", "8302-2", "2022-02-01", 200, "cm");
        Assert.Equal(25, Known(Read(record).BodyMassIndex));
        var derived = Assert.IsType<Feature<double>.Known>(Read(record.Without("bmi")).BodyMassIndex);
        Assert.Equal(20, derived.Value, 1e-9);
        Assert.Equal(["Observation/w/_history/1", "Observation/h/_history/1"], derived.Sources);
    }

    [Fact]
    public void A_systolic_pressure_may_stand_alone_or_in_a_panel()
    {
        Assert.Equal(131, Known(Read(RecordBuilder.Complete().Lab("s", "8480-6", "2026-03-01", 131, "mm[Hg]")).SystolicBloodPressure));
        Assert.Equal(140, Known(Read(RecordBuilder.Complete().Pressure("b2", "2026-04", 140)).SystolicBloodPressure));
    }

    [Theory]
    [InlineData("449868002", true)]
    [InlineData("428041000124106", true)]
    [InlineData("8517006", false)]
    [InlineData("266919005", false)]
    [InlineData("77176002", null)]
    [InlineData("266927001", null)]
    public void Smoking_is_current_not_or_unknown(string code, bool? smokes)
    {
        var smoker = Read(RecordBuilder.Complete().Without("smk").Smoking(code)).Smoker;
        if (smokes is { } known) Assert.Equal(known, Known(smoker));
        else Assert.Equal(MissingReason.NoUsableValue, Reason(smoker));
    }

    [Theory]
    [InlineData(Snomed, "44054006", "active", "confirmed", "2020-01-01", true)]
    [InlineData(Snomed, "44054006", "remission", "confirmed", "2020-01-01", true)]
    [InlineData(Snomed, "44054006", "resolved", "confirmed", "2020-01-01", false)]
    [InlineData(Snomed, "44054006", "active", "refuted", "2020-01-01", false)]
    [InlineData(Snomed, "44054006", "active", "provisional", "2020-01-01", false)]
    [InlineData(Snomed, "44054006", "active", "confirmed", "2027-01-01", false)]
    [InlineData(Snomed, "15777000", "active", "confirmed", "2020-01-01", false)]
    [InlineData("http://hl7.org/fhir/sid/icd-10-cm", "E11.9", "active", "confirmed", "2020-01-01", true)]
    [InlineData("http://hl7.org/fhir/sid/icd-10", "E10", "active", "confirmed", "2020-01-01", true)]
    [InlineData("http://hl7.org/fhir/sid/icd-10-cm", "O24.4", "active", "confirmed", "2020-01-01", false)]
    [InlineData("http://elsewhere.example", "44054006", "active", "confirmed", "2020-01-01", false)]
    public void Diabetes_counts_when_confirmed_and_present(string system, string code, string clinical, string verification, string onset, bool expected) =>
        Assert.Equal(expected, Known(Read(RecordBuilder.Complete().Condition("d", system, code, clinical, verification, onset)).Diabetes));

    [Theory]
    [InlineData(RxNorm, "314076", "active", "order", "2025-01-01", true)]
    [InlineData("http://www.whocc.no/atc", "C09AA03", "active", "order", "2025-01-01", true)]
    [InlineData(RxNorm, "314076", "stopped", "order", "2025-01-01", false)]
    [InlineData(RxNorm, "314076", "completed", "order", "2025-01-01", false)]
    [InlineData(RxNorm, "314076", "active", "proposal", "2025-01-01", false)]
    [InlineData(RxNorm, "314076", "active", "order", "2026-06-02", false)]
    [InlineData(RxNorm, "617310", "active", "order", "2025-01-01", false)]
    public void An_antihypertensive_counts_while_prescribed(string system, string code, string status, string intent, string authored, bool expected) =>
        Assert.Equal(expected, Known(Read(RecordBuilder.Complete().Prescription("m", system, code, status, intent, authored)).Antihypertensive));

    [Fact]
    public void A_statin_is_found_through_a_contained_or_separate_medication_and_in_a_statement()
    {
        var code = $$"""{"coding":[{"system":"{{RxNorm}}","code":"617310"}]}""";
        var contained = RecordBuilder.Complete().Add($$$$"""{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","contained":[{"resourceType":"Medication","id":"a","code":{{{{code}}}}}],"medicationReference":{"reference":"#a"}}""");
        var separate = RecordBuilder.Complete().Add($$$$"""{"resourceType":"Medication","id":"a","meta":{"versionId":"4"},"code":{{{{code}}}}}""")
            .Add("""{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","medicationReference":{"reference":"Medication/a"}}""");
        var statement = RecordBuilder.Complete().Add($$$$"""{"resourceType":"MedicationStatement","id":"m","status":"active","medicationCodeableConcept":{{{{code}}}},"effectivePeriod":{"start":"2024-01-01"}}""");
        var elsewhere = RecordBuilder.Complete().Add("""{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","medicationReference":{"reference":"Medication/unknown"}}""");
        AssertKnown(true, "MedicationRequest/m", Read(contained).Statin);
        AssertKnown(true, "MedicationRequest/m", Read(separate).Statin);
        AssertKnown(true, "MedicationStatement/m", Read(statement).Statin);
        Assert.False(Known(Read(elsewhere).Statin));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"resourceType\":7}")]
    [InlineData("{\"resourceType\":\"Observation\"}")]
    [InlineData("")]
    public void What_is_not_a_resource_is_a_broken_record_and_the_message_does_not_quote_it(string content)
    {
        var broken = Assert.Throws<InvalidDataException>(() => Read(RecordBuilder.Complete().Add(content)));
        Assert.Equal("A record holds a resource that is not stored FHIR JSON.", broken.Message);
        Assert.Null(broken.InnerException);
    }

    [Theory]
    [InlineData("""{"id":"odd","resourceType":"Observation"}""")]
    [InlineData("""{"id":"odd","resourceType":"Observation","status":"final","code":"x","effectiveDateTime":5}""")]
    [InlineData("""{"id":"odd","resourceType":"Observation","status":"final","code":{"coding":"x"},"effectiveDateTime":"soon"}""")]
    [InlineData("""{"id":"odd","resourceType":"Observation","status":"final","code":{"coding":[7,{"system":"http://loinc.org","code":"2093-3"}]},"effectiveDateTime":"2026-02-01","valueQuantity":"many"}""")]
    [InlineData("""{"id":"odd","resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":{"reference":""}}""")]
    [InlineData("""{"id":"odd","resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct"}]}}""")]
    public void Odd_shapes_never_throw(string odd) => Assert.NotNull(Read(RecordBuilder.Complete().Add(odd)));

    [Fact]
    public void An_empty_record_is_missing_everything_and_two_patients_are_none()
    {
        var empty = Read(new RecordBuilder());
        Assert.Null(empty.Patient);
        Assert.Equal(MissingReason.NotRecorded, Reason(empty.Age));
        Assert.Equal(MissingReason.NotRecorded, Reason(empty.SystolicBloodPressure));
        Assert.Null(Read(RecordBuilder.Complete().Add("""{"resourceType":"Patient","id":"q"}""")).Patient);
    }

    private static ClinicalFeatures Read(RecordBuilder record) => ClinicalFeatures.From(record.Build(), RecordBuilder.Day);

    private static T Known<T>(Feature<T> feature) => Assert.IsType<Feature<T>.Known>(feature).Value;

    private static MissingReason Reason<T>(Feature<T> feature) => Assert.IsType<Feature<T>.Missing>(feature).Reason;

    private static void AssertKnown<T>(T value, string source, Feature<T> feature)
    {
        var known = Assert.IsType<Feature<T>.Known>(feature);
        Assert.Equal(value, known.Value);
        Assert.Equal([source], known.Sources);
    }
}
