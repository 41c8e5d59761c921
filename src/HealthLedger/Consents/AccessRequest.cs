using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>Who asks, why and when: everything about a request that a decision may rest on. Made from a validated <see cref="Caller"/> only.</summary>
public sealed record AccessRequest
{
    /// <summary>The caller's kind.</summary>
    public required CallerRole Role { get; init; }

    /// <summary>OAuth client_id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The one purpose of this request.</summary>
    public required PurposeOfUse Purpose { get; init; }

    /// <summary>When it is decided.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What is done; a read of any kind is <see cref="ConsentAction.Access"/>.</summary>
    public ConsentAction Action { get; init; } = ConsentAction.Access;

    /// <summary>The organization that answers for the caller, <c>Organization/id</c>; null where there is none.</summary>
    public string? Organization { get; init; }

    /// <summary>Every reference the caller goes by: organization, person, and the groups, roles and teams that were resolved.</summary>
    public ImmutableArray<string> Actors { get; init; } = [];

    /// <summary>
    /// True where <see cref="Actors"/> holds every Group, CareTeam, PractitionerRole and Device the caller is or belongs to. Where false, a deny that
    /// names one of those counts for this caller, for nobody can tell.
    /// </summary>
    public bool MembershipsResolved { get; init; }

    /// <summary>The patient who is asking for the own record, <c>Patient/id</c>; null for everybody else, proxies too.</summary>
    public string? OwnRecordOf { get; init; }

    /// <summary>The request of <paramref name="caller"/>.</summary>
    /// <param name="caller">From a validated token or session.</param>
    /// <param name="purpose">The purpose that was chosen for this request.</param>
    /// <param name="time">Now.</param>
    /// <param name="memberships">The groups, teams, roles and devices of the caller, where somebody resolved all of them; null where nobody did.</param>
    public static AccessRequest For(Caller caller, PurposeOfUse purpose, DateTimeOffset time, ImmutableArray<string>? memberships = null)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var actors = ImmutableArray.CreateBuilder<string>();
        if (caller.Organization is { } organization)
        {
            actors.Add(organization);
        }

        if (caller.FhirUser is { } user)
        {
            actors.Add(user);
        }

        if (memberships is { } resolved)
        {
            actors.AddRange(resolved);
        }

        var own = caller is { Role: CallerRole.Patient, Patient: { } id } ? "Patient/" + id : null;
        return new AccessRequest
        {
            Role = caller.Role,
            ClientId = caller.ClientId,
            Purpose = purpose,
            Time = time,
            Organization = caller.Organization,
            Actors = actors.ToImmutable(),
            MembershipsResolved = memberships is not null,
            OwnRecordOf = caller.FhirUser is null || caller.FhirUser == own ? own : null,
        };
    }
}
