using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

/// <summary>One request, to be sent to both worlds.</summary>
internal sealed record RequestShape(string Client, string Method, string Path, JsonNode? Body = null, params (string Name, string Value)[] Headers)
{
    public Task<Answer> Send(TestGateway world) => Headers.FirstOrDefault(h => h.Name == "Content-Type") is { Value: { } type } && Body is not null
        ? world.SendBytes(Client, Method, Path, System.Text.Encoding.UTF8.GetBytes(Body is JsonValue text ? text.GetValue<string>() : Body.ToJsonString()), type, [.. Headers.Where(h => h.Name != "Content-Type")])
        : world.Send(Client, Method, Path, Body, Headers);

    public override string ToString() => $"{Client} {Method} {Path} {string.Join(' ', Headers.Select(h => $"{h.Name}: {h.Value}"))} {Body?.ToJsonString()}";
}

/// <summary>Every kind of request that the gateway answers, aimed at what one of the two worlds hides.</summary>
internal static class RequestShapes
{
    private static readonly string[] Searches =
    [
        "Patient", "Patient?family=Openshaw", "Patient?family:exact=Openshaw", "Patient?name:contains=shaw", "Patient?identifier=urn:mrn|mrn-Openshaw", "Patient?identifier=mrn-Openshaw",
        "Patient?gender=female", "Patient?gender:not=male", "Patient?birthdate=1970-05-04", "Patient?birthdate=lt1990", "Patient?_id=hidden-patient", "Patient?_id=open,hidden-patient",
        "Patient?_sort=family,-birthdate", "Patient?_count=1", "Patient?_summary=count", "Patient?_count=0", "Patient?_total=accurate", "Patient?_total=none", "Patient?_lastUpdated=ge2000",
        "Patient?deceased:missing=true", "Patient?active:missing=false", "Patient?family=Nobodyhere",
        "Observation", "Observation?patient=open", "Observation?patient=hidden-patient", "Observation?subject=Patient/hidden-patient", "Observation?patient=Patient/partial",
        "Observation?patient=open,partial,hidden-patient", "Observation?code=8867-4", "Observation?code=http://loinc.org|8867-4&_summary=count", "Observation?value-quantity=gt62",
        "Observation?value-quantity=61", "Observation?date=2026-03-04", "Observation?date=ge2026-03-02&date=le2026-03-04", "Observation?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R",
        "Observation?status=final&_sort=-date", "Observation?status:not=final", "Observation?_count=2", "Observation?_count=3&_sort=date", "Observation?_id=hidden-pulse",
        "Observation?code-value-quantity=8867-4$61", "Observation?subject:missing=true", "Observation?subject:Patient=hidden-patient", "Observation?patient=absent",
        "Condition", "Condition?patient=partial", "Condition?code=38341003&_summary=count", "Appointment", "Appointment?patient=open", "Appointment?patient=hidden-patient",
        "Consent", "Consent?patient=open", "Consent?patient=hidden-patient", "Consent?status=active", "Consent?_id=hidden-consent", "AuditEvent", "Questionnaire", "Questionnaire?status=active",
        "Practitioner", "Practitioner?identifier=urn:npi|npi-Doctorow", "Practitioner?family=Doctorow", "Encounter", "Encounter?patient=hidden-patient", "Group", "List",
        "Observation?zebedee=1", "Observation?subject.family=Openshaw", "Observation?_has:Observation:patient:code=1", "Observation?_include=Observation:subject", "Observation?date=Zebedee",
        "Observation?_cursor=AAAA", "Patient?_summary=true", "Patient?_summary=text", "Observation?_summary=data&_count=1", "Patient?_elements=name", "Observation?patient=hidden-patient&_elements=code",
    ];

    private static readonly string[] Histories =
    [
        "_history", "_history?_count=2", "_history?_count=0", "_history?_since=2026-11-20", "_history?_at=2026-11-20", "_history?_at=2026-11-19", "Patient/_history", "Patient/_history?_count=1",
        "Patient/_history?_count=0", "Observation/_history", "Observation/_history?_count=2&_since=2026", "Condition/_history", "Appointment/_history", "Consent/_history", "AuditEvent/_history",
        "Questionnaire/_history", "Practitioner/_history", "Group/_history", "Patient/open/_history", "Patient/partial/_history", "Observation/partial-pulse-1/_history", "Appointment/both/_history",
        "Practitioner/doctor/_history", "Patient/absent/_history", "Patient/open/_history?_since=2100", "Patient/_history?_sort=_lastUpdated", "_history?_cursor=AAAA",
    ];

    private static readonly string[] Terminology =
    [
        "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender", "ValueSet/$expand?url=urn:hidden:set", "ValueSet/hidden-set/$expand", "ValueSet/absent/$expand",
        "ValueSet/hidden-set/$validate-code?system=urn:hidden:system&code=a", "ValueSet/$validate-code?url=urn:hidden:set&system=urn:hidden:system&code=a",
        "CodeSystem/$lookup?system=urn:hidden:system&code=a", "CodeSystem/$subsumes?system=urn:hidden:system&codeA=a&codeB=b", "CodeSystem/hidden-system/$subsumes?codeA=a&codeB=b",
        "CodeSystem/$validate-code?url=urn:hidden:system&code=a", "CodeSystem/hidden-system/$validate-code?code=a",
        "ConceptMap/hidden-map/$translate?system=urn:hidden:system&code=a", "ConceptMap/$translate?url=urn:hidden:map&system=urn:hidden:system&code=a", "ConceptMap/absent/$translate?system=urn:hidden:system&code=a",
    ];

    public static IEnumerable<RequestShape> All()
    {
        foreach (var client in new[] { Clinic, Stranger, Researcher })
        {
            foreach (var path in Terminology)
            {
                yield return new RequestShape(client, "GET", path);
            }

            foreach (var search in Searches)
            {
                yield return new RequestShape(client, "GET", search);
            }

            foreach (var path in Histories)
            {
                yield return new RequestShape(client, "GET", path);
            }

            foreach (var search in SearchShapes.All())
            {
                yield return new RequestShape(client, "GET", search);
            }

            foreach (var (type, id) in TwoWorlds.Hidden)
            {
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history");
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history?_count=1&_since=2000");
                yield return new RequestShape(client, "GET", $"{type}/{id}");
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history/1");
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history/2");
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history/9");
                yield return new RequestShape(client, "GET", $"{type}/{id}/_history/nonsense");
            }

            foreach (var path in new[] { "Patient/open", "Patient/partial", "Observation/studied-pulse-1", "Observation/open-pulse-1", "Appointment/both", "Observation/open-pulse-1/_history/1", "Patient/absent", "Practitioner/doctor", "Practitioner/absent" })
            {
                yield return new RequestShape(client, "GET", path);
            }

            foreach (var operation in OperationShapes.Of(client))
            {
                yield return operation;
            }

            foreach (var validate in new[] { "Patient/$validate", "Patient/hidden-patient/$validate", "Patient/absent/$validate?mode=update", "Patient/$validate?profile=http://a.example/unknown", "Patient/hidden-patient/$validate?mode=delete" })
            {
                yield return new RequestShape(client, "POST", validate, new JsonObject { ["resourceType"] = "Patient", ["id"] = "hidden-patient", ["managingOrganization"] = new JsonObject { ["reference"] = "Organization/absent" } });
            }

            // A Binary as a resource and in its own content type.
            foreach (var path in new[] { "Binary/hidden-binary", "Binary/hidden-binary/_history/1", "Binary/absent" })
            {
                foreach (var accept in new[] { "text/plain", "application/fhir+json", "application/fhir+xml", "*/*" })
                {
                    yield return new RequestShape(client, "GET", path, null, ("Accept", accept));
                    yield return new RequestShape(client, "GET", path, null, ("Accept", accept), ("If-None-Match", "W/\"1\""));
                }
            }

            yield return new RequestShape(client, "GET", "$export");
            yield return new RequestShape(client, "GET", "$export/00000000000000000000000000000000");
            yield return new RequestShape(client, "GET", "$export/00000000000000000000000000000000/Patient.ndjson");
            yield return new RequestShape(client, "DELETE", "$export/00000000000000000000000000000000");
            yield return new RequestShape(client, "GET", "metadata");
            yield return new RequestShape(client, "GET", ".well-known/smart-configuration");
            yield return new RequestShape(client, "GET", "Zebedee/hidden-patient");
            yield return new RequestShape(client, "GET", "Patient/hidden-patient/_history");
            yield return new RequestShape(client, "GET", "Patient/hidden-patient/$everything");
            yield return new RequestShape(client, "PATCH", "Patient/hidden-patient");
            yield return new RequestShape(client, "HEAD", "Patient/hidden-patient");
            yield return new RequestShape(client, "OPTIONS", "Patient/hidden-patient");
            yield return new RequestShape(client, "GET", "Patient/hidden-patient", null, ("X-Purpose-Of-Use", "HPAYMT"));
            foreach (var path in new[] { "Patient/hidden-patient", "Patient/open", "Patient/hidden-patient?_summary=true", "Patient/open?_elements=name", "Observation?patient=partial&_count=2", "Observation/hidden-changed/_history/2", "Patient/hidden-patient/_history", "Patient/_history?_summary=true" })
            {
                yield return new RequestShape(client, "GET", path, null, ("Accept", "application/fhir+xml"));
                yield return new RequestShape(client, "GET", path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "_format=xml&_pretty=true");
                yield return new RequestShape(client, "GET", path, null, ("Accept", "text/html"));
            }
        }

        foreach (var client in new[] { Clinic, Stranger })
        {
            foreach (var change in Changes(client).Concat(OperationShapes.Changes(client)).Concat(ReferenceShapes.Of(client)))
            {
                yield return change;
            }

            foreach (var bundle in Bundles(client))
            {
                yield return bundle;
            }
        }

        foreach (var client in new[] { Narrow, Auditor, Operator })
        {
            foreach (var (type, id) in TwoWorlds.Hidden)
            {
                yield return new RequestShape(client, "GET", $"{type}/{id}");
            }

            yield return new RequestShape(client, "GET", "Patient");
            yield return new RequestShape(client, "GET", "Observation?patient=hidden-patient");
            yield return new RequestShape(client, "DELETE", "Patient/hidden-patient");
        }

        foreach (var client in new[] { Clinic, Auditor })
        {
            yield return new RequestShape(client, "GET", "/admin/erasures");
            yield return new RequestShape(client, "GET", "/admin/keys");
            yield return new RequestShape(client, "GET", "/admin/backups");
            yield return new RequestShape(client, "POST", "/admin/vault/check", new JsonObject { ["from"] = "" });
            yield return new RequestShape(client, "POST", "/admin/erasures/preview", new JsonObject { ["patient"] = "hidden-patient" });
            yield return new RequestShape(client, "POST", "/admin/erasures", new JsonObject { ["patient"] = "hidden-patient", ["ground"] = "patient-request" });
        }

        yield return new RequestShape(Clinic, "GET", "/ledger/receipts/AAAA");
        yield return new RequestShape(Clinic, "GET", "/health/ready");
        yield return new RequestShape(Clinic, "GET", "/.well-known/openid-configuration");
    }

    /// <summary>Kick-offs: what follows from them is asked for too.</summary>
    public static IEnumerable<RequestShape> Exports(string client)
    {
        (string, string) later = ("Prefer", "respond-async");
        foreach (var path in new[]
        {
            "$export?_type=Patient,Observation,Condition,Appointment,Consent,Questionnaire,Practitioner", "$export?_type=Observation&_since=2026-11-20T11:00:00Z", "$export?_type=Observation&_since=2027", "$export?_type=Patient,Observation,Consent,Questionnaire&_since=2020",
            "$export?_type=Observation&_typeFilter=Observation%3Fvalue-quantity%3D61", "$export?_type=Patient&_typeFilter=Patient%3Ffamily%3DOpenshaw,Patient%3F_id%3Dhidden-patient", "Patient/$export?_type=Patient,Observation,Group",
            "$export?_type=Patient,Observation&_elements=identifier,Observation.value", "Group/hidden-group/$export", "Group/hidden-members/$export?_type=Patient", "Group/absent/$export", "Group/open-group/$export?_type=Patient,Observation",
        })
        {
            yield return new RequestShape(client, "GET", path, null, later);
        }

        foreach (var patient in new[] { "hidden-patient", "absent", "partial" })
        {
            var parameters = new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = new JsonArray(
                new JsonObject { ["name"] = "patient", ["valueReference"] = Records.Reference("Patient/" + patient) },
                new JsonObject { ["name"] = "patient", ["valueReference"] = Records.Reference("Patient/open") },
                new JsonObject { ["name"] = "_type", ["valueString"] = "Patient,Observation,Condition" }) };
            yield return new RequestShape(client, "POST", "Patient/$export", parameters, later);
            yield return new RequestShape(client, "POST", "Group/open-group/$export", parameters.DeepClone(), later);
        }
    }

    private static IEnumerable<RequestShape> Changes(string client)
    {
        foreach (var (type, id) in TwoWorlds.Hidden)
        {
            yield return new RequestShape(client, "PUT", $"{type}/{id}", Body(type, id));
            yield return new RequestShape(client, "PUT", $"{type}/{id}", Body(type, id), ("If-Match", "W/\"1\""));
            yield return new RequestShape(client, "PUT", $"{type}/{id}", Body(type, id), ("If-Match", "W/\"7\""));
            yield return new RequestShape(client, "PUT", $"{type}/{id}", Body(type, "another"));
            yield return new RequestShape(client, "DELETE", $"{type}/{id}");
            yield return new RequestShape(client, "DELETE", $"{type}/{id}", null, ("If-Match", "W/\"1\""));
            yield return new RequestShape(client, "DELETE", $"{type}/{id}", null, ("If-Match", "W/\"7\""));
        }

        foreach (var context in new[] { "Patient/hidden-patient", "Patient/absent" })
        {
            yield return new RequestShape(client, "PUT", "Binary/hidden-binary", new JsonObject { ["a"] = 1 }, ("Content-Type", "text/plain"), ("X-Security-Context", context));
            yield return new RequestShape(client, "POST", "Binary", new JsonObject { ["a"] = 1 }, ("Content-Type", "text/plain"), ("X-Security-Context", context));
        }

        yield return new RequestShape(client, "PUT", "Observation/open-pulse-1", Records.Observation("open-pulse-1", "open"));
        yield return new RequestShape(client, "PUT", "Observation/open-pulse-1", Records.Observation("open-pulse-1", "hidden-patient"));
        yield return new RequestShape(client, "DELETE", "Observation/open-pulse-1");
        yield return new RequestShape(client, "DELETE", "Observation/absent");

        // What a caller writes about a patient it may not see is stored all the same: whether there is such a patient is not for it to learn.
        foreach (var patient in new[] { "hidden-patient", "hidden-deleted-patient", "absent-patient", "open" })
        {
            yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, patient));
            yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, patient), ("Prefer", "return=minimal"));
            yield return new RequestShape(client, "POST", "Appointment", Records.Shared(null, "open", patient));
            yield return new RequestShape(client, "POST", "Consent", Records.Consent(null, patient, Records.Permit("elsewhere")));
            yield return new RequestShape(client, "POST", "Consent", Records.Consent(null, patient, Records.Permit("elsewhere"), "inactive"));
            yield return new RequestShape(client, "POST", "Consent", Records.Consent(null, patient, new JsonObject()));
            yield return new RequestShape(client, "GET", $"Observation?patient={patient}");
            yield return new RequestShape(client, "GET", $"Consent?patient={patient}&_summary=count");
            yield return new RequestShape(client, "GET", $"Patient/{patient}");
        }

        yield return new RequestShape(client, "POST", "Patient", Records.Patient(null, "Openshaw"));
        yield return new RequestShape(client, "POST", "Patient", Records.Patient("hidden-patient", "Openshaw"));
        yield return new RequestShape(client, "POST", "Questionnaire", new JsonObject { ["resourceType"] = "Questionnaire", ["status"] = "active" });
        yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "hidden-patient").With("zebedee", 1));

        foreach (var (type, id) in TwoWorlds.Hidden)
        {
            yield return new RequestShape(client, "GET", $"{type}/{id}", null, ("If-None-Match", "W/\"1\""));
            yield return new RequestShape(client, "GET", $"{type}/{id}/_history/1", null, ("If-Modified-Since", "Sat, 20 Nov 2100 12:00:00 GMT"));
            yield return new RequestShape(client, "PUT", $"{type}/{id}", Body(type, id), ("If-None-Match", "*"));
            yield return new RequestShape(client, "PUT", $"{type}?_id={id}", Body(type, id));
            yield return new RequestShape(client, "PUT", $"{type}?_id={id}", Body(type, id), ("If-Match", "W/\"1\""));
            yield return new RequestShape(client, "DELETE", $"{type}?_id={id}");
            yield return new RequestShape(client, "DELETE", $"{type}?_id={id}", null, ("If-Match", "W/\"1\""), ("Prefer", "return=OperationOutcome"));
            foreach (var patch in Patches)
            {
                yield return new RequestShape(client, "PATCH", $"{type}/{id}", PatchBody(patch), Patch(patch));
                yield return new RequestShape(client, "PATCH", $"{type}?_id={id}", PatchBody(patch), Patch(patch));
                yield return new RequestShape(client, "PATCH", $"{type}/{id}", PatchBody(patch), Patch(patch), ("If-Match", "W/\"1\""));
            }
        }

        foreach (var condition in new[] { "family=Openshaw", "identifier=urn:mrn|mrn-Openshaw", "gender=female", "_id=open,hidden-patient", "_id=absent", "zebedee=1" })
        {
            yield return new RequestShape(client, "PUT", "Patient?" + condition, Records.Patient(null, "Openshaw"));
            yield return new RequestShape(client, "PUT", "Patient?" + condition, Records.Patient("open", "Openshaw"), ("If-Match", "W/\"9\""));
            yield return new RequestShape(client, "DELETE", "Patient?" + condition, null, ("If-Match", "W/\"9\""));
            yield return new RequestShape(client, "PATCH", "Patient?" + condition, PatchBody(Patches[0]), Patch(Patches[0]));
            yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open").With("subject", Records.Reference("Patient?" + condition)));
            yield return new RequestShape(client, "POST", "", Records.Bundle("transaction", Records.Entry("POST", "Observation", Records.Observation(null, "open").With("subject", Records.Reference("Patient?" + condition)))));
            yield return new RequestShape(client, "POST", "", Records.Bundle("transaction", Records.Entry("POST", "Observation", Records.Observation(null, "open")
                .With("derivedFrom", new JsonArray(Records.Reference("Observation?_id=open-pulse-1"), Records.Reference("Observation?patient=hidden-patient"))))));
        }

        // Hidden matches count as none: each caller creates where it sees nothing, finds what it sees, and is told of several only where it sees several.
        foreach (var condition in new[] { "identifier=urn:mrn|mrn-Openshaw", "_id=hidden-patient", "_id=open", "_id=open,hidden-patient", "_id=hidden-deleted-patient", "gender=female", "_id=open&family=Openshaw" })
        {
            yield return new RequestShape(client, "POST", "Patient", Records.Patient(null, "Openshaw"), ("If-None-Exist", condition));
            yield return new RequestShape(client, "POST", "Patient", Records.Patient(null, "Openshaw"), ("If-None-Exist", condition), ("Prefer", "return=representation"));
            yield return new RequestShape(client, "POST", "Patient", Records.Patient(null, "Openshaw"), ("If-None-Exist", condition), ("Prefer", "return=OperationOutcome"));
        }

        foreach (var condition in new[] { "patient=hidden-patient", "_id=hidden-pulse", "_id=hidden-by-label", "_id=open-pulse-1", "_id=open-pulse-1,hidden-changed", "patient=open&code=8867-4", "patient=absent", "_id=was-visible" })
        {
            yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open"), ("If-None-Exist", condition));
            yield return new RequestShape(client, "POST", "Consent", Records.Consent(null, "open", Records.Permit("elsewhere")), ("If-None-Exist", condition));
        }

        yield return new RequestShape(client, "POST", "Consent", Records.Consent(null, "hidden-patient", Records.Permit("elsewhere")), ("If-None-Exist", "_id=hidden-consent"));
        yield return new RequestShape(client, "POST", "Appointment", Records.Shared(null, "open", "hidden-patient"), ("If-None-Exist", "_id=hidden-shared"));
        foreach (var condition in new[] { "identifier=urn:npi|npi-Doctorow", "identifier=urn:npi|npi-Nobody", "family=Openshaw", "zebedee=1" })
        {
            yield return new RequestShape(client, "POST", "Practitioner", Records.Practitioner(null, "Doctorow"), ("If-None-Exist", condition));
            yield return new RequestShape(client, "POST", "Questionnaire", new JsonObject { ["resourceType"] = "Questionnaire", ["status"] = "active" }, ("If-None-Exist", condition));
        }

        yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open").With("performer", new JsonArray(Records.Reference("Practitioner?identifier=urn:npi|npi-Doctorow"))));
        yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open").With("subject", Records.Reference("Patient?identifier=urn:mrn|mrn-Openshaw")));
        yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open").With("derivedFrom", new JsonArray(Records.Reference("Observation/hidden-pulse"))));
        yield return new RequestShape(client, "POST", "Observation", Records.Observation(null, "open").With("encounter", Records.Reference("Encounter?patient=hidden-patient")));
    }

    private static IEnumerable<RequestShape> Bundles(string client)
    {
        foreach (var type in new[] { "transaction", "batch" })
        {
            yield return Bundle(Records.Entry("GET", "Patient/hidden-patient"), Records.Entry("GET", "Patient/absent"));
            yield return Bundle(Records.Entry("GET", "Patient/hidden-patient/_history"), Records.Entry("GET", "Patient/open/_history"), Records.Entry("GET", "Observation/_history?_count=0"));
            yield return Bundle(Records.Entry("GET", "Observation?patient=hidden-patient"), Records.Entry("GET", "Observation?patient=partial&_count=2"), Records.Entry("GET", "Observation/hidden-changed/_history/2"));
            yield return Bundle(Records.Entry("DELETE", "Observation/hidden-pulse"));

            // A transaction reads by id before it changes anything.
            yield return Bundle(Records.Entry("GET", "Patient/open"), Records.Entry("POST", "Observation", Records.Observation(null, "open")), Records.Entry("GET", "Observation/hidden-pulse"));
            yield return Bundle(Records.Entry("GET", "Observation/open-pulse-1"), Records.Entry("GET", "Observation/hidden-changed/_history/2"), Records.Entry("DELETE", "Observation/absent"));
            yield return Bundle(Records.Entry("GET", "Observation/hidden-pulse"), Records.Entry("DELETE", "Observation/hidden-pulse"));
            yield return Bundle(Records.Entry("GET", "Observation/hidden-pulse"), Records.Entry("PUT", "Observation?_id=hidden-pulse", Records.Observation(null, "open")));
            foreach (var patient in new[] { "hidden-patient", "hidden-deleted-patient", "partial", "absent" })
            {
                yield return Bundle(Records.Entry("GET", $"Patient/{patient}/$everything"), Records.Entry("GET", $"Observation/$lastn?patient={patient}&max=2"), Records.Entry("HEAD", $"Patient/{patient}/$meta"));
                yield return Bundle(Records.Entry("POST", $"Patient/{patient}/$meta-add", JsonNode.Parse("""{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"t"}]}}]}"""), ifMatch: "W/\"1\""));
            }

            yield return Bundle(Records.Entry("GET", "ValueSet/hidden-set/$expand"), Records.Entry("GET", "CodeSystem/$lookup?system=urn:hidden:system&code=a"), Records.Entry("GET", "$export"));
            yield return Bundle(Records.Entry("DELETE", "Observation?_id=hidden-pulse"), Records.Entry("PUT", "Observation?_id=hidden-by-label", Records.Observation(null, "open")));
            yield return Bundle(Records.Entry("HEAD", "Patient/hidden-patient"), Records.Entry("HEAD", "Observation?patient=hidden-patient"), Records.Entry("HEAD", "Patient/open"));
            foreach (var patch in Patches)
            {
                yield return Bundle(PatchEntry("Observation/hidden-pulse", patch));
                yield return Bundle(PatchEntry("Observation/absent", patch), PatchEntry("Observation?_id=hidden-changed", patch, "W/\"3\""));
                yield return Bundle(Records.Entry("POST", "Observation", Records.Observation(null, "open")), PatchEntry("Patient/hidden-patient", patch));
            }

            yield return Bundle(Records.Entry("DELETE", "Observation/hidden-deleted"), Records.Entry("DELETE", "Observation/absent"));
            yield return Bundle(Records.Entry("PUT", "Observation/hidden-pulse", Records.Observation("hidden-pulse", "hidden-patient")));
            yield return Bundle(Records.Entry("PUT", "Observation/hidden-changed", Records.Observation("hidden-changed", "hidden-patient"), ifMatch: "W/\"3\""));
            yield return Bundle(Records.Entry("POST", "Observation", Records.Observation(null, "hidden-patient")), Records.Entry("POST", "Observation", Records.Observation(null, "open")));
            yield return Bundle(Records.Entry("POST", "Observation", Records.Observation(null, "open")), Records.Entry("PUT", "Observation/hidden-by-label", Records.Observation("hidden-by-label", "partial")));
            foreach (var patient in new[] { "hidden-patient", "hidden-deleted-patient", "absent-patient", "open" })
            {
                JsonObject Grant() => Records.Entry("POST", "Consent", Records.Consent(null, patient, Records.Permit("elsewhere")));
                yield return Bundle(Grant());
                yield return Bundle(Records.Entry("POST", "Observation", Records.Observation(null, patient)), Grant());
                yield return Bundle(Grant(), Records.Entry("PUT", "Patient/" + patient, Records.Patient(patient, "Openshaw")));
                yield return Bundle(Grant(), Records.Entry("DELETE", "Patient/" + patient));
                yield return Bundle(Grant(), Records.Entry("PUT", "Observation/hidden-pulse", Records.Observation("hidden-pulse", "hidden-patient")));
                yield return Bundle(Records.Entry("POST", "Patient", Records.Patient(null, "Openshaw"), One), Grant());
            }

            foreach (var id in new[] { "hidden-consent", "hidden-withdrawn-consent", "open-consent", "absent-consent" })
            {
                var other = Records.Entry("POST", "Observation", Records.Observation(null, "open"));
                yield return Bundle(Records.Entry("PUT", "Consent/" + id, Body("Consent", id)), other.DeepClone().AsObject());
                yield return Bundle(Records.Entry("PUT", "Consent/" + id, Body("Consent", id), ifMatch: "W/\"1\""), other.DeepClone().AsObject());
                yield return Bundle(Records.Entry("DELETE", "Consent/" + id), other);
            }

            yield return Bundle(Records.Entry("POST", "Patient", Records.Patient(null, "Openshaw"), One), Of(One, "Consent"), Of(One, "Observation"));
            foreach (var condition in new[] { "identifier=urn:mrn|mrn-Openshaw", "_id=hidden-patient", "_id=open", "_id=absent", "family=Openshaw" })
            {
                yield return Bundle(Conditional("Patient", Records.Patient(null, "Openshaw"), condition), Of(One, "Observation"));
                yield return Bundle(Conditional("Patient", Records.Patient(null, "Openshaw"), condition), Of(One, "Consent"));
                yield return Bundle(Conditional("Patient", Records.Patient(null, "Openshaw"), condition), Records.Entry("PUT", "Observation/hidden-pulse", Records.Observation("hidden-pulse", "hidden-patient")));
                yield return Bundle(Conditional("Patient", Records.Patient(null, "Openshaw"), condition), Records.Entry("PUT", "Patient/hidden-patient", Records.Patient("hidden-patient", "Openshaw")));
            }

            yield return Bundle(Conditional("Observation", Records.Observation(null, "open"), "_id=hidden-by-label"), Conditional("Observation", Records.Observation(null, "open"), "_id=hidden-pulse", null));
            yield return Bundle(Records.Entry("POST", "Patient", Records.Patient(null, "Openshaw"), One), Of(One, "Observation"));
            yield return Bundle(Records.Entry("POST", "Observation", Records.Observation(null, "x").With("subject", Records.Reference("Patient?identifier=urn:mrn|mrn-Openshaw"))));

            RequestShape Bundle(params JsonObject[] entries) => new(client, "POST", "", Records.Bundle(type, entries));
        }
    }

    private static readonly string[] Patches =
    [
        """[{"op":"test","path":"/resourceType","value":"Patient"}]""", """[{"op":"test","path":"/gender","value":"male"},{"op":"add","path":"/language","value":"en"}]""", """[{"op":"remove","path":"/id"}]""",
        """{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"id"}]}]}""",
        """<diff xmlns="http://hl7.org/fhir"><replace sel="Patient/gender[@value='female']/@value">male</replace></diff>""", """<diff xmlns="http://hl7.org/fhir"><remove sel="*/id"/></diff>""",
    ];

    private static (string, string) Patch(string patch) => ("Content-Type", PatchType(patch));

    private static string PatchType(string patch) => patch[0] switch { '[' => "application/json-patch+json", '<' => "application/xml-patch+xml", _ => "application/fhir+json" };

    /// <summary>XML as text, which goes out as it is.</summary>
    private static JsonNode PatchBody(string patch) => patch[0] == '<' ? JsonValue.Create(patch) : JsonNode.Parse(patch)!;

    private static JsonObject PatchEntry(string url, string patch, string? ifMatch = null) => Records.Entry("PATCH", url, patch[0] is '[' or '<'
        ? new JsonObject { ["resourceType"] = "Binary", ["contentType"] = PatchType(patch), ["data"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(patch)) }
        : JsonNode.Parse(patch), ifMatch: ifMatch);

    private const string One = "urn:uuid:00000000-0000-4000-8000-000000000001";

    private static JsonObject Of(string patient, string type) => Records.Entry("POST", type, type == "Consent"
        ? Records.Consent(null, "x", Records.Permit("elsewhere")).With("patient", Records.Reference(patient))
        : Records.Observation(null, "x").With("subject", Records.Reference(patient)));

    private static JsonObject Conditional(string type, JsonObject record, string condition, string? fullUrl = One)
    {
        var entry = Records.Entry("POST", type, record, fullUrl);
        entry["request"]!["ifNoneExist"] = condition;
        return entry;
    }

    private static JsonObject Body(string type, string id) => type switch
    {
        "Patient" => Records.Patient(id, "Openshaw"),
        "Condition" => Records.Condition(id, "partial"),
        "Appointment" => Records.Shared(id, "open", "hidden-patient"),
        "Consent" => Records.Consent(id, id == "hidden-consent" ? "open" : "hidden-patient", Records.Permit("elsewhere")),
        "Binary" => new JsonObject { ["resourceType"] = type, ["id"] = id, ["contentType"] = "text/plain", ["data"] = "YQ==" },
        "Questionnaire" => new JsonObject { ["resourceType"] = type, ["id"] = id, ["status"] = "active" },
        _ => Records.Observation(id, id is "hidden-by-label" ? "partial" : id is "was-visible" ? "open" : "hidden-patient"),
    };
}
