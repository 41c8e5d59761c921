// A process that is killed with SIGKILL at any moment under load loses nothing that it acknowledged, and no receipt that it gave (docs/architecture.md, "One commit"):
// 20 times, 200 in the long run.
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Tests.Ledger;

namespace HealthLedger.Faults;

public sealed class KilledLedgerTests
{
    private const int RoundsOfOneLedger = 20;
    private static readonly LogPolicy s_policy = LogPolicy.ForLog(LogCheck.Valid(NoteVerifier.Parse(TestLedger.Keys().VerifierKey)));

    private sealed record Acknowledged(ulong Index, string Chain, int Number, string Fact, Receipt Receipt);

    [Fact]
    public async Task Every_receipt_issued_before_a_kill_verifies_after_it()
    {
        for (var ledgers = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 10 : 1; ledgers > 0; ledgers--)
        {
            using var directory = new TemporaryDirectory();
            var acknowledged = new List<Acknowledged>();
            for (var round = 0; round < RoundsOfOneLedger; round++)
            {
                // Anything from the first few batches to some hundred, so that a kill falls into every part of a commit and of the keeper's work.
                var before = acknowledged.Count;
                acknowledged.AddRange(await AppendAndKill(directory.Path, RandomNumberGenerator.GetInt32(1, 1000)));
                Assert.True(acknowledged.Count > before, "The process acknowledged nothing before it was killed.");
                foreach (var issued in acknowledged.Skip(before))
                {
                    var verdict = issued.Receipt.Verify(s_policy);
                    Assert.True(verdict.Holds, $"{verdict.Fault?.Code} in round {round}");
                }

                await Check(directory.Path, acknowledged);
            }
        }
    }

    [Fact]
    public async Task A_second_process_on_the_directory_ends_at_once_and_the_first_goes_on()
    {
        using var directory = new TemporaryDirectory();
        using var first = Start(directory.Path);
        Assert.Equal("ready", await first.StandardOutput.ReadLineAsync());
        using var second = Start(directory.Path);
        await second.WaitForExitAsync();
        Assert.Equal(4, second.ExitCode);
        Assert.NotNull(await first.StandardOutput.ReadLineAsync());
        first.Kill();
        await first.WaitForExitAsync();
    }

    private static async Task<List<Acknowledged>> AppendAndKill(string directory, int lines)
    {
        using var process = Start(directory);
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        var acknowledged = new List<Acknowledged>();
        while (acknowledged.Count < lines && await process.StandardOutput.ReadLineAsync() is { } line)
        {
            acknowledged.Add(Parse(line));
        }

        process.Kill();

        // What still stands in the pipe was acknowledged too; its last line may be torn.
        var rest = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        acknowledged.AddRange(rest.Split('\n')[..^1].Select(Parse));
        return acknowledged;
    }

    private static Acknowledged Parse(string line)
    {
        var parts = line.Split(' ');
        return new Acknowledged(ulong.Parse(parts[0]), $"chain {parts[1]}", int.Parse(parts[2]), parts[3], LogCheck.Valid(Receipt.Parse(Convert.FromBase64String(parts[4]))));
    }

    private static Process Start(string directory)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in new[] { "exec", typeof(AppendLoad).Assembly.Location, "append", directory, "16" })
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static async Task Check(string directory, List<Acknowledged> acknowledged)
    {
        using var store = new RowStore(Path.Combine(directory, "store.db"));
        await using var log = LedgerLog.Open(AppendLoad.Options(directory, store));
        var entries = LogCheck.Check(log);
        CheckReceipts(entries, acknowledged);
        foreach (var (index, chain, _, fact, _) in acknowledged)
        {
            Assert.Equal(new Hash(TestLedger.Event(chain, fact).Commitment.Span), entries[(int)index].Commitment);
            Assert.Equal(fact, Encoding.UTF8.GetString(log.OpenFact(index, TestLedger.Chain(chain))!));
        }

        foreach (var chain in acknowledged.GroupBy(a => a.Chain))
        {
            var known = TestLedger.Chain(chain.Key);
            var indices = new HashSet<ulong>();
            for (ulong from = 0; from < log.CountOf(known); from += 10_000)
            {
                indices.UnionWith(log.EventsOf(known, from, 10_000).Select(e => e.Index));
            }

            Assert.True(indices.IsSupersetOf(chain.Select(a => a.Index)));
        }

        Assert.Superset(acknowledged.Where(a => a.Number % 3 == 0).Select(a => a.Fact).ToHashSet(), store.Rows());
        Assert.Superset(acknowledged.Where(a => a.Number % 5 == 0).Select(a => a.Fact).ToHashSet(), await Notices(log));
    }

    /// <summary>The log still is the one that each receipt is of: the same entry at its place, the same root at the size of its checkpoint.</summary>
    private static void CheckReceipts(IReadOnlyList<LedgerEntry> entries, List<Acknowledged> acknowledged)
    {
        var roots = new Dictionary<ulong, Hash>();
        var tree = new CompactRange();
        foreach (var entry in entries)
        {
            tree.Append(entry.LeafHash());
            if (entry.Kind == EntryKind.State)
            {
                roots[tree.Size] = tree.Root;
            }
        }

        foreach (var issued in acknowledged)
        {
            Assert.Equal(entries[(int)issued.Index].ToBytes(), issued.Receipt.Entry);
            var checkpoint = LogCheck.Valid(Checkpoint.Parse(LogCheck.Valid(TlogProof.Parse(Encoding.UTF8.GetBytes(issued.Receipt.Proof))).Checkpoint.Text));
            Assert.Equal(roots[checkpoint.Size], checkpoint.Root);
        }
    }

    /// <summary>All notices up to the published checkpoint; one more append marks the end.</summary>
    private static async Task<HashSet<string>> Notices(LedgerLog log)
    {
        await log.Append(TestLedger.Request(TestLedger.Event("end", "end")) with { Notice = "end"u8.ToArray() }, CancellationToken.None);
        var end = log.Published.Size;
        var notices = new HashSet<string>();
        await foreach (var notice in log.Tail.Read(CancellationToken.None))
        {
            notices.Add(Encoding.UTF8.GetString(notice.Bytes.Span));
            if (notice.Size == end)
            {
                break;
            }
        }

        return notices;
    }
}
