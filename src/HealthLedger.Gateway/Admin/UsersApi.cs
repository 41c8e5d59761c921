using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart;
using HealthLedger.Smart.People;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// People who sign in: <c>GET</c> and <c>POST /admin/users</c>, and <c>POST /admin/users/show</c>, <c>/disable</c>, <c>/enable</c>, <c>/unlock</c>, <c>/invite</c>, <c>/organization</c>,
/// <c>/remove</c> with the username in the body, since addresses are logged by others on the way. Operators choose no passwords: they get a code that lets the person set one, once. What is
/// done to somebody who signs in as a patient stands on that patient's own chain, where the patient sees it.
/// </summary>
internal static class UsersApi
{
    private const int CursorLength = 64;

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/users", List);
        admin.MapPost("/users", Add);
        admin.MapPost("/users/show", (HttpContext http) => Act(http, "user-shown", Look));
        admin.MapPost("/users/disable", (HttpContext http) => Act(http, "user-disabled", async (people, person) => await people.SetDisabled(person.Username, true) ? "Disabled: open sessions have ended." : null));
        admin.MapPost("/users/enable", (HttpContext http) => Act(http, "user-enabled", async (people, person) => await people.SetDisabled(person.Username, false) ? "Enabled." : null));
        admin.MapPost("/users/unlock", (HttpContext http) => Act(http, "user-unlocked", async (people, person) => await people.Unlock(person.Username) ? "Wrong passwords from before are forgotten." : null));
        admin.MapPost("/users/remove", (HttpContext http) => Act(http, "user-removed", async (people, person) => await people.Remove(person.Username) ? "Removed: open sessions have ended." : null));
        admin.MapPost("/users/invite", Invite);
        admin.MapPost("/users/organization", Organization);
    }

    private static async Task List(HttpContext http, OperatorActs acts, PeopleRegistry people)
    {
        var after = http.Request.Query["after"];
        if (after.Count > 1 || (after is [{ } cursor] && (cursor.Length != CursorLength || !cursor.All(char.IsAsciiHexDigitLower))))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "after takes what the list before it gave as next.");
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "users-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var (page, next) = await people.List(after.Count == 0 ? null : after.ToString(), http.RequestAborted);
        await http.Json(new { message = page.Count == 1 ? "1 person." : $"{page.Count} people.", users = page.Select(View), next });
    }

    private static async Task Add(HttpContext http, OperatorActs acts, PeopleRegistry people, RecordVault vault, SmartUrls urls)
    {
        if (await http.ReadTexts(["username", "role"], ["organization", "fhirUser", "patient"]) is not { } given || CallerRoleCodes.Parse(given["role"]) is not ({ } role and not CallerRole.System))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send username and role (patient, clinician, regulator or operator), where they apply organization, fhirUser and patient, and nothing else.");
            return;
        }

        var patient = given.GetValueOrDefault("patient");
        var person = new NewPerson(given["username"], null, role, given.GetValueOrDefault("organization"), given.GetValueOrDefault("fhirUser") ?? (patient is null ? null : "Patient/" + patient), patient);
        if (PeopleRegistry.Fault(person) is { } fault)
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", fault);
            return;
        }

        var shelf = patient is null ? (ShelfId?)null : ShelfId.ForPatient(patient);
        var refusal = shelf is { } own && vault.ChainOf(own) is null ? "absent" : await people.Find(person.Username) is not null ? "exists" : null;
        var id = PeopleRegistry.NewId();
        var detail = JsonSerializer.Serialize(new { user = refusal is null ? id : null, role = given["role"], organization = person.Organization, fhirUser = patient is null ? person.FhirUser : null, refused = refusal });
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, new OperatorAct("user-registered", detail) { IsRefused = refusal is not null, Patient = shelf }, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        switch (refusal)
        {
            case "absent":
                await http.Refuse(StatusCodes.Status404NotFound, "absent", "There is no such patient: the Patient record comes first.");
                return;
            case "exists":
                await http.Refuse(StatusCodes.Status409Conflict, "exists", "Somebody has that username already.");
                return;
        }

        if (await people.Register(person, id) is PersonRegistration.Done { Invitation: { } invitation })
        {
            await http.Json(new { message = Tell(urls), user = View((await people.Find(person.Username))!), invitation = View(invitation, urls) });
            return;
        }

        await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "A username is 1 to 100 letters, digits or - . _ @ +, and nobody else's.");
    }

    private static Task Invite(HttpContext http, SmartUrls urls)
    {
        Invitation? made = null;
        return Act(
            http,
            "user-invited",
            async (people, person) => (made = await people.Invite(person.Username)) is null ? null : "The password before counts no more. " + Tell(urls),
            () => View(made!, urls));
    }

    private static async Task Organization(HttpContext http)
    {
        if (await http.ReadTexts(["username", "organization"], []) is not { } given || !PeopleRegistry.IsOrganization(given["organization"]))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send username and organization, a reference such as Organization/id.");
            return;
        }

        await Act(http, "user-moved", given["username"], async (people, person) => await people.SetOrganization(person.Username, given["organization"]) ? "Changed: open sessions have ended." : null, null, given["organization"]);
    }

    private static async Task Act(HttpContext http, string act, Func<PeopleRegistry, RegisteredPerson, Task<string?>> work, Func<object>? invitation = null)
    {
        if (await http.ReadTexts(["username"], []) is not { } given)
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"username\": NAME} and nothing else.");
            return;
        }

        await Act(http, act, given["username"], work, invitation);
    }

    /// <summary>Records what is about to be done to a person, then does it.</summary>
    private static async Task Act(HttpContext http, string act, string username, Func<PeopleRegistry, RegisteredPerson, Task<string?>> work, Func<object>? invitation, string? organization = null)
    {
        var people = http.RequestServices.GetRequiredService<PeopleRegistry>();
        var person = await people.Find(username);
        var recorded = new OperatorAct(act, JsonSerializer.Serialize(new { user = person?.UserId, organization, refused = person is null ? "absent" : null }))
        {
            IsRefused = person is null,
            Patient = person?.Patient is { } patient ? ShelfId.ForPatient(patient) : null,
        };
        if (!await http.RequestServices.GetRequiredService<OperatorActs>().Record(http.Operator(), http.TraceIdentifier, recorded, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        if (person is null || await work(people, person) is not { } done)
        {
            await http.Refuse(StatusCodes.Status404NotFound, "absent", "There is nobody of that username.");
            return;
        }

        await http.Json(new { message = done.Length == 0 ? null : done, user = await people.Find(username) is { } after ? View(after) : null, invitation = invitation?.Invoke() });
    }

    private static Task<string?> Look(PeopleRegistry people, RegisteredPerson person) => Task.FromResult<string?>("");

    private static string Tell(SmartUrls urls) => $"Give the code to the person, by another way than this one: it sets a password at {urls.Issuer}/enrol, once. Whoever else has it first signs in as them.";

    private static object View(Invitation invitation, SmartUrls urls) => new { code = invitation.Code, ends = AdminApi.Text(invitation.Ends), page = $"{urls.Issuer}/enrol" };

    private static object View(RegisteredPerson person) => new
    {
        username = person.Username,
        userId = person.UserId,
        role = person.Role.Code(),
        organization = person.Organization,
        fhirUser = person.FhirUser,
        patient = person.Patient,
        disabled = person.Disabled,
        hasPassword = person.HasPassword,
        invitationEnds = person.InvitationEnds is { } ends ? AdminApi.Text(ends) : null,
        lockedUntil = person.LockedUntil is { } until ? AdminApi.Text(until) : null,
    };
}
