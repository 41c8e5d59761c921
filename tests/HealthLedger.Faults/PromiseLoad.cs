using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Promises;
using HealthLedger.Tests.Ledger;

namespace HealthLedger.Faults;

/// <summary>
/// The process that gets killed in an emergency: it records what was promised before, goes on in order, stands, and promises by many at once; each promise that was given is printed as a line with
/// what the client holds of it.
/// </summary>
internal static class PromiseLoad
{
    public const int Slots = 256;

    /// <summary>Promises until killed, or until the slots are used up.</summary>
    public static async Task<int> Run(string directory, int readers)
    {
        await using var log = LedgerLog.Open(Options(directory));
        Console.Out.Write("ready\n");
        await Console.Out.FlushAsync();
        var recorded = await log.RecordPromised(TestLedger.Chain, CancellationToken.None);
        Console.Out.Write($"recorded {recorded}\n");
        await Console.Out.FlushAsync();
        var run = Convert.ToHexString(RandomNumberGenerator.GetBytes(4));
        await log.Appended("chain 0", $"{run} in order");
        log.Halt("It stands.");
        await Task.WhenAll(Enumerable.Range(0, readers).Select(reader => Task.Run(() => Read(log, run, reader))));
        return 0;
    }

    public static LedgerOptions Options(string directory) => TestLedger.Options(Path.Combine(directory, "ledger")) with
    {
        Fatal = new FailFast(),
        Promises = new PromiseOptions
        {
            Directory = Path.Combine(directory, "journal"),
            SeenDirectory = Path.Combine(directory, "seen"),
            Key = SHA256.HashData("journal"u8),
            Permits = true,
            Slots = Slots,
        },
    };

    private static async Task Read(LedgerLog log, string run, int reader)
    {
        for (var i = 0; ; i++)
        {
            var fact = $"{run}/{reader}/{i}";
            var request = TestLedger.Request(TestLedger.Event($"chain {reader}", fact)) with { MayBePromised = true };
            if (await log.Promise(_ => request, CancellationToken.None) is not PromiseOutcome.Promised { Given: var given })
            {
                return;
            }

            var held = Convert.ToBase64String(log.PromiseOf(given.Number, TestLedger.Chain($"chain {reader}"), "id")!.ToJson());
            Console.Out.Write($"{given.Number} {given.Before} {reader} {fact} {held}\n");
            await Console.Out.FlushAsync();
        }
    }
}
