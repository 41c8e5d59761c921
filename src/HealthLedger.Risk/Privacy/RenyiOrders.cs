namespace HealthLedger.Risk.Privacy;

/// <summary>The orders at which Rényi divergence is tracked: 1.1 to 10.9 by tenths, 11 to 63, then 128, 256, 512 and 1024.</summary>
public static class RenyiOrders
{
    private static readonly double[] s_standard = Build();

    /// <summary>Ascending, each above 1. Budgets are stored as one value per order in this order: the list is part of their format.</summary>
    public static ReadOnlyMemory<double> Standard => s_standard;

    private static double[] Build()
    {
        var orders = new List<double>();
        for (var tenth = 11; tenth < 110; tenth++) orders.Add(tenth / 10.0);
        for (var whole = 11; whole < 64; whole++) orders.Add(whole);
        orders.AddRange([128, 256, 512, 1024]);
        return [.. orders];
    }
}
