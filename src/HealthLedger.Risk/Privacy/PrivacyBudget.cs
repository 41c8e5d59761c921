namespace HealthLedger.Risk.Privacy;

/// <summary>How much may ever be learned about one patient from all releases together: (epsilon, delta)-differential privacy, adding or removing the patient.</summary>
public sealed record PrivacyBudget
{
    /// <param name="epsilon">Above 0, at most 100.</param>
    /// <param name="delta">Above 0, at most 0.001: a larger one permits publishing whole records of some patients.</param>
    public PrivacyBudget(double epsilon, double delta)
    {
        if (!(epsilon is > 0 and <= 100)) throw new ArgumentOutOfRangeException(nameof(epsilon));
        if (!(delta is >= 1e-15 and <= 1e-3)) throw new ArgumentOutOfRangeException(nameof(delta));
        Epsilon = epsilon;
        Delta = delta;
    }

    public double Epsilon { get; }

    public double Delta { get; }
}
