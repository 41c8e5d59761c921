using System.Collections.Concurrent;
using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>Keys of single envelopes, in memory that the garbage collector does not move; zeroed on dispose.</summary>
public sealed class EnvelopeKeys : IDisposable
{
    // Pinned memory is collected late, and one of these is made for every read: so the small ones are used again.
    private const int Pooled = 64;
    private const int MaxPooled = 256;
    private static readonly ConcurrentQueue<byte[]> Free = [];
    private static int free;
    private byte[]? bytes;

    private EnvelopeKeys(byte[] bytes, int count) => (this.bytes, Count) = (bytes, count);

    /// <summary>How many keys.</summary>
    public int Count { get; }

    /// <summary>One key, <see cref="Envelope.KeyOfOneSize"/> bytes.</summary>
    /// <exception cref="ObjectDisposedException">They were zeroed.</exception>
    public ReadOnlySpan<byte> this[int index] => At(index);

    /// <summary>Room for so many keys, all zeros: such a key opens nothing.</summary>
    public static EnvelopeKeys For(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count <= Pooled && Free.TryDequeue(out var used))
        {
            Interlocked.Decrement(ref free);
            return new EnvelopeKeys(used, count);
        }

        return new EnvelopeKeys(GC.AllocateArray<byte>(Math.Max(count, Pooled) * Envelope.KeyOfOneSize, pinned: true), count);
    }

    /// <summary>Where a key is written.</summary>
    public Span<byte> At(int index)
    {
        ObjectDisposedException.ThrowIf(bytes is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return bytes.AsSpan(index * Envelope.KeyOfOneSize, Envelope.KeyOfOneSize);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref bytes, null) is not { } used)
        {
            return;
        }

        CryptographicOperations.ZeroMemory(used.AsSpan(0, Count * Envelope.KeyOfOneSize));
        if (Count > Pooled)
        {
            return;
        }

        if (Interlocked.Increment(ref free) <= MaxPooled)
        {
            Free.Enqueue(used);
        }
        else
        {
            Interlocked.Decrement(ref free);
        }
    }
}
