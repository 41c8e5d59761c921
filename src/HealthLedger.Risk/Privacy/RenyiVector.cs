namespace HealthLedger.Risk.Privacy;

/// <summary>
/// How much of a patient's privacy something costs or has cost: an upper bound of the Rényi divergence at each of a list of orders. Costs of
/// runs add up order by order (Mironov 2017, arXiv:1702.07476, proposition 1), also when a later run depends on earlier results.
/// </summary>
public sealed class RenyiVector : IEquatable<RenyiVector>
{
    private readonly ReadOnlyMemory<double> _orders;
    private readonly double[] _values;

    private RenyiVector(ReadOnlyMemory<double> orders, double[] values)
    {
        _orders = orders;
        _values = values;
    }

    /// <summary>No cost at all, at the standard orders.</summary>
    public static RenyiVector Zero { get; } = new(RenyiOrders.Standard, new double[RenyiOrders.Standard.Length]);

    public ReadOnlySpan<double> Orders => _orders.Span;

    /// <summary>One value per order, each zero or more; infinite where there is no bound.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <param name="orders">Ascending, each above 1.</param>
    /// <param name="values">One per order; zero or more, infinity allowed.</param>
    public static RenyiVector Of(ReadOnlyMemory<double> orders, ReadOnlySpan<double> values)
    {
        if (orders.Length == 0 || orders.Length != values.Length) throw new ArgumentException("One value for each of at least one order.", nameof(values));
        var previous = 1.0;
        foreach (var order in orders.Span)
        {
            if (!(order > previous)) throw new ArgumentException("Orders ascend and are above 1.", nameof(orders));
            previous = order;
        }
        foreach (var value in values)
        {
            if (!(value >= 0)) throw new ArgumentException("A divergence is zero or more.", nameof(values));
        }
        return new RenyiVector(orders, values.ToArray());
    }

    /// <summary>The Gaussian mechanism, continuous or discrete, of that noise: order · s²/2σ².</summary>
    public static RenyiVector OfGaussian(double sigma, double sensitivity = 1) => OfGaussian(RenyiOrders.Standard, sigma, sensitivity);

    /// <summary>The Gaussian mechanism at other orders than the standard ones.</summary>
    public static RenyiVector OfGaussian(ReadOnlyMemory<double> orders, double sigma, double sensitivity = 1)
    {
        if (!(sigma > 0)) throw new ArgumentOutOfRangeException(nameof(sigma));
        if (!(sensitivity > 0)) throw new ArgumentOutOfRangeException(nameof(sensitivity));
        var ratio = sensitivity / sigma;
        return Of(orders, Array.ConvertAll(orders.ToArray(), order => order * ratio * ratio / 2));
    }

    /// <summary>The Gaussian mechanism on a Poisson sample in which each patient takes part with probability <paramref name="rate"/>.</summary>
    public static RenyiVector OfSampledGaussian(double rate, double sigma) => OfSampledGaussian(RenyiOrders.Standard, rate, sigma);

    /// <summary>The sampled Gaussian mechanism at other orders than the standard ones.</summary>
    public static RenyiVector OfSampledGaussian(ReadOnlyMemory<double> orders, double rate, double sigma) =>
        Of(orders, Array.ConvertAll(orders.ToArray(), order => SampledGaussian.Divergence(order, rate, sigma)));

    public RenyiVector Plus(RenyiVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Orders.SequenceEqual(other.Orders)) throw new ArgumentException("Costs at different orders do not add.", nameof(other));
        var sum = new double[_values.Length];
        for (var i = 0; i < sum.Length; i++) sum[i] = _values[i] + other._values[i];
        return new RenyiVector(_orders, sum);
    }

    /// <summary>The cost of doing the same <paramref name="count"/> times.</summary>
    public RenyiVector Times(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count == 0 ? new RenyiVector(_orders, new double[_values.Length]) : new RenyiVector(_orders, Array.ConvertAll(_values, v => v * count));
    }

    /// <summary>
    /// The least epsilon that the vector proves at <paramref name="delta"/>, and the order that proves it (arXiv:2004.00010, proposition 12):
    /// min over orders a of r + ln(1 − 1/a) − ln(δa)/(a − 1), not below zero.
    /// </summary>
    public (double Epsilon, double Order) Epsilon(double delta)
    {
        if (!(delta is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(delta));
        var best = (Epsilon: double.PositiveInfinity, Order: _orders.Span[0]);
        for (var i = 0; i < _values.Length; i++)
        {
            var order = _orders.Span[i];
            var divergence = _values[i];
            // A divergence this small bounds the total variation distance itself by delta (Bretagnolle and Huber).
            var epsilon = delta * delta + SmallNumbers.ExpMinusOne(-divergence) > 0
                ? 0
                : divergence + SmallNumbers.LogOnePlus(-1 / order) - Math.Log(delta * order) / (order - 1);
            if (epsilon < best.Epsilon) best = (epsilon, order);
        }
        return (Math.Max(0, best.Epsilon), best.Order);
    }

    public bool Equals(RenyiVector? other) => other is not null && Orders.SequenceEqual(other.Orders) && Values.SequenceEqual(other.Values);

    public override bool Equals(object? obj) => Equals(obj as RenyiVector);

    public override int GetHashCode() => HashCode.Combine(_values.Length, _values[0], _values[^1]);
}
