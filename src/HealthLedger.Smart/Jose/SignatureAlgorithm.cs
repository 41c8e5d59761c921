namespace HealthLedger.Smart.Jose;

/// <summary>The signature algorithms that are accepted (RFC 7518 section 3.1). There is no member for <c>none</c> or for an HMAC, and none is ever parsed.</summary>
public enum SignatureAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256: the server's own access tokens.</summary>
    ES256,
    /// <summary>ECDSA on P-384 with SHA-384: client assertions.</summary>
    ES384,
    /// <summary>RSASSA-PKCS1-v1_5 with SHA-384: client assertions.</summary>
    RS384,
}
