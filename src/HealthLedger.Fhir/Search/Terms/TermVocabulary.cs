using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// The words that stored terms name by number: common systems and codes. Stored parameters are numbers too, the index among their type's. <see cref="Fingerprint"/> covers both, so
/// that terms written under other definitions are recognized and made anew from their resource.
/// </summary>
internal static class TermVocabulary
{
    private static readonly string[] Words =
    [
        "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-9-cm",
        "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc", "http://www.ama-assn.org/go/cpt", "http://unitsofmeasure.org", "http://www.whocc.no/atc", "urn:ietf:bcp:47", "urn:ietf:bcp:13", "urn:ietf:rfc:3986",
        "urn:iso:std:iso:4217", "urn:iso:std:iso:3166", "http://dicom.nema.org/resources/ontology/DCM", "http://hl7.org/fhir/sid/us-ssn", "http://hl7.org/fhir/sid/us-npi",
        "http://terminology.hl7.org/CodeSystem/observation-category", "http://terminology.hl7.org/CodeSystem/condition-category", "http://terminology.hl7.org/CodeSystem/condition-clinical",
        "http://terminology.hl7.org/CodeSystem/condition-ver-status", "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
        "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "http://terminology.hl7.org/CodeSystem/v3-ActReason", "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "http://terminology.hl7.org/CodeSystem/v2-0203",
        "http://terminology.hl7.org/CodeSystem/v2-0074", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "http://terminology.hl7.org/CodeSystem/organization-type",
        "http://terminology.hl7.org/CodeSystem/claim-type", "http://terminology.hl7.org/CodeSystem/processpriority", "http://terminology.hl7.org/CodeSystem/adjudication", "http://terminology.hl7.org/CodeSystem/ex-diagnosistype",
        "http://terminology.hl7.org/CodeSystem/claimcareteamrole", "http://terminology.hl7.org/CodeSystem/location-physical-type", "http://terminology.hl7.org/CodeSystem/consentscope",
        "http://terminology.hl7.org/CodeSystem/list-order", "http://terminology.hl7.org/CodeSystem/diagnosis-role", "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "http://nucc.org/provider-taxonomy",
        "http://hl7.org/fhir/observation-status", "http://hl7.org/fhir/encounter-status", "http://hl7.org/fhir/diagnostic-report-status", "http://hl7.org/fhir/event-status", "http://hl7.org/fhir/request-status",
        "http://hl7.org/fhir/request-intent", "http://hl7.org/fhir/administrative-gender", "http://hl7.org/fhir/CodeSystem/medicationrequest-status", "http://hl7.org/fhir/CodeSystem/medicationrequest-intent",
        "http://hl7.org/fhir/explanationofbenefit-status", "http://hl7.org/fhir/fm-status", "http://hl7.org/fhir/goal-status", "http://hl7.org/fhir/document-reference-status", "http://hl7.org/fhir/careteam-status",
        "http://hl7.org/fhir/contact-point-system", "http://hl7.org/fhir/address-use", "http://hl7.org/fhir/allergy-intolerance-category", "http://hl7.org/fhir/allergy-intolerance-criticality",
        "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient", "https://github.com/synthetichealth/synthea",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-note", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-lab",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-immunization", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan",
        "http://hl7.org/fhir/StructureDefinition/vitalsigns", "http://hl7.org/fhir/StructureDefinition/bodyheight", "http://hl7.org/fhir/StructureDefinition/bodyweight", "http://hl7.org/fhir/StructureDefinition/bmi",
        "http://hl7.org/fhir/StructureDefinition/bp", "http://hl7.org/fhir/StructureDefinition/heartrate", "http://hl7.org/fhir/StructureDefinition/resprate", "http://hl7.org/fhir/StructureDefinition/bodytemp",
        "final", "finished", "completed", "active", "inactive", "resolved", "confirmed", "unconfirmed", "laboratory", "vital-signs", "survey", "exam", "social-history", "encounter-diagnosis", "problem-list-item",
        "male", "female", "other", "unknown", "true", "false", "AMB", "EMER", "IMP", "WELLNESS", "order", "plan", "stopped", "draft", "cancelled", "current", "mg/dL", "mmol/L", "mm[Hg]", "kg", "cm", "kg/m2", "/min", "%", "Cel", "USD",
    ];

    private static readonly Dictionary<string, int> Numbers = Words.Select((word, index) => (word, index)).ToDictionary(w => w.word, w => w.index, StringComparer.Ordinal);

    /// <summary>Over the words and every type's parameter codes, in order.</summary>
    public static uint Fingerprint { get; } = ComputeFingerprint();

    public static bool TryGetNumber(string word, out int number) => Numbers.TryGetValue(word, out number);

    /// <summary>The word of a number, or null.</summary>
    public static string? Word(uint number) => number < Words.Length ? Words[number] : null;

    private static uint ComputeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var word in Words) Add(word);
        foreach (var type in FhirDefinitions.R4.ResourceTypes)
        {
            Add(type);
            foreach (var code in FhirDefinitions.R4.SearchParametersOf(type).Select(p => p.Code).Order(StringComparer.Ordinal)) Add(code);
        }
        return BinaryPrimitives.ReadUInt32LittleEndian(hash.GetHashAndReset());

        void Add(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData([0]);
        }
    }
}
