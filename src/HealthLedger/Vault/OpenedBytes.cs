using System.Buffers;
using System.Security.Cryptography;

namespace HealthLedger.Vault;

/// <summary>Plaintext in a pooled buffer, zeroed on dispose. Whoever opened it disposes it as soon as the response is written.</summary>
public sealed class OpenedBytes : IDisposable
{
    private readonly int start;
    private readonly int used;
    private byte[]? buffer;

    internal OpenedBytes(byte[] buffer, int used, Range content)
    {
        this.buffer = buffer;
        this.used = used;
        (start, Length) = content.GetOffsetAndLength(used);
    }

    /// <summary>How many bytes.</summary>
    public int Length { get; }

    /// <summary>The plaintext.</summary>
    /// <exception cref="ObjectDisposedException">It was zeroed.</exception>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(buffer is null, this);
            return buffer.AsMemory(start, Length);
        }
    }

    /// <summary>Zeroes the plaintext and gives the buffer back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref buffer, null) is { } rented)
        {
            CryptographicOperations.ZeroMemory(rented.AsSpan(0, used));
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
