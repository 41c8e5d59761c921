using System.Text.RegularExpressions;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

/// <summary>
/// Two gateways under one fixed clock that hold the same records for the clinic, the researcher and the stranger to see. The second one holds more, of every
/// kind that none of them may see: whole patients, records beside visible ones, earlier versions, deleted ones, consents, records of no patient.
/// </summary>
public sealed partial class TwoWorlds : IAsyncLifetime
{
    /// <summary>Ids of records that only the second world has and that nobody but their keeper may see.</summary>
    public static readonly (string Type, string Id)[] Hidden =
    [
        ("Patient", "hidden-patient"), ("Observation", "hidden-pulse"), ("Observation", "hidden-changed"), ("Observation", "hidden-deleted"), ("Patient", "hidden-deleted-patient"),
        ("Observation", "hidden-by-label"), ("Condition", "hidden-by-class"), ("Appointment", "hidden-shared"), ("Consent", "hidden-consent"), ("Consent", "hidden-withdrawn-consent"),
        ("Questionnaire", "hidden-questionnaire"), ("Observation", "hidden-of-nobody"), ("Observation", "was-visible"),
        ("Binary", "hidden-binary"), ("ValueSet", "hidden-set"), ("CodeSystem", "hidden-system"), ("ConceptMap", "hidden-map"),
    ];

    private readonly TestClock _clock = new();

    internal TestGateway Less { get; private set; } = null!;

    internal TestGateway More { get; private set; } = null!;

    async Task IAsyncLifetime.InitializeAsync()
    {
        Less = await TestGateway.Start(_clock);
        More = await TestGateway.Start(_clock);
        await Populate(Less, More);
    }

    /// <summary>Makes two worlds of two new gateways.</summary>
    internal static async Task Populate(TestGateway less, TestGateway more)
    {
        await Common(less);
        await Common(more);
        await Extra(more);
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await Less.DisposeAsync();
        await More.DisposeAsync();
    }

    /// <summary>What may differ is taken out: receipt, date, request id, cursor ciphertext, random ids and the server's own address; lengths are kept.</summary>
    internal static string Normal(TestGateway world, Answer answer)
    {
        var headers = answer.Headers
            .OrderBy(h => h.Key, StringComparer.Ordinal)
            .Select(h => h.Key.ToUpperInvariant() switch
            {
                "DATE" => "Date",
                "X-REQUEST-ID" or "X-LEDGER-RECEIPT" => $"{h.Key}: {h.Value.Length} characters",
                _ => $"{h.Key}: {Plain(world, h.Value)}",
            });
        return $"{answer.Status}\n{string.Join('\n', headers)}\nledger entries: {answer.Growth}\n{Plain(world, answer.Text)}";
    }

    private static string Plain(TestGateway world, string text) =>
        ServerId().Replace(Cursor().Replace(text.Replace(world.Host.Url, "BASE", StringComparison.Ordinal), m => $"{m.Length}"), "ID");

    private static async Task Common(TestGateway world)
    {
        (await world.Put(Hospital, "Practitioner/doctor", Records.Practitioner("doctor", "Doctorow"))).Is(201);
        (await world.Put(Hospital, "Patient/open", Records.Patient("open", "Openshaw"))).Is(201);
        (await world.Put(Hospital, "Patient/partial", Records.Patient("partial", "Partridge", "male", "1951-02-03")
            .With("generalPractitioner", new System.Text.Json.Nodes.JsonArray(Records.Reference("Practitioner/doctor"))))).Is(201);
        (await world.Put(Hospital, "Patient/studied", Records.Patient("studied", "Studley"))).Is(201);
        foreach (var patient in new[] { "open", "partial", "studied" })
        {
            for (var i = 0; i < 5; i++)
            {
                var id = $"{patient}-pulse-{i}";
                (await world.Put(Hospital, "Observation/" + id, Records.Observation(id, patient, value: 60 + i, date: $"2026-03-0{i + 1}"))).Is(201);
            }
        }

        // Records that lead to others, some of which only the other world has.
        foreach (var (id, partOf) in new[] { ("house", null), ("ward", "house") })
        {
            var location = new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Location", ["id"] = id, ["name"] = id == "house" ? "House" : "Ward", ["position"] = new System.Text.Json.Nodes.JsonObject { ["latitude"] = 50.9413, ["longitude"] = 6.958139 } };
            (await world.Put(Hospital, "Location/" + id, partOf is null ? location : location.With("partOf", Records.Reference("Location/" + partOf)))).Is(201);
        }

        (await world.Put(Hospital, "Encounter/open-visit", Records.Encounter("open-visit", "open"))).Is(201);
        (await world.Put(Hospital, "Observation/open-linked", Records.Observation("open-linked", "open", value: 70)
            .With("encounter", Records.Reference("Encounter/open-visit"))
            .With("performer", new System.Text.Json.Nodes.JsonArray(Records.Reference("Practitioner/doctor")))
            .With("focus", new System.Text.Json.Nodes.JsonArray(Records.Reference("Patient/hidden-patient"), Records.Reference("Patient/partial")))
            .With("hasMember", new System.Text.Json.Nodes.JsonArray([.. new[] { "hidden-pulse", "open-pulse-1", "hidden-by-label", "partial-pulse-1", "hidden-of-nobody" }.Select(o => Records.Reference("Observation/" + o))])))).Is(201);
        (await world.Put(Hospital, "List/open-list", Records.List("open-list", "open", "Observation/open-pulse-1", "Observation/hidden-pulse", "Observation/partial-pulse-1", "Observation/hidden-by-label", "Patient/hidden-patient", "Patient/open"))).Is(201);
        (await world.Put(Hospital, "Provenance/open-provenance", Records.Provenance("open-provenance", "Patient/open", "Observation/open-pulse-1", "Observation/hidden-pulse"))).Is(201);
        (await world.Put(Hospital, "Condition/open-condition", Records.Condition("open-condition", "open"))).Is(201);
        (await world.Put(Hospital, "Appointment/both", Records.Shared("both", "open", "partial"))).Is(201);
        (await world.Put(Hospital, "Consent/open-consent", Records.Consent("open-consent", "open", Records.Permit()))).Is(201);
        (await world.Put(Hospital, "Consent/partial-consent", Records.Consent("partial-consent", "partial", Records.Permit().Except(
            Records.Provision("deny").WithLabel("R"), Records.Provision("deny").WithClass("Condition"))))).Is(201);
        (await world.Put(Hospital, "Consent/studied-consent", Records.Consent("studied-consent", "studied", Records.Permit(purpose: "HRESCH")))).Is(201);
        (await world.Put(Hospital, "Group/open-group", Records.Group("open-group", "open", "partial"))).Is(201);
        foreach (var client in new[] { Clinic, Stranger, Researcher, Narrow, Auditor, Operator })
        {
            await world.Token(client);
        }
    }

    private static async Task Extra(TestGateway world)
    {
        // A patient who looks like the visible ones in every way, and records like theirs.
        (await world.Put(Hospital, "Patient/hidden-patient", Records.Patient("hidden-patient", "Openshaw"))).Is(201);
        (await world.Put(Hospital, "Observation/hidden-pulse", Records.Observation("hidden-pulse", "hidden-patient", value: 61))).Is(201);
        for (var i = 0; i < 3; i++)
        {
            (await world.Put(Hospital, "Observation/hidden-changed", Records.Observation("hidden-changed", "hidden-patient", value: i))).Is(i == 0 ? 201 : 200);
        }

        (await world.Put(Hospital, "Observation/hidden-deleted", Records.Observation("hidden-deleted", "hidden-patient"))).Is(201);
        (await world.Delete(Hospital, "Observation/hidden-deleted")).Is(204);
        (await world.Put(Hospital, "Patient/hidden-deleted-patient", Records.Patient("hidden-deleted-patient", "Openshaw"))).Is(201);
        (await world.Delete(Hospital, "Patient/hidden-deleted-patient")).Is(204);
        for (var i = 0; i < 30; i++)
        {
            (await world.Post(Hospital, "Patient", Records.Patient(null, "Openshaw"))).Is(201);
        }

        (await world.SendBytes(Hospital, "PUT", "Binary/hidden-binary", "hidden"u8.ToArray(), "text/plain", ("X-Security-Context", "Patient/hidden-patient"))).Is(201);

        // Beside visible records of a visible patient.
        (await world.Put(Hospital, "Observation/hidden-by-label", Records.Observation("hidden-by-label", "partial", label: "R"))).Is(201);
        (await world.Put(Hospital, "Observation/hidden-by-label", Records.Observation("hidden-by-label", "partial", value: 5, label: "R"))).Is(200);
        (await world.Put(Hospital, "Condition/hidden-by-class", Records.Condition("hidden-by-class", "partial"))).Is(201);
        (await world.Put(Hospital, "Appointment/hidden-shared", Records.Shared("hidden-shared", "open", "hidden-patient"))).Is(201);
        (await world.Put(Hospital, "Observation/was-visible", Records.Observation("was-visible", "open"))).Is(201);
        (await world.Delete(Hospital, "Observation/was-visible")).Is(204);

        // Hidden records that lead to visible ones.
        (await world.Put(Hospital, "Patient/hidden-patient", Records.Patient("hidden-patient", "Openshaw")
            .With("generalPractitioner", new System.Text.Json.Nodes.JsonArray(Records.Reference("Practitioner/doctor")))
            .With("link", new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["other"] = Records.Reference("Patient/open"), ["type"] = "seealso" })))).Is(200);
        (await world.Put(Hospital, "Observation/hidden-referring", Records.Observation("hidden-referring", "partial", value: 99, label: "R")
            .With("encounter", Records.Reference("Encounter/open-visit"))
            .With("performer", new System.Text.Json.Nodes.JsonArray(Records.Reference("Practitioner/doctor")))
            .With("focus", new System.Text.Json.Nodes.JsonArray(Records.Reference("Patient/open")))
            .With("hasMember", new System.Text.Json.Nodes.JsonArray(Records.Reference("Observation/open-pulse-1"), Records.Reference("Observation/partial-pulse-1"))))).Is(201);
        (await world.Put(Hospital, "Encounter/hidden-visit", Records.Encounter("hidden-visit", "hidden-patient").With("partOf", Records.Reference("Encounter/open-visit")))).Is(201);
        (await world.Put(Hospital, "List/hidden-list", Records.List("hidden-list", "hidden-patient", "Observation/open-pulse-1", "Observation/partial-pulse-1", "Patient/open"))).Is(201);
        (await world.Put(Hospital, "Provenance/hidden-provenance", Records.Provenance("hidden-provenance", "Patient/hidden-patient", "Observation/open-pulse-1", "Patient/open"))).Is(201);
        (await world.Put(Hospital, "Group/hidden-group", Records.Group("hidden-group", "open", "hidden-patient"))).Is(201);
        (await world.Put(Hospital, "Group/hidden-members", Records.Group("hidden-members", "hidden-patient"))).Is(201);

        // Consents that change nothing for the callers here.
        (await world.Put(Hospital, "Consent/hidden-consent", Records.Consent("hidden-consent", "open", Records.Permit("elsewhere")))).Is(201);
        (await world.Put(Hospital, "Consent/hidden-withdrawn-consent", Records.Consent("hidden-withdrawn-consent", "hidden-patient", Records.Permit()))).Is(201);
        (await world.Delete(Hospital, "Consent/hidden-withdrawn-consent")).Is(204);

        // In nobody's compartment.
        (await world.Put(Hospital, "Questionnaire/hidden-questionnaire", new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Questionnaire", ["id"] = "hidden-questionnaire", ["status"] = "active" })).Is(201);
        foreach (var (type, terminology) in new[]
        {
            ("ValueSet", """{"resourceType":"ValueSet","id":"hidden-set","url":"urn:hidden:set","status":"active","compose":{"include":[{"system":"urn:hidden:system","concept":[{"code":"a"}]}]}}"""),
            ("ConceptMap", """{"resourceType":"ConceptMap","id":"hidden-map","url":"urn:hidden:map","status":"active","group":[{"source":"urn:hidden:system","target":"urn:hidden:other","element":[{"code":"a","target":[{"code":"b","equivalence":"equal"}]}]}]}"""),
            ("CodeSystem", """{"resourceType":"CodeSystem","id":"hidden-system","url":"urn:hidden:system","status":"active","content":"complete","concept":[{"code":"a","concept":[{"code":"b"}]}]}"""),
        })
        {
            var node = System.Text.Json.Nodes.JsonNode.Parse(terminology)!;
            (await world.Put(Hospital, $"{type}/{node["id"]}", node)).Is(201);
        }

        var ofNobody = Records.Observation("hidden-of-nobody", "nobody");
        ofNobody.Remove("subject");
        (await world.Put(Hospital, "Observation/hidden-of-nobody", ofNobody)).Is(201);
    }

    [GeneratedRegex("(?<=_cursor=|\"next\":\")[A-Za-z0-9_-]+")]
    private static partial Regex Cursor();

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex ServerId();
}
