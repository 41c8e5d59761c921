// The patient compartment: http://hl7.org/fhir/R4/compartmentdefinition-patient.html
using System.Text;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Tests.Search;

namespace HealthLedger.Fhir.Tests.Compartments;

public sealed class PatientCompartmentTests
{
    [Theory]
    [InlineData("""{"resourceType":"Patient","id":"p1","link":[{"other":{"reference":"Patient/p2"},"type":"seealso"}]}""", "p1")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"Patient/p1"},"focus":[{"reference":"Patient/p3"}]}""", "p1")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p2"},{"reference":"Patient/p1"}]}""", "p1 p2")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"Group/p1"}}""", "")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"http://other.example/Patient/p1"}}""", "")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"http://localhost:5080/fhir/Patient/p1"}}""", "p1")]
    [InlineData("""{"resourceType":"Observation","subject":{"reference":"Patient/p1/_history/2"}}""", "p1")]
    [InlineData("""{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"asserter":{"reference":"Patient/p2"}}""", "p1 p2")]
    [InlineData("""{"resourceType":"Appointment","participant":[{"actor":{"reference":"Practitioner/d"}},{"actor":{"reference":"Patient/p1"}}]}""", "p1")]
    [InlineData("""{"resourceType":"Consent","patient":{"reference":"Patient/p1"}}""", "p1")]
    [InlineData("""{"resourceType":"AuditEvent","entity":[{"what":{"reference":"Patient/p1"}}]}""", "p1")]
    [InlineData("""{"resourceType":"Group","member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2"}}]}""", "p1 p2")]
    [InlineData("""{"resourceType":"Observ\u0061tion","subj\u0065ct":{"referenc\u0065":"P\u0061tient/p1"}}""", "p1")]
    [InlineData("""{"resourceType":"Practitioner","id":"d"}""", "")]
    [InlineData("""{"resourceType":"Questionnaire","id":"q"}""", "")]
    public void Membership_follows_the_parameters_of_the_definition(string json, string expected) =>
        Assert.Equal(expected, string.Join(' ', PatientCompartment.PatientsOf(Encoding.UTF8.GetBytes(json), new TermPool(), Samples.Options.LocalBase)));

    [Fact]
    public void Every_type_is_clinical_directory_a_patient_or_nobodys()
    {
        var kinds = FhirDefinitions.R4.ResourceTypes.ToDictionary(t => t, PatientCompartment.KindOf);

        Assert.Equal(CompartmentKind.Patient, kinds["Patient"]);
        Assert.Equal(["Endpoint", "HealthcareService", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole"],
            kinds.Where(k => k.Value == CompartmentKind.Directory).Select(k => k.Key).Order(StringComparer.Ordinal));
        Assert.Equal(FhirDefinitions.R4.Compartment("Patient")!.ResourceTypes.Count(t => t != "Patient"), kinds.Count(k => k.Value == CompartmentKind.Clinical));
        Assert.Equal(CompartmentKind.None, kinds["CodeSystem"]);
        Assert.Throws<ArgumentException>(() => PatientCompartment.KindOf("Nothing"));
    }

    [Fact]
    public void A_parameter_that_narrows_a_search_to_patients_never_misses_a_member()
    {
        var pool = new TermPool();
        var checks = 0;
        foreach (var (name, bytes) in Samples.OfficialExamples())
        {
            var terms = SearchTermExtractor.Extract(bytes, pool)!;
            if (terms.ResourceType == "Patient") continue;
            var patients = PatientCompartment.PatientsOf(terms, "x");
            foreach (var reference in terms.References.Where(r => r.Type == "Patient" && r.LocalId is not null && terms.Plan.LeadsToCompartment(terms.Plan.Parameters[r.Parameter].Code)))
            {
                Assert.True(patients.Contains(reference.LocalId!), name);
                checks++;
            }
        }
        Assert.True(checks > 300 || SharedData.Folder("r4-examples") is null);
    }

    [Fact]
    public void Every_synthea_record_belongs_to_the_patient_of_its_bundle()
    {
        var pool = new TermPool();
        var clinical = 0;
        foreach (var (_, resource) in Samples.Synthea("set-2019", 2))
        {
            var terms = SearchTermExtractor.Extract(resource, pool)!;
            if (PatientCompartment.KindOf(terms.ResourceType) != CompartmentKind.Clinical) continue;
            // Inside a transaction the references are urn:uuid: none of them names a patient of this server yet.
            Assert.Empty(PatientCompartment.PatientsOf(terms, "x"));
            var resolved = Encoding.UTF8.GetBytes(resource.GetRawText().Replace("urn:uuid:", "Patient/", StringComparison.Ordinal));
            Assert.NotEmpty(PatientCompartment.PatientsOf(resolved, pool));
            clinical++;
        }
        Assert.True(clinical > 100 || SharedData.Folder("synthea/set-2019") is null);
    }
}
