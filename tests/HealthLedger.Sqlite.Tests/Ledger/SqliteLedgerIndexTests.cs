// The ledger's index on SQLite: the obligations of ILedgerIndex, and a ledger that runs on it.
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Sqlite.Ledger;
using HealthLedger.Tests.Ledger;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace HealthLedger.Sqlite.Tests.Ledger;

public sealed class SqliteLedgerIndexTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string File => _directory["ledger-index.db"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_applied_is_found_after_reopening_and_nothing_else()
    {
        var handle = new Hash(SHA256.HashData("handle"u8));
        var granted = new ConsentState(ConsentStanding.Granted, 3, long.MaxValue, handle);
        using (var index = new SqliteLedgerIndex(File))
        {
            Assert.Equal(0ul, index.AppliedSize);
            Assert.Empty(index.Leaves());
            index.Apply(5, [new(UInt128.MaxValue, 1), new(0, 2), new(1, 3)], [new(handle, granted)]);
            index.Apply(7, [new(2, 6)], [new(handle, granted with { Standing = ConsentStanding.Withdrawn })]);
        }

        using var again = new SqliteLedgerIndex(File);
        Assert.Equal(7ul, again.AppliedSize);
        Assert.Equal(1ul, again.Find(UInt128.MaxValue));
        Assert.Equal(2ul, again.Find(0));
        Assert.Equal(6ul, again.Find(2));
        Assert.Null(again.Find(3));
        Assert.Equal(ConsentStanding.Withdrawn, Assert.Single(again.Leaves()).State.Standing);
    }

    [Fact]
    public void A_file_that_is_no_database_is_made_anew()
    {
        System.IO.File.WriteAllBytes(File, RandomNumberGenerator.GetBytes(16_384));
        using var index = new SqliteLedgerIndex(File);
        Assert.Equal(0ul, index.AppliedSize);
        index.Apply(5, [new(1, 1)], []);
        Assert.Equal(1ul, index.Find(1));
    }

    [Fact]
    public async Task Where_the_index_lacks_an_event_the_ledger_stops_before_it_gives_a_number_away_twice_and_a_new_index_mends_it()
    {
        const int OfPatient = 40;
        ulong lost;
        await using (var log = OpenLedger())
        {
            // The thirtieth is one of those that the search for the count looks up.
            var places = new List<ulong>();
            for (var i = 0; i < OfPatient; i++)
            {
                places.Add((await log.Appended("patient", $"event {i}")).Indices[0]);
            }

            lost = places[30];
            for (var i = 0; i < 200; i++)
            {
                await log.Appended($"other {i}", $"other event {i}");
            }
        }

        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var delete = connection.CreateCommand();
            delete.CommandText = "DELETE FROM tags WHERE entry = $lost";
            delete.Parameters.AddWithValue("$lost", (long)lost);
            Assert.Equal(1, delete.ExecuteNonQuery());
        }

        await using (var log = OpenLedger())
        {
            var before = log.Published.Size;
            var refused = Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "one more")), CancellationToken.None));
            Assert.Contains("delete ledger-index.db", refused.Reason, StringComparison.Ordinal);
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("other 1", "nor this")), CancellationToken.None));
            Assert.Equal(before, log.Published.Size);
        }

        SqliteFile.Delete(File);
        await using var mended = OpenLedger();
        await mended.Appended("patient", "one more");
        Assert.Equal(OfPatient + 1ul, mended.CountOf(TestLedger.Chain("patient")));
    }

    [Theory]
    [InlineData(30_000)] // found out at the commit: the pages fit in memory until then
    [InlineData(200_000)] // found out before it
    public void Without_room_it_says_so_each_time_and_goes_on_with_what_fits(int tags)
    {
        Directory.CreateDirectory(_directory["small"]);
        if (!OperatingSystem.IsLinux() || Execute("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", _directory["small"]) != 0)
        {
            output.WriteLine("SKIPPED: mounting a tmpfs is not permitted here.");
            return;
        }

        try
        {
            using var index = new SqliteLedgerIndex(Path.Combine(_directory["small"], "ledger-index.db"));
            index.Apply(1, [new(1, 0)], []);
            TagPlace[] many = [.. Enumerable.Range(2, tags).Select(i => new TagPlace((UInt128)i, (ulong)i))];
            Assert.Throws<IOException>(() => index.Apply((ulong)tags + 1, many, []));
            Assert.Throws<IOException>(() => index.Apply((ulong)tags + 1, many, []));
            Assert.Equal((1ul, 0ul, null), (index.AppliedSize, index.Find(1), index.Find(2)));
            index.Apply(2, [new(2, 1)], []);
            Assert.Equal((2ul, 1ul, null), (index.AppliedSize, index.Find(2), index.Find(3)));
        }
        finally
        {
            Execute("umount", "-l", _directory["small"]);
        }
    }

    [Fact]
    public void Applying_the_same_again_changes_nothing_and_clearing_forgets_everything()
    {
        using var index = new SqliteLedgerIndex(File);
        index.Apply(5, [new(7, 1)], []);
        index.Apply(5, [new(7, 1)], []);
        Assert.Equal(1ul, index.Find(7));
        index.Clear();
        Assert.Null(index.Find(7));
        Assert.Equal(0ul, index.AppliedSize);
        Assert.Empty(index.Leaves());
    }

    [Fact]
    public void The_file_is_written_durably_and_deleted_content_is_overwritten()
    {
        using var connection = SqliteFile.Open(File);
        foreach (var (setting, value) in new[] { ("journal_mode", "wal"), ("synchronous", "2"), ("secure_delete", "1"), ("busy_timeout", "10000") })
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA {setting}";
            Assert.Equal(value, command.ExecuteScalar()!.ToString());
        }
    }

    [Fact]
    public async Task Lookups_run_beside_an_apply()
    {
        using var index = new SqliteLedgerIndex(File);
        var reading = Enumerable.Range(0, 4).Select(reader => Task.Run(() =>
        {
            for (var i = 0; index.AppliedSize < 5000; i++)
            {
                var applied = index.AppliedSize;
                if (applied > 0)
                {
                    Assert.Equal(applied - 1, index.Find(applied - 1));
                }
            }
        })).ToArray();
        for (ulong size = 100; size <= 5000; size += 100)
        {
            index.Apply(size, [.. Enumerable.Range((int)size - 100, 100).Select(i => new TagPlace((UInt128)i, (ulong)i))], []);
        }

        await Task.WhenAll(reading);
    }

    [Fact]
    public async Task A_ledger_finds_its_chains_and_consents_again_with_its_index_behind_or_lost()
    {
        var ledger = _directory["ledger"];
        var chain = TestLedger.Chain("patient");
        await using (var log = LedgerLog.Open(TestLedger.Options(ledger) with { Index = new SqliteLedgerIndex(File) }))
        {
            await Fill(log, 0);
        }

        System.IO.File.Copy(File, File + ".old");
        for (var round = 1; round < 4; round++)
        {
            await using (var log = LedgerLog.Open(TestLedger.Options(ledger) with { Index = new SqliteLedgerIndex(File) }))
            {
                Assert.Equal((ulong)(round * 20), log.CountOf(chain));
                await Fill(log, round);
                LogCheck.Check(log);
            }

            // Then with an index of an earlier day, then with none.
            Delete();
            if (round == 1)
            {
                System.IO.File.Copy(File + ".old", File);
            }
        }
    }

    [Theory]
    [InlineData("DELETE FROM consents WHERE length(handle) > 0")]
    [InlineData("DELETE FROM tags WHERE length(tag) > 0")]
    [InlineData("UPDATE tags SET entry = entry + 1")]
    public async Task An_index_that_says_something_else_than_the_entries_is_rebuilt(string damage)
    {
        var ledger = _directory["ledger"];
        await using (var log = LedgerLog.Open(TestLedger.Options(ledger) with { Index = new SqliteLedgerIndex(File) }))
        {
            await Fill(log, 0);
        }

        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = damage;
            Assert.True(command.ExecuteNonQuery() > 0);
        }

        await using var again = LedgerLog.Open(TestLedger.Options(ledger) with { Index = new SqliteLedgerIndex(File) });
        Assert.Equal(20ul, again.CountOf(TestLedger.Chain("patient")));
        LogCheck.Check(again);
    }

    private static async Task Fill(LedgerLog log, int round)
    {
        for (var i = 0; i < 20; i++)
        {
            var fact = $"{round}/{i}";
            var handle = SHA256.HashData(Encoding.UTF8.GetBytes(fact));
            await log.Appended(TestLedger.Event("patient", fact, i % 4 == 0 ? new ConsentOperation(false, handle, 1, new byte[32]) : null));
        }
    }

    private void Delete()
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            System.IO.File.Delete(File + suffix);
        }
    }

    private static int Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private LedgerLog OpenLedger() => LedgerLog.Open(TestLedger.Options(_directory["ledger"]) with { Index = new SqliteLedgerIndex(File) });
}
