using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>What opens a key directory: 1 to 1,024 bytes, used as they are. Dispose it when the directory is open.</summary>
public sealed class Passphrase : IDisposable
{
    /// <summary>The greatest length in bytes.</summary>
    public const int MaxSize = 1024;

    private readonly PinnedSecret secret;

    private Passphrase(PinnedSecret secret) => this.secret = secret;

    internal ReadOnlySpan<byte> Span => secret.Span;

    /// <summary>From an environment variable or console, where it was a string already.</summary>
    /// <exception cref="ArgumentException">Empty or longer than <see cref="MaxSize"/>.</exception>
    public static Passphrase FromText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            return FromBytes(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The bytes of a file, without line ends at its end.</summary>
    /// <exception cref="ArgumentException">Empty or longer than <see cref="MaxSize"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Passphrase FromFile(string path)
    {
        using var file = File.OpenHandle(path);
        var bytes = GC.AllocateArray<byte>(MaxSize + 3, pinned: true);
        try
        {
            var read = 0;
            while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), read) is var more and > 0)
            {
                read += more;
            }

            return FromBytes(bytes.AsSpan(0, read).TrimEnd("\r\n"u8));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>A copy of <paramref name="bytes"/>; the caller zeroes the original.</summary>
    /// <exception cref="ArgumentException">Empty or longer than <see cref="MaxSize"/>.</exception>
    public static Passphrase FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length is 0 or > MaxSize
            ? throw new ArgumentException($"A passphrase has 1 to {MaxSize} bytes.")
            : new Passphrase(PinnedSecret.CopyOf(bytes));

    /// <summary>32 random bytes in base64url: what is made where nobody gave a passphrase.</summary>
    internal static Passphrase Random()
    {
        using var random = PinnedSecret.Random(Envelope.SecretSize);
        return new Passphrase(PinnedSecret.Create(Base64Url.GetEncodedLength(random.Length), random, static (text, source) => Base64Url.EncodeToUtf8(source.Span, text)));
    }

    /// <summary>Zeroes it.</summary>
    public void Dispose() => secret.Dispose();
}
