using System.Text;

namespace HealthLedger.Risk.Tests.Features;

/// <summary>A small record as JSON texts. By default a woman of 55 with everything that PREVENT needs.</summary>
internal sealed class RecordBuilder
{
    public static readonly DateOnly Day = new(2026, 6, 1);

    private readonly List<string> _resources = [];

    public static RecordBuilder Complete() => new RecordBuilder()
        .Add("""{"resourceType":"Patient","id":"p","meta":{"versionId":"3"},"gender":"female","birthDate":"1971-03-10"}""")
        .Pressure("bp", "2026-01-05", 120)
        .Lab("tc", "2093-3", "2026-01-05T09:00:00Z", 213, "mg/dL")
        .Lab("hdl", "2085-9", "2026-01-05T09:00:00Z", 50, "mg/dL")
        .Lab("cr", "2160-0", "2026-01-05T09:00:00Z", 0.8, "mg/dL")
        .Lab("bmi", "39156-5", "2026-01-05T09:00:00Z", 25, "kg/m2")
        .Smoking("266919005");

    public RecordBuilder Add(string json)
    {
        _resources.Add(json);
        return this;
    }

    public RecordBuilder Without(string id)
    {
        _resources.RemoveAll(r => r.Contains($"\"id\":\"{id}\"", StringComparison.Ordinal));
        return this;
    }

    public RecordBuilder Lab(string id, string loinc, string when, double value, string ucum, string status = "final", string extra = "") =>
        Add(FormattableString.Invariant(
            $$$$"""{"resourceType":"Observation","id":"{{{{id}}}}","meta":{"versionId":"1"},"status":"{{{{status}}}}","code":{"coding":[{"system":"http://loinc.org","code":"{{{{loinc}}}}"}]},"effectiveDateTime":"{{{{when}}}}","valueQuantity":{"value":{{{{value}}}},{{{{extra}}}}"unit":"x","system":"http://unitsofmeasure.org","code":"{{{{ucum}}}}"}}"""));

    public RecordBuilder Pressure(string id, string when, int systolic) =>
        Add($$$$"""{"resourceType":"Observation","id":"{{{{id}}}}","meta":{"versionId":"1"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"{{{{when}}}}","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":{{{{systolic}}}},"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":70,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}""");

    public RecordBuilder Smoking(string snomed, string when = "2025-05-01") =>
        Add($$$$"""{"resourceType":"Observation","id":"smk","meta":{"versionId":"1"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"72166-2"}]},"effectiveDateTime":"{{{{when}}}}","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"{{{{snomed}}}}"}]}}""");

    public RecordBuilder Condition(string id, string system, string code, string clinical = "active", string verification = "confirmed", string onset = "2020-01-01") =>
        Add($$"""{"resourceType":"Condition","id":"{{id}}","meta":{"versionId":"1"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{{clinical}}"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"{{verification}}"}]},"code":{"coding":[{"system":"{{system}}","code":"{{code}}"}]},"onsetDateTime":"{{onset}}"}""");

    public RecordBuilder Prescription(string id, string system, string code, string status = "active", string intent = "order", string authored = "2025-01-01") =>
        Add($$"""{"resourceType":"MedicationRequest","id":"{{id}}","meta":{"versionId":"1"},"status":"{{status}}","intent":"{{intent}}","medicationCodeableConcept":{"coding":[{"system":"{{system}}","code":"{{code}}"}]},"authoredOn":"{{authored}}"}""");

    public IReadOnlyList<ReadOnlyMemory<byte>> Build() => [.. _resources.Select(r => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(r))];
}
