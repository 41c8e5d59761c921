using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Sealing;

namespace HealthLedger.Access;

/// <summary>Names one response's entry to the client that got it: opaque, of equal length always, useless to another client.</summary>
/// <param name="Text">184 characters of base64url.</param>
public readonly record struct ReceiptId(string Text)
{
    /// <inheritdoc/>
    public override string ToString() => Text;
}

/// <summary>
/// Seals where an entry stands, on whose chain and for which client, into a receipt id, so that nothing need be stored to find a receipt again.
/// The nonce is a MAC of what is sealed (as in SIV), so that a repeated index can never repeat a nonce with another content.
/// <code>nonce 12 | AES-256-GCM(index u64be | client tag 16 | chain id, padded with zeros to 86) | tag 16</code>
/// </summary>
public sealed class ReceiptIds
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int ClientTagSize = 16;
    private const int ChainSize = 86;
    private const int PlainSize = sizeof(ulong) + ClientTagSize + ChainSize;
    private const int SealedSize = NonceSize + PlainSize + TagSize;
    private readonly byte[] _sealKey;
    private readonly byte[] _macKey;

    private static ReadOnlySpan<byte> ClientLabel => "client\n"u8;

    /// <param name="secret">32 bytes, the same at every start; other keys are derived from it.</param>
    public ReceiptIds(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, 32, nameof(secret));
        _sealKey = HMACSHA256.HashData(secret, "healthledger/receipt-id/1/seal"u8);
        _macKey = HMACSHA256.HashData(secret, "healthledger/receipt-id/1/mac"u8);
    }

    /// <summary>The id of the entry at <paramref name="index"/>.</summary>
    /// <param name="index">Entry index.</param>
    /// <param name="chain">The id of the chain the event is on: at most 86 bytes.</param>
    /// <param name="clientId">The client that may ask for the receipt.</param>
    public ReceiptId Seal(ulong index, string chain, string clientId)
    {
        using var macKey = new HmacKey(_macKey);
        Span<byte> mac = stackalloc byte[Sha256.Size];
        Span<byte> plain = stackalloc byte[PlainSize];
        plain.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(plain, index);
        macKey.Mac(ClientLabel, Encoding.UTF8.GetBytes(clientId), [], mac);
        mac[..ClientTagSize].CopyTo(plain[sizeof(ulong)..]);
        if (!Encoding.UTF8.TryGetBytes(chain, plain[(sizeof(ulong) + ClientTagSize)..], out _))
        {
            throw new ArgumentException($"A chain id has at most {ChainSize} bytes.", nameof(chain));
        }

        macKey.Mac(plain, mac);
        Span<byte> sealedId = stackalloc byte[SealedSize];
        mac[..NonceSize].CopyTo(sealedId);
        Gcm.Encrypt(_sealKey, sealedId[..NonceSize], [], plain, sealedId.Slice(NonceSize, PlainSize), sealedId[^TagSize..]);
        return new ReceiptId(Base64Url.EncodeToString(sealedId));
    }

    /// <summary>Reads an id for the client that presents it; null where it is not ours or not this client's.</summary>
    public (ulong Index, string Chain)? Open(string text, string clientId)
    {
        Span<byte> sealedId = stackalloc byte[SealedSize];
        if (text.Length != Base64Url.GetEncodedLength(SealedSize)
            || Base64Url.DecodeFromChars(text, sealedId, out _, out var written) != System.Buffers.OperationStatus.Done || written != SealedSize)
        {
            return null;
        }

        Span<byte> plain = stackalloc byte[PlainSize];
        Span<byte> client = stackalloc byte[Sha256.Size];
        if (!Gcm.TryDecrypt(_sealKey, sealedId[..NonceSize], [], sealedId.Slice(NonceSize, PlainSize), sealedId[^TagSize..], plain))
        {
            return null;
        }

        using var macKey = new HmacKey(_macKey);
        macKey.Mac(ClientLabel, Encoding.UTF8.GetBytes(clientId), [], client);
        if (!CryptographicOperations.FixedTimeEquals(client[..ClientTagSize], plain.Slice(sizeof(ulong), ClientTagSize)))
        {
            return null;
        }

        var chain = plain[(sizeof(ulong) + ClientTagSize)..].TrimEnd((byte)0);
        return (BinaryPrimitives.ReadUInt64BigEndian(plain), Encoding.UTF8.GetString(chain));
    }
}
