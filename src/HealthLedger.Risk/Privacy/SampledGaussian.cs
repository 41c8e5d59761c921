namespace HealthLedger.Risk.Privacy;

/// <summary>
/// Rényi divergence of the Gaussian mechanism on a Poisson sample (Mironov, Talwar and Zhang 2019, arXiv:1908.10530, section 3.3): a finite sum at whole
/// orders, two convergent series at others. Everything is kept as logarithms, since the terms span hundreds of orders of magnitude.
/// </summary>
internal static class SampledGaussian
{
    // From there on the terms alternate in sign and fall like a power of their number, so what is left out is smaller than the last term;
    // that much is added, and the result stays an upper bound.
    private const double NegligibleLog = -30;
    private const int MostTerms = 100_000;

    /// <param name="order">Above 1.</param>
    /// <param name="rate">The probability that a patient takes part, 0 to 1.</param>
    /// <param name="sigma">Noise relative to the sensitivity, 0 or more (0 gives infinity).</param>
    public static double Divergence(double order, double rate, double sigma)
    {
        if (!(order > 1) || double.IsInfinity(order)) throw new ArgumentOutOfRangeException(nameof(order));
        if (!(rate is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(rate));
        if (!(sigma >= 0)) throw new ArgumentOutOfRangeException(nameof(sigma));
        if (rate == 0) return 0;
        if (sigma == 0) return double.PositiveInfinity;
        if (rate == 1) return order / (2 * sigma * sigma);
        var log = order == Math.Floor(order) ? WholeOrder((int)order, rate, sigma) : FractionalOrder(order, rate, sigma);
        return Math.Max(0, log / (order - 1));
    }

    private static double WholeOrder(int order, double rate, double sigma)
    {
        double sum = double.NegativeInfinity, logBinomial = 0;
        double logRate = Math.Log(rate), logRest = SmallNumbers.LogOnePlus(-rate);
        for (var k = 0; k <= order; k++)
        {
            sum = SmallNumbers.LogAdd(sum, logBinomial + k * logRate + (order - k) * logRest + k * (k - 1.0) / (2 * sigma * sigma));
            logBinomial += Math.Log((order - k) / (k + 1.0));
        }
        return sum;
    }

    private static double FractionalOrder(double order, double rate, double sigma)
    {
        double low = double.NegativeInfinity, high = double.NegativeInfinity;
        double logRate = Math.Log(rate), logRest = SmallNumbers.LogOnePlus(-rate);
        var split = sigma * sigma * (logRest - logRate) + 0.5;
        double logBinomial = 0;
        var positive = true;
        for (var i = 0; i < MostTerms; i++)
        {
            var j = order - i;
            var lowTerm = logBinomial + i * logRate + j * logRest + i * (i - 1.0) / (2 * sigma * sigma) + LogTail((i - split) / sigma);
            var highTerm = logBinomial + j * logRate + i * logRest + j * (j - 1) / (2 * sigma * sigma) + LogTail((split - j) / sigma);
            low = positive ? SmallNumbers.LogAdd(low, lowTerm) : SmallNumbers.LogSubtract(low, lowTerm);
            high = positive ? SmallNumbers.LogAdd(high, highTerm) : SmallNumbers.LogSubtract(high, highTerm);
            if (i > order && Math.Max(lowTerm, highTerm) < NegligibleLog)
                return SmallNumbers.LogAdd(SmallNumbers.LogAdd(low, high), SmallNumbers.LogAdd(lowTerm, highTerm));
            logBinomial += Math.Log(Math.Abs(j) / (i + 1));
            if (j < 0) positive = !positive;
        }
        return double.PositiveInfinity; // not settled: no bound is claimed
    }

    /// <summary>ln P[N(0,1) > x].</summary>
    private static double LogTail(double x) => NormalDistribution.LogCdf(-x);
}
