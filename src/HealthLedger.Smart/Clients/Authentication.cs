using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Smart.Clients;

/// <summary>What came of a client's attempt to prove who it is.</summary>
internal abstract record Authentication
{
    private Authentication()
    {
    }

    /// <summary>The one answer to everybody who did not prove to hold the key of an enabled client.</summary>
    public static Authentication Failed { get; } = new Refused("The client could not be authenticated.");

    /// <summary>It is this client.</summary>
    /// <param name="Who">Its registration.</param>
    /// <param name="Purposes">The purposes it asked for; null where it named none.</param>
    public sealed record Client(Clients.Client Who, ImmutableArray<PurposeOfUse>? Purposes) : Authentication;

    /// <summary>It is not, or its assertion does not count.</summary>
    /// <param name="Why">What to tell it.</param>
    public sealed record Refused(string Why) : Authentication;

    /// <summary>It cannot be said now; the same assertion may be tried again.</summary>
    public sealed record Busy : Authentication;
}
