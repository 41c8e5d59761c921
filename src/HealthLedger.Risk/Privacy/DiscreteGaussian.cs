using System.Numerics;

namespace HealthLedger.Risk.Privacy;

/// <summary>
/// Gaussian noise on the whole numbers: P[y] proportional to exp(-y²/2σ²). Sampled exactly, in whole numbers only, as Canonne, Kamath and
/// Steinke 2020 (arXiv:2004.00010, algorithms 1 to 3) describe, so that no floating-point artefact can undo the privacy (Mironov 2012).
/// </summary>
/// <remarks>
/// σ here is the parameter; the variance of the noise is at most σ² and practically equal to it from σ = 1 on. On whole-number queries the
/// mechanism satisfies the Rényi bound of the continuous one with the same σ (their theorem 4, s²/2σ² zero-concentrated privacy), so the
/// accountant charges that. Its exact delta is computed by <see cref="Delta"/>, and may lie a little above the continuous one's.
/// How long a draw takes depends on its value: it must not be timed by the reader of the release. A release draws once and is then stored.
/// </remarks>
public sealed class DiscreteGaussian
{
    /// <summary>σ² is a multiple of one over this, so that it is an exact fraction.</summary>
    private const long Denominator = 1 << 20;

    /// <summary>Beyond this the exact delta is no longer summed in reasonable time.</summary>
    public const double MostVariance = 1e10;

    private readonly BigInteger _numerator;

    private DiscreteGaussian(BigInteger numerator)
    {
        _numerator = numerator;
        Variance = (double)numerator / Denominator;
    }

    /// <summary>σ².</summary>
    public double Variance { get; }

    /// <summary>σ.</summary>
    public double Sigma => Math.Sqrt(Variance);

    /// <summary>The parameter σ² rounded up to the next multiple of 2^-20.</summary>
    public static DiscreteGaussian WithVariance(double variance)
    {
        if (!(variance > 0 && variance <= MostVariance)) throw new ArgumentOutOfRangeException(nameof(variance));
        return new DiscreteGaussian((BigInteger)Math.Ceiling(variance * Denominator));
    }

    /// <summary>
    /// Noise that makes a whole-number query, of which one patient changes one coordinate by at most one, (epsilon, delta)-differentially
    /// private: the continuous mechanism's exact calibration, raised where the discrete one's exact delta asks for more.
    /// </summary>
    public static DiscreteGaussian Calibrate(double epsilon, double delta)
    {
        var continuous = AnalyticGaussian.Calibrate(epsilon, delta);
        var candidate = WithVariance(continuous * continuous);
        // The margin covers the rounding of the sum, which is far smaller.
        while (candidate.Delta(epsilon) > delta * (1 - 1e-9))
            candidate = new DiscreteGaussian(candidate._numerator + BigInteger.Max(1, candidate._numerator >> 10));
        return candidate;
    }

    /// <summary>
    /// The exact delta at <paramref name="epsilon"/> when one coordinate moves by one: the sum over y of max(0, P[y] − e^ε P[y−1]). The ratio
    /// falls as y grows, so the terms that count are those with y below 1/2 − εσ². The mirrored direction gives the same sum.
    /// </summary>
    public double Delta(double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        var reach = (long)Math.Ceiling(40 * Sigma) + 2; // beyond, each term is below exp(-800) of the largest
        var total = 1.0;
        for (var y = 1L; y <= reach; y++) total += 2 * Weight(y);
        var last = (long)Math.Ceiling(0.5 - epsilon * Variance) - 1;
        var delta = 0.0;
        for (var y = last; y > last - reach; y--)
            delta += Weight(y) * -SmallNumbers.ExpMinusOne(epsilon + (2.0 * y - 1) / (2 * Variance));
        return Math.Max(0, delta / total);

        double Weight(long y) => Math.Exp(-(double)y * y / (2 * Variance));
    }

    /// <summary>Draws one value.</summary>
    public BigInteger Sample(RandomBytes source)
    {
        ArgumentNullException.ThrowIfNull(source);
        // With s² = n/d: propose from the discrete Laplace of scale t = floor(s) + 1, accept with exp(-(|y| - s²/t)² / 2s²).
        BigInteger n = _numerator, d = Denominator;
        var t = SquareRoot(n / d) + 1;
        while (true)
        {
            var y = Laplace(source, t);
            var distance = BigInteger.Abs(y) * t * d - n;
            if (ExpMinus(source, distance * distance, 2 * n * d * t * t)) return y;
        }
    }

    /// <summary>P[x] proportional to exp(-|x|/t), x whole.</summary>
    private static BigInteger Laplace(RandomBytes source, BigInteger t)
    {
        while (true)
        {
            var remainder = source.Below(t);
            if (!ExpMinus(source, remainder, t)) continue;
            var quotient = BigInteger.Zero;
            while (ExpMinus(source, 1, 1)) quotient++;
            var magnitude = remainder + t * quotient;
            var negative = source.Coin();
            if (negative && magnitude.IsZero) continue; // else zero would be twice as likely
            return negative ? -magnitude : magnitude;
        }
    }

    /// <summary>True with probability exp(-numerator/denominator), for any fraction that is not negative.</summary>
    private static bool ExpMinus(RandomBytes source, BigInteger numerator, BigInteger denominator)
    {
        while (numerator > denominator)
        {
            if (!ExpMinusUpToOne(source, 1, 1)) return false;
            numerator -= denominator;
        }
        return ExpMinusUpToOne(source, numerator, denominator);
    }

    /// <summary>The alternating series of exp as a game of coins: stop at the first k where a coin of bias γ/k falls; an odd k wins.</summary>
    private static bool ExpMinusUpToOne(RandomBytes source, BigInteger numerator, BigInteger denominator)
    {
        var k = 1;
        while (source.Below(denominator * k) < numerator) k++;
        return k % 2 == 1;
    }

    private static BigInteger SquareRoot(BigInteger value)
    {
        var root = (BigInteger)Math.Sqrt((double)value);
        while (root * root > value) root--;
        while ((root + 1) * (root + 1) <= value) root++;
        return root;
    }
}
