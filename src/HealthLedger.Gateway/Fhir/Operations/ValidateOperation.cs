using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using Microsoft.AspNetCore.WebUtilities;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>$validate</c> (http://hl7.org/fhir/R4/resource-operation-validate.html): what a resource is against R4, the profiles it claims and those that are asked for. One in the body is judged without a look
/// at what is stored, so anyone who is signed in may ask, and nothing is recorded. Without one it is the record in the address, which is read like any other; with mode delete it is told whether the caller
/// may delete it. That something is wrong is a good answer: 200.
/// </summary>
internal sealed class ValidateOperation(ProfileValidator validator, Disclosure disclosure) : IFhirOperation
{
    private const int MostProfiles = 8;

    public string Name => "validate";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Resource-validate";

    public OperationLevels Levels => OperationLevels.System | OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => true;

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        FhirContent? content = null;
        if (HttpMethods.IsPost(call.Http.Request.Method) && (call.Http.Request.ContentType is not null || call.Http.Request.ContentLength is not (null or 0)))
        {
            (content, var fault) = await FhirContent.Read(call.Http);
            if (content is null)
            {
                return AskedOperation.Wrong(fault!);
            }
        }

        var asked = Asked.Of(content, call);
        if (asked.Fault is { } wrong)
        {
            return AskedOperation.Wrong(wrong);
        }

        if (!asked.IsOfStored)
        {
            return AskedOperation.Good(() => Told(call, asked.Resource is { } wrapped ? Judge(wrapped, call.Type, asked.Profiles) : content!.Validate(validator, call.Type, asked.Profiles, withWarnings: true).Issues));
        }

        return !call.Call.Covers(call.Type!, ScopeInteraction.Read) || (asked.IsDelete && !call.Call.Covers(call.Type!, ScopeInteraction.Delete))
            ? AskedOperation.Wrong(FhirFault.Forbidden(asked.IsDelete ? "This needs scopes that cover reading and deleting this type." : "No scope of this token covers reading this type."))
            : AskedOperation.Good(() => Stored(call, asked));
    }

    private IEnumerable<ValidationIssue> Judge(ReadOnlyMemory<byte> resource, string? type, IReadOnlyList<string> profiles) =>
        validator.Validate(resource, type, profiles, withWarnings: true).Issues.Select(i => i with { Line = 0, Column = 0 });

    /// <summary>The record in the address, for whoever may read it; with mode delete for whoever may delete records of its type at all.</summary>
    private async Task Stored(OperationCall call, Asked asked)
    {
        using var result = await disclosure.Disclose(FhirReads.Request(call.Call, new Target.Record(call.Type!, call.Id!, null)), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var record], Receipt: var receipt }:
                call.Http.Receipt(receipt);
                await Told(call, !asked.IsDelete ? Judge(record.Json, call.Type, asked.Profiles)
                    : record.IsKeptByCaller ? [] : [new(IssueSeverity.Error, IssueType.Forbidden, FhirFault.NotTheirs.Issues[0].Message, "")]);
                break;
            case DisclosureResult.Gone { Receipt: var receipt }:
                await call.Http.Fault(FhirFault.Gone, receipt);
                break;
            case DisclosureResult.NotThere { Receipt: var receipt }:
                await call.Http.Fault(FhirFault.NotThere, receipt);
                break;
            default:
                await call.Http.Fault(FhirFault.LedgerUnavailable);
                break;
        }
    }

    private static Task Told(OperationCall call, IEnumerable<ValidationIssue> issues) => call.Http.Json(StatusCodes.Status200OK, OperationOutcomeJson.From([.. issues]));

    /// <summary>What a request asks: by query, or by a Parameters resource around the resource.</summary>
    /// <param name="Fault">What is wrong with it.</param>
    /// <param name="Profiles">The profiles asked for.</param>
    /// <param name="Resource">The resource within Parameters; null where the body is the resource.</param>
    /// <param name="IsOfStored">True where it is about the record in the address.</param>
    /// <param name="IsDelete">True for mode delete.</param>
    private sealed record Asked(FhirFault? Fault, IReadOnlyList<string> Profiles, ReadOnlyMemory<byte>? Resource, bool IsOfStored = false, bool IsDelete = false)
    {
        public static Asked Of(FhirContent? content, OperationCall call)
        {
            var profiles = new List<string>();
            string? mode = null;
            foreach (var (name, values) in QueryHelpers.ParseQuery(call.Http.Request.QueryString.Value))
            {
                switch (name)
                {
                    case "profile":
                        profiles.AddRange(values.OfType<string>());
                        break;
                    case "mode":
                        mode = values.ToString();
                        break;
                    case not ("_format" or "_pretty"):
                        return Refused("$validate knows the parameters resource, mode and profile.", IssueType.NotSupported);
                }
            }

            ReadOnlyMemory<byte>? wrapped = null;
            string? id = null;
            var isBare = content is not null;
            try
            {
                using var document = JsonDocument.Parse(content?.Json ?? "null"u8.ToArray(), new JsonDocumentOptions { MaxDepth = ResourceValidator.MaxDepth });
                var root = document.RootElement;
                if (IsWrapper(root))
                {
                    isBare = false;
                    foreach (var parameter in root.GetProperty("parameter").EnumerateArray())
                    {
                        switch (Text(parameter, "name"))
                        {
                            case "resource" when parameter.TryGetProperty("resource", out var resource):
                                wrapped = Encoding.UTF8.GetBytes(resource.GetRawText());
                                id = Text(resource, "id");
                                break;
                            case "profile" when (Text(parameter, "valueCanonical") ?? Text(parameter, "valueUri") ?? Text(parameter, "valueUrl")) is { } profile:
                                profiles.Add(profile);
                                break;
                            case "mode" when (Text(parameter, "valueCode") ?? Text(parameter, "valueString")) is { } code:
                                mode = code;
                                break;
                            default:
                                return Refused("$validate knows the parameters resource, mode (a code) and profile (a canonical).", IssueType.NotSupported);
                        }
                    }
                }
                else if (root.ValueKind == JsonValueKind.Object)
                {
                    id = Text(root, "id");
                }
            }
            catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
            {
                // The second is how half a surrogate pair is told. Validation says where the text breaks off.
            }

            if (mode is not (null or "create" or "update" or "delete" or "profile"))
            {
                return Refused("mode is create, update, delete or profile.", IssueType.CodeInvalid);
            }

            var isDelete = mode == "delete";
            if (isDelete ? call.Id is null : wrapped is null && !isBare && (call.Id is null || mode is "create" or "update"))
            {
                return Refused(isDelete ? "mode delete is about a stored record: call it on [type]/[id]/$validate." : "Send the resource to validate, as the body or as the parameter resource, or name a stored one as [type]/[id]/$validate without a mode.", IssueType.Required);
            }

            if (mode == "profile" && profiles.Count == 0)
            {
                return Refused("mode profile needs the parameter profile.", IssueType.Required);
            }

            if (profiles.Count > MostProfiles)
            {
                return Refused($"At most {MostProfiles} profiles at once.", IssueType.TooCostly);
            }

            return call.Id is { } own && id is not null && id != own
                ? Refused("The resource's id must be the id in the URL.", IssueType.Value)
                : new(null, profiles, wrapped, isDelete || (wrapped is null && !isBare), isDelete);
        }

        private static Asked Refused(string message, IssueType type) => new(FhirFault.BadRequest(message, type), [], null);

        private static bool IsWrapper(JsonElement root) =>
            root.ValueKind == JsonValueKind.Object
            && Text(root, "resourceType") == "Parameters"
            && root.TryGetProperty("parameter", out var list)
            && list.ValueKind == JsonValueKind.Array
            && list.EnumerateArray().All(p => p.ValueKind == JsonValueKind.Object)
            && list.EnumerateArray().Any(p => Text(p, "name") is "resource" or "profile" or "mode");

        private static string? Text(JsonElement element, string name) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
