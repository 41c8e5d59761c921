using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Smart.Keys;

/// <summary>A 32-byte secret in pinned memory, zeroed when it is no longer needed.</summary>
internal sealed class RowKey : IDisposable
{
    private readonly byte[] secret = GC.AllocateArray<byte>(Envelope.SecretSize, pinned: true);

    private RowKey(ReadOnlySpan<byte> source) => source.CopyTo(secret);

    public ReadOnlySpan<byte> Secret => secret;

    /// <summary>Fetches the secret of that name, or makes it from the system's random source.</summary>
    /// <exception cref="InvalidDataException">The stored secret has not 32 bytes.</exception>
    public static RowKey Load(ISealedSecrets secrets, string name)
    {
        var bytes = secrets.GetOrCreate(name, () => RandomNumberGenerator.GetBytes(Envelope.SecretSize));
        try
        {
            return bytes.Length == Envelope.SecretSize ? new RowKey(bytes) : throw new InvalidDataException($"The secret {name} is damaged.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(secret);
}
