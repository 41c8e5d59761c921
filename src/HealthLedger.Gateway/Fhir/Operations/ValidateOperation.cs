using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using Microsoft.AspNetCore.WebUtilities;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>$validate</c> (http://hl7.org/fhir/R4/resource-operation-validate.html): what a resource in the body is against R4, the profiles it claims and those that are asked
/// for. It looks at nothing stored, so anyone who is signed in may ask, and nothing is recorded. That something is wrong with the resource is a good answer: 200.
/// </summary>
internal sealed class ValidateOperation(ProfileValidator validator) : IFhirOperation
{
    private const int MostProfiles = 8;

    public string Name => "validate";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Resource-validate";

    public OperationLevels Levels => OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => false;

    public bool IsOn(string resourceType) => true;

    public async Task Answer(OperationCall call)
    {
        var (content, fault) = await FhirContent.Read(call.Http);
        if (content is null)
        {
            await call.Http.Fault(fault!);
            return;
        }

        var asked = Asked.Of(content, call);
        if (asked.Fault is { } wrong)
        {
            await call.Http.Fault(wrong);
            return;
        }

        var issues = asked.Resource is { } wrapped
            ? [.. validator.Validate(wrapped, call.Type, asked.Profiles, withWarnings: true).Issues.Select(i => i with { Line = 0, Column = 0 })]
            : content.Validate(validator, call.Type, asked.Profiles, withWarnings: true).Issues;
        await call.Http.Json(StatusCodes.Status200OK, OperationOutcomeJson.From([.. issues]));
    }

    /// <summary>What a request asks: by query, or by a Parameters resource around the resource.</summary>
    private sealed record Asked(FhirFault? Fault, IReadOnlyList<string> Profiles, ReadOnlyMemory<byte>? Resource)
    {
        public static Asked Of(FhirContent content, OperationCall call)
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
            try
            {
                using var document = JsonDocument.Parse(content.Json, new JsonDocumentOptions { MaxDepth = ResourceValidator.MaxDepth });
                var root = document.RootElement;
                if (IsWrapper(root))
                {
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

                    if (wrapped is null)
                    {
                        return Refused("Send the resource to validate, as the body or as the parameter resource: what is stored is not validated again.", IssueType.NotSupported);
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

            if (mode is not (null or "create" or "update" or "profile"))
            {
                return Refused("mode is create, update or profile; whether a record may be deleted is told by deleting it.", IssueType.NotSupported);
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
                : new(null, profiles, wrapped);
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
