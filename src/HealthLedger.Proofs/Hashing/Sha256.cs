using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869) over it, for the many short inputs of a ledger: by OpenSSL directly where it is there, since through
/// the framework a short hash costs several times itself; else by the framework. docs/decisions/0009.
/// </summary>
public static class Sha256
{
    /// <summary>Bytes of a hash and of a MAC.</summary>
    public const int Size = 32;

    /// <summary>The hash of <paramref name="data"/>.</summary>
    /// <param name="data">Any length.</param>
    /// <param name="hash">Receives 32 bytes.</param>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> hash) => Hash([], data, hash);

    /// <summary>The hash of two parts, one behind the other.</summary>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        if (!OpenSslSha256.IsThere)
        {
            HashByFramework(first, second, hash);
        }
        else if (first.Length + second.Length <= Sha256Rest.Size)
        {
            Sha256Rest message = default;
            first.CopyTo(message.Bytes);
            second.CopyTo(message.Bytes[first.Length..]);
            message.Finish(Sha256Words.Initial, blocks: 0, first.Length + second.Length, hash);
            message.Wipe(); // it may be a secret
        }
        else
        {
            var state = OpenSslSha256.Start();
            state.Append(first);
            state.Append(second);
            state.Finish(hash);
        }
    }

    /// <summary>HMAC-SHA-256.</summary>
    /// <param name="key">Any length.</param>
    /// <param name="message">Any length.</param>
    /// <param name="mac">Receives 32 bytes.</param>
    public static void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        if (!OpenSslSha256.IsThere)
        {
            HMACSHA256.HashData(key, message, mac);
            return;
        }

        using var keyed = new HmacKey(key);
        keyed.Mac(message, mac);
    }

    /// <summary>HKDF-SHA-256, extracted and expanded.</summary>
    /// <param name="secret">Any length.</param>
    /// <param name="salt">Any length; none is 32 zero bytes.</param>
    /// <param name="info">Any length.</param>
    /// <param name="output">Receives up to 255 x 32 bytes.</param>
    public static void Hkdf(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(output.Length, byte.MaxValue * Size, nameof(output));
        if (!OpenSslSha256.IsThere)
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, output, salt, info);
            return;
        }

        Span<byte> block = stackalloc byte[Size];
        Hmac(salt, secret, block);
        using var keyed = new HmacKey(block);
        for (byte number = 1; !output.IsEmpty; number++)
        {
            keyed.Mac(number == 1 ? [] : block, info, [number], block);
            var taken = Math.Min(Size, output.Length);
            block[..taken].CopyTo(output);
            output = output[taken..];
        }

        CryptographicOperations.ZeroMemory(block);
    }

    internal static void HashByFramework(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        if (first.IsEmpty)
        {
            SHA256.HashData(second, hash);
            return;
        }

        using var incremental = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        incremental.AppendData(first);
        incremental.AppendData(second);
        incremental.GetHashAndReset(hash);
    }
}
