using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Sealing;

/// <summary>
/// The one authenticated envelope for everything sealed at rest: records, facts, terms, wrapped keys.
/// <code>
/// suite u8 = 1 | salt 32 | key commitment 32 | ciphertext | tag 16
/// HKDF-SHA-256(secret, salt, info = "healthledger/envelope/1" || label) -> AES-256-GCM key 32 || nonce 12 || key commitment 32
/// </code>
/// A fresh salt for each envelope gives each its own key, so no nonce is ever reused under one key however many are sealed; the key commitment makes
/// an envelope open under one secret only (AES-GCM alone does not commit to its key). The label and the associated data name what is sealed and where
/// it lies, so an envelope moved to another place does not open. See docs/formats/envelope.md.
/// </summary>
public static class Envelope
{
    /// <summary>Suite 1: HKDF-SHA-256, AES-256-GCM, 32-byte commitment.</summary>
    public const byte Suite = 1;

    /// <summary>Bytes that sealing adds to a plaintext.</summary>
    public const int Overhead = HeaderSize + TagSize;

    /// <summary>Every secret has 32 bytes.</summary>
    public const int SecretSize = 32;

    /// <summary>What opens or seals one envelope alone: <c>salt 32 | key 32 | nonce 12 | key commitment 32</c>. It tells nothing of the secret, nor of the envelopes with other salts.</summary>
    public const int KeyOfOneSize = SaltSize + KeySize + NonceSize + CommitmentSize;

    private const int SaltSize = 32;
    private const int CommitmentSize = 32;
    private const int TagSize = 16;
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int HeaderSize = 1 + SaltSize + CommitmentSize;
    private const int MaxInfo = 512;
    private static readonly byte[] InfoPrefix = Encoding.ASCII.GetBytes("healthledger/envelope/1");

    /// <summary>Seals <paramref name="plaintext"/> into <paramref name="envelope"/>, whose length must be the plaintext's plus <see cref="Overhead"/>.</summary>
    /// <param name="secret">32 bytes.</param>
    /// <param name="label">What this is, such as <c>record</c>; up to 400 bytes of UTF-8; part of the key's derivation.</param>
    /// <param name="associatedData">Where this lies; authenticated, not stored.</param>
    /// <param name="plaintext">May be empty.</param>
    /// <param name="envelope">Receives the envelope.</param>
    public static void Seal(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> envelope)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize, nameof(secret));
        Span<byte> key = stackalloc byte[KeyOfOneSize];
        try
        {
            KeyToSeal(secret, label, key);
            SealWith(key, associatedData, plaintext, envelope);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>As <see cref="Seal(ReadOnlySpan{byte},string,ReadOnlySpan{byte},ReadOnlySpan{byte},Span{byte})"/>, into a new array.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext)
    {
        var envelope = new byte[plaintext.Length + Overhead];
        Seal(secret, label, associatedData, plaintext, envelope);
        return envelope;
    }

    /// <summary>
    /// Opens an envelope into <paramref name="plaintext"/>, whose length must be the envelope's minus <see cref="Overhead"/>.
    /// False, with the plaintext zeroed, where anything does not fit: one answer for every cause, so that none can be told from another.
    /// </summary>
    public static bool TryOpen(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> envelope, Span<byte> plaintext)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize, nameof(secret));
        Span<byte> key = stackalloc byte[KeyOfOneSize];
        try
        {
            if (!TryKeyToOpen(secret, label, envelope, key))
            {
                plaintext.Clear();
                return false;
            }

            return TryOpenWith(key, associatedData, envelope, plaintext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The key of one envelope that is to be sealed, under a fresh salt.</summary>
    /// <param name="secret">32 bytes.</param>
    /// <param name="label">As in <see cref="Seal(ReadOnlySpan{byte},string,ReadOnlySpan{byte},ReadOnlySpan{byte},Span{byte})"/>.</param>
    /// <param name="key">Receives <see cref="KeyOfOneSize"/> bytes; zeroed by the caller. MUST seal once.</param>
    public static void KeyToSeal(ReadOnlySpan<byte> secret, string label, Span<byte> key)
    {
        FreshBytes.Fill(key[..SaltSize]);
        Derive(secret, key[..SaltSize], label, key.Slice(SaltSize, KeyOfOneSize - SaltSize));
    }

    /// <summary>The key of one envelope that is there; false, and zeros, where this is none of a known suite. Whether the secret is the envelope's shows when it is opened.</summary>
    /// <inheritdoc cref="KeyToSeal"/>
    public static bool TryKeyToOpen(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> envelope, Span<byte> key)
    {
        key.Clear();
        if (envelope.Length < Overhead || envelope[0] != Suite)
        {
            return false;
        }

        envelope.Slice(1, SaltSize).CopyTo(key);
        Derive(secret, key[..SaltSize], label, key.Slice(SaltSize, KeyOfOneSize - SaltSize));
        return true;
    }

    /// <summary>Seals with the key of one envelope, as the other does with a secret.</summary>
    /// <param name="key">From <see cref="KeyToSeal"/>.</param>
    /// <param name="associatedData">Where this lies.</param>
    /// <param name="plaintext">May be empty.</param>
    /// <param name="envelope">Receives the plaintext's length plus <see cref="Overhead"/> bytes.</param>
    public static void SealWith(ReadOnlySpan<byte> key, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> envelope)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyOfOneSize, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(envelope.Length, plaintext.Length + Overhead, nameof(envelope));
        envelope[0] = Suite;
        key[..SaltSize].CopyTo(envelope[1..]);
        key[^CommitmentSize..].CopyTo(envelope[(1 + SaltSize)..]);
        Gcm.Encrypt(key.Slice(SaltSize, KeySize), key.Slice(SaltSize + KeySize, NonceSize), associatedData, plaintext, envelope.Slice(HeaderSize, plaintext.Length), envelope[^TagSize..]);
    }

    /// <summary>Opens with the key of one envelope; false, with the plaintext zeroed, where anything does not fit, another envelope's key too.</summary>
    public static bool TryOpenWith(ReadOnlySpan<byte> key, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> envelope, Span<byte> plaintext)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyOfOneSize, nameof(key));
        if (envelope.Length < Overhead || envelope[0] != Suite)
        {
            plaintext.Clear();
            return false;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(plaintext.Length, envelope.Length - Overhead, nameof(plaintext));
        if (!key[..SaltSize].SequenceEqual(envelope.Slice(1, SaltSize)) || !CryptographicOperations.FixedTimeEquals(key[^CommitmentSize..], envelope.Slice(1 + SaltSize, CommitmentSize)))
        {
            plaintext.Clear();
            return false;
        }

        return Gcm.TryDecrypt(key.Slice(SaltSize, KeySize), key.Slice(SaltSize + KeySize, NonceSize), associatedData, envelope[HeaderSize..^TagSize], envelope[^TagSize..], plaintext);
    }

    /// <summary>Opens an envelope into a new array; null where <see cref="TryOpen"/> is false.</summary>
    public static byte[]? Open(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> envelope)
    {
        if (envelope.Length < Overhead)
        {
            return null;
        }

        var plaintext = new byte[envelope.Length - Overhead];
        return TryOpen(secret, label, associatedData, envelope, plaintext) ? plaintext : null;
    }

    private static void Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, string label, Span<byte> derived)
    {
        Span<byte> info = stackalloc byte[MaxInfo];
        InfoPrefix.CopyTo(info);
        var written = Encoding.UTF8.GetBytes(label, info[(InfoPrefix.Length + sizeof(ushort))..]);
        BinaryPrimitives.WriteUInt16BigEndian(info[InfoPrefix.Length..], (ushort)written);
        Sha256.Hkdf(secret, salt, info[..(InfoPrefix.Length + sizeof(ushort) + written)], derived);
    }
}
