using System.Buffers.Binary;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.ConsentStateMap;

/// <summary>Whether a consent holds. A handle that is not in the map holds nothing.</summary>
public enum ConsentStanding : byte
{
    /// <summary>Granted, and holding until its expiry.</summary>
    Granted = 1,

    /// <summary>Withdrawn, for good: a handle is never granted again.</summary>
    Withdrawn = 2,
}

/// <summary>The value of a handle in the map: 49 bytes (docs/formats/consent-state-map.md).</summary>
/// <param name="Standing">Granted or withdrawn.</param>
/// <param name="LastEntry">Index of the ledger entry that set this value.</param>
/// <param name="NotAfter">Unix seconds, at most 2^63-1, which means no end.</param>
/// <param name="ScopeCommitment">The commitment of the consent's scope.</param>
public readonly record struct ConsentState(ConsentStanding Standing, ulong LastEntry, ulong NotAfter, Hash ScopeCommitment)
{
    /// <summary>Bytes in a value.</summary>
    public const int Size = 49;

    /// <summary>The value that an entry with an operation sets.</summary>
    /// <exception cref="ArgumentException">The entry has no operation.</exception>
    public static ConsentState After(ulong index, in LedgerEntry entry) => entry.Operation switch
    {
        ConsentOperation.Grant => new(ConsentStanding.Granted, index, entry.NotAfter, entry.ScopeCommitment),
        ConsentOperation.Withdraw => new(ConsentStanding.Withdrawn, index, entry.NotAfter, entry.ScopeCommitment),
        _ => throw new ArgumentException("The entry has no operation.", nameof(entry)),
    };

    /// <summary>Writes the 49 bytes: standing, last entry, expiry, scope commitment; integers big-endian.</summary>
    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)Standing;
        BinaryPrimitives.WriteUInt64BigEndian(destination[1..], LastEntry);
        BinaryPrimitives.WriteUInt64BigEndian(destination[9..], NotAfter);
        ScopeCommitment.CopyTo(destination[17..]);
    }

    /// <summary>Reads exactly 49 bytes.</summary>
    public static Parsed<ConsentState> Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size || bytes[0] is not ((byte)ConsentStanding.Granted or (byte)ConsentStanding.Withdrawn))
        {
            return new Fault("state-value", "Not the value of a consent.");
        }

        var notAfter = BinaryPrimitives.ReadUInt64BigEndian(bytes[9..]);
        return notAfter > LedgerEntry.NoEnd
            ? new Fault("state-value", "The expiry is beyond 2^63-1.")
            : new ConsentState((ConsentStanding)bytes[0], BinaryPrimitives.ReadUInt64BigEndian(bytes[1..]), notAfter, new Hash(bytes[17..]));
    }

    internal Hash ValueHash()
    {
        Span<byte> value = stackalloc byte[Size];
        Write(value);
        Span<byte> hash = stackalloc byte[Hash.Length];
        Sha256.Hash(value, hash);
        return new Hash(hash);
    }
}

/// <summary>The map's hashes; their first bytes keep them apart from the ledger's own tree.</summary>
internal static class MapHash
{
    /// <summary>SHA-256(0x02 || handle || SHA-256(value)).</summary>
    public static Hash Leaf(in Hash handle, in Hash valueHash) => Three(2, handle, valueHash);

    /// <summary>SHA-256(0x03 || left || right); an empty child is 32 zero bytes.</summary>
    public static Hash Node(in Hash left, in Hash right) => Three(3, left, right);

    private static Hash Three(byte domain, in Hash first, in Hash second)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Hash.Length)];
        input[0] = domain;
        first.CopyTo(input[1..]);
        second.CopyTo(input[(1 + Hash.Length)..]);
        Span<byte> hash = stackalloc byte[Hash.Length];
        Sha256.Hash(input, hash);
        return new Hash(hash);
    }
}
