using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HealthLedger.Ledger;

/// <summary>
/// The chain that an event is told on: a patient's, or the tenant's for what concerns no patient (search requests, attempts on records that do not
/// exist, operators' acts). Event number i of a chain carries a tag that hangs from the chain's tag key, which follows from its audit key: only who holds
/// one of them can tell which entries belong together (docs/formats/completeness.md).
/// </summary>
/// <remarks>
/// Identity is by the audit key, since the tags hang from it: an erased patient's chain has another <see cref="Id"/> than the patient's who comes back, and the same numbers. The
/// numbers are given by the sequencer, not here.
/// </remarks>
public sealed class EventChain
{
    /// <param name="id">Stable in-memory name, such as a shelf id; never written anywhere in the clear.</param>
    /// <param name="auditKey">32 bytes, owned by the caller's key ring.</param>
    /// <param name="patient"><c>Patient/id</c>; null for a chain of no patient.</param>
    public EventChain(string id, ReadOnlyMemory<byte> auditKey, string? patient = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentOutOfRangeException.ThrowIfNotEqual(auditKey.Length, 32, nameof(auditKey));
        Id = id;
        AuditKey = auditKey;
        Patient = patient;
        KeyMark = BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(auditKey.Span));
    }

    /// <summary>The chain's name within this process.</summary>
    public string Id { get; }

    /// <summary>Whose events these are, <c>Patient/id</c>; null for the tenant.</summary>
    public string? Patient { get; }

    /// <summary>The same chain with its patient: of an erased one only the facts on it still say who it was.</summary>
    internal EventChain Of(string? patient) => new(Id, AuditKey, patient);

    internal ReadOnlyMemory<byte> AuditKey { get; }

    /// <summary>Tells this chain from all others, of the same name too. In memory only.</summary>
    internal UInt128 KeyMark { get; }
}
