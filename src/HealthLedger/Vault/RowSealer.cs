using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// Seals what becomes a row, so that it opens in that row alone.
/// <code>
/// stored          = key epoch u32 | envelope of the padded content, label "vault/" || table's name
/// associated data = "healthledger/vault/1" | tenant 16 | table u8 | shelf 16 | row 16 | version i32 | key epoch i32
/// </code>
/// See docs/formats/vault.md.
/// </summary>
internal sealed class RowSealer(TenantId tenant)
{
    /// <summary>The epoch of every shelf's keys until rotation makes another.</summary>
    private const int KeyEpoch = 1;

    private const int EpochSize = sizeof(int);
    private static readonly byte[] Domain = Encoding.ASCII.GetBytes("healthledger/vault/1");
    private static readonly int AssociatedSize = Domain.Length + TenantId.Size + 1 + (2 * KeyedName.Size) + (2 * sizeof(int));

    /// <summary>The label of the envelopes of records.</summary>
    internal const string RecordLabel = "vault/record";

    internal byte[] Seal(ReadOnlySpan<byte> secret, RowPlace place, int version, ReadOnlySpan<byte> content)
    {
        Span<byte> key = stackalloc byte[Envelope.KeyOfOneSize];
        Envelope.KeyToSeal(secret, Label(place.Table), key);
        try
        {
            return SealWith(key, place, version, content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Seals with the key of one envelope, which was derived under the table's label.</summary>
    internal byte[] SealWith(ReadOnlySpan<byte> key, RowPlace place, int version, ReadOnlySpan<byte> content)
    {
        var length = Padding.PaddedLength(content.Length);
        var padded = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Padding.Pad(content, padded.AsSpan(0, length));
            var stored = new byte[EpochSize + length + Envelope.Overhead];
            BinaryPrimitives.WriteInt32BigEndian(stored, KeyEpoch);
            Span<byte> associated = stackalloc byte[AssociatedSize];
            WriteAssociated(place, version, KeyEpoch, associated);
            Envelope.SealWith(key, associated, padded.AsSpan(0, length), stored.AsSpan(EpochSize));
            return stored;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(padded.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(padded);
        }
    }

    /// <summary>Null where the stored bytes do not belong to this key, place and version.</summary>
    internal OpenedBytes? Open(ReadOnlySpan<byte> secret, RowPlace place, int version, ReadOnlySpan<byte> stored)
    {
        Span<byte> key = stackalloc byte[Envelope.KeyOfOneSize];
        try
        {
            return Envelope.TryKeyToOpen(secret, Label(place.Table), EnvelopeOf(stored), key) ? OpenWith(key, place, version, stored) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The envelope in stored bytes; empty where they are too short to have one.</summary>
    internal static ReadOnlySpan<byte> EnvelopeOf(ReadOnlySpan<byte> stored) => stored.Length < EpochSize ? [] : stored[EpochSize..];

    /// <summary>Opens with the key of one envelope. Null where the stored bytes do not belong to this key, place and version.</summary>
    internal OpenedBytes? OpenWith(ReadOnlySpan<byte> key, RowPlace place, int version, ReadOnlySpan<byte> stored)
    {
        if (stored.Length < EpochSize + Envelope.Overhead + Padding.Floor || BinaryPrimitives.ReadInt32BigEndian(stored) != KeyEpoch)
        {
            return null;
        }

        var length = stored.Length - EpochSize - Envelope.Overhead;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var padded = buffer.AsSpan(0, length);
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(place, version, KeyEpoch, associated);
        if (Envelope.TryOpenWith(key, associated, stored[EpochSize..], padded) && Padding.TryUnpad(padded, out var content))
        {
            return new OpenedBytes(buffer, length, content);
        }

        CryptographicOperations.ZeroMemory(padded);
        ArrayPool<byte>.Shared.Return(buffer);
        return null;
    }

    private static string Label(VaultTable table) => table switch
    {
        VaultTable.Record => RecordLabel,
        VaultTable.Segment => "vault/segment",
        VaultTable.Head => "vault/head",
        VaultTable.Locator => "vault/locator",
        VaultTable.Patient => "vault/patient",
        VaultTable.Erasure => "vault/erasure",
        _ => throw new ArgumentOutOfRangeException(nameof(table), table, null),
    };

    private void WriteAssociated(RowPlace place, int version, int epoch, Span<byte> associated)
    {
        Domain.CopyTo(associated);
        var rest = associated[Domain.Length..];
        tenant.CopyTo(rest);
        rest = rest[TenantId.Size..];
        rest[0] = (byte)place.Table;
        place.Shelf.CopyTo(rest[1..]);
        place.Row.CopyTo(rest[(1 + KeyedName.Size)..]);
        rest = rest[(1 + (2 * KeyedName.Size))..];
        BinaryPrimitives.WriteInt32BigEndian(rest, version);
        BinaryPrimitives.WriteInt32BigEndian(rest[sizeof(int)..], epoch);
    }
}
