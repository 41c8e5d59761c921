using System.Collections.Immutable;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Who asks, as an authorization server vouched for it. Made only from a validated token or session; nothing in it comes from the request's body or query.
/// </summary>
public sealed record Caller
{
    /// <summary>OAuth client_id; for people in the portal, the portal's own id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The person behind the client: a stable user id; null for a system client.</summary>
    public string? UserId { get; init; }

    /// <summary>The person as a FHIR reference, such as <c>Practitioner/abc</c>; null where there is none.</summary>
    public string? FhirUser { get; init; }

    /// <summary>The organization that answers for this caller, as <c>Organization/id</c>; null where there is none.</summary>
    public string? Organization { get; init; }

    /// <summary>What kind of caller this is.</summary>
    public required CallerRole Role { get; init; }

    /// <summary>The purposes the authorization server permits for this caller; a request uses exactly one.</summary>
    public required ImmutableArray<PurposeOfUse> Purposes { get; init; }

    /// <summary>SMART v2 scopes that were granted, such as <c>system/*.rs</c>.</summary>
    public required ImmutableArray<SmartScope> Scopes { get; init; }

    /// <summary>The one patient that <c>patient/</c> scopes speak of: a Patient id; null where there is none.</summary>
    public string? Patient { get; init; }

    /// <summary>True for clients with the right to migrate: update as create with ids of their own.</summary>
    public bool MayMigrate { get; init; }

    /// <summary>True for operators whose token was granted the operators' scope: a token for less of the same client operates nothing.</summary>
    public bool MayOperate { get; init; }

    /// <summary>True for regulators whose token was granted the auditors' scope, or who signed in: a token for less of the same client is shown nothing that was recorded.</summary>
    public bool MayAudit { get; init; }

    /// <summary>
    /// True where a scope of this caller covers <paramref name="interaction"/> on some records of <paramref name="resourceType"/>: all that token and URL tell. Which
    /// records, <see cref="Covers(string, ScopeInteraction, ShelfId)"/> says.
    /// </summary>
    public bool Covers(string resourceType, ScopeInteraction interaction) => Covers(resourceType, interaction, Patient is not null);

    /// <summary>
    /// True where a scope of this caller covers <paramref name="interaction"/> on records of <paramref name="resourceType"/> that stand on <paramref name="shelf"/>.
    /// A <c>patient/</c> scope covers the compartment of <see cref="Patient"/> and nothing else, directory records neither; without a patient it covers nothing.
    /// </summary>
    public bool Covers(string resourceType, ScopeInteraction interaction, ShelfId shelf) => Covers(resourceType, interaction, IsOwn(shelf));

    /// <summary>True where a scope of this caller covers anything at all on <paramref name="shelf"/>.</summary>
    public bool Reaches(ShelfId shelf) => Scopes.Any(scope => scope.Context != "patient" || IsOwn(shelf));

    private bool IsOwn(ShelfId shelf) => Patient is { } own && shelf.PatientId == own;

    private bool Covers(string resourceType, ScopeInteraction interaction, bool isOwn)
    {
        foreach (var scope in Scopes)
        {
            if ((scope.ResourceType == "*" || scope.ResourceType == resourceType) && scope.Interactions.HasFlag(interaction) && (scope.Context != "patient" || isOwn))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The interactions of a SMART v2 scope, in their required order: create, read, update, delete, search.</summary>
[Flags]
public enum ScopeInteraction
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary><c>c</c>: create.</summary>
    Create = 1,
    /// <summary><c>r</c>: read, vread, instance history.</summary>
    Read = 2,
    /// <summary><c>u</c>: update and patch.</summary>
    Update = 4,
    /// <summary><c>d</c>: delete.</summary>
    Delete = 8,
    /// <summary><c>s</c>: search, type and system history.</summary>
    Search = 16,
}

/// <summary>
/// One SMART App Launch 2.2 scope, <c>(patient|user|system)/Type.cruds</c>. Not an OpenID scope, and never a consent.
/// </summary>
/// <param name="Context"><c>patient</c>, <c>user</c> or <c>system</c>.</param>
/// <param name="ResourceType">A resource type, or <c>*</c>.</param>
/// <param name="Interactions">At least one.</param>
public sealed record SmartScope(string Context, string ResourceType, ScopeInteraction Interactions)
{
    private const string Letters = "cruds";

    /// <summary>
    /// Reads one scope; null where it is not a resource scope we honour (letters out of order and granular <c>?</c> scopes are refused).
    /// SMART v1 forms <c>.read</c>, <c>.write</c> and <c>.*</c> are mapped as SMART App Launch 2.2, "Scopes for requesting FHIR Resources", says.
    /// </summary>
    public static SmartScope? Parse(string text)
    {
        var slash = text.IndexOf('/');
        var dot = text.LastIndexOf('.');
        if (slash <= 0 || dot <= slash + 1 || dot == text.Length - 1)
        {
            return null;
        }

        var context = text[..slash];
        var type = text[(slash + 1)..dot];
        if (context is not ("patient" or "user" or "system") || (type != "*" && !type.All(char.IsAsciiLetter)))
        {
            return null;
        }

        var interactions = ParseInteractions(text[(dot + 1)..]);
        return interactions == ScopeInteraction.None ? null : new SmartScope(context, type, interactions);
    }

    private static ScopeInteraction ParseInteractions(string letters)
    {
        switch (letters)
        {
            case "read": return ScopeInteraction.Read | ScopeInteraction.Search;
            case "write": return ScopeInteraction.Create | ScopeInteraction.Update | ScopeInteraction.Delete;
            case "*": return (ScopeInteraction)31;
        }

        var interactions = ScopeInteraction.None;
        var last = -1;
        foreach (var letter in letters)
        {
            var position = Letters.IndexOf(letter);
            if (position <= last)
            {
                return ScopeInteraction.None;
            }

            interactions |= (ScopeInteraction)(1 << position);
            last = position;
        }

        return interactions;
    }

    /// <summary>The scope as SMART v2 writes it.</summary>
    public override string ToString() =>
        $"{Context}/{ResourceType}.{string.Concat(Letters.Where((_, i) => Interactions.HasFlag((ScopeInteraction)(1 << i))))}";
}
