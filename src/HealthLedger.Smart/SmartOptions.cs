using System.ComponentModel.DataAnnotations;

namespace HealthLedger.Smart;

/// <summary>Settings of the authorization server.</summary>
public sealed class SmartOptions
{
    /// <summary>How long an access token counts, in seconds.</summary>
    /// <value>The default value is 300; SMART backend services recommends no more.</value>
    [Range(10, 3600)]
    public int AccessTokenSeconds { get; set; } = 300;

    /// <summary>How far a client's clock may differ from ours, in seconds.</summary>
    /// <value>The default value is 30.</value>
    [Range(0, 120)]
    public int ClockSkewSeconds { get; set; } = 30;

    /// <summary>The most validated tokens that are remembered.</summary>
    /// <value>The default value is 20,000 (about 20 MB).</value>
    [Range(16, 1_000_000)]
    public int ValidatedTokens { get; set; } = 20_000;
}
