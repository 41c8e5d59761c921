using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Consents;

namespace HealthLedger.Tests.Consents;

/// <summary>
/// The combining rule of docs/consent.md once more, slowly and straight from the JSON: no compilation, no shared code with the engine. What a provision
/// leaves open is looked up along the path to the root each time. Times come from a table, so that no parser is shared either.
/// </summary>
internal sealed class ReferenceDecision(ConsentPolicy policy, AccessRequest request, RecordAttributes record)
{
    /// <summary>Every date the generator uses, with its first and its last second.</summary>
    public static readonly Dictionary<string, (DateTime First, DateTime Last)> Dates = new()
    {
        ["2025"] = (new(2025, 1, 1), new(2025, 12, 31, 23, 59, 59)),
        ["2026-11"] = (new(2026, 11, 1), new(2026, 11, 30, 23, 59, 59)),
        ["2026-11-20"] = (new(2026, 11, 20), new(2026, 11, 20, 23, 59, 59)),
        ["2026-11-20T12:00:00Z"] = (new(2026, 11, 20, 12, 0, 0), new(2026, 11, 20, 12, 0, 0)),
        ["2026-11-21T01:00:00+02:00"] = (new(2026, 11, 20, 23, 0, 0), new(2026, 11, 20, 23, 0, 0)),
    };

    private enum Truth
    {
        No,
        Unknown,
        Yes,
    }

    public (bool Permitted, string Reason) Decide(IReadOnlyList<JsonObject> consents)
    {
        if (request.Role is CallerRole.Regulator or CallerRole.Operator)
        {
            return (false, "role-excluded");
        }

        if (request.Role == CallerRole.Patient && request.OwnRecordOf == ConsentText.Patient)
        {
            return (true, "patient-access");
        }

        var cares = request.Role is CallerRole.Clinician or CallerRole.System;
        var emergency = Code(request.Purpose) is "ETREAT" or "BTG";
        var overrides = emergency && cares && policy.Emergency;
        var verdicts = consents.Where(Counts).Select(Verdict).ToList();
        if (verdicts.Contains("deny-named") || (verdicts.Contains("deny") && !overrides))
        {
            return (false, "consent-deny");
        }

        if (verdicts.Contains("deny"))
        {
            return (true, "emergency");
        }

        if (verdicts.Contains("permit"))
        {
            return (true, "consent-permit");
        }

        if (cares && policy.Custodian && request.Organization is not null && request.Organization == record.Custodian)
        {
            return (true, "custodian");
        }

        if (overrides)
        {
            return (true, "emergency");
        }

        if (verdicts.Contains("outside"))
        {
            return (false, "outside-permit");
        }

        var implied = policy.Implicit switch
        {
            ImplicitPolicy.PermitAll => cares,
            ImplicitPolicy.PermitTreatment => cares && Code(request.Purpose) == "TREAT",
            _ => false,
        };
        return implied ? (true, "implicit-permit") : (false, "implicit-deny");
    }

    private static string Code(PurposeOfUse purpose) => purpose switch
    {
        PurposeOfUse.Treatment => "TREAT",
        PurposeOfUse.EmergencyTreatment => "ETREAT",
        PurposeOfUse.BreakTheGlass => "BTG",
        PurposeOfUse.Payment => "HPAYMT",
        PurposeOfUse.Operations => "HOPERAT",
        PurposeOfUse.Research => "HRESCH",
        PurposeOfUse.PatientRequested => "PATRQT",
        PurposeOfUse.PublicHealth => "PUBHLTH",
        _ => "HCOMPL",
    };

    private static string Scope(JsonObject consent) => (string)consent["scope"]!["coding"]![0]!["code"]!;

    private static bool Counts(JsonObject consent) => (string)consent["status"]! == "active" && Scope(consent) is not ("treatment" or "adr");

    private string Verdict(JsonObject consent)
    {
        if (consent["provision"] is not JsonObject root)
        {
            return "nothing";
        }

        var verdict = Branch(consent, [root]);
        if (verdict != "nothing")
        {
            return verdict;
        }

        return Type(consent, [root]) == "permit" && Speaks(consent, [root], permit: true) ? "outside" : "nothing";
    }

    private string Branch(JsonObject consent, List<JsonObject> path)
    {
        var own = Own(consent, path);
        var below = path[^1]["provision"] is JsonArray nested ? nested.Select(n => Branch(consent, [.. path, n!.AsObject()])).ToList() : [];
        if (below.Contains("deny-named") || (below.Contains("deny") && own == "deny-named"))
        {
            return "deny-named";
        }

        return below.Contains("deny") ? "deny" : below.Contains("permit") ? "permit" : own;
    }

    private string Own(JsonObject consent, List<JsonObject> path)
    {
        var type = Type(consent, path);
        if (type is null)
        {
            return "nothing";
        }

        var modified = consent.ContainsKey("modifierExtension") || consent.ContainsKey("implicitRules") || path.Any(p => p.ContainsKey("modifierExtension"));
        if (type == "permit")
        {
            return !modified && Scope(consent) is "patient-privacy" or "research" && Elements(consent, path).All(e => e.All(v => v != Truth.Unknown))
                && Speaks(consent, path, permit: true) && Fits(consent, path, permit: true)
                ? "permit"
                : "nothing";
        }

        if (modified ? !InPeriods(path) : !(Speaks(consent, path, permit: false) && Fits(consent, path, permit: false)))
        {
            return "nothing";
        }

        var named = Values(consent, path, "purpose")?.Select(p => Is(p!, ConsentText.Reason) ? (string)p!["code"]! : "") ?? [];
        var asked = Code(request.Purpose);
        return asked is "ETREAT" or "BTG" && named.Any(n => n == asked || n == "ETREAT") ? "deny-named" : "deny";
    }

    private static string? Type(JsonObject consent, List<JsonObject> path) =>
        (string?)path[^1]["type"]
        ?? (path.Count == 1 && (string?)consent["policyRule"]?["coding"]?[0]?["code"] == "OPTOUT" ? "deny" : null);

    private bool Speaks(JsonObject consent, List<JsonObject> path, bool permit) =>
        InPeriods(path) && new[] { "purpose", "action", "actor" }.All(name => Holds(consent, path, name, permit));

    private bool Fits(JsonObject consent, List<JsonObject> path, bool permit) =>
        new[] { "securityLabel", "class", "code", "dataPeriod", "data" }.All(name => Holds(consent, path, name, permit));

    private bool InPeriods(List<JsonObject> path) =>
        path.All(p => p["period"] is not JsonObject period
            || ((period["start"] is null || Dates[(string)period["start"]!].First <= request.Time.UtcDateTime)
                && (period["end"] is null || request.Time.UtcDateTime < Dates[(string)period["end"]!].Last.AddSeconds(1))));

    // A condition with a value nobody understands: a deny takes it as met. For a permit the question is only asked where silence is decided
    // ("outside"), and there it counts as met too.
    private bool Holds(JsonObject consent, List<JsonObject> path, string name, bool permit)
    {
        if (Values(consent, path, name) is not { } values)
        {
            return true;
        }

        var truths = values.Select(v => Value(name, v!, permit)).ToList();
        return truths.Contains(Truth.Unknown) || truths.Contains(Truth.Yes);
    }

    private IEnumerable<List<Truth>> Elements(JsonObject consent, List<JsonObject> path) =>
        new[] { "purpose", "action", "actor", "securityLabel", "class", "code", "data" }
            .Select(name => Values(consent, path, name)?.Select(v => Value(name, v!, permit: true)).ToList() ?? []);

    /// <summary>The values of an element: the provision's own, else those of the nearest provision above that states it; null where none does.</summary>
    private static List<JsonNode?>? Values(JsonObject consent, List<JsonObject> path, string name)
    {
        for (var i = path.Count - 1; i >= 0; i--)
        {
            if (path[i][name] is JsonArray array)
            {
                return [.. array];
            }

            if (path[i][name] is JsonObject single)
            {
                return [single];
            }
        }

        return name == "purpose" && Scope(consent) == "research" ? [new JsonObject { ["system"] = ConsentText.Reason, ["code"] = "HRESCH" }] : null;
    }

    private Truth Value(string name, JsonNode value, bool permit) => name switch
    {
        "purpose" => PurposeTruth(value, permit),
        "action" => ActionTruth((string)value["coding"]![0]!["code"]!, permit),
        "actor" => ActorTruth(value, permit),
        "securityLabel" => LabelTruth(value, permit),
        "class" => ClassTruth(value),
        "code" => value["coding"] is null ? Truth.Unknown : When(value["coding"]!.AsArray().Any(c => List(record.Codings).Contains(Text(c!)))),
        "dataPeriod" => DataPeriodTruth(value, permit),
        _ => DataTruth(value),
    };

    private Truth PurposeTruth(JsonNode value, bool permit)
    {
        var code = (string)value["code"]!;
        var asked = Code(request.Purpose);
        if (!Is(value, ConsentText.Reason))
        {
            return Truth.Unknown;
        }

        return code switch
        {
            "HMARKT" => Truth.No,
            "CAREMGT" => When(!permit && asked == "HOPERAT"),
            "CLINTRCH" => When(!permit && asked == "HRESCH"),
            "TREAT" => When(asked == "TREAT" || (!permit && asked is ("ETREAT" or "BTG"))),
            "ETREAT" => When(asked == "ETREAT" || (!permit && asked == "BTG")),
            "HOPERAT" => When(asked == "HOPERAT" || (!permit && asked == "HCOMPL")),
            _ => When(asked == code),
        };
    }

    private Truth ActionTruth(string code, bool permit) => code switch
    {
        "access" => When(request.Action == ConsentAction.Access),
        "use" => When(request.Action == ConsentAction.Use || (!permit && request.Action == ConsentAction.Access)),
        "disclose" => When(request.Action == ConsentAction.Disclose || (!permit && request.Action == ConsentAction.Access)),
        "collect" => When(request.Action == ConsentAction.Collect),
        "correct" => When(request.Action == ConsentAction.Correct),
        _ => Truth.Unknown,
    };

    private Truth ActorTruth(JsonNode value, bool permit)
    {
        var reference = (string)value["reference"]!["reference"]!;
        if ((string)value["role"]!["coding"]![0]!["code"]! is not ("IRCP" or "PRCP") || reference.StartsWith("https:", StringComparison.Ordinal))
        {
            return Truth.Unknown;
        }

        var unresolved = reference.StartsWith("Group/", StringComparison.Ordinal) && !request.MembershipsResolved;
        return When(List(request.Actors).Contains(reference) || (!permit && unresolved));
    }

    private Truth LabelTruth(JsonNode value, bool permit)
    {
        const string Order = "ULMNRV";
        if (!Is(value, ConsentText.Confidential))
        {
            return When(List(record.SecurityLabels).Contains(Text(value)));
        }

        var degree = Order.IndexOf((string)value["code"]!, StringComparison.Ordinal);
        if (degree < 0)
        {
            return Truth.Unknown;
        }

        var carried = List(record.SecurityLabels).Where(l => l.StartsWith(ConsentText.Confidential + "|", StringComparison.Ordinal))
            .Select(l => Order.IndexOf(l[^1], StringComparison.Ordinal) is var at and >= 0 ? at : 99).ToList();
        return When(carried.Count > 0 && (permit ? carried.Max() <= degree : carried.Max() >= degree));
    }

    private Truth ClassTruth(JsonNode value) => ((string)value["system"]!, (string)value["code"]!) switch
    {
        ("http://hl7.org/fhir/resource-types", "Observation" or "Condition") => When((string)value["code"]! == record.Type),
        ("urn:ietf:rfc:3986", var profile) => When(List(record.Profiles).Contains(profile)),
        _ => Truth.Unknown,
    };

    private Truth DataPeriodTruth(JsonNode value, bool permit)
    {
        if (record.ClinicalTime is not { } time)
        {
            return When(!permit);
        }

        var first = value["start"] is null ? DateTime.MinValue : Dates[(string)value["start"]!].First;
        var last = value["end"] is null ? DateTime.MaxValue : Dates[(string)value["end"]!].Last.AddSeconds(1);
        var (from, until) = (time.From.UtcDateTime, time.Until.UtcDateTime);
        return When(permit ? first <= from && until <= last : first < until && from < last);
    }

    private Truth DataTruth(JsonNode value)
    {
        var reference = (string)value["reference"]!["reference"]!;
        var itself = reference == $"{record.Type}/{record.Id}";
        var refers = record.Encounter == reference || List(record.References).Contains(reference);
        return (string)value["meaning"]! switch
        {
            "instance" => When(itself),
            "related" => reference.StartsWith("Encounter/", StringComparison.Ordinal) ? When(itself || refers) : Truth.Unknown,
            "dependents" => When(itself || refers),
            _ => When(List(record.Authors).Contains(reference)),
        };
    }

    private static bool Is(JsonNode coding, string system) => (string?)coding["system"] == system;

    private static string Text(JsonNode coding) => $"{(string)coding["system"]!}|{(string)coding["code"]!}";

    private static IEnumerable<string> List(System.Collections.Immutable.ImmutableArray<string> values) => values.IsDefault ? [] : values;

    private static Truth When(bool condition) => condition ? Truth.Yes : Truth.No;
}
