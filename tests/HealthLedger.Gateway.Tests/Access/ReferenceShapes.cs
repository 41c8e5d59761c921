using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;

namespace HealthLedger.Gateway.Tests.Access;

/// <summary>Conditional references of transactions that also write what they may lead to, and deletes that tell what there was to delete.</summary>
internal static class ReferenceShapes
{
    public static IEnumerable<RequestShape> Of(string client)
    {
        (string, string) outcome = ("Prefer", "return=OperationOutcome");
        foreach (var query in new[] { "identifier=urn:mrn|mrn-Openshaw", "_id=hidden-patient", "family=Openshaw&gender=female", "_id=hidden-patient,open", "_has:Observation:patient:code=8867-4" })
        {
            JsonObject To() => Records.Entry("POST", "Observation", Records.Observation(null, "open").With("subject", Records.Reference("Patient?" + query)));
            foreach (var beside in new[]
            {
                Records.Entry("POST", "Patient", Records.Patient(null, "Openshaw")),
                Records.Entry("PUT", "Patient/hidden-patient", Records.Patient("hidden-patient", "Openshaw")),
                Records.Entry("PUT", "Patient/absent", Records.Patient("absent", "Openshaw")),
                Records.Entry("PUT", "Patient?_id=hidden-patient", Records.Patient(null, "Openshaw"), ifMatch: "W/\"1\""),
                Records.Entry("DELETE", "Patient/hidden-patient"),
                Records.Entry("DELETE", "Patient?_id=hidden-patient"),
            })
            {
                yield return new RequestShape(client, "POST", "", Records.Bundle("transaction", To(), beside), outcome);
            }
        }

        foreach (var type in new[] { "batch", "transaction" })
        {
            yield return new RequestShape(client, "POST", "", Records.Bundle(type, Records.Entry("DELETE", "Patient/hidden-patient"), Records.Entry("DELETE", "Patient/absent")), outcome);
        }

        yield return new RequestShape(client, "DELETE", "Patient/hidden-patient", null, outcome);
        yield return new RequestShape(client, "DELETE", "Patient/absent", null, outcome);
    }
}
