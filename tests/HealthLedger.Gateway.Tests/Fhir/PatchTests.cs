// http://hl7.org/fhir/R4/http.html#patch: JSON Patch, XML Patch (RFC 5261) and FHIRPath Patch on the version that the caller may see; what comes out is an update like any other.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class PatchTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string JsonPatch = "application/json-patch+json";
    private const string ToMale = """[{"op":"test","path":"/gender","value":"female"},{"op":"replace","path":"/gender","value":"male"}]""";
    private const string XmlPatch = "application/xml-patch+xml";
    private const string XmlToMale = """<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:gender[@value='female']/@value">male</replace></diff>""";
    private readonly TestGateway _gateway = hospital.Gateway;

    public static TheoryData<string, string> Kinds => new()
    {
        { JsonPatch, ToMale },
        { "application/fhir+json", """{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.gender"},{"name":"value","valueCode":"male"}]}]}""" },
        { XmlPatch, XmlToMale },
        { XmlPatch + "; charset=utf-8", XmlToMale },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_patch_makes_a_new_version_by_id_or_by_a_condition(string type, string patch)
    {
        var name = "Patched" + Guid.NewGuid().ToString("N");
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name))).Is(201);
        var patched = (await Patch(Hospital, "Patient/" + made.Id, patch, type)).Is(200);
        Assert.Equal(("male", "W/\"2\"", made.Id), (patched.Json["gender"]!.GetValue<string>(), patched.Headers["ETag"], patched.Id));
        Assert.Equal(patched.Body, (await _gateway.Get(Hospital, "Patient/" + made.Id)).Is(200).Body);
        Assert.NotNull(patched.Receipt);

        var other = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, name + "Other"))).Is(201);
        (await Patch(Hospital, $"Patient?identifier=urn:mrn|mrn-{name}Other", patch, type)).Is(200);
        Assert.Equal("male", (await _gateway.Get(Hospital, "Patient/" + other.Id)).Json["gender"]!.GetValue<string>());
        (await Patch(Hospital, $"Patient?identifier=urn:mrn|mrn-{name}Nobody", patch, type)).IsFault(404, "not-found");
        (await Patch(Hospital, "Patient?gender=female,male", patch, type)).IsFault(412, "multiple-matches");
    }

    [Fact]
    public async Task A_patch_that_does_not_fit_changes_nothing_and_tells_no_value()
    {
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Misfit"))).Is(201);
        var path = "Patient/" + made.Id;
        (await Patch(Hospital, path, """[{"op":"test","path":"/gender","value":"male"}]""")).IsFault(422, "processing", "female");
        (await Patch(Hospital, path, """[{"op":"add","path":"/zebedee","value":1}]""")).Is(422);
        (await Patch(Hospital, path, """[{"op":"replace","path":"/gender","value":"unheard-of"}]""")).IsFault(422, "code-invalid");
        (await Patch(Hospital, path, """[{"op":"replace","path":"/id","value":"other"}]""")).IsFault(422, "business-rule");
        (await Patch(Hospital, path, """[{"op":"replace","path":"/resourceType","value":"Practitioner"}]""")).Is(422);
        (await Patch(Hospital, path, """[{"op":"replace","path":"","value":[]}]""")).Is(422);
        (await Patch(Hospital, path, ToMale, JsonPatch, ("If-Match", "W/\"7\""))).IsFault(412, "conflict");
        const string Fhir = "<diff xmlns='http://hl7.org/fhir'>";
        (await Patch(Hospital, path, Fhir + "<remove sel=\"Patient/gender[@value='male']\"/></diff>", XmlPatch)).IsFault(422, "processing", "female");
        (await Patch(Hospital, path, Fhir + "<add sel='Patient'><active value='true'/></add></diff>", XmlPatch)).IsFault(422, "processing");
        (await Patch(Hospital, path, Fhir + "<replace sel='Patient/gender/@value'>unheard-of</replace></diff>", XmlPatch)).IsFault(422, "code-invalid");
        (await Patch(Hospital, path, Fhir + "<replace sel='Patient/id/@value'>other</replace></diff>", XmlPatch)).IsFault(422, "business-rule");
        var size = _gateway.LedgerSize;
        (await Patch(Hospital, path, "{}")).IsFault(400, "structure");
        (await Patch(Hospital, path, """{"resourceType":"Patient"}""", "application/fhir+json")).Is(400);
        (await Patch(Hospital, path, "<diff><remove sel='//gender'/></diff>", XmlPatch)).IsFault(400, "structure");
        (await Patch(Hospital, path, "<diff", XmlPatch)).IsFault(400, "structure");
        (await Patch(Hospital, path, "<diff/>", "application/xml-patch")).IsFault(415, "not-supported");
        foreach (var type in new[] { "application/json", "application/fhir+json" })
        {
            Assert.Contains("application/json-patch+json", (await Patch(Hospital, path, " " + ToMale, type)).IsFault(415, "not-supported").Text, StringComparison.Ordinal);
        }

        Assert.Equal(size, _gateway.LedgerSize);
        Assert.Equal(made.Body, (await _gateway.Get(Hospital, path)).Is(200).Body);
        (await Patch(Hospital, path, ToMale, JsonPatch, ("If-Match", "W/\"1\""), ("Prefer", "return=minimal"))).Is(200);
    }

    /// <summary>RFC 5789 section 2.2: which formats are taken is told in Accept-Patch; /fhir/metadata lists the same.</summary>
    [Fact]
    public async Task A_patch_of_another_format_is_told_which_formats_are_taken()
    {
        var answer = await _gateway.SendBytes(Hospital, "PATCH", "Patient/" + SmallHospital.Open, "{}"u8.ToArray(), "application/merge-patch+json");
        answer.IsFault(415, "not-supported");
        Assert.Equal((await _gateway.Get(Hospital, "metadata")).Json["patchFormat"]!.AsArray().Select(f => f!.GetValue<string>()), answer.Headers["Accept-Patch"].Split(", "));
    }

    [Fact]
    public async Task A_patch_of_what_may_not_be_seen_tells_nothing_and_of_what_another_keeps_changes_nothing()
    {
        foreach (var patch in new[] { ToMale, """[{"op":"test","path":"/gender","value":"male"}]""", """[{"op":"remove","path":"/zebedee"}]""", XmlToMale, XmlToMale.Replace("female", "male", StringComparison.Ordinal) })
        {
            var hidden = (await Patch(Clinic, "Patient/" + SmallHospital.Closed, patch, TypeOf(patch))).IsFault(404, "not-found");
            var absent = (await Patch(Clinic, "Patient/absent", patch, TypeOf(patch))).IsFault(404, "not-found");
            Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        }

        (await Patch(Clinic, "Patient/" + SmallHospital.Open, ToMale)).IsFault(403, "forbidden");
        Assert.Equal("female", (await _gateway.Get(Hospital, "Patient/" + SmallHospital.Open)).Json["gender"]!.GetValue<string>());
        var told = Facts(SmallHospital.Open).Where(f => f[FactField.Client] == Clinic).Select(f => f[FactField.Interaction]).ToList();
        Assert.Contains("read", told);
    }

    [Fact]
    public async Task A_patch_needs_the_scopes_to_read_and_to_update()
    {
        foreach (var (scope, status) in new[] { ("system/Patient.u", 403), ("system/Patient.r", 403), ("system/Patient.ru", 404) })
        {
            var token = (await _gateway.RequestToken(Hospital, scope)).Is(200).Json["access_token"]!.GetValue<string>();
            var request = new HttpRequestMessage(HttpMethod.Patch, "/fhir/Patient/absent") { Content = new StringContent(ToMale, Encoding.UTF8, JsonPatch) };
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
            (await _gateway.Send(request)).Is(status);
        }
    }

    [Fact]
    public async Task A_patched_consent_goes_the_road_of_consents()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Consenting"))).Is(201).Id;
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
        (await _gateway.Get(Clinic, "Patient/" + patient)).Is(200);
        (await Patch(Clinic, "Consent/" + consent, """[{"op":"replace","path":"/status","value":"inactive"}]""")).IsFault(404, "not-found");
        (await Patch(Hospital, "Consent/" + consent, """[{"op":"replace","path":"/status","value":"inactive"}]""")).Is(200);
        (await _gateway.Get(Clinic, "Patient/" + patient)).Is(404);
        Assert.Contains(Facts(patient), f => f[FactField.Reason] == "consent-withdrawn" && f[FactField.Interaction] == "patch");
        (await Patch(Hospital, "Consent/" + consent, """[{"op":"remove","path":"/patient"}]""")).Is(422);
    }

    [Fact]
    public async Task Patches_at_once_are_each_applied_to_what_the_other_left()
    {
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Busy"))).Is(201);
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Patch(Hospital, "Patient/" + made.Id, $$$"""[{"op":"add","path":"/name/-","value":{"family":"N{{{i}}}"}}]""")));
        Assert.All(answers, a => a.Is(200));
        Assert.Equal(4, (await _gateway.Get(Hospital, "Patient/" + made.Id)).Json["name"]!.AsArray().Count);
    }

    [Fact]
    public async Task Bundles_hold_patches_as_Binary_or_Parameters_all_or_nothing_in_a_transaction()
    {
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Bundled"))).Is(201);
        JsonObject Entry(string url, string patch, string? ifMatch = null) => Records.Entry("PATCH", url, new JsonObject
        {
            ["resourceType"] = "Binary",
            ["contentType"] = TypeOf(patch),
            ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
        }, ifMatch: ifMatch);
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", Records.Entry("GET", "Patient/" + made.Id), Entry("Patient/" + made.Id, ToMale), Records.Entry("POST", "Observation", Records.Observation(null, made.Id))))).Is(200);
        Assert.Equal(["200", "200", "201"], answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
        Assert.Equal("male", answer.Entries[0]["resource"]!["gender"]!.GetValue<string>());

        var refused = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", Records.Entry("DELETE", "Observation?patient=" + made.Id), Entry("Patient/" + made.Id, ToMale)))).IsFault(422, "processing");
        Assert.Contains("Bundle.entry[1]", refused.Places);
        Assert.Equal(1, (await _gateway.Get(Hospital, "Observation?patient=" + made.Id)).Total);
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Entry("Patient/" + made.Id, """[{"op":"add","path":"/active","value":true}]""", "W/\"1\"")))).IsFault(412, "conflict");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Entry("Patient/absent", ToMale)))).IsFault(404, "not-found");
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Entry("Patient/" + made.Id, ToMale), Records.Entry("DELETE", "Patient/" + made.Id)))).Is(422);

        var parameters = JsonNode.Parse("""{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.gender"}]}]}""");
        var batch = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch", Records.Entry("PATCH", "Patient/" + made.Id, parameters), Entry("Patient/" + made.Id, ToMale), Records.Entry("PATCH", "Patient/" + made.Id), Entry("Patient/absent", ToMale),
            Entry("Patient/" + made.Id, XmlToMale), Entry("Patient/" + made.Id, "<diff xmlns='http://hl7.org/fhir'><add sel='Patient/name' pos='after'><gender value='female'/></add></diff>"), Entry("Patient?_id=" + made.Id, XmlToMale), Entry("Patient/absent", XmlToMale)))).Is(200);
        Assert.Equal(["200", "422", "400", "404", "422", "200", "200", "404"], batch.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
    }

    private static string TypeOf(string patch) => patch.StartsWith('<') ? XmlPatch : JsonPatch;

    private Task<Answer> Patch(string client, string path, string patch, string type = JsonPatch, params (string, string)[] headers) =>
        _gateway.SendBytes(client, "PATCH", path, Encoding.UTF8.GetBytes(patch), type, headers);

    private List<Fact> Facts(string patient)
    {
        var ledger = _gateway.Host.Storage.Ledger;
        var chain = _gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!;
        return [.. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).TryGet(out var fact, out _) ? fact : throw new InvalidDataException("The fact cannot be read."))];
    }
}
