using System.Security.Cryptography;
using HealthLedger.Sealing;
using Org.BouncyCastle.Crypto.Generators;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// The cost of trying one passphrase (scrypt, RFC 7914). The header stores it, so reading enforces a floor, below which a stolen header falls to
/// guessing, and a ceiling, above which a planted header would exhaust memory.
/// </summary>
/// <param name="Cost">N: a power of two from <see cref="FloorCost"/> to <see cref="CeilingCost"/>.</param>
public readonly record struct ScryptParameters(int Cost)
{
    /// <summary>The least N accepted: 32 MiB. For tests and demonstrations.</summary>
    public const int FloorCost = 1 << 15;

    /// <summary>The greatest N accepted: 1 GiB.</summary>
    public const int CeilingCost = 1 << 20;

    /// <summary>The r of every header.</summary>
    public const int BlockSize = 8;

    /// <summary>The p of every header.</summary>
    public const int Parallelization = 1;

    /// <summary>N = 2^17: about half a second and 128 MiB.</summary>
    public static ScryptParameters Default => new(1 << 17);

    /// <summary>N = 2^15: about a tenth of a second.</summary>
    public static ScryptParameters Floor => new(FloorCost);

    internal bool IsAcceptable => Cost is >= FloorCost and <= CeilingCost && int.IsPow2(Cost);

    internal PinnedSecret Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt)
    {
        if (!IsAcceptable)
        {
            throw new ArgumentOutOfRangeException(nameof(Cost), Cost, $"scrypt's N must be a power of two from {FloorCost} to {CeilingCost}.");
        }

        return Derive(passphrase, salt, Cost);
    }

    /// <summary>The function itself, at any cost.</summary>
    internal static PinnedSecret Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int cost)
    {
        var password = passphrase.ToArray();
        var key = SCrypt.Generate(password, salt.ToArray(), cost, BlockSize, Parallelization, Envelope.SecretSize);
        try
        {
            return PinnedSecret.CopyOf(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(password);
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
