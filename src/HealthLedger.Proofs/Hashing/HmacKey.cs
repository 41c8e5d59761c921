using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>A key of HMAC-SHA-256 (RFC 2104) for several messages: what depends on the key alone is computed once. Wiped when disposed.</summary>
internal ref struct HmacKey
{
    private const int Block = Sha256Words.Block;
    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5c;

    /// <summary>The key itself, where the framework computes.</summary>
    private readonly byte[]? _key;
    private Sha256Words _inner;
    private Sha256Words _outer;

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

        Span<byte> within = stackalloc byte[Sha256.Size];
        if (first.Length + second.Length + third.Length <= Sha256Words.Short)
        {
            _inner.Finish(blocks: 1, first, second, third, within);
        }
        else
        {
            var state = OpenSslSha256.After(_inner, blocks: 1);
            state.Append(first);
            state.Append(second);
            state.Append(third);
            state.Finish(within);
        }

        _outer.Finish(blocks: 1, within, [], [], mac);
        CryptographicOperations.ZeroMemory(within);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        _inner.Wipe();
        _outer.Wipe();
    }

    private static void Begin(Span<byte> pad, byte mask, out Sha256Words words)
    {
        foreach (ref var value in pad)
        {
            value ^= mask;
        }

        words = Sha256Words.Initial;
        words.Add(pad);
    }
}
