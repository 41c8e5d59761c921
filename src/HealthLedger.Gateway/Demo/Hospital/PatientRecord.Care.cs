using System.Text;

namespace HealthLedger.Gateway.Demo.Hospital;

internal sealed partial class PatientRecord
{
    private void WriteConditions(TransactionWriter bundle, List<Visit> visits)
    {
        var found = new List<(Coded Code, bool Active, Coded? Sensitivity)>();
        if (health.Hypertension) found.Add((Codes.Hypertension, true, null));
        if (health.Diabetes) found.Add((Codes.Diabetes, true, null));
        if (health.HighCholesterol) found.Add((Codes.Hyperlipidemia, true, null));
        if (health.KidneyDisease) found.Add((Codes.KidneyDisease, true, null));
        if (health.Asthma) found.Add((Codes.Asthma, true, null));
        if (health.Age > 55 && random.Chance(0.3)) found.Add((Codes.KneeArthritis, true, null));
        found.Add((random.Chance(0.5) ? Codes.Bronchitis : Codes.Sinusitis, false, null));
        if (SensitiveCondition is { } sensitive) found.Add((sensitive, true, Sensitivity));

        foreach (var (code, active, sensitivity) in found)
        {
            var visit = visits[random.Between(0, visits.Count - 1)];
            bundle.BeginPost("Condition", Urn(random), sensitivity);
            bundle.Concept("clinicalStatus", active
                ? new Coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active")
                : new Coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved", "Resolved"), withText: false);
            bundle.Concept("verificationStatus", new Coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"), withText: false);
            bundle.Concepts("category", new Coded("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis", "Encounter Diagnosis"));
            bundle.Concept("code", code);
            bundle.Reference("subject", _patient);
            bundle.Reference("encounter", visit.Encounter);
            bundle.Moment("onsetDateTime", visit.Start);
            if (!active) bundle.Moment("abatementDateTime", visit.Start.AddDays(random.Between(1, 4)));
            bundle.Date("recordedDate", DateOnly.FromDateTime(visit.Start));
            bundle.EndPost("Condition");
        }
    }

    private void WriteMedications(TransactionWriter bundle, List<Visit> visits)
    {
        var prescribed = new List<(Coded Drug, string Status, Coded? Sensitivity)>();
        foreach (var drug in health.BloodPressureDrugs) prescribed.Add((drug, "active", null));
        if (health.Statin is { } statin) prescribed.Add((statin, "active", null));
        if (health.Diabetes) prescribed.Add((Codes.Metformin, "active", null));
        if (health.Asthma) prescribed.Add((Codes.Salbutamol, "active", null));
        prescribed.Add((Codes.Paracetamol, "completed", null));
        if (SensitiveDrug is { } sensitive) prescribed.Add((sensitive, "active", Sensitivity));

        foreach (var (drug, status, sensitivity) in prescribed)
        {
            var visit = visits[random.Between(0, visits.Count - 1)];
            bundle.BeginPost("MedicationRequest", Urn(random), sensitivity);
            bundle.Json.WriteString("status", status);
            bundle.Json.WriteString("intent", "order");
            bundle.Concept("medicationCodeableConcept", drug);
            bundle.Reference("subject", _patient);
            bundle.Reference("encounter", visit.Encounter);
            bundle.Moment("authoredOn", visit.Start);
            bundle.Reference("requester", Clinician());
            bundle.Json.WriteStartArray("dosageInstruction");
            bundle.Json.WriteStartObject();
            bundle.Json.WriteString("text", drug == Codes.Salbutamol || drug == Codes.Paracetamol ? "as needed" : "once daily");
            bundle.Json.WriteEndObject();
            bundle.Json.WriteEndArray();
            bundle.EndPost("MedicationRequest");
        }
    }

    private void WriteAllergies(TransactionWriter bundle)
    {
        var count = random.Between(0, 5) switch { < 3 => 0, < 5 => 1, _ => 2 };
        var first = random.Between(0, Codes.Allergies.Length - 1);
        for (var i = 0; i < count; i++)
        {
            bundle.BeginPost("AllergyIntolerance", Urn(random));
            bundle.Concept("clinicalStatus", new Coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "Active"), withText: false);
            bundle.Concept("verificationStatus", new Coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed", "Confirmed"), withText: false);
            bundle.Json.WriteString("type", "allergy");
            bundle.Json.WriteString("criticality", random.Chance(0.2) ? "high" : "low");
            bundle.Concept("code", Codes.Allergies[(first + i) % Codes.Allergies.Length]);
            bundle.Reference("patient", _patient);
            bundle.Date("recordedDate", referenceDate.AddDays(-random.Between(80, 1200)));
            bundle.EndPost("AllergyIntolerance");
        }
    }

    private void WriteProcedures(TransactionWriter bundle, List<Visit> visits)
    {
        if (health.Child) return;
        var visit = visits[random.Between(0, visits.Count - 1)];
        bundle.BeginPost("Procedure", Urn(random));
        bundle.Json.WriteString("status", "completed");
        bundle.Concept("code", random.Pick<Coded>(Codes.Procedures));
        bundle.Reference("subject", _patient);
        bundle.Reference("encounter", visit.Encounter);
        bundle.Json.WriteStartObject("performedPeriod");
        bundle.Moment("start", visit.Start);
        bundle.Moment("end", visit.Start.AddMinutes(25));
        bundle.Json.WriteEndObject();
        bundle.EndPost("Procedure");
    }

    private void WriteImmunizations(TransactionWriter bundle, List<Visit> visits)
    {
        var count = random.Between(2, Codes.Vaccines.Length);
        for (var i = 0; i < count; i++)
        {
            var visit = visits[i % visits.Count];
            bundle.BeginPost("Immunization", Urn(random));
            bundle.Json.WriteString("status", "completed");
            bundle.Concept("vaccineCode", Codes.Vaccines[i]);
            bundle.Reference("patient", _patient);
            bundle.Reference("encounter", visit.Encounter);
            bundle.Moment("occurrenceDateTime", visit.Start);
            bundle.Json.WriteBoolean("primarySource", true);
            bundle.EndPost("Immunization");
        }
    }

    private void WriteNote(TransactionWriter bundle, Visit visit, string text)
    {
        bundle.BeginPost("DocumentReference", Urn(random));
        bundle.Json.WriteString("status", "current");
        bundle.Concept("type", Codes.ProgressNote);
        bundle.Reference("subject", _patient);
        bundle.Moment("date", visit.Start.AddHours(1));
        bundle.References("author", Clinician());
        bundle.Reference("custodian", $"Organization/{_organization}");
        bundle.Json.WriteStartArray("content");
        bundle.Json.WriteStartObject();
        bundle.Json.WriteStartObject("attachment");
        bundle.Json.WriteString("contentType", "text/plain; charset=utf-8");
        bundle.Json.WriteBase64String("data", Encoding.UTF8.GetBytes(text));
        bundle.Json.WriteEndObject();
        bundle.Json.WriteEndObject();
        bundle.Json.WriteEndArray();
        bundle.Json.WriteStartObject("context");
        bundle.References("encounter", visit.Encounter);
        bundle.Json.WriteEndObject();
        bundle.EndPost("DocumentReference");
    }

    private Coded? SensitiveCondition => health.Sensitive switch
    {
        SensitiveKind.Hiv => Codes.Hiv,
        SensitiveKind.SubstanceUse => Codes.OpioidAbuse,
        SensitiveKind.MentalHealth => Codes.Depression,
        _ => null,
    };

    private Coded? SensitiveDrug => health.Sensitive switch
    {
        SensitiveKind.Hiv => Codes.Antiretroviral,
        SensitiveKind.SubstanceUse => Codes.Buprenorphine,
        SensitiveKind.MentalHealth => Codes.Sertraline,
        _ => null,
    };
}
