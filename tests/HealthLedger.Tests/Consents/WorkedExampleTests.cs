// Every example of docs/consent.md, read from the page itself.
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using HealthLedger.Access;
using HealthLedger.Consents;
using static HealthLedger.Tests.Consents.ConsentText;

namespace HealthLedger.Tests.Consents;

public sealed partial class WorkedExampleTests
{
    [Fact]
    public void Each_worked_example_comes_out_as_the_page_says()
    {
        var cases = 0;
        foreach (var example in Examples())
        {
            var directives = example["consents"]!.AsArray().Select((c, i) => Directive(Rule(c!.AsObject()).ToJsonString(), "c" + i)).ToArray();
            foreach (var entry in example["cases"]!.AsArray().Select(c => c!.AsObject()))
            {
                cases++;
                var policy = PolicyOf(entry["policy"]?.AsObject() ?? []);
                var (request, record) = (RequestOf(entry), RecordOf(entry["record"]?.AsObject() ?? []));
                var decision = Decide(policy, request, record, directives);
                Assert.True(decision.Reason.Code() == (string)entry["answer"]!, $"{entry.ToJsonString()} came out as {decision}");
                Assert.Equal((string?)entry["rule"] ?? decision.Rule, decision.Rule);
                Assert.Equal((string?)entry["consent"] ?? decision.Consent, decision.Consent);
                Assert.True(!decision.Permitted || new CombiningRule(policy).DecidePatient(State(directives), request).MayPermit);
            }
        }

        Assert.True(cases >= 45, $"the page has {cases} cases");
    }

    [Fact]
    public void The_page_has_a_row_for_every_reason() =>
        Assert.All(Enum.GetValues<DecisionReason>(), r => Assert.Contains($"`{r.Code()}`", Page()));

    [GeneratedRegex("```json example\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    private static IEnumerable<JsonObject> Examples() => Block().Matches(Page()).Select(m => JsonNode.Parse(m.Groups[1].Value)!.AsObject());

    private static string Page()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                return File.ReadAllText(Path.Combine(folder.FullName, "docs", "consent.md"));
            }
        }

        throw new FileNotFoundException("The repository's root was not found.");
    }

    private static JsonObject Rule(JsonObject sketch)
    {
        var type = sketch.ContainsKey("permit") ? "permit" : "deny";
        var rule = new JsonObject { ["type"] = type };
        foreach (var (name, values) in sketch[type]!.AsObject())
        {
            rule[name == "label" ? "securityLabel" : name] = name is "period" or "dataPeriod"
                ? new JsonObject { ["start"] = values![0]!.DeepClone(), ["end"] = values[1]!.DeepClone() }
                : new JsonArray([.. values!.AsArray().Select(v => JsonNode.Parse(Value(name, (string)v!)))]);
        }

        if (sketch["except"] is JsonArray exceptions)
        {
            rule["provision"] = new JsonArray([.. exceptions.Select(e => Rule(e!.AsObject()))]);
        }

        return rule;
    }

    private static string Value(string name, string value) => name switch
    {
        "actor" => Actor(value),
        "purpose" => Purpose(value),
        "label" => Label(value),
        "class" => value.Contains('|') ? Coding(value.Split('|')[0], value.Split('|')[1]) : Type(value),
        "code" => "{\"coding\":[" + Coding(value.Split('|')[0], value.Split('|')[1]) + "]}",
        "data" => $$$"""{"meaning":"{{{value.Split(' ')[0]}}}","reference":{"reference":"{{{value.Split(' ')[1]}}}"}}""",
        _ => throw new ArgumentException(name),
    };

    private static ConsentPolicy PolicyOf(JsonObject policy) =>
        ConsentPolicy.Parse((string?)policy["implicit"], (string?)policy["custodian"], (string?)policy["emergency"], out _)!;

    private static AccessRequest RequestOf(JsonObject entry)
    {
        var purpose = PurposeOfUseCodes.Parse((string?)entry["purpose"] ?? "TREAT")!.Value;
        var caller = new Caller
        {
            ClientId = "client", Purposes = [purpose], Scopes = [],
            Role = Enum.Parse<CallerRole>((string?)entry["role"] ?? "Clinician"),
            Organization = entry.ContainsKey("organization") ? (string?)entry["organization"] : "Organization/a",
            FhirUser = (string?)entry["person"],
            Patient = (string?)entry["patient"],
        };
        var time = entry["when"] is { } when ? DateTimeOffset.Parse((string)when!, System.Globalization.CultureInfo.InvariantCulture) : Noon;
        return AccessRequest.For(caller, purpose, time, entry["groups"] is JsonArray groups ? [.. groups.Select(g => (string)g!)] : null);
    }

    private static RecordAttributes RecordOf(JsonObject record)
    {
        TimeInterval? time = record["time"] is { } text && TimeInterval.TryParse((string)text!, out var interval) ? interval : null;
        return Record((string?)record["type"] ?? "Observation", (string?)record["id"] ?? "o1", [.. Texts(record["label"])]) with
        {
            Custodian = (string?)record["custodian"],
            Codings = [.. Texts(record["code"])],
            Encounter = (string?)record["encounter"],
            Authors = [.. Texts(record["author"])],
            ClinicalTime = time,
        };
    }

    private static IEnumerable<string> Texts(JsonNode? values) => values?.AsArray().Select(v => (string)v!) ?? [];
}
