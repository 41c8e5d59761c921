namespace HealthLedger.Consents;

/// <summary>Which references name the caller directly, and which only through something that has to be looked up.</summary>
internal static class ActorReference
{
    /// <summary>True for references that a caller goes by only as a member or holder: nobody can match them from a token alone.</summary>
    public static bool NeedsMembership(string reference) =>
        reference.StartsWith("Group/", StringComparison.Ordinal) || reference.StartsWith("CareTeam/", StringComparison.Ordinal)
        || reference.StartsWith("PractitionerRole/", StringComparison.Ordinal) || reference.StartsWith("Device/", StringComparison.Ordinal);
}
