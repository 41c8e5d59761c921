using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Release;

/// <summary>
/// The noise of one release and what it costs each patient, fixed before any record is read. For counts of which one patient, added or removed, changes exactly
/// one by one: sensitivity 1 in every norm.
/// </summary>
public sealed class NoisePlan
{
    /// <summary>How far the counts can move, in the L2 norm, when one patient is added or removed.</summary>
    public const double Sensitivity = 1;

    private NoisePlan(PrivacyBudget price, DiscreteGaussian noise)
    {
        Price = price;
        Noise = noise;
        Cost = RenyiVector.OfGaussian(noise.Sigma, Sensitivity);
    }

    /// <summary>The (epsilon, delta) that this release alone satisfies, exactly calibrated.</summary>
    public PrivacyBudget Price { get; }

    public DiscreteGaussian Noise { get; }

    /// <summary>What the budget ledger charges each patient: the Rényi bound, which adds up over releases better than (epsilon, delta) does.</summary>
    public RenyiVector Cost { get; }

    /// <param name="price">Epsilon at least 0.01: below it the noise exceeds every count.</param>
    public static NoisePlan ForCounts(PrivacyBudget price)
    {
        ArgumentNullException.ThrowIfNull(price);
        if (price.Epsilon < 0.01) throw new ArgumentOutOfRangeException(nameof(price));
        return new NoisePlan(price, DiscreteGaussian.Calibrate(price.Epsilon, price.Delta));
    }
}
