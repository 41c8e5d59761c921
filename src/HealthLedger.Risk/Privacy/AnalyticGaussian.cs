namespace HealthLedger.Risk.Privacy;

/// <summary>
/// The exact privacy of the Gaussian mechanism, and the least noise for a stated (epsilon, delta): Balle and Wang 2018 (arXiv:1805.06530),
/// Theorem 8. Unlike the classic formula it holds for every epsilon and wastes no noise.
/// </summary>
public static class AnalyticGaussian
{
    public const double LeastEpsilon = 1e-4, MostEpsilon = 100, LeastDelta = 1e-18;

    /// <summary>
    /// The least delta for which noise of standard deviation <paramref name="sigma"/> on a query of L2 <paramref name="sensitivity"/> is
    /// (epsilon, delta)-differentially private: Φ(s/2σ − εσ/s) − e^ε Φ(−s/2σ − εσ/s).
    /// </summary>
    public static double Delta(double epsilon, double sigma, double sensitivity = 1)
    {
        CheckPositive(sigma, nameof(sigma));
        CheckPositive(sensitivity, nameof(sensitivity));
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        var noise = sigma / sensitivity;
        var upper = NormalDistribution.Cdf(0.5 / noise - epsilon * noise);
        var lower = Math.Exp(epsilon + NormalDistribution.LogCdf(-0.5 / noise - epsilon * noise));
        return Math.Max(0, upper - lower);
    }

    /// <summary>
    /// The least standard deviation that is (epsilon, delta)-differentially private, to eleven digits and never below the true value's
    /// bracket: the end of the bisection that satisfies the bound is returned.
    /// </summary>
    public static double Calibrate(double epsilon, double delta, double sensitivity = 1)
    {
        if (!(epsilon is >= LeastEpsilon and <= MostEpsilon)) throw new ArgumentOutOfRangeException(nameof(epsilon));
        if (!(delta is >= LeastDelta and < 1)) throw new ArgumentOutOfRangeException(nameof(delta));
        CheckPositive(sensitivity, nameof(sensitivity));

        double low = 1e-6, high = 1;
        while (Delta(epsilon, high) > delta) high *= 2;
        while (high - low > high * 1e-12)
        {
            var middle = low + (high - low) / 2;
            if (Delta(epsilon, middle) > delta) low = middle;
            else high = middle;
        }
        return high * sensitivity;
    }

    private static void CheckPositive(double value, string name)
    {
        if (!(value > 0) || double.IsInfinity(value)) throw new ArgumentOutOfRangeException(name);
    }
}
