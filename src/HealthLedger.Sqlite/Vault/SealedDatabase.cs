using HealthLedger.Vault.Keys;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace HealthLedger.Sqlite.Vault;

/// <summary>
/// One SQLite file of sealed rows: made with mode 0600, bound to one tenant, WAL with a sync at each commit, deleted content overwritten.
/// </summary>
internal static class SealedDatabase
{
    private const int BusyMilliseconds = 10_000;
    private const long SchemaVersion = 1;

    static SealedDatabase() => Batteries_V2.Init();

    /// <summary>Opens the file for writing; makes it with <paramref name="schema"/> where it is new.</summary>
    /// <exception cref="ForeignDirectoryException">It belongs to another tenant.</exception>
    internal static SqliteConnection OpenWriter(string path, TenantId tenant, string schema, string keysPath)
    {
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            new FileStream(path, options).Dispose();
        }

        var connection = Connect(path, SqliteOpenMode.ReadWrite);
        try
        {
            if (Text(connection, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL") != "wal")
            {
                throw new IOException($"{path} lies on a file system without the shared memory that SQLite's WAL needs.");
            }

            Run(connection, "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000");
            Bind(connection, path, tenant, schema, keysPath);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal static SqliteConnection OpenReader(string path)
    {
        var connection = Connect(path, SqliteOpenMode.ReadWrite); // a WAL reader writes to the shared memory file
        Run(connection, "PRAGMA query_only = ON; PRAGMA cache_size = -8192");
        return connection;
    }

    /// <summary>Moves the WAL into the file, so that nothing deleted stays behind in it, and closes.</summary>
    internal static void CloseWriter(SqliteConnection connection)
    {
        Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        connection.Dispose();
    }

    internal static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        raw.sqlite3_busy_timeout(connection.Handle, BusyMilliseconds);
        Run(connection, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
        return connection;
    }

    private static void Bind(SqliteConnection connection, string path, TenantId tenant, string schema, string keysPath)
    {
        using var transaction = connection.BeginTransaction();
        if (Number(connection, transaction, "PRAGMA user_version") is var version && version == 0)
        {
            Run(connection, "CREATE TABLE tenant (id TEXT NOT NULL); INSERT INTO tenant VALUES ('" + tenant + "'); " + schema + "; PRAGMA user_version = " + SchemaVersion);
            transaction.Commit();
            return;
        }

        if (version != SchemaVersion)
        {
            throw new InvalidDataException($"{path} has schema version {version}; this version reads {SchemaVersion}.");
        }

        var owner = TenantId.Parse(Text(connection, "SELECT id FROM tenant", transaction)) ?? throw new InvalidDataException($"{path} names no tenant: it is damaged.");
        if (owner != tenant)
        {
            throw new ForeignDirectoryException(path, owner, keysPath, tenant);
        }
    }

    private static string? Text(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return command.ExecuteScalar() as string;
    }

    private static long Number(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
