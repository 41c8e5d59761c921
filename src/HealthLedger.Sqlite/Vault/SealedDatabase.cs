using HealthLedger.Vault.Keys;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <summary>One SQLite file of sealed rows, bound to one tenant.</summary>
internal static class SealedDatabase
{
    private const int PageSize = 8192;
    private const long SchemaVersion = 1;

    /// <summary>Opens the file for writing; makes it with <paramref name="schema"/> where it is new, and adds <paramref name="additions"/>, which files of earlier versions lack.</summary>
    /// <exception cref="ForeignDirectoryException">It belongs to another tenant.</exception>
    internal static SqliteConnection OpenWriter(string path, TenantId tenant, string schema, string additions, string keysPath)
    {
        var connection = SqliteFile.Open(path, PageSize);
        try
        {
            SqliteFile.Run(connection, "PRAGMA wal_autocheckpoint = 4000");
            Bind(connection, path, tenant, schema, keysPath);
            SqliteFile.Run(connection, additions);
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
        var connection = SqliteFile.OpenReader(path);
        SqliteFile.Run(connection, "PRAGMA cache_size = -8192");
        return connection;
    }

    /// <summary>Moves the WAL into the file, so that nothing deleted stays behind in it.</summary>
    internal static void EmptyWal(SqliteConnection connection) => SqliteFile.Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");

    /// <summary>The same before the file is closed. On a full disk the WAL stays, and the next opening reads it.</summary>
    internal static void EmptyWalAtEnd(SqliteConnection connection)
    {
        const int Full = 13; // SQLITE_FULL
        try
        {
            EmptyWal(connection);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == Full)
        {
            // Nothing is lost: what is committed is in the WAL.
        }
    }

    private static void Bind(SqliteConnection connection, string path, TenantId tenant, string schema, string keysPath)
    {
        using var transaction = connection.BeginTransaction();
        var version = (long)Scalar(connection, transaction, "PRAGMA user_version")!;
        if (version == 0)
        {
            SqliteFile.Run(connection, $"CREATE TABLE tenant (id TEXT NOT NULL); INSERT INTO tenant VALUES ('{tenant}'); {schema}; PRAGMA user_version = {SchemaVersion}", transaction);
            transaction.Commit();
            return;
        }

        if (version != SchemaVersion)
        {
            throw new InvalidDataException($"{path} has schema version {version}; this version reads {SchemaVersion}.");
        }

        var owner = TenantId.Parse(Scalar(connection, transaction, "SELECT id FROM tenant") as string) ?? throw new InvalidDataException($"{path} names no tenant: it is damaged.");
        if (owner != tenant)
        {
            throw new ForeignDirectoryException(path, owner, keysPath, tenant);
        }
    }

    private static object? Scalar(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
