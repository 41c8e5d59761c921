// A flipped bit anywhere in any file of a ledger is found by `healthledger verify` on a copy, refused at the start, or found by an audit; or it has no effect at
// all: everything reads as before. A flipped bit spoiled the certificate logs Yeti 2022 and Nimbus 2018.
using System.Text;
using HealthLedger.Cli;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Ledger;
using HealthLedger.Tests.Ledger;
using Xunit.Abstractions;

namespace HealthLedger.Faults;

public sealed class FlippedBitTests(ITestOutputHelper output) : IDisposable
{
    private const int Appends = 300;
    private static readonly string s_vkey = TestLedger.Keys().VerifierKey;

    /// <summary>Files each byte of which is evidence: where one changes, something must notice.</summary>
    private static readonly string[] s_evidence = ["entries.dat", "level-0.dat", "level-1.dat", "facts.dat"];

    private readonly TemporaryDirectory _directory = new();

    private enum Noticed
    {
        ByVerify,
        AtStart,
        ByAudit,
        NoEffect,
    }

    [Fact]
    public async Task A_flipped_bit_is_found_or_has_no_effect()
    {
        var whole = _directory["whole"];
        var facts = await Fill(whole);
        Assert.Equal(Noticed.NoEffect, await Find(whole, facts));
        var full = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1";
        foreach (var file in Directory.EnumerateFiles(whole, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(whole, path)).Order(StringComparer.Ordinal))
        {
            var length = new FileInfo(Path.Combine(whole, file)).Length;
            var found = new int[4];
            foreach (var at in Places(length, full ? 64 : 8))
            {
                var noticed = await Flipped(whole, file, at, facts);
                found[(int)noticed]++;
                Assert.False(
                    noticed == Noticed.NoEffect && s_evidence.Contains(Path.GetFileName(file)), $"Nobody noticed a bit that flipped in byte {at} of {file}.");
            }

            output.WriteLine($"{file}, {length} bytes: verify {found[0]}, start {found[1]}, audit {found[2]}, no effect {found[3]}");
        }
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<Dictionary<ulong, string>> Fill(string directory)
    {
        using var store = new RowStore(Path.Combine(directory, "store.db"));
        await using var log = LedgerLog.Open(Options(directory, store));
        var facts = new Dictionary<ulong, string>();
        for (var i = 0; i < Appends; i++)
        {
            var fact = $"fact {i}: {new string('x', i)}";
            var request = TestLedger.Request(TestLedger.Event("patient", fact, i % 50 == 0 ? TestLedger.Grant((byte)i) : null)) with { Redo = i % 3 == 0 ? Encoding.UTF8.GetBytes(fact) : default };
            facts[Assert.IsType<AppendOutcome.Appended>(await log.Append(request, CancellationToken.None)).Indices[0]] = fact;
        }

        return facts;
    }

    private static LedgerOptions Options(string directory, RowStore store) => AppendLoad.Options(directory, store) with { Fatal = new RecordedFatal() };

    /// <summary>The first and the last bytes, and some between, never the same distance apart.</summary>
    private static IEnumerable<long> Places(long length, int count) =>
        new[] { 0, 1, 9, length - 1 }.Concat(Enumerable.Range(0, count).Select(_ => length == 0 ? 0 : Random.Shared.NextInt64(length))).Where(at => at >= 0 && at < length).Distinct();

    private async Task<Noticed> Flipped(string whole, string file, long at, Dictionary<ulong, string> facts)
    {
        var copy = _directory["copy"];
        if (Directory.Exists(copy))
        {
            Directory.Delete(copy, recursive: true);
        }

        Directory.CreateDirectory(Path.Combine(copy, "ledger"));
        foreach (var path in Directory.EnumerateFiles(whole, "*", SearchOption.AllDirectories))
        {
            File.Copy(path, Path.Combine(copy, Path.GetRelativePath(whole, path)));
        }

        using (var stream = File.Open(Path.Combine(copy, file), FileMode.Open))
        {
            stream.Position = at;
            var flipped = (byte)(stream.ReadByte() ^ (1 << Random.Shared.Next(8)));
            stream.Position = at;
            stream.WriteByte(flipped);
        }

        return await Find(copy, facts);
    }

    private static async Task<Noticed> Find(string directory, Dictionary<ulong, string> facts)
    {
        if ((await Command.Run("verify", directory, "--vkey", s_vkey)).Code != ExitCode.Ok)
        {
            return Noticed.ByVerify;
        }

        RowStore? store = null;
        LedgerLog log;
        try
        {
            store = new RowStore(Path.Combine(directory, "store.db"));
            log = LedgerLog.Open(Options(directory, store));
        }
        catch (Exception refused) when (refused is LedgerRefusesToStartException or InvalidDataException or Microsoft.Data.Sqlite.SqliteException)
        {
            store?.Dispose();
            return Noticed.AtStart;
        }

        await using (log)
        {
            using (store)
            {
                try
                {
                    LogCheck.Check(log);
                    Assert.Equal((ulong)Appends, log.CountOf(TestLedger.Chain("patient")));
                    Assert.Equal(facts.Keys.Order(), log.EventsOf(TestLedger.Chain("patient"), 0, 10_000).Select(e => e.Index));
                    Assert.All(facts, fact => Assert.Equal(fact.Value, Encoding.UTF8.GetString(log.OpenFact(fact.Key, TestLedger.Chain("patient"))!)));
                    Assert.Equal(facts.Values.Where((_, i) => i % 3 == 0).ToHashSet(), store.Rows());
                    return Noticed.NoEffect;
                }
                catch (Exception found) when (found is Xunit.Sdk.XunitException or IOException or InvalidDataException or ArgumentException or OverflowException or Microsoft.Data.Sqlite.SqliteException)
                {
                    return Noticed.ByAudit;
                }
            }
        }
    }
}
