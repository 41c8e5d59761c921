using HealthLedger.Access;

namespace HealthLedger.Smart.Tokens;

/// <summary>Whether a bearer token counts.</summary>
public abstract record TokenValidation
{
    private TokenValidation()
    {
    }

    /// <summary>It does, until <paramref name="Expires"/>.</summary>
    /// <param name="Caller">Who asks.</param>
    /// <param name="Expires">The token's end; not itself included.</param>
    public sealed record Valid(Caller Caller, DateTimeOffset Expires) : TokenValidation;

    /// <summary>It does not: answer 401 with <c>WWW-Authenticate: Bearer error="invalid_token"</c>.</summary>
    public sealed record Invalid(TokenFault Fault) : TokenValidation;
}

/// <summary>Why a token does not count. For logs and metrics; callers are told only that it does not.</summary>
public enum TokenFault
{
    /// <summary>Not a token of ours by its form: parts, base64url, JSON, size, type.</summary>
    Malformed,
    /// <summary>Names a key that is not ours.</summary>
    UnknownKey,
    /// <summary>The signature does not hold.</summary>
    BadSignature,
    /// <summary>From another issuer or for another audience.</summary>
    Foreign,
    /// <summary>Its time is over.</summary>
    Expired,
    /// <summary>Its time has not come.</summary>
    NotYetValid,
    /// <summary>Signed by us but without a claim that every token has.</summary>
    BadClaims,
    /// <summary>Its client is unknown or disabled by now, or may do nothing of what the token says.</summary>
    ClientRefused,
}
