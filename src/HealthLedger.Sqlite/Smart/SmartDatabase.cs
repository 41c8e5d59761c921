using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace HealthLedger.Sqlite.Smart;

/// <summary>
/// The authorization server's own SQLite file: clients, people, used assertions. It is apart from the records and the ledger, so that neither waits for the other.
/// Every committed change is on disk (WAL, synchronous=FULL); deleted content is overwritten (secure_delete). Safe for concurrent use; one command runs at a time.
/// </summary>
public sealed class SmartDatabase : IDisposable
{
    private const int SchemaVersion = 1;

    private const string Schema = """
        CREATE TABLE smart_client (client_id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE smart_assertion (key BLOB PRIMARY KEY, forget_after INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX smart_assertion_age ON smart_assertion (forget_after);
        CREATE TABLE smart_person (key BLOB PRIMARY KEY, name_key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """;

    private readonly SqliteConnection connection;
    private readonly SemaphoreSlim turn = new(1, 1);

    private SmartDatabase(SqliteConnection connection) => this.connection = connection;

    /// <summary>Opens the file, or makes it with its tables.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keepsRoom">
    /// True to take room ahead where there is some, so that used assertions are remembered, and tokens issued, on a full disk too: the WAL's file keeps what a transaction that is taken back gave it, and
    /// pages of forgotten assertions are used again.
    /// </param>
    /// <exception cref="InvalidDataException">It was made by a newer version, is no such file, or cannot be opened where it lies.</exception>
    public static SmartDatabase Open(string path, bool keepsRoom = false)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = SqliteFile.Open(path);
            CreateTables(connection);
            if (keepsRoom)
            {
                TakeRoom(connection);
            }

            return new SmartDatabase(connection);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            connection?.Dispose();
            throw new InvalidDataException("The authorization server's database cannot be opened.", e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Runs <paramref name="work"/> in a transaction of its own, alone; what it wrote is durable when the task completes.</summary>
    internal async Task<T> Run<T>(Func<SmartTransaction, T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            SqliteFile.Run(connection, "BEGIN");
            var result = work(new SmartTransaction(connection));
            SqliteFile.Run(connection, "COMMIT");
            return result;
        }
        catch
        {
            Rollback(connection);
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Copies the file as of one moment while it is written to, into a new file. Not durable on return.</summary>
    /// <param name="copy">The new file.</param>
    /// <param name="cancellation">Stops it; part of the file stays.</param>
    /// <exception cref="IOException">There is no room, or the file cannot be written.</exception>
    public void CopyTo(string copy, CancellationToken cancellation) => SqliteFile.Copy(connection.DataSource, copy, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        connection.Dispose();
        turn.Dispose();
    }

    private static void TakeRoom(SqliteConnection connection)
    {
        const int Full = 13; // SQLITE_FULL
        const int Bytes = 12 << 20; // what the WAL grows to by itself before its pages are moved, and twice as much again
        try
        {
            SqliteFile.Run(connection, $"BEGIN IMMEDIATE; INSERT INTO smart_client (client_id, content) VALUES ('', zeroblob({Bytes}))");
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == Full)
        {
            // Then there is none to take.
        }
        finally
        {
            Rollback(connection);
        }
    }

    /// <summary>SQLite ends a transaction by itself where the disk is full; one that it left open must not meet the next caller.</summary>
    private static void Rollback(SqliteConnection connection)
    {
        if (raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            SqliteFile.Run(connection, "ROLLBACK");
        }
    }

    private static void CreateTables(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        using var read = connection.CreateCommand();
        read.Transaction = transaction;
        read.CommandText = "PRAGMA user_version";
        switch ((long)read.ExecuteScalar()!)
        {
            case 0:
                SqliteFile.Run(connection, Schema, transaction);
                break;
            case SchemaVersion:
                break;
            default:
                throw new InvalidDataException("The authorization server's database was made by another version.");
        }

        transaction.Commit();
    }
}
