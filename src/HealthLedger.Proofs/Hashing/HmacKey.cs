using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// A key of HMAC-SHA-256 (RFC 2104) for several messages: what depends on the key alone is computed once. Key, midstates and the last message are wiped when it is disposed of, at once.
/// </summary>
internal ref struct HmacKey
{
    private const int Block = Sha256Words.Block;
    private const ulong InnerPad = 0x3636363636363636;
    private const ulong OuterPad = 0x5c5c5c5c5c5c5c5c;

    /// <summary>The key itself, where the framework computes.</summary>
    private readonly byte[]? _key;
    private State _state;

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

        var pad = _state.Rest.Bytes[..Block];
        if (key.Length > Block)
        {
            Sha256.Hash(key, pad);
        }
        else
        {
            key.CopyTo(pad);
        }

        Begin(pad, InnerPad, out _state.Inner);
        Begin(pad, InnerPad ^ OuterPad, out _state.Outer);
    }

    /// <summary>The MAC of one message.</summary>
    /// <param name="message">Any length.</param>
    /// <param name="mac">Receives 32 bytes.</param>
    public void Mac(scoped ReadOnlySpan<byte> message, scoped Span<byte> mac) => Mac(message, [], [], mac);

    /// <summary>The MAC of three parts, one behind the other; <paramref name="mac"/> may be one of them.</summary>
    public void Mac(scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second, scoped ReadOnlySpan<byte> third, scoped Span<byte> mac)
    {
        if (_key is not null)
        {
            MacByFramework([.. first, .. second, .. third], mac);
            return;
        }

        var length = first.Length + second.Length + third.Length;
        var within = _state.Rest.Bytes;
        if (length <= Sha256Rest.Size)
        {
            first.CopyTo(within);
            second.CopyTo(within[first.Length..]);
            third.CopyTo(within[(first.Length + second.Length)..]);
            _state.Rest.Finish(_state.Inner, blocks: 1, length, within);
        }
        else
        {
            var state = OpenSslSha256.After(_state.Inner, blocks: 1);
            state.Append(first);
            state.Append(second);
            state.Append(third);
            state.Finish(within);
        }

        _state.Rest.Finish(_state.Outer, blocks: 1, Sha256.Size, mac);
    }

    /// <summary>The MAC of a message that is the same under many keys and so was prepared once.</summary>
    public void Mac(PreparedMessage message, scoped Span<byte> mac)
    {
        if (_key is not null)
        {
            MacByFramework(message.Bytes.ToArray(), mac);
            return;
        }

        _state.Rest.Finish(_state.Inner, message.Padded, _state.Rest.Bytes);
        _state.Rest.Finish(_state.Outer, blocks: 1, Sha256.Size, mac);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<State>(ref _state)));
    }

    private static void Begin(Span<byte> pad, ulong mask, out Sha256Words words)
    {
        foreach (ref var value in MemoryMarshal.Cast<byte, ulong>(pad))
        {
            value ^= mask;
        }

        words = Sha256Words.Initial;
        words.Add(pad);
    }

    private readonly void MacByFramework(byte[] message, Span<byte> mac)
    {
        HMACSHA256.HashData(_key, message, mac);
        CryptographicOperations.ZeroMemory(message);
    }

    private struct State
    {
        public Sha256Words Inner;
        public Sha256Words Outer;
        public Sha256Rest Rest;
    }
}
