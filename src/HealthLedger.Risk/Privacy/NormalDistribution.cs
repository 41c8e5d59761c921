namespace HealthLedger.Risk.Privacy;

/// <summary>
/// The standard normal distribution with full relative accuracy in both tails, where privacy calculations live: near zero by the series of
/// erf with positive terms only, further out by the continued fraction of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14).
/// </summary>
internal static class NormalDistribution
{
    private const double LogSqrtPi = 0.57236494292470008707;
    private const double TwoOverSqrtPi = 1.12837916709551257390;
    private const double Crossing = 2;

    /// <summary>P[N(0,1) ≤ x].</summary>
    public static double Cdf(double x) => Math.Exp(LogCdf(x));

    /// <summary>The natural logarithm of P[N(0,1) ≤ x]; finite wherever x is.</summary>
    public static double LogCdf(double x) => LogErfc(-x / Math.Sqrt(2)) - Math.Log(2);

    /// <summary>ln erfc(x).</summary>
    public static double LogErfc(double x)
    {
        if (double.IsNaN(x)) return double.NaN;
        if (x < -6) return Math.Log(2); // erfc differs from 2 by less than half a unit in the last place
        if (x < 0) return Math.Log(2 - Math.Exp(LogErfc(-x)));
        return x < Crossing ? Math.Log(1 - ErfSeries(x)) : LogErfcFraction(x);
    }

    private static double ErfSeries(double x)
    {
        double term = x, sum = x;
        for (var n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TwoOverSqrtPi * Math.Exp(-x * x) * sum;
    }

    // Lentz's method, as x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))). For x >= 2 it settles within a hundred steps.
    private static double LogErfcFraction(double x)
    {
        double value = x, c = x, d = 0;
        for (var n = 1; n < 500; n++)
        {
            var a = n / 2.0;
            d = 1 / (x + a * d);
            c = x + a / c;
            var factor = c * d;
            value *= factor;
            if (Math.Abs(factor - 1) < 1e-16) break;
        }
        return -x * x - LogSqrtPi - Math.Log(value);
    }
}
