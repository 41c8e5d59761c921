namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>One code of one code system, with the words a clinician reads.</summary>
internal sealed record Coded(string System, string Code, string Display)
{
    public const string Loinc = "http://loinc.org";
    public const string Snomed = "http://snomed.info/sct";
    public const string RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    public const string Cvx = "http://hl7.org/fhir/sid/cvx";
    public const string ActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    public const string Confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

    public static Coded Lab(string code, string display) => new(Loinc, code, display);

    public static Coded Finding(string code, string display) => new(Snomed, code, display);

    public static Coded Drug(string code, string display) => new(RxNorm, code, display);

    public static Coded Vaccine(string code, string display) => new(Cvx, code, display);
}

/// <summary>The codes the demo hospital uses.</summary>
internal static class Codes
{
    public static readonly Coded BloodPressure = Coded.Lab("85354-9", "Blood pressure panel with all children optional");
    public static readonly Coded Systolic = Coded.Lab("8480-6", "Systolic blood pressure");
    public static readonly Coded Diastolic = Coded.Lab("8462-4", "Diastolic blood pressure");
    public static readonly Coded BodyMassIndex = Coded.Lab("39156-5", "Body mass index (BMI) [Ratio]");
    public static readonly Coded Weight = Coded.Lab("29463-7", "Body weight");
    public static readonly Coded Height = Coded.Lab("8302-2", "Body height");
    public static readonly Coded Smoking = Coded.Lab("72166-2", "Tobacco smoking status");
    public static readonly Coded TotalCholesterol = Coded.Lab("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma");
    public static readonly Coded HdlCholesterol = Coded.Lab("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma");
    public static readonly Coded Creatinine = Coded.Lab("2160-0", "Creatinine [Mass/volume] in Serum or Plasma");
    public static readonly Coded FiltrationRate = Coded.Lab("33914-3", "Glomerular filtration rate/1.73 sq M.predicted");
    public static readonly Coded GlycatedHemoglobin = Coded.Lab("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood");
    public static readonly Coded AlbuminCreatinineRatio = Coded.Lab("9318-7", "Albumin/Creatinine [Mass Ratio] in Urine");
    public static readonly Coded HivViralLoad = Coded.Lab("25836-8", "HIV 1 RNA [#/volume] (viral load) in Specimen by NAA with probe detection");
    public static readonly Coded MetabolicPanel = Coded.Lab("24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma");
    public static readonly Coded ProgressNote = Coded.Lab("11506-3", "Progress note");

    public static readonly Coded Diabetes = Coded.Finding("44054006", "Diabetes mellitus type 2");
    public static readonly Coded Hypertension = Coded.Finding("38341003", "Hypertensive disorder");
    public static readonly Coded Hyperlipidemia = Coded.Finding("55822004", "Hyperlipidemia");
    public static readonly Coded KidneyDisease = Coded.Finding("433144002", "Chronic kidney disease stage 3");
    public static readonly Coded Asthma = Coded.Finding("195967001", "Asthma");
    public static readonly Coded KneeArthritis = Coded.Finding("239873007", "Osteoarthritis of knee");
    public static readonly Coded Bronchitis = Coded.Finding("10509002", "Acute bronchitis");
    public static readonly Coded Sinusitis = Coded.Finding("444814009", "Viral sinusitis");
    public static readonly Coded Hiv = Coded.Finding("86406008", "Human immunodeficiency virus infection");
    public static readonly Coded OpioidAbuse = Coded.Finding("5602001", "Opioid abuse");
    public static readonly Coded Depression = Coded.Finding("35489007", "Depressive disorder");

    public static readonly Coded NeverSmoker = Coded.Finding("266919005", "Never smoked tobacco");
    public static readonly Coded FormerSmoker = Coded.Finding("8517006", "Ex-smoker");
    public static readonly Coded DailySmoker = Coded.Finding("449868002", "Smokes tobacco daily");

    public static readonly Coded Lisinopril = Coded.Drug("314076", "lisinopril 10 MG Oral Tablet");
    public static readonly Coded Amlodipine = Coded.Drug("197361", "amlodipine 5 MG Oral Tablet");
    public static readonly Coded Hydrochlorothiazide = Coded.Drug("310798", "hydrochlorothiazide 25 MG Oral Tablet");
    public static readonly Coded Simvastatin = Coded.Drug("312961", "simvastatin 20 MG Oral Tablet");
    public static readonly Coded Atorvastatin = Coded.Drug("617310", "atorvastatin 20 MG Oral Tablet");
    public static readonly Coded Metformin = Coded.Drug("861007", "metformin hydrochloride 500 MG Oral Tablet");
    public static readonly Coded Salbutamol = Coded.Drug("745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler");
    public static readonly Coded Paracetamol = Coded.Drug("313782", "acetaminophen 325 MG Oral Tablet");
    public static readonly Coded Antiretroviral = Coded.Drug("476556", "emtricitabine 200 MG / tenofovir disoproxil fumarate 300 MG Oral Tablet");
    public static readonly Coded Buprenorphine = Coded.Drug("351266", "buprenorphine 2 MG / naloxone 0.5 MG Sublingual Tablet");
    public static readonly Coded Sertraline = Coded.Drug("312941", "sertraline 50 MG Oral Tablet");

    public static readonly Coded[] Allergies =
    [
        Coded.Finding("91936005", "Allergy to penicillin"), Coded.Finding("91935009", "Allergy to peanut"),
        Coded.Finding("300913006", "Allergy to shellfish"), Coded.Finding("419474003", "Allergy to mold"),
    ];

    public static readonly Coded[] Procedures =
    [
        Coded.Finding("73761001", "Colonoscopy"), Coded.Finding("80146002", "Appendectomy"),
        Coded.Finding("29303009", "Electrocardiographic procedure"),
    ];

    public static readonly Coded[] Vaccines =
    [
        Coded.Vaccine("140", "Influenza, seasonal, injectable, preservative free"), Coded.Vaccine("113", "Td (adult) preservative free"),
        Coded.Vaccine("33", "pneumococcal polysaccharide vaccine, 23 valent"), Coded.Vaccine("121", "zoster live"),
    ];
}
