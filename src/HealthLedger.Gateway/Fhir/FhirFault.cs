using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Every answer of the FHIR API that is not success, as one table (docs/errors.md). A fault says what was wrong, where, and what to do; it never says
/// whether a record or a patient exists, and never repeats a value of a resource.
/// </summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Issues">At least one.</param>
internal sealed record FhirFault(int Status, IReadOnlyList<ValidationIssue> Issues)
{
    /// <summary>Refused and absent alike: the same bytes.</summary>
    public static readonly FhirFault NotThere = Of(404, IssueType.NotFound, "There is no such record, or none that this client may see.");

    public static readonly FhirFault Gone = Of(410, IssueType.Deleted, "This record was deleted; an earlier version is read by its number, at _history/VERSION.");

    public static readonly FhirFault LedgerUnavailable = Of(503, IssueType.Transient,
        "The ledger takes no entries now, and without an entry nothing is disclosed or changed. Try again shortly.");

    public static readonly FhirFault NotSignedIn = Of(401, IssueType.Login,
        "A valid access token is needed: Authorization: Bearer TOKEN, from the token endpoint in /fhir/.well-known/smart-configuration.");

    public static readonly FhirFault UnknownResourceType = Of(404, IssueType.NotSupported, "This is no resource type of FHIR R4.");

    public static readonly FhirFault NotTheirs = Forbidden("Another organization keeps this record; only it may change it.");
    public static readonly FhirFault UnknownOperation = Of(404, IssueType.NotSupported, "There is no such operation here; /fhir/metadata lists those of the system and of each type.");

    public static readonly FhirFault UnknownPath = Of(404, IssueType.NotSupported, "No interaction of FHIR R4 that is served here has this path; /fhir/metadata lists what is.");

    public static readonly FhirFault MethodNotSupported = Of(405, IssueType.NotSupported, "This interaction is not supported here; /fhir/metadata lists what is.");

    /// <summary>"405: the resource did not exist prior to the update, and the server does not allow client defined ids" (http://hl7.org/fhir/R4/http.html#rejecting-updates); of what is hidden the same.</summary>
    public static readonly FhirFault NothingToUpdate = Of(405, IssueType.NotFound, "There is no such record to update, or none that this client may see. A new one is made by POST, and the server gives it an id.");

    public static readonly FhirFault NotAcceptable = Of(406, IssueType.NotSupported, "The answer is application/fhir+json or application/fhir+xml, of FHIR 4.0 in UTF-8; ask for one of them, or for anything.");

    public static readonly FhirFault UnsupportedMediaType = Of(415, IssueType.NotSupported, "Send application/fhir+json or application/fhir+xml, of FHIR 4.0 in UTF-8.");

    public static readonly FhirFault EncodedBody = Of(415, IssueType.NotSupported, "A body comes as it is: leave out Content-Encoding, and do not compress.");

    public static readonly FhirFault BodyTooLarge = Of(413, IssueType.TooLong, "A body has at most 16 MiB. Send a smaller transaction.");

    public static readonly FhirFault PreconditionFailed = Of(412, IssueType.Conflict,
        "The record is not at the version that the request's condition names. Read it again and repeat the change on what you find.");

    public static readonly FhirFault SeveralMatch = Of(412, IssueType.MultipleMatches, "Several records match the condition, so none is taken for the one that is meant.");

    public static readonly FhirFault OtherId = Of(400, IssueType.Value, "The resource has another id than the record that the condition found. Leave the id out, or send that record's.");

    public static readonly FhirFault TooManyPatients = Of(403, IssueType.TooCostly,
        "The search spans more patients than one request may open. Name a patient, or narrow it.");

    public static readonly FhirFault StorageFull = Of(503, IssueType.Transient, "The storage has no room now. Nothing was disclosed or changed. Try again later.");

    public static readonly FhirFault KeysUnavailable = Of(503, IssueType.Transient, "The holder of the keys gives none out now. Nothing was disclosed or changed. Try again later.");

    public static readonly FhirFault Unexpected = Of(500, IssueType.Exception, "Something broke on our side. The request's id is in X-Request-Id; nothing was disclosed.");

    public static readonly FhirFault AnswerTooLarge = Of(422, IssueType.TooCostly,
        $"The answers to this Bundle would have more than {AnswerLimit.Maximum / 1024 / 1024} MiB together, so this one is left out, and the reads after it are not made. Send them in another Bundle, or ask for less, by _count, _elements or _summary.");

    /// <summary>What is wrong with a type in a URL; null for those that records are of.</summary>
    public static FhirFault? OfType(string type) =>
        FhirDefinitions.R4.RecordType(type) is not null ? null
        : FhirDefinitions.R4.ResourceType(type) is null ? UnknownResourceType
        : Of(404, IssueType.NotSupported, $"{type} go into operations and come out of them; FHIR R4 gives them no endpoint, and they are not stored.");

    /// <summary>A query beside an id, or at a create: passed over, it would let through what the client may have meant as a condition.</summary>
    public static readonly FhirFault NoQueryHere = BadRequest("A create, and a change of a record by its id, take no query but _format and _pretty. The condition of a create stands in If-None-Exist (request.ifNoneExist).", IssueType.Value);

    public static FhirFault Forbidden(string message) => Of(403, IssueType.Forbidden, message);

    /// <summary>The scopes are lacking for any of these types.</summary>
    /// <param name="doing">What the scopes would allow, such as "searching".</param>
    /// <param name="types">The types, of which one would do; more than five are not named.</param>
    /// <param name="use">What the types are in the request, beginning with a blank or a comma; empty where they are what it asks for.</param>
    public static FhirFault NoScope(string doing, IReadOnlyCollection<string> types, string use = "") =>
        Forbidden($"No scope of this token covers {doing} {(types.Count > 5 ? "any of the types that it may be" : string.Join(" or ", types))}{use}.");

    /// <summary>A parameter of the request is at fault, as R4 names those of HTTP: <c>http.</c> and its name (http://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.location).</summary>
    public static FhirFault Parameter(string name, string message, IssueType type = IssueType.Value) => BadRequest([new ValidationIssue(IssueSeverity.Error, type, $"{name}: {message}", Place(name))]);

    /// <summary>Where a parameter of the request is, for <see cref="ValidationIssue.Location"/>.</summary>
    public static string Place(string parameter) => parameter.Length == 0 ? "" : $"http.{parameter}";

    public static FhirFault BadRequest(string message, IssueType type = IssueType.Invalid) => Of(400, type, message);

    public static FhirFault BadRequest(IReadOnlyList<ValidationIssue> issues) => new(400, issues);

    /// <summary>A status as Bundle.entry.response.status has it.</summary>
    public static string Text(int status) => status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public static FhirFault Of(int status, IssueType type, string message) =>
        new(status, [new ValidationIssue(IssueSeverity.Error, type, message, "")]);
}
