using System.Buffers;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Tokens;

/// <summary>A statement by the log that a consent stands, for one client and one purpose (docs/formats/consent-token.md).</summary>
/// <remarks>Evidence of state, never authority: inside the gateway the live state decides. Reading a token does not verify it.</remarks>
/// <param name="Issuer">The log's origin.</param>
/// <param name="Audience">The gateway or run that it is for.</param>
/// <param name="ClientId">The client that it was given to.</param>
/// <param name="Id">Unique for each token.</param>
/// <param name="IssuedAt">Unix seconds.</param>
/// <param name="Expires">Unix seconds, after <paramref name="IssuedAt"/>.</param>
/// <param name="Purpose">Exactly one purpose of use.</param>
/// <param name="Handle">The consent's handle in the map.</param>
/// <param name="Scope">The consent's scope as stored.</param>
/// <param name="ScopeOpening">32 bytes that open the scope commitment.</param>
public sealed record ConsentToken(
    string Issuer,
    string Audience,
    string ClientId,
    string Id,
    long IssuedAt,
    long Expires,
    string Purpose,
    Hash Handle,
    byte[] Scope,
    byte[] ScopeOpening)
{
    /// <summary>The longest token.</summary>
    public const int MaxChars = 128 * 1024;

    /// <summary>The longest of the text claims.</summary>
    public const int MaxClaim = 1024;

    private const string Header = """{"alg":"EdDSA","typ":"healthledger-consent+jwt"}""";
    private static readonly string s_header = StrictBase64.EncodeUrl(Encoding.ASCII.GetBytes(Header));

    /// <summary>Signs the token with the log's key: a JWS in compact form (RFC 7515 section 7.1, EdDSA of RFC 8037).</summary>
    /// <exception cref="ArgumentException">The signer is not the issuer, or a claim is empty, too long or out of range.</exception>
    public string Sign(NoteSigner log)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (log.Verifier.Type != NoteKeyType.Ed25519 || log.Verifier.Name != Issuer || !IsInRange())
        {
            throw new ArgumentException("The log signs tokens under its own origin, with claims in range.", nameof(log));
        }

        // A note's text ends in a newline and a signing input has none: the key's two uses cannot be taken for each other.
        var input = s_header + "." + StrictBase64.EncodeUrl(Claims());
        return input + "." + StrictBase64.EncodeUrl(log.SignRaw(Encoding.ASCII.GetBytes(input)));
    }

    /// <summary>Reads a token and checks its signature by one of these log keys, the one named by its issuer.</summary>
    /// <remarks>The header is compared as a whole: algorithm and type are ours to say, not the token's.</remarks>
    public static Parsed<ConsentToken> Parse(string token, IReadOnlyCollection<NoteVerifier> logs) => Parse(token, logs, out _);

    /// <summary>The same, and which of the keys signed.</summary>
    internal static Parsed<ConsentToken> Parse(string token, IReadOnlyCollection<NoteVerifier> logs, out NoteVerifier? signer)
    {
        signer = null;
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(logs);
        if (token.Length > MaxChars || token.Split('.') is not [var header, var payload, var signature])
        {
            return new Fault("token-syntax", $"Not a token of three parts in at most {MaxChars} characters.");
        }

        if (header != s_header)
        {
            return new Fault("token-header", "The token is not of the one algorithm and type.");
        }

        if (StrictBase64.DecodeUrl(payload) is not { } claims || StrictBase64.DecodeUrl(signature) is not { } signatureBytes)
        {
            return new Fault("token-syntax", "A part of the token is not base64url.");
        }

        if (!ParseClaims(claims).TryGet(out var parsed, out var fault))
        {
            return fault;
        }

        var keys = logs.Where(log => log.Type == NoteKeyType.Ed25519 && log.Name == parsed.Issuer).ToList();
        if (keys.Count == 0)
        {
            return new Fault("token-issuer", "The token's issuer is not a trusted log.");
        }

        var input = Encoding.ASCII.GetBytes(token[..(header.Length + 1 + payload.Length)]);
        signer = keys.Find(log => log.VerifyRaw(input, signatureBytes));
        return signer is not null ? parsed : new Fault("token-signature", "The token's signature does not hold.");
    }

    private bool IsInRange() =>
        new[] { Issuer, Audience, ClientId, Id, Purpose }.All(claim => claim.Length is > 0 and <= MaxClaim)
        && IssuedAt >= 0 && Expires > IssuedAt
        && !Handle.IsZero && Scope.Length <= ScopeCommitment.MaxScope && ScopeOpening.Length == ScopeCommitment.RandomLength;

    private byte[] Claims()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("iss", Issuer);
            json.WriteString("aud", Audience);
            json.WriteString("client_id", ClientId);
            json.WriteString("jti", Id);
            json.WriteNumber("iat", IssuedAt);
            json.WriteNumber("exp", Expires);
            json.WriteString("purpose", Purpose);
            json.WriteString("handle", StrictBase64.EncodeUrl(Handle.Bytes));
            json.WriteString("scope", StrictBase64.EncodeUrl(Scope));
            json.WriteString("scope_r", StrictBase64.EncodeUrl(ScopeOpening));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static Parsed<ConsentToken> ParseClaims(byte[] claims)
    {
        if (!StrictJson.Parse(claims, MaxChars).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.HasExactly(root, "iss", "aud", "client_id", "jti", "iat", "exp", "purpose", "handle", "scope", "scope_r")
                || StrictJson.String(root, "iss") is not { } issuer
                || StrictJson.String(root, "aud") is not { } audience
                || StrictJson.String(root, "client_id") is not { } client
                || StrictJson.String(root, "jti") is not { } id
                || StrictJson.Seconds(root, "iat") is not { } issuedAt
                || StrictJson.Seconds(root, "exp") is not { } expires
                || StrictJson.String(root, "purpose") is not { } purpose
                || StrictJson.Base64Url(root, "handle") is not { Length: Hash.Length } handle
                || StrictJson.Base64Url(root, "scope") is not { } scope
                || StrictJson.Base64Url(root, "scope_r") is not { } opening)
            {
                return new Fault("token-claims", "The token does not have exactly the claims of a consent token.");
            }

            var token = new ConsentToken(issuer, audience, client, id, issuedAt, expires, purpose, new Hash(handle), scope, opening);
            return token.IsInRange() ? token : new Fault("token-claims", "A claim of the token is empty, too long or out of range.");
        }
    }
}
