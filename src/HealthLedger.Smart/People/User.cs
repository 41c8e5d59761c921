using HealthLedger.Access;

namespace HealthLedger.Smart.People;

/// <summary>
/// A person who signs in. Mutable, because ASP.NET Core Identity works on it step by step; one instance belongs to one request. Everything here is sealed at rest.
/// </summary>
public sealed class User
{
    /// <summary>Random, made when the person is registered; never reused.</summary>
    public string Id { get; set; } = "";

    /// <summary>The name the person types.</summary>
    public string Username { get; set; } = "";

    /// <summary>The name as Identity compares it.</summary>
    public string NormalizedUsername { get; set; } = "";

    /// <summary>What the person may try.</summary>
    public CallerRole Role { get; set; }

    /// <summary>The organization that answers for the person, as <c>Organization/id</c>; null where there is none.</summary>
    public string? Organization { get; set; }

    /// <summary>The person as a FHIR reference; null where there is none.</summary>
    public string? FhirUser { get; set; }

    /// <summary>For a patient, the Patient id; else null.</summary>
    public string? Patient { get; set; }

    /// <summary>True: cannot sign in, and open sessions end with their next request.</summary>
    public bool Disabled { get; set; }

    /// <summary>Identity's password hash.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Hash of the code by which the person sets a password, once; null where there is none.</summary>
    public string? InvitationHash { get; set; }

    /// <summary>Until when that code counts; null where there is none.</summary>
    public DateTimeOffset? InvitationEnds { get; set; }

    /// <summary>Changes with every change of credentials or rights; sessions hold it and end with it.</summary>
    public string SecurityStamp { get; set; } = "";

    /// <summary>Wrong passwords in a row.</summary>
    public int AccessFailedCount { get; set; }

    /// <summary>No sign-in before then; null where not locked.</summary>
    public DateTimeOffset? LockoutEnd { get; set; }

    /// <summary>True where wrong passwords lock.</summary>
    public bool LockoutEnabled { get; set; }

    /// <summary>The row's version that this was read from; 0 before it is stored.</summary>
    internal long Version { get; set; }
}
