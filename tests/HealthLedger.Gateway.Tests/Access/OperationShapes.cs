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
            foreach (var query in new[] { "", "&start=2020&end=2030", "&type=34133-9", "&on-demand=true" })
            {
                yield return new(client, "GET", $"DocumentReference/$docref?patient={patient}{query}");
            }
        }

        foreach (var (type, id) in TwoWorlds.Hidden)
        {
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
