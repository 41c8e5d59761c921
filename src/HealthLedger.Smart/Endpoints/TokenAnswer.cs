using HealthLedger.Smart.Tokens;

namespace HealthLedger.Smart.Endpoints;

/// <summary>What the token endpoint answers.</summary>
public abstract record TokenAnswer
{
    private TokenAnswer()
    {
    }

    /// <summary>200 with a token (RFC 6749 section 5.1).</summary>
    public sealed record Granted(AccessToken Token) : TokenAnswer;

    /// <summary>An error (RFC 6749 section 5.2).</summary>
    /// <param name="Status">400, or 503 for <c>temporarily_unavailable</c>.</param>
    /// <param name="Error">The registered code, such as <c>invalid_client</c>.</param>
    /// <param name="Description">What to do about it; ASCII, without quotes.</param>
    public sealed record Refused(int Status, string Error, string Description) : TokenAnswer;
}
