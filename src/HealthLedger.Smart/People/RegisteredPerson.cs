using HealthLedger.Access;

namespace HealthLedger.Smart.People;

/// <summary>What operators see of a registered person: no password, no code.</summary>
/// <param name="UserId">Random; the ledger names the person by it where there is no FHIR user.</param>
/// <param name="Username">The name to sign in with.</param>
/// <param name="Role">Patient, clinician, regulator or operator.</param>
/// <param name="Organization">As <c>Organization/id</c>; null where there is none.</param>
/// <param name="FhirUser">As <c>Practitioner/id</c>; null where there is none.</param>
/// <param name="Patient">A patient's Patient id.</param>
/// <param name="Disabled">True: cannot sign in.</param>
/// <param name="HasPassword">False where it is still to be set.</param>
/// <param name="InvitationEnds">Until when it may be set; null where there is no invitation.</param>
/// <param name="LockedUntil">After wrong passwords, when signing in is possible again; null where it is.</param>
public sealed record RegisteredPerson(
    string UserId,
    string Username,
    CallerRole Role,
    string? Organization,
    string? FhirUser,
    string? Patient,
    bool Disabled,
    bool HasPassword,
    DateTimeOffset? InvitationEnds,
    DateTimeOffset? LockedUntil)
{
    internal static RegisteredPerson Of(User user) =>
        new(user.Id, user.Username, user.Role, user.Organization, user.FhirUser, user.Patient, user.Disabled, user.PasswordHash is not null, user.InvitationEnds, user.LockoutEnd);

    /// <summary>Nothing personal.</summary>
    public override string ToString() => $"{Role}";
}
