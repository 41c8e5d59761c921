using System.Security.Cryptography;

namespace HealthLedger.Sealing;

/// <summary>
/// A secret in memory that the garbage collector does not move, so that no copy of it stays behind; zeroed on dispose. Whoever holds one from a longer-lived
/// owner (a key ring, a shelf) does not dispose it.
/// </summary>
public sealed class PinnedSecret : IDisposable
{
    private readonly byte[] bytes;
    private bool disposed;

    private PinnedSecret(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        bytes = GC.AllocateArray<byte>(size, pinned: true);
    }

    /// <summary>The secret's size in bytes.</summary>
    public int Length => bytes.Length;

    /// <summary>The secret.</summary>
    /// <exception cref="ObjectDisposedException">It was zeroed.</exception>
    public ReadOnlySpan<byte> Span => Live;

    /// <summary>The secret, for holders that outlive a stack frame; all zero once this is disposed.</summary>
    /// <exception cref="ObjectDisposedException">It was zeroed.</exception>
    public ReadOnlyMemory<byte> Memory => Live;

    private byte[] Live
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>A fresh random secret.</summary>
    public static PinnedSecret Random(int size) => Create(size, 0, static (span, _) => RandomNumberGenerator.Fill(span));

    /// <summary>A copy; the caller zeroes the original.</summary>
    public static PinnedSecret CopyOf(ReadOnlySpan<byte> secret)
    {
        var copy = new PinnedSecret(secret.Length);
        secret.CopyTo(copy.bytes);
        return copy;
    }

    /// <summary>A secret that <paramref name="fill"/> writes in place; zeroed again where it throws.</summary>
    public static PinnedSecret Create<TState>(int size, TState state, System.Buffers.SpanAction<byte, TState> fill)
    {
        var secret = new PinnedSecret(size);
        try
        {
            fill(secret.bytes, state);
            return secret;
        }
        catch
        {
            secret.Dispose();
            throw;
        }
    }

    /// <summary>Zeroes the secret.</summary>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bytes);
    }
}
