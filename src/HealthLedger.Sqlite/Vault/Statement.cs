using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace HealthLedger.Sqlite.Vault;

/// <summary>
/// One prepared statement, used again and again from one thread at a time. It speaks to the engine directly: a point read through ADO.NET costs several
/// times the read itself, and its blobs come as fresh arrays.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt handle;

    internal Statement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out handle));
    }

    internal Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    internal Statement Bind(int index, long value)
    {
        Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    /// <summary>True where a row is there to be read.</summary>
    internal bool Step()
    {
        var result = raw.sqlite3_step(handle);
        if (result is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return result == raw.SQLITE_ROW;
        }

        var message = raw.sqlite3_errmsg(database).utf8_to_string();
        raw.sqlite3_reset(handle);
        throw new SqliteException(message, result, raw.sqlite3_extended_errcode(database));
    }

    /// <summary>Valid until the next step or reset.</summary>
    internal ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);

    internal long Integer(int column) => raw.sqlite3_column_int64(handle, column);

    internal void Reset() => raw.sqlite3_reset(handle);

    /// <summary>Steps once, where there is nothing to read.</summary>
    internal void Run()
    {
        Step();
        Reset();
    }

    public void Dispose() => handle.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(database).utf8_to_string(), result, raw.sqlite3_extended_errcode(database));
        }
    }
}
