using System.Buffers.Text;
using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Smart.Clients;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.People;

/// <summary>Registers and changes people. Scoped, like Identity's <see cref="UserManager{TUser}"/> under it.</summary>
public sealed class PeopleRegistry(UserManager<User> users, IPersonStore store, PersonRows rows, TimeProvider time, IOptions<PeopleOptions> options)
{
    /// <summary>The most people of one page of the list.</summary>
    public const int MaxPage = 1000;

    private const int MaxUsername = 100;
    private const int IdBytes = 16;
    private static readonly string[] People = ["Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person"];

    /// <summary>The most characters of a password: longer ones would only cost time.</summary>
    internal const int MaxPassword = 256;

    /// <summary>Registers a person, with a password or with an invitation to set one. Durable when the task completes.</summary>
    /// <param name="person">Who.</param>
    /// <param name="userId">From <see cref="NewId"/>, where somebody has to know it before; null for any.</param>
    public async Task<PersonRegistration> Register(NewPerson person, string? userId = null)
    {
        if (Fault(person) is { } fault)
        {
            return new PersonRegistration.Refused(fault);
        }

        var user = new User
        {
            Id = userId ?? NewId(),
            Username = person.Username,
            Role = person.Role,
            Organization = person.Organization,
            FhirUser = person.FhirUser,
            Patient = person.Patient,
        };
        var invitation = person.Password is null ? Invitation.Make(time.GetUtcNow().AddHours(options.Value.InvitationHours)) : null;
        invitation?.PutOn(user);
        var result = person.Password is null ? await users.CreateAsync(user) : await users.CreateAsync(user, person.Password);
        return result.Succeeded ? new PersonRegistration.Done(user.Id, invitation) : new PersonRegistration.Refused(string.Join(' ', result.Errors.Select(error => error.Description)));
    }

    /// <summary>A user id that nobody has.</summary>
    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>True for a reference to an organization of this server.</summary>
    public static bool IsOrganization(string reference) => ClientRules.IsOrganization(reference);

    /// <summary>Gives a person who is registered exactly so another password; ends open sessions. False where there is no such person, or one of that name is somebody else.</summary>
    public async Task<bool> SetPassword(NewPerson person) =>
        person.Password is not null && Fault(person) is null && await users.FindByNameAsync(person.Username) is { } user
        && (user.Role, user.Organization, user.FhirUser, user.Patient) == (person.Role, person.Organization, person.FhirUser, person.Patient)
        && await Change(person.Username, found => found.PasswordHash = users.PasswordHasher.HashPassword(found, person.Password!));

    /// <summary>Lets a person in no more, or again; ends open sessions. False where there is no such person.</summary>
    public Task<bool> SetDisabled(string username, bool disabled) => Change(username, user => user.Disabled = disabled);

    /// <summary>Gives a person another organization; ends open sessions. False where there is no such person.</summary>
    public Task<bool> SetOrganization(string username, string? organization) => Change(username, user => user.Organization = organization);

    /// <summary>
    /// Lets a person set a password anew, once: the one before stops counting at once, and open sessions end. Null where there is no such person.
    /// </summary>
    public async Task<Invitation?> Invite(string username)
    {
        var invitation = Invitation.Make(time.GetUtcNow().AddHours(options.Value.InvitationHours));
        return await Change(username, user =>
        {
            user.PasswordHash = null;
            invitation.PutOn(user);
        })
            ? invitation
            : null;
    }

    /// <summary>Removes a person for good; open sessions end. False where there is no such person.</summary>
    public async Task<bool> Remove(string username) =>
        await users.FindByNameAsync(username) is { } user
        && ((await users.DeleteAsync(user)).Succeeded ? true : throw new InvalidOperationException("The person was changed by somebody else at the same time."));

    /// <summary>The person of that name; null where there is none.</summary>
    public async Task<RegisteredPerson?> Find(string username) => await users.FindByNameAsync(username) is { } user ? RegisteredPerson.Of(user) : null;

    /// <summary>People in an order that means nothing and stays, and where the list goes on; null there at its end.</summary>
    /// <param name="after">Where the list before went on; null for its beginning.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<(IReadOnlyList<RegisteredPerson> People, string? Next)> List(string? after, CancellationToken cancellationToken)
    {
        var page = await store.Read(after is null ? [] : Convert.FromHexString(after), MaxPage, cancellationToken);
        return ([.. page.Select(row => RegisteredPerson.Of(rows.Open(row)))], page.Count == MaxPage ? Convert.ToHexStringLower(page[^1].Key) : null);
    }

    /// <summary>Ends a lockout. False where there is no such person.</summary>
    public Task<bool> Unlock(string username) => Change(username, user =>
    {
        user.LockoutEnd = null;
        user.AccessFailedCount = 0;
    });

    private async Task<bool> Change(string username, Action<User> change)
    {
        if (await users.FindByNameAsync(username) is not { } user)
        {
            return false;
        }

        change(user);

        // Writes the whole row, with a new stamp: sessions compare it.
        var result = await users.UpdateSecurityStampAsync(user);
        return result.Succeeded ? true : throw new InvalidOperationException("The person was changed by somebody else at the same time.");
    }

    /// <summary>The first thing wrong with a person to register, in plain words; null where nothing is that can be told without looking who is there.</summary>
    public static string? Fault(NewPerson person)
    {
        if (person.Username.Length > MaxUsername || person.Password?.Length > MaxPassword)
        {
            return "A username has at most 100 characters, a password at most 256.";
        }

        if (person.Organization is { } organization && !ClientRules.IsOrganization(organization))
        {
            return "The organization must be a reference such as Organization/id.";
        }

        if (person.FhirUser is { } self && (self.IndexOf('/') is not (> 0 and var slash) || !People.Contains(self[..slash]) || !FhirId.IsValid(self.AsSpan(slash + 1))))
        {
            return $"The FHIR user must be a reference to one of {string.Join(", ", People)}, such as Practitioner/id.";
        }

        if (person.Patient is { } patient && (!FhirId.IsValid(patient) || (person.FhirUser is { } other && other != "Patient/" + patient)))
        {
            return "The patient must be the id of a Patient record, and the FHIR user of a patient is that record.";
        }

        return person.Role switch
        {
            CallerRole.System => "A person is no system.",
            CallerRole.Patient when person.Patient is null => "A patient needs the id of a Patient record.",
            not CallerRole.Patient when person.Patient is not null => "Only a patient has a Patient record here.",
            CallerRole.Clinician when person.Organization is null => "A clinician needs an organization.",
            _ => null,
        };
    }
}

/// <summary>A person to register.</summary>
/// <param name="Username">1 to 100 letters, digits or <c>- . _ @ +</c>; upper and lower case are the same.</param>
/// <param name="Password">10 to 256 characters; null for an invitation to set one.</param>
/// <param name="Role">Patient, clinician, regulator or operator.</param>
/// <param name="Organization">As <c>Organization/id</c>; clinicians need one.</param>
/// <param name="FhirUser">As <c>Practitioner/id</c>, <c>Patient/id</c>...; null where there is none.</param>
/// <param name="Patient">The Patient id; for patients only, and required of them.</param>
public sealed record NewPerson(string Username, string? Password, CallerRole Role, string? Organization = null, string? FhirUser = null, string? Patient = null)
{
    /// <summary>Nothing personal.</summary>
    public override string ToString() => $"new {Role}";
}

/// <summary>What became of a person's registration.</summary>
public abstract record PersonRegistration
{
    private PersonRegistration()
    {
    }

    /// <summary>Stored.</summary>
    /// <param name="UserId">Random, never reused.</param>
    /// <param name="Invitation">To be given to the person; null where a password was set.</param>
    public sealed record Done(string UserId, Invitation? Invitation) : PersonRegistration;

    /// <summary>Not stored.</summary>
    public sealed record Refused(string Why) : PersonRegistration;
}
