using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Tests.Privacy;

/// <summary>Repeatable bytes, so that tests of randomness give the same answer each time.</summary>
internal static class SeededBytes
{
    public static RandomBytes Of(int seed)
    {
        var random = new Random(seed);
        return random.NextBytes;
    }
}
