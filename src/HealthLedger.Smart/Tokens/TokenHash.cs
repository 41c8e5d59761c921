using System.Runtime.InteropServices;
using System.Text;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Tokens;

/// <summary>SHA-256 of a token's text: tokens are remembered by it, so that a memory dump of the cache yields no usable token.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TokenHash(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The first word of a uniform hash is a uniform hash.</summary>
    public override int GetHashCode() => (int)A;

    /// <summary>False where the text is empty, too long, or not ASCII.</summary>
    public static bool TryCompute(ReadOnlySpan<char> text, out TokenHash hash)
    {
        hash = default;
        if (text.Length is 0 or > SignedToken.MaxLength)
        {
            return false;
        }

        Span<byte> ascii = stackalloc byte[text.Length];
        if (Encoding.ASCII.GetBytes(text, ascii) != text.Length || !Ascii.IsValid(text))
        {
            return false;
        }

        Span<ulong> words = stackalloc ulong[4];
        Sha256.Hash(ascii, MemoryMarshal.AsBytes(words));
        hash = new TokenHash(words[0], words[1], words[2], words[3]);
        return true;
    }
}
