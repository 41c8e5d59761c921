using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>A key of HMAC-SHA-256 (RFC 2104) for several messages: what depends on the key alone is computed once. Wiped when disposed.</summary>
internal ref struct HmacKey
{
    private const int Block = 64;
    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5c;

    /// <summary>The key itself, where the framework computes.</summary>
    private readonly byte[]? _key;
    private OpenSslSha256 _inner;
    private OpenSslSha256 _outer;

    /// <param name="key">Any length.</param>
    public HmacKey(ReadOnlySpan<byte> key)
        : this(key, OpenSslSha256.IsThere)
    {
    }

    internal HmacKey(ReadOnlySpan<byte> key, bool direct)
    {
        if (!direct)
        {
            _key = key.ToArray();
            return;
        }

        Span<byte> pad = stackalloc byte[Block];
        pad.Clear();
        if (key.Length > Block)
        {
            Sha256.Hash(key, pad[..Sha256.Size]);
        }
        else
        {
            key.CopyTo(pad);
        }

        Begin(pad, InnerPad, out _inner);
        Begin(pad, InnerPad ^ OuterPad, out _outer);
        CryptographicOperations.ZeroMemory(pad);
    }

    /// <summary>The MAC of one message.</summary>
    /// <param name="message">Any length.</param>
    /// <param name="mac">Receives 32 bytes.</param>
    public readonly void Mac(ReadOnlySpan<byte> message, Span<byte> mac) => Mac(message, [], [], mac);

    /// <summary>The MAC of three parts, one behind the other; <paramref name="mac"/> may be one of them.</summary>
    public readonly void Mac(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> mac)
    {
        if (_key is not null)
        {
            byte[] message = [.. first, .. second, .. third];
            HMACSHA256.HashData(_key, message, mac);
            CryptographicOperations.ZeroMemory(message);
            return;
        }

        var state = _inner;
        state.Append(first);
        state.Append(second);
        state.Append(third);
        Span<byte> within = stackalloc byte[Sha256.Size];
        state.Finish(within);
        state = _outer;
        state.Append(within);
        state.Finish(mac);
        CryptographicOperations.ZeroMemory(within);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        _inner.Wipe();
        _outer.Wipe();
    }

    private static void Begin(Span<byte> pad, byte mask, out OpenSslSha256 state)
    {
        foreach (ref var value in pad)
        {
            value ^= mask;
        }

        state = OpenSslSha256.Start();
        state.Append(pad);
    }
}
