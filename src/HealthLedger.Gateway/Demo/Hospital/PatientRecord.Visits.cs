namespace HealthLedger.Gateway.Demo.Hospital;

internal sealed partial class PatientRecord
{
    private static readonly Coded s_vitalSigns = new("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "Vital Signs");
    private static readonly Coded s_laboratory = new("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory");
    private static readonly Coded s_social = new("http://terminology.hl7.org/CodeSystem/observation-category", "social-history", "Social History");

    private List<Visit> WriteVisits(TransactionWriter bundle)
    {
        var visits = new List<Visit>();
        var count = Math.Min(random.Between(3, 7), 2 + health.Age / 2);
        // Backwards from a recent day, then written in order of time.
        var days = new List<DateOnly>();
        var day = referenceDate.AddDays(-random.Between(5, 70));
        for (var i = 0; i < count && day > birth.AddDays(60); i++)
        {
            days.Add(day);
            day = day.AddDays(-random.Between(110, 330));
        }
        days.Reverse();
        for (var i = 0; i < days.Count; i++)
        {
            var start = days[i].ToDateTime(new TimeOnly(random.Between(8, 16), random.Between(0, 11) * 5), DateTimeKind.Utc);
            var visit = new Visit(Urn(random), start);
            visits.Add(visit);
            WriteEncounter(bundle, visit);
            var before = days.Count - 1 - i;
            WriteVitals(bundle, visit, before);
            if (!health.Child && (before % 2 == 0)) WriteLabs(bundle, visit);
        }
        if (health.Gap != Gap.Smoking && health.Age >= 14) WriteSmoking(bundle, visits[^1]);
        return visits;
    }

    private void WriteEncounter(TransactionWriter bundle, Visit visit)
    {
        var json = bundle.Json;
        bundle.BeginPost("Encounter", visit.Encounter);
        json.WriteString("status", "finished");
        json.WriteStartObject("class");
        json.WriteString("system", Coded.ActCode);
        json.WriteString("code", "AMB");
        json.WriteString("display", "ambulatory");
        json.WriteEndObject();
        bundle.Concepts("type", Coded.Finding("185349003", "Encounter for check up"), withText: true);
        bundle.Reference("subject", _patient);
        json.WriteStartArray("participant");
        json.WriteStartObject();
        bundle.Reference("individual", Clinician());
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("period");
        bundle.Moment("start", visit.Start);
        bundle.Moment("end", visit.Start.AddMinutes(random.Between(2, 8) * 5));
        json.WriteEndObject();
        json.WriteStartArray("location");
        json.WriteStartObject();
        bundle.Reference("location", HospitalDirectory.Location(_organization));
        json.WriteEndObject();
        json.WriteEndArray();
        bundle.Reference("serviceProvider", $"Organization/{_organization}");
        bundle.EndPost("Encounter");
    }

    private void WriteVitals(TransactionWriter bundle, Visit visit, int before)
    {
        if (health.Gap != Gap.BloodPressure)
        {
            var systolic = Math.Round(health.Systolic + random.Normal(0, 3) + before);
            BeginObservation(bundle, visit, s_vitalSigns, Codes.BloodPressure);
            bundle.Json.WriteStartArray("component");
            Component(bundle, Codes.Systolic, systolic);
            Component(bundle, Codes.Diastolic, Math.Round(systolic * 0.42 + 23 + random.Normal(0, 3)));
            bundle.Json.WriteEndArray();
            bundle.EndPost("Observation");
        }
        var height = Math.Round(health.Child ? health.Height - 2.0 * before : health.Height, 1);
        var bmi = health.BodyMassIndex + random.Normal(0, 0.15) - 0.1 * before;
        var weight = Math.Round(bmi * height * height / 10_000, 1);
        Measured(bundle, visit, s_vitalSigns, Codes.Weight, weight, 1, "kg", "kg");
        if (health.Child || before == 0) Measured(bundle, visit, s_vitalSigns, Codes.Height, height, 1, "cm", "cm");
        Measured(bundle, visit, s_vitalSigns, Codes.BodyMassIndex, weight * 10_000 / (height * height), 1, "kg/m2", "kg/m2");
    }

    private void WriteLabs(TransactionWriter bundle, Visit visit)
    {
        var results = new List<string>();
        if (health.Gap != Gap.Lipids)
        {
            results.Add(Measured(bundle, visit, s_laboratory, Codes.TotalCholesterol, health.TotalCholesterol + random.Normal(0, 4), 0, "mg/dL", "mg/dL"));
            results.Add(Measured(bundle, visit, s_laboratory, Codes.HdlCholesterol, health.Hdl + random.Normal(0, 1.5), 0, "mg/dL", "mg/dL"));
        }
        if (health.Gap != Gap.Kidney)
            results.Add(Measured(bundle, visit, s_laboratory, Codes.Creatinine, health.Creatinine + random.Normal(0, 0.02), 2, "mg/dL", "mg/dL"));
        if (health.Diabetes || health.Age >= 45)
            results.Add(Measured(bundle, visit, s_laboratory, Codes.GlycatedHemoglobin, health.HbA1c + random.Normal(0, 0.08), 1, "%", "%"));
        if (health.Diabetes || health.KidneyDisease)
            results.Add(Measured(bundle, visit, s_laboratory, Codes.AlbuminCreatinineRatio, health.AlbuminRatio, 0, "mg/g", "mg/g"));
        if (health.Sensitive == SensitiveKind.Hiv)
            Measured(bundle, visit, s_laboratory, Codes.HivViralLoad, random.Between(20, 60), 0, "copies/mL", "{copies}/mL", Sensitivity);
        if (results.Count > 0) WriteReport(bundle, visit, results);
    }

    private void WriteReport(TransactionWriter bundle, Visit visit, List<string> results)
    {
        bundle.BeginPost("DiagnosticReport", Urn(random));
        bundle.Json.WriteString("status", "final");
        bundle.Concepts("category", new Coded("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory"));
        bundle.Concept("code", Codes.MetabolicPanel);
        bundle.Reference("subject", _patient);
        bundle.Reference("encounter", visit.Encounter);
        bundle.Moment("effectiveDateTime", visit.Start);
        bundle.Moment("issued", visit.Start.AddHours(5));
        bundle.References("performer", $"Organization/{_organization}");
        bundle.References("result", results.ToArray());
        bundle.EndPost("DiagnosticReport");
    }

    private void WriteSmoking(TransactionWriter bundle, Visit visit)
    {
        BeginObservation(bundle, visit, s_social, Codes.Smoking);
        bundle.Concept("valueCodeableConcept", health.Smoking);
        bundle.EndPost("Observation");
    }

    private string Measured(
        TransactionWriter bundle, Visit visit, Coded category, Coded code, double value, int decimals, string unit, string ucum, Coded? sensitivity = null)
    {
        var url = BeginObservation(bundle, visit, category, code, sensitivity);
        bundle.Quantity("valueQuantity", value, decimals, unit, ucum);
        bundle.EndPost("Observation");
        return url;
    }

    private string BeginObservation(TransactionWriter bundle, Visit visit, Coded category, Coded code, Coded? sensitivity = null)
    {
        var url = Urn(random);
        bundle.BeginPost("Observation", url, sensitivity);
        bundle.Json.WriteString("status", "final");
        bundle.Concepts("category", category);
        bundle.Concept("code", code);
        bundle.Reference("subject", _patient);
        bundle.Reference("encounter", visit.Encounter);
        bundle.Moment("effectiveDateTime", visit.Start);
        bundle.Moment("issued", visit.Start.AddMinutes(5));
        return url;
    }

    private static void Component(TransactionWriter bundle, Coded code, double millimetres)
    {
        bundle.Json.WriteStartObject();
        bundle.Concept("code", code);
        bundle.Quantity("valueQuantity", millimetres, 0, "mmHg", "mm[Hg]");
        bundle.Json.WriteEndObject();
    }
}
