namespace HealthLedger.Smart.Clients;

/// <summary>Remembers client assertions until they expire, so that none is used twice (SMART App Launch 2.2, asymmetric client authentication; RFC 7523 section 3).</summary>
public interface IAssertionReplay
{
    /// <summary>How many bytes of a key name the client.</summary>
    const int ClientSize = 8;

    /// <summary>
    /// Marks an assertion as used. Of all callers with one key exactly one MUST get <see cref="AssertionUse.First"/>, across restarts too, until
    /// <paramref name="forgetAfter"/>. An implementation MUST be bounded, MUST answer <see cref="AssertionUse.Full"/> rather than forget early, and MUST NOT let one client use up
    /// the room of all.
    /// </summary>
    /// <param name="key">32 bytes: <see cref="ClientSize"/> of a hash of the client's id, the rest of a hash of client id and <c>jti</c>.</param>
    /// <param name="forgetAfter">From then on the assertion is refused as expired anyway.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<AssertionUse> Use(ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter, CancellationToken cancellationToken);
}

/// <summary>Whether an assertion was seen before.</summary>
public enum AssertionUse
{
    /// <summary>Never: it may be honoured.</summary>
    First,
    /// <summary>Yes: refuse it.</summary>
    Repeated,
    /// <summary>No room to remember it, or none of this client's: refuse for now.</summary>
    Full,
}
