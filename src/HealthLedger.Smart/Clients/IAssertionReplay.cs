namespace HealthLedger.Smart.Clients;

/// <summary>Remembers client assertions until they expire, so that none is used twice (SMART App Launch 2.2, asymmetric client authentication; RFC 7523 section 3).</summary>
public interface IAssertionReplay
{
    /// <summary>
    /// Marks an assertion as used. Of all callers with one key exactly one MUST get <see cref="AssertionUse.First"/>, across restarts too, until
    /// <paramref name="forgetAfter"/>. An implementation MUST be bounded, and MUST answer <see cref="AssertionUse.Full"/> rather than forget early.
    /// </summary>
    /// <param name="key">32 bytes: a hash of client id and <c>jti</c>.</param>
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
    /// <summary>No room to remember it: refuse for now.</summary>
    Full,
}
