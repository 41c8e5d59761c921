using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;

namespace HealthLedger.Gateway.Tests.Access;

/// <summary>Requests to operations, aimed at what one of the two worlds hides.</summary>
internal static class OperationShapes
{
    private static readonly string[] Patients = ["open", "partial", "studied", "hidden-patient", "hidden-deleted-patient", "absent"];

    public static IEnumerable<RequestShape> Of(string client)
    {
        foreach (var patient in Patients)
        {
            foreach (var query in new[] { "", "?_count=2", "?_count=1&_type=Observation", "?_type=Observation,Condition", "?_type=Practitioner", "?_type=Consent,AuditEvent", "?start=2026-03-02&end=2026-03-04", "?_since=2999", "?_since=2000" })
            {
                yield return new(client, "GET", $"Patient/{patient}/$everything{query}");
            }

            yield return new(client, "POST", $"Patient/{patient}/$everything", new JsonObject { ["resourceType"] = "Parameters" });
            foreach (var query in new[] { "", "&max=3", "&code=8867-4", "&date=ge2026-03-02", "&max=2&_count=1" })
            {
                yield return new(client, "GET", $"Observation/$lastn?patient={patient}{query}");
            }

            foreach (var query in new[] { "{ id name { family } }", "{ id ObservationList(_reference: patient, _sort: \"date\") { id valueQuantity { value } subject { resource { ... on Patient { id } } } } }" })
            {
                yield return Graph(client, $"Patient/{patient}/$graphql", query);
            }

            yield return Graph(client, "$graphql", $"{{ Patient(id: \"{patient}\") {{ id meta {{ versionId }} }} ConditionList(patient: \"{patient}\") {{ id code {{ coding {{ code }} }} }} }}");
            foreach (var query in new[] { "", "&start=2020&end=2030", "&type=34133-9", "&on-demand=true" })
            {
                yield return new(client, "GET", $"DocumentReference/$docref?patient={patient}{query}");
            }
        }

        // One reference in each round: reads that run side by side may share a commit or not.
        foreach (var query in new[]
        {
            "{ PatientList(family: \"Openshaw\") { id } }", "{ PatientConnection(_count: 1) { count edges { mode resource { id } } } }", "{ ObservationConnection(code: \"8867-4\", patient: \"partial\") { count edges { resource { id subject { resource { ... on Patient { name { family } } } } } } } }",
            "{ ObservationList(_has_none: 1) { id } }", "{ AppointmentList { id participant(_count: 1) { actor { reference resource(optional: true) { ... on Patient { id } } } } } }", "{ ConsentList { id } QuestionnaireList { id } }",
            "{ PatientList(_id: [\"open\", \"hidden-patient\", \"absent\"], _sort: [\"_id\"]) { id } }", "{ ObservationList(fhirpath: \"value.value > 60\") { id } }", "{ ObservationConnection(fhirpath: \"value.value > 60\", _count: 3) { count next edges { resource { id } } } }",
        })
        {
            yield return Graph(client, "$graphql", query);
        }

        foreach (var query in new[] { "", "?_count=1", "?_type=Observation,Patient", "?_since=2999", "?_summary=true" })
        {
            foreach (var encounter in new[] { "open-visit", "hidden-visit", "absent" })
            {
                yield return new(client, "GET", $"Encounter/{encounter}/$everything{query}");
            }

            foreach (var group in new[] { "open-group", "hidden-group", "hidden-members", "absent" })
            {
                yield return new(client, "GET", $"Group/{group}/$everything{query}");
            }
        }

        foreach (var path in new[] { "$meta", "Patient/$meta", "Observation/$meta", "Condition/$meta", "Questionnaire/$meta", "Consent/$meta", "Practitioner/$meta" })
        {
            yield return new(client, "GET", path);
        }

        foreach (var (type, id) in TwoWorlds.Hidden.Append(("Patient", "open")).Append(("Patient", "absent")))
        {
            yield return new(client, "GET", $"{type}/{id}/$validate");
            yield return new(client, "GET", $"{type}/{id}/$validate?mode=delete");
        }

        yield return Graph(client, "$graphql", "{ ObservationConnection(_count: 1) { count next edges { resource { id } } } }");
        foreach (var (type, id) in TwoWorlds.Hidden)
        {
            yield return Graph(client, "$graphql", $"{{ {type}(id: \"{id}\") {{ id meta {{ lastUpdated }} }} }}");
            yield return Graph(client, $"{type}/{id}/$graphql", "{ id }");
            yield return new(client, "GET", $"{type}/{id}/$meta");
            yield return new(client, "GET", $"{type}/{id}/_history/1/$meta");
        }
    }

    /// <summary>Those that change something.</summary>
    public static IEnumerable<RequestShape> Changes(string client)
    {
        foreach (var (type, id) in TwoWorlds.Hidden.Append(("Observation", "open-pulse-1")).Append(("Observation", "absent")))
        {
            foreach (var name in new[] { "$meta-add", "$meta-delete" })
            {
                yield return new(client, "POST", $"{type}/{id}/{name}", Meta("R"));
                yield return new(client, "POST", $"{type}/{id}/{name}", Meta("R"), ("If-Match", "W/\"1\""));
                yield return new(client, "POST", $"{type}/{id}/{name}", Meta("R"), ("If-Match", "W/\"9\""));
            }
        }
    }

    private static RequestShape Graph(string client, string path, string query) => new(client, "POST", path, new JsonObject { ["query"] = query });

    private static JsonObject Meta(string label) => new()
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray(new JsonObject
        {
            ["name"] = "meta",
            ["valueMeta"] = new JsonObject { ["security"] = new JsonArray(Records.Coding(Records.Confidentiality, label)) },
        }),
    };
}
