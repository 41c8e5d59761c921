namespace HealthLedger.Risk.Scores;

/// <summary>Bands of ten-year risk as the ACC/AHA guideline of 2019 on primary prevention draws them (doi:10.1161/CIR.0000000000000678, section 2.2).</summary>
public enum RiskBand
{
    /// <summary>Below 5 %.</summary>
    Low,

    /// <summary>5 % to below 7.5 %.</summary>
    Borderline,

    /// <summary>7.5 % to below 20 %.</summary>
    Intermediate,

    /// <summary>20 % and above.</summary>
    High,
}

/// <summary>From a risk to its band.</summary>
public static class RiskBands
{
    /// <summary>How many bands there are.</summary>
    public const int Count = 4;

    /// <param name="risk">A ten-year risk as a fraction in [0, 1].</param>
    public static RiskBand Of(double risk) => risk switch
    {
        < 0 or > 1 or double.NaN => throw new ArgumentOutOfRangeException(nameof(risk)),
        < 0.05 => RiskBand.Low,
        < 0.075 => RiskBand.Borderline,
        < 0.20 => RiskBand.Intermediate,
        _ => RiskBand.High,
    };
}
