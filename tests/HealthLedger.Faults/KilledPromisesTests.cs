// docs/formats/emergency-journal.md, "The order": a process that is killed with SIGKILL while it promises, or while it records what was promised, keeps every promise that it gave, once.
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Tests.Ledger;

namespace HealthLedger.Faults;

public sealed class KilledPromisesTests
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 200 : 12;
    private static readonly LogPolicy s_policy = LogPolicy.ForLog(LogCheck.Valid(NoteVerifier.Parse(TestLedger.Keys().VerifierKey)));

    private sealed record Given(ulong Number, ulong Before, string Chain, string Fact, PromisedReceipt Promise);

    [Fact]
    public async Task Every_promise_given_before_a_kill_is_kept_after_it_whenever_the_kill_comes()
    {
        using var directory = new TemporaryDirectory();
        var given = new List<Given>();
        for (var round = 0; round < Rounds; round++)
        {
            // Every third is killed while it records what those before it promised.
            given.AddRange(await RunAndKill(directory.Path, round % 3 == 2 ? -RandomNumberGenerator.GetInt32(1, 40) : RandomNumberGenerator.GetInt32(1, PromiseLoad.Slots / 2)));
        }

        Assert.True(given.Count > Rounds, "Too little was promised before it was killed.");
        Assert.Equal(given.Count, given.Select(g => g.Number).Distinct().Count());
        await using var log = LedgerLog.Open(PromiseLoad.Options(directory.Path));
        Assert.NotNull(await log.RecordPromised(TestLedger.Chain, CancellationToken.None));
        var entries = LogCheck.Check(log);
        foreach (var promised in given)
        {
            // Exactly one entry, which its receipt proves.
            var commitment = TestLedger.Event(promised.Chain, promised.Fact).Commitment;
            var index = (ulong)Assert.Single(Enumerable.Range(0, entries.Count), at => entries[at].Commitment.Bytes.SequenceEqual(commitment.Span));
            Assert.Contains(log.EventsOf(TestLedger.Chain(promised.Chain), promised.Before, 10_000), e => e.Index == index);
            var verdict = promised.Promise.Verify(s_policy, log.ReceiptOf(index, null));
            Assert.True(verdict.Checks.Where(check => check.Name is not ("fact" or "promised")).All(check => check.Verdict.Holds), verdict.Fault?.ToString());
        }
    }

    /// <param name="directory">Where.</param>
    /// <param name="until">Lines of promises to wait for; below 0, milliseconds after the recording began.</param>
    private static async Task<List<Given>> RunAndKill(string directory, int until)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in new[] { "exec", typeof(PromiseLoad).Assembly.Location, "promise", directory, "4" })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        var lines = new List<string>();
        if (until < 0)
        {
            await Task.Delay(-until);
        }
        else
        {
            while (lines.Count <= until && await process.StandardOutput.ReadLineAsync() is { } line)
            {
                lines.Add(line);
            }
        }

        process.Kill();

        // What still stands in the pipe was given too; its last line may be torn.
        lines.AddRange((await process.StandardOutput.ReadToEndAsync()).Split('\n')[..^1]);
        await process.WaitForExitAsync();
        return [.. lines.Where(line => !line.StartsWith("recorded", StringComparison.Ordinal)).Select(Parse)];
    }

    private static Given Parse(string line)
    {
        var parts = line.Split(' ');
        return new Given(
            ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture), $"chain {parts[2]}", parts[3],
            LogCheck.Valid(PromisedReceipt.Parse(Convert.FromBase64String(parts[4]))));
    }
}
