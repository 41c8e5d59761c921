using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys.Holding;

/// <summary>32 bytes in a file that its owner alone may read: 64 lower-case hexadecimal digits and a line end.</summary>
public static class SecretFile
{
    private const int Digits = 2 * Envelope.SecretSize;

    /// <summary>Reads the secret. The caller disposes it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or others than its owner may read it.</exception>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static PinnedSecret Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
        {
            throw new UnauthorizedAccessException($"{path} is open to others than its owner; chmod 600 it.");
        }

        using var file = File.OpenHandle(path);
        var text = GC.AllocateArray<byte>(Digits + 1, pinned: true);
        try
        {
            if (RandomAccess.GetLength(file) != text.Length || RandomAccess.Read(file, text, 0) != text.Length || text[^1] != '\n')
            {
                throw new InvalidDataException($"{path} does not hold {Digits} hexadecimal digits.");
            }

            return PinnedSecret.Create(Envelope.SecretSize, (text, path), static (secret, from) =>
            {
                if (Convert.FromHexString(from.text.AsSpan(0, Digits), secret, out _, out _) != System.Buffers.OperationStatus.Done)
                {
                    throw new InvalidDataException($"{from.path} does not hold {Digits} hexadecimal digits.");
                }
            });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <summary>Writes a secret into a new file. Durable on return.</summary>
    /// <exception cref="IOException">It exists, or cannot be written.</exception>
    public static void Write(string path, PinnedSecret secret)
    {
        var text = GC.AllocateArray<byte>(Digits + 1, pinned: true);
        try
        {
            Convert.TryToHexStringLower(secret.Span, text, out _);
            text[^1] = (byte)'\n';
            DurableFile.WriteNew(Path.GetFullPath(path), text);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }
}
