using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Consents;

namespace HealthLedger.Tests.Consents;

/// <summary>Random consents, requests and records over a small vocabulary, so that they meet often. The same seed gives the same ones.</summary>
internal sealed class RandomConsents(int seed)
{
    private static readonly string[] Purposes = ["TREAT", "TREAT", "ETREAT", "BTG", "HRESCH", "HOPERAT", "HCOMPL", "CAREMGT", "CLINTRCH", "HMARKT"];
    private static readonly string[] References = ["Organization/a", "Organization/b", "Practitioner/x", "Group/g"];
    private static readonly string[] Labels = ["L", "N", "R", "V", "PSY", "ETH"];
    private static readonly string[] Codes = ["1-1", "2-2"];
    private static readonly string[] Records = ["Observation/o1", "Observation/o2", "Condition/c1", "Encounter/e1"];

    private readonly Random random = new(seed);

    public List<JsonObject> Consents() => [.. Enumerable.Range(0, random.Next(4)).Select(_ => Consent())];

    public JsonObject Consent()
    {
        var consent = JsonNode.Parse(ConsentText.Json(null, "c" + random.Next(1000), Chance(8) ? "inactive" : "active",
            Pick("patient-privacy", "patient-privacy", "patient-privacy", "patient-privacy", "research", "treatment", "house-rules")))!.AsObject();
        if (!Chance(15))
        {
            consent["provision"] = Provision(0);
        }

        if (Chance(5))
        {
            consent["policyRule"] = Concept(ConsentText.ActCode, Pick("OPTIN", "OPTOUT"));
        }

        if (Chance(40))
        {
            consent["modifierExtension"] = Modifier();
        }

        return consent;
    }

    public JsonObject Provision(int depth, string? type = null)
    {
        var provision = new JsonObject();
        if (type is not null || depth > 0 || !Chance(6))
        {
            provision["type"] = type ?? Pick("permit", "permit", "deny");
        }

        Some(provision, 5, "period", Period);
        Many(provision, 2, "actor", Actor);
        Many(provision, 6, "action", () => Chance(12) ? Concept("urn:x", "look") : Concept("urn:x", Pick("access", "use", "disclose", "collect", "correct")));
        Many(provision, 2, "purpose", () => Chance(15) ? Coding("urn:example:purposes", "FooBar") : Coding(ConsentText.Reason, Pick(Purposes)));
        Many(provision, 3, "securityLabel", Label);
        Many(provision, 3, "class", Class);
        Many(provision, 6, "code", () => Chance(12) ? new JsonObject { ["text"] = "words" } : Concept(ConsentText.Loinc, Pick(Codes)));
        Some(provision, 6, "dataPeriod", Period);
        Many(provision, 5, "data", Data);
        if (Chance(40))
        {
            provision["modifierExtension"] = Modifier();
        }

        if (depth < 3 && Chance(2))
        {
            provision["provision"] = new JsonArray([.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Provision(depth + 1))]);
        }

        foreach (var action in provision["action"]?.AsArray() ?? [])
        {
            var coding = action!["coding"]![0]!;
            coding["system"] = (string)coding["code"]! == "look" ? "urn:x" : "http://terminology.hl7.org/CodeSystem/consentaction";
        }

        return provision;
    }

    public AccessRequest Request()
    {
        var role = Pick(CallerRole.Clinician, CallerRole.Clinician, CallerRole.Clinician, CallerRole.System, CallerRole.System, CallerRole.Patient, CallerRole.Regulator);
        var purpose = Pick(PurposeOfUse.Treatment, PurposeOfUse.Treatment, PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass, PurposeOfUse.Research, PurposeOfUse.Operations, PurposeOfUse.Compliance);
        var caller = new Caller
        {
            ClientId = "client", Role = role, Purposes = [purpose], Scopes = [],
            Organization = Chance(5) ? null : Pick("Organization/a", "Organization/b"),
            FhirUser = Chance(2) ? Pick("Practitioner/x", "Practitioner/y") : null,
            Patient = Pick("p1", "p2", null),
        };
        var date = ReferenceDecision.Dates[Pick([.. ReferenceDecision.Dates.Keys])];
        var time = Pick(ConsentText.Noon, ConsentText.Noon, new(date.First, TimeSpan.Zero), new(date.Last, TimeSpan.Zero), new(date.Last.AddSeconds(1), TimeSpan.Zero));
        var request = AccessRequest.For(caller, purpose, time, Chance(2) ? (Chance(2) ? ["Group/g"] : []) : null);
        return Chance(6) ? request with { Action = Pick(Enum.GetValues<ConsentAction>()) } : request;
    }

    public RecordAttributes Record()
    {
        var itself = Pick(Records).Split('/');
        var date = ReferenceDecision.Dates[Pick([.. ReferenceDecision.Dates.Keys])];
        return new RecordAttributes
        {
            Type = itself[0],
            Id = itself[1],
            Custodian = Pick("Organization/a", "Organization/b", "Organization/b", null, null),
            Codings = Chance(2) ? [ConsentText.Loinc + "|" + Pick(Codes)] : default,
            SecurityLabels = Chance(4) ? default
                : [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(Labels)).Select(l => (l.Length == 1 ? ConsentText.Confidential : ConsentText.ActCode) + "|" + l),
                    .. Chance(9) ? [ConsentText.Confidential + "|X"] : Array.Empty<string>()],
            ClinicalTime = Chance(4) ? null : new TimeInterval(new(date.First, TimeSpan.Zero), new(date.Last.AddSeconds(1), TimeSpan.Zero)),
            Authors = Chance(2) ? [Pick(References)] : default,
            Encounter = Chance(2) ? "Encounter/e1" : null,
            References = Chance(2) ? [Pick(Records)] : default,
            Profiles = Chance(3) ? ["urn:example:profile"] : default,
        };
    }

    public ConsentPolicy Policy() => new() { Implicit = Pick(Enum.GetValues<ImplicitPolicy>()), Custodian = Chance(2), Emergency = Chance(2) };

    public T Pick<T>(params T[] values) => values[random.Next(values.Length)];

    /// <summary>True once in <paramref name="n"/> times.</summary>
    public bool Chance(int n) => random.Next(n) == 0;

    /// <summary>All provisions of a consent, in no special order.</summary>
    public static List<JsonObject> Provisions(JsonObject consent)
    {
        var found = new List<JsonObject>();
        void Walk(JsonObject provision)
        {
            found.Add(provision);
            foreach (var nested in provision["provision"]?.AsArray() ?? [])
            {
                Walk(nested!.AsObject());
            }
        }

        if (consent["provision"] is JsonObject root)
        {
            Walk(root);
        }

        return found;
    }

    public static ConsentState State(IEnumerable<JsonObject> consents) =>
        new(ConsentText.Patient, 1, consents.Select(c => ConsentText.Compile(Encoding.UTF8.GetBytes(c.ToJsonString()))));

    public static JsonArray Modifier() => [new JsonObject { ["url"] = "urn:example:unknown", ["valueBoolean"] = true }];

    private JsonObject Actor() => new()
    {
        ["role"] = Concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", Chance(15) ? "CST" : Pick("IRCP", "PRCP")),
        ["reference"] = new JsonObject { ["reference"] = Chance(20) ? "https://elsewhere.example/Organization/a" : Pick(References) },
    };

    private JsonObject Label()
    {
        var label = Chance(15) ? "Z" : Pick(Labels);
        return Coding(label.Length == 1 ? ConsentText.Confidential : ConsentText.ActCode, label);
    }

    private JsonObject Class() => Chance(15) ? Coding("http://hl7.org/fhir/resource-types", "observation")
        : Chance(5) ? Coding("urn:ietf:rfc:3986", "urn:example:profile")
        : Coding("http://hl7.org/fhir/resource-types", Pick("Observation", "Condition"));

    private JsonObject Data()
    {
        var meaning = Pick("instance", "related", "dependents", "authoredby");
        return new JsonObject
        {
            ["meaning"] = meaning,
            ["reference"] = new JsonObject { ["reference"] = meaning == "authoredby" ? Pick(References) : Pick(Records) },
        };
    }

    private JsonObject Period()
    {
        var period = new JsonObject();
        var start = Pick([.. ReferenceDecision.Dates.Keys]);
        var end = Pick([.. ReferenceDecision.Dates.Keys]);
        if (!Chance(3))
        {
            period["start"] = start;
        }

        if (!Chance(3) && (!period.ContainsKey("start") || ReferenceDecision.Dates[start].First <= ReferenceDecision.Dates[end].Last))
        {
            period["end"] = end;
        }

        return period;
    }

    private void Many(JsonObject provision, int n, string name, Func<JsonObject> value)
    {
        if (Chance(n))
        {
            provision[name] = new JsonArray([.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => value())]);
        }
    }

    private void Some(JsonObject provision, int n, string name, Func<JsonObject> value)
    {
        if (Chance(n))
        {
            provision[name] = value();
        }
    }

    private static JsonObject Coding(string system, string code) => new() { ["system"] = system, ["code"] = code };

    private static JsonObject Concept(string system, string code) => new() { ["coding"] = new JsonArray(Coding(system, code)) };
}
