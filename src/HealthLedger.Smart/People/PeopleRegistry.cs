using HealthLedger.Access;
using Microsoft.AspNetCore.Identity;

namespace HealthLedger.Smart.People;

/// <summary>Registers and changes people. Scoped, like Identity's <see cref="UserManager{TUser}"/> under it.</summary>
public sealed class PeopleRegistry(UserManager<User> users)
{
    private const int MaxUsername = 100;

    /// <summary>The most characters of a password: longer ones would only cost time.</summary>
    internal const int MaxPassword = 256;

    /// <summary>Registers a person. Durable when the task completes.</summary>
    public async Task<PersonRegistration> Register(NewPerson person)
    {
        if (Fault(person) is { } fault)
        {
            return new PersonRegistration.Refused(fault);
        }

        var user = new User
        {
            Username = person.Username,
            Role = person.Role,
            Organization = person.Organization,
            FhirUser = person.FhirUser,
            Patient = person.Patient,
        };
        var result = await users.CreateAsync(user, person.Password);
        return result.Succeeded ? new PersonRegistration.Done(user.Id) : new PersonRegistration.Refused(string.Join(' ', result.Errors.Select(error => error.Description)));
    }

    /// <summary>Gives a person who is registered exactly so another password; ends open sessions. False where there is no such person, or one of that name is somebody else.</summary>
    public async Task<bool> SetPassword(NewPerson person) =>
        Fault(person) is null && await users.FindByNameAsync(person.Username) is { } user
        && (user.Role, user.Organization, user.FhirUser, user.Patient) == (person.Role, person.Organization, person.FhirUser, person.Patient)
        && await Change(person.Username, found => found.PasswordHash = users.PasswordHasher.HashPassword(found, person.Password));

    /// <summary>Lets a person in no more, or again; ends open sessions. False where there is no such person.</summary>
    public Task<bool> SetDisabled(string username, bool disabled) => Change(username, user => user.Disabled = disabled);

    /// <summary>Gives a person another organization; ends open sessions. False where there is no such person.</summary>
    public Task<bool> SetOrganization(string username, string? organization) => Change(username, user => user.Organization = organization);

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

    private static string? Fault(NewPerson person)
    {
        if (person.Username.Length > MaxUsername || person.Password.Length > MaxPassword)
        {
            return "A username has at most 100 characters, a password at most 256.";
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
/// <param name="Password">10 to 256 characters.</param>
/// <param name="Role">Patient, clinician, regulator or operator.</param>
/// <param name="Organization">As <c>Organization/id</c>; clinicians need one.</param>
/// <param name="FhirUser">As <c>Practitioner/id</c>, <c>Patient/id</c>...; null where there is none.</param>
/// <param name="Patient">The Patient id; for patients only, and required of them.</param>
public sealed record NewPerson(string Username, string Password, CallerRole Role, string? Organization = null, string? FhirUser = null, string? Patient = null)
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
    public sealed record Done(string UserId) : PersonRegistration;

    /// <summary>Not stored.</summary>
    public sealed record Refused(string Why) : PersonRegistration;
}
