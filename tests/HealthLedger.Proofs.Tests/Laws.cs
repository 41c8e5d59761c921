using FsCheck;
using FsCheck.Fluent;

namespace HealthLedger.Proofs.Tests;

/// <summary>Runs a law over random seeds; each seed makes a deterministic source, so that a failure can be repeated from the printed seed.</summary>
internal static class Laws
{
    public static void Check(int runs, Func<Random, bool> law) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => law(new Random(seed)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(runs));

    public static byte[] Bytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    public static Hash Hash(this Random random) => new(random.Bytes(32));
}
