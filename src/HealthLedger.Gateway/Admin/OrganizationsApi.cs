using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// Organizations, by which consents, clients and clinicians are tied together: <c>GET</c> and <c>POST /admin/organizations</c>, <c>GET</c> and <c>POST /admin/organizations/ID</c>. They are
/// Organization records of the directory, written and read on the same roads as all records, and kept by the operators together. One that is not in use any more is made inactive: consents name it.
/// </summary>
internal static class OrganizationsApi
{
    private const string Type = "Organization";
    private const int MaxListed = 500;
    private const int MaxName = 200;

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/organizations", (HttpContext http, OperatorActs acts, Disclosure disclosure, TimeProvider time) => Show(http, acts, disclosure, time, null));
        admin.MapGet("/organizations/{id}", Show);
        admin.MapPost("/organizations", Add);
        admin.MapPost("/organizations/{id}", Change);
    }

    private static async Task Add(HttpContext http, OperatorActs acts, RecordChange records, SmartUrls urls)
    {
        if (await http.ReadTexts(["id", "name"], []) is not { } given || !FhirId.IsValid(given["id"]) || given["id"] is "." or ".." || !IsName(given["name"]))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"id\": ID, \"name\": NAME}: an id of 1 to 64 letters, digits, - and ., and a name of 1 to 200 printable characters.");
            return;
        }

        await Write(http, acts, records, urls, "organization-registered", given["id"], given["name"], isActive: true, isNew: true);
    }

    private static async Task Change(HttpContext http, OperatorActs acts, RecordChange records, SmartUrls urls, string id)
    {
        if (await http.ReadTexts(["name", "active"], []) is not { } given || !IsName(given["name"]) || given["active"] is not ("yes" or "no"))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"name\": NAME, \"active\": \"yes\" or \"no\"} with a name of 1 to 200 printable characters.");
            return;
        }

        await Write(http, acts, records, urls, "organization-changed", id, given["name"], given["active"] == "yes", isNew: false);
    }

    private static async Task Write(HttpContext http, OperatorActs acts, RecordChange records, SmartUrls urls, string act, string id, string name, bool isActive, bool isNew)
    {
        if (!FhirId.IsValid(id))
        {
            await Absent(http);
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, act, JsonSerializer.Serialize(new { organization = $"{Type}/{id}", active = isActive }), http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(new { resourceType = Type, id, active = isActive, name });
        var request = new ChangeRequest
        {
            Caller = InDirectory(http.Operator()),
            Purpose = PurposeOfUse.Operations,
            RequestId = http.TraceIdentifier,
            Interaction = "update",
            LocalBase = urls.Fhir,
            Changes = [new Change(ChangeKind.Update, Type, id, body, IfMatch: isNew ? 0 : HealthLedger.Access.Change.AnyVersion)],
        };
        switch (await records.Apply(request, http.RequestAborted))
        {
            case ChangeResult.Changed:
                await http.Json(new { message = isNew ? $"Registered as {Type}/{id}: name it so to clients, clinicians and consents." : "Changed.", organization = new { id, name, active = isActive } });
                break;
            case ChangeResult.Refused when isNew:
                await http.Refuse(StatusCodes.Status409Conflict, "exists", "There is an organization of that id already, or was one.");
                break;
            case ChangeResult.Refused { Fault: ChangeFault.NotTheirs }:
                await http.Refuse(StatusCodes.Status409Conflict, "other-keeper", "That organization's record came over FHIR, from a client that keeps it: change it there.");
                break;
            case ChangeResult.Refused:
                await Absent(http);
                break;
            default:
                await http.Unavailable();
                break;
        }
    }

    private static async Task Show(HttpContext http, OperatorActs acts, Disclosure disclosure, TimeProvider time, string? id)
    {
        if (id is not null && !FhirId.IsValid(id))
        {
            await Absent(http);
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, id is null ? "organizations-listed" : "organization-shown", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var query = $"_sort=_id&_count={MaxListed}";
        var request = new DisclosureRequest
        {
            Caller = InDirectory(http.Operator()),
            Purpose = PurposeOfUse.Operations,
            RequestId = http.TraceIdentifier,
            Target = id is not null ? new Target.Record(Type, id, null) : new Target.Criteria(Type, SearchQuery.Parse(Type, QueryText.Split(query), new SearchOptions { Now = time.GetUtcNow() }).Query!, query, default),
        };
        using var result = await disclosure.Disclose(request, http.RequestAborted);
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var record] } when id is not null:
                await http.Json(new { organization = View(record) });
                break;
            case DisclosureResult.Disclosed { Records: var found, Next: var next } when id is null:
                var message = (found.Length == 1 ? "1 organization." : $"{found.Length} organizations.") + (next is null ? "" : " There are more: find them by a FHIR search.");
                await http.Json(new { message, organizations = found.Select(View).ToList() });
                break;
            case DisclosureResult.Unavailable:
                await http.Unavailable();
                break;
            default:
                await Absent(http);
                break;
        }
    }

    private static object View(DisclosedRecord record)
    {
        using var json = JsonDocument.Parse(record.Json);
        return new
        {
            id = record.Key.Id,
            name = json.RootElement.TryGetProperty("name", out var name) ? name.GetString() : null,
            active = !json.RootElement.TryGetProperty("active", out var active) || active.GetBoolean(),
        };
    }

    private static Task Absent(HttpContext http) => http.Refuse(StatusCodes.Status404NotFound, "absent", "There is no such organization.");

    private static bool IsName(string name) => name.Length <= MaxName && name.Trim().Length == name.Length && !name.Any(char.IsControl);

    /// <summary>The operator as one that may write the directory's organizations and nothing else: the role of operators has no part in records.</summary>
    private static Caller InDirectory(Caller caller) => caller with
    {
        Role = CallerRole.System,
        Organization = null,
        Purposes = [PurposeOfUse.Operations],
        Scopes = [new SmartScope("system", Type, ScopeInteraction.Create | ScopeInteraction.Read | ScopeInteraction.Update | ScopeInteraction.Search)],
        MayMigrate = true,
    };
}
