using System.Text;
using System.Text.Json;
using HealthLedger.Proofs;

namespace HealthLedger.Smart.Jose;

/// <summary>
/// A JWS in compact form (RFC 7515 section 7.1), taken apart but not yet believed: nothing in it counts before <see cref="IsSignedBy"/> said yes.
/// </summary>
internal sealed class SignedToken
{
    /// <summary>Upper limit of a token's text, in characters.</summary>
    public const int MaxLength = 8192;

    private readonly byte[] signingInput;
    private readonly byte[] signature;

    private SignedToken(JsonElement header, JsonElement claims, byte[] signingInput, byte[] signature)
    {
        Header = header;
        Claims = claims;
        this.signingInput = signingInput;
        this.signature = signature;
    }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public string? KeyId => Header.Text("kid");

    /// <summary>
    /// Takes a token apart; null where it is not three base64url parts with a JSON object as header and as payload, or where its header demands an
    /// extension (<c>crit</c>, <c>b64</c>): we know none, and RFC 7515 section 4.1.11 says to refuse.
    /// </summary>
    public static SignedToken? Parse(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var first = text.IndexOf('.');
        var last = text.LastIndexOf('.');
        if (first <= 0 || last == first || text[(first + 1)..last].Contains('.'))
        {
            return null;
        }

        var header = StrictBase64.DecodeUrl(text[..first]);
        var payload = StrictBase64.DecodeUrl(text[(first + 1)..last]);
        var signature = StrictBase64.DecodeUrl(text[(last + 1)..]);
        if (header is null || payload is null || signature is not { Length: > 0 }
            || StrictJson.ParseObject(header, MaxLength) is not { } headerObject || headerObject.Has("crit") || headerObject.Has("b64")
            || StrictJson.ParseObject(payload, MaxLength) is not { } claims)
        {
            return null;
        }

        return new SignedToken(headerObject, claims, Encoding.ASCII.GetBytes(text[..last].ToString()), signature);
    }

    /// <summary>True where the header names this key's algorithm and the signature is this key's.</summary>
    public bool IsSignedBy(JsonWebKey key) => Header.Text("alg") == key.Algorithm.ToString() && key.Verify(signingInput, signature);
}
