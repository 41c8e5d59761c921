using System.Text;
using HealthLedger.Access;
using HealthLedger.Consents;

namespace HealthLedger.Tests.Consents;

/// <summary>Consents, callers and records, short to write.</summary>
internal static class ConsentText
{
    public const string Patient = "Patient/p1";
    public const string Reason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    public const string Confidential = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    public const string ActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    public const string Loinc = "http://loinc.org";

    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A Consent of p1 around a root provision, both in JSON; <paramref name="more"/> are further members, each with a comma before it.</summary>
    public static byte[] Json(string? provision, string id = "c1", string status = "active", string scope = "patient-privacy", string more = "") =>
        Encoding.UTF8.GetBytes($$"""
            {"resourceType":"Consent","id":"{{id}}","meta":{"versionId":"3"},"status":"{{status}}",
             "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"{{scope}}"}]},
             "category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],
             "patient":{"reference":"{{Patient}}"},"dateTime":"2026-01-01","policy":[{"uri":"urn:example:policy"}]
             {{more}}{{(provision is null ? "" : ",\"provision\":" + provision)}}}
            """);

    public static ConsentDirective Compile(byte[] json) => Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(json)).Directive;

    public static ConsentDirective Directive(string provision, string id = "c1", string status = "active", string scope = "patient-privacy", string more = "") =>
        Compile(Json(provision, id, status, scope, more));

    public static ConsentState State(params ConsentDirective[] directives) => new(Patient, 7, directives);

    public static string Actor(string reference, string role = "IRCP") =>
        $$$"""{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"{{{role}}}"}]},"reference":{"reference":"{{{reference}}}"}}""";

    public static string Coding(string system, string code) => $$"""{"system":"{{system}}","code":"{{code}}"}""";

    public static string Purpose(string code) => Coding(Reason, code);

    public static string Label(string code) => Coding(code.Length == 1 ? Confidential : ActCode, code);

    public static string Type(string type) => Coding("http://hl7.org/fhir/resource-types", type);

    public static AccessRequest Request(
        string? organization = "Organization/a", PurposeOfUse purpose = PurposeOfUse.Treatment, string? person = null, DateTimeOffset? time = null,
        CallerRole role = CallerRole.Clinician) =>
        AccessRequest.For(
            new Caller { ClientId = "client", Organization = organization, FhirUser = person, Role = role, Purposes = [purpose], Scopes = [] },
            purpose,
            time ?? Noon);

    public static RecordAttributes Record(string type = "Observation", string id = "o1", params string[] labels) =>
        new() { Type = type, Id = id, SecurityLabels = [.. labels.Select(l => (l.Length == 1 ? Confidential : ActCode) + "|" + l)] };

    public static ConsentDecision Decide(ConsentPolicy policy, AccessRequest request, RecordAttributes record, params ConsentDirective[] directives) =>
        new CombiningRule(policy).Decide(State(directives), request, record);

    public static ConsentDecision Decide(AccessRequest request, RecordAttributes record, params ConsentDirective[] directives) =>
        Decide(new ConsentPolicy(), request, record, directives);
}
