namespace HealthLedger.Risk.Privacy;

/// <summary>Logarithms and exponentials near their zeros, and sums of numbers known by their logarithms.</summary>
internal static class SmallNumbers
{
    /// <summary>e^x − 1 without loss of digits near zero (Kahan's correction).</summary>
    public static double ExpMinusOne(double x)
    {
        if (Math.Abs(x) > 0.5) return Math.Exp(x) - 1;
        var u = Math.Exp(x);
        if (u == 1) return x;
        return (u - 1) * x / Math.Log(u);
    }

    /// <summary>ln(1 + x) without loss of digits near zero (Kahan's correction).</summary>
    public static double LogOnePlus(double x)
    {
        var u = 1 + x;
        return u == 1 ? x : Math.Log(u) * x / (u - 1);
    }

    /// <summary>ln(e^a + e^b).</summary>
    public static double LogAdd(double a, double b)
    {
        if (double.IsNegativeInfinity(a)) return b;
        if (double.IsNegativeInfinity(b)) return a;
        return Math.Max(a, b) + LogOnePlus(Math.Exp(-Math.Abs(a - b)));
    }

    /// <summary>ln(e^a − e^b), for a ≥ b.</summary>
    public static double LogSubtract(double a, double b)
    {
        if (double.IsNegativeInfinity(b)) return a;
        if (a <= b) return double.NegativeInfinity;
        return a + Math.Log(-ExpMinusOne(b - a));
    }
}
