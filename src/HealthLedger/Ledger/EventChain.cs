namespace HealthLedger.Ledger;

/// <summary>
/// The chain that an event is told on: a patient's, or the tenant's for what concerns no patient (search requests, attempts on records that do not
/// exist, operators' acts). Event number i of a chain carries the tag HMAC-SHA-256(audit key, "event" || origin || epoch || i), so that only who holds
/// the audit key can tell which entries belong together.
/// </summary>
/// <remarks>Identity is by <see cref="Id"/>, which lives in memory only. The numbers are given by the sequencer, not here.</remarks>
public sealed class EventChain
{
    /// <param name="id">Stable in-memory name, such as a shelf id; never written anywhere in the clear.</param>
    /// <param name="auditKey">32 bytes, owned by the caller's key ring.</param>
    public EventChain(string id, ReadOnlyMemory<byte> auditKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentOutOfRangeException.ThrowIfNotEqual(auditKey.Length, 32, nameof(auditKey));
        Id = id;
        AuditKey = auditKey;
    }

    /// <summary>The chain's name within this process.</summary>
    public string Id { get; }

    internal ReadOnlyMemory<byte> AuditKey { get; }
}
