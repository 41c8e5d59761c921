using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Sqlite;
using HealthLedger.Sqlite.Ledger;
using HealthLedger.Tests.Ledger;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Faults;

/// <summary>The process that gets killed: many writers on one ledger, each acknowledged append printed as a line with its receipt.</summary>
internal static class AppendLoad
{
    /// <summary>Appends until killed.</summary>
    public static async Task<int> Run(string directory, int writers)
    {
        using var store = new RowStore(Path.Combine(directory, "store.db"));
        LedgerLog log;
        try
        {
            log = LedgerLog.Open(Options(directory, store));
        }
        catch (DirectoryInUseException)
        {
            return 4;
        }

        // A reader of the tail that acknowledges nothing: from here on the journal keeps every notice.
        var tail = log.Tail.Read(CancellationToken.None).GetAsyncEnumerator();
        _ = tail.MoveNextAsync().AsTask();

        Console.WriteLine("ready");
        var run = Convert.ToHexString(RandomNumberGenerator.GetBytes(4));
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => Write(log, run, writer))));
        return 0;
    }

    public static LedgerOptions Options(string directory, params ICommitParticipant[] participants) => TestLedger.Options(Path.Combine(directory, "ledger")) with
    {
        Fatal = new FailFast(),
        SegmentBytes = 256 * 1024,
        PreallocateBytes = 64 * 1024,
        Index = new SqliteLedgerIndex(Path.Combine(directory, "ledger-index.db")),
        Participants = participants,
    };

    private static async Task Write(LedgerLog log, string run, int writer)
    {
        for (var i = 0; ; i++)
        {
            var fact = $"{run}/{writer}/{i}";
            var operation = i % 7 == 0 ? new ConsentOperation(false, SHA256.HashData(Encoding.UTF8.GetBytes(fact)), long.MaxValue, new byte[32]) : null;
            var request = TestLedger.Request(TestLedger.Event($"chain {writer}", fact, operation)) with
            {
                Redo = i % 3 == 0 ? Encoding.UTF8.GetBytes(fact) : default,
                Notice = i % 5 == 0 ? Encoding.UTF8.GetBytes(fact) : default,
            };
            if (await log.Append(request, CancellationToken.None) is AppendOutcome.Appended appended)
            {
                // One write for each line: a killed process leaves whole lines and at most one torn one.
                var receipt = Convert.ToBase64String(log.ReceiptOf(appended.Indices[0], null).ToJson());
                Console.Out.Write($"{appended.Indices[0]} {writer} {i} {fact} {receipt}\n");
                await Console.Out.FlushAsync();
            }
        }
    }
}

/// <summary>A store whose writes ride on the ledger's commit, on SQLite as the vault is.</summary>
internal sealed class RowStore : ICommitParticipant, IDisposable
{
    private readonly SqliteConnection _connection;

    public RowStore(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _connection = SqliteFile.Open(path);
        Execute("CREATE TABLE IF NOT EXISTS applied (id INTEGER PRIMARY KEY, size INTEGER); CREATE TABLE IF NOT EXISTS rows (value TEXT PRIMARY KEY)", null);
    }

    public ulong AppliedSize
    {
        get
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT size FROM applied";
            return (ulong)((long?)command.ExecuteScalar() ?? 0);
        }
    }

    public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo)
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var value in redo)
        {
            Execute("INSERT OR IGNORE INTO rows VALUES ($value)", transaction, ("$value", Encoding.UTF8.GetString(value.Span)));
        }

        Execute("INSERT OR REPLACE INTO applied VALUES (1, $size)", transaction, ("$size", (long)size));
        transaction.Commit();
    }

    public HashSet<string> Rows()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM rows";
        using var rows = command.ExecuteReader();
        var values = new HashSet<string>();
        while (rows.Read())
        {
            values.Add(rows.GetString(0));
        }

        return values;
    }

    public void Dispose() => _connection.Dispose();

    private void Execute(string sql, SqliteTransaction? transaction, params (string Name, object Value)[] parameters)
    {
        using var command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }
}
