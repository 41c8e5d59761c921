using System.Security.Cryptography;

namespace HealthLedger.Proofs.Tokens;

/// <summary>The commitment by which ledger and map carry a consent's scope without showing it (docs/formats/consent-token.md).</summary>
public static class ScopeCommitment
{
    /// <summary>Bytes of the random opening.</summary>
    public const int RandomLength = 32;

    /// <summary>The longest scope.</summary>
    public const int MaxScope = 64 * 1024;

    /// <summary>HMAC-SHA-256 under the opening of <c>"healthledger/scope/v1\n" || scope</c>.</summary>
    /// <param name="scope">The scope's bytes as they are stored, at most 64 KiB; never written anew.</param>
    /// <param name="opening">Exactly 32 bytes, random for each consent: another length would have HMAC pad it.</param>
    /// <exception cref="ArgumentException">Other lengths.</exception>
    public static Hash Of(ReadOnlySpan<byte> scope, ReadOnlySpan<byte> opening)
    {
        if (opening.Length != RandomLength || scope.Length > MaxScope)
        {
            throw new ArgumentException($"An opening has {RandomLength} bytes and a scope at most {MaxScope}.", nameof(opening));
        }

        var domain = "healthledger/scope/v1\n"u8;
        var message = new byte[domain.Length + scope.Length];
        domain.CopyTo(message);
        scope.CopyTo(message.AsSpan(domain.Length));
        Span<byte> commitment = stackalloc byte[Hash.Length];
        HMACSHA256.HashData(opening, message, commitment);
        return new Hash(commitment);
    }
}
