using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace HealthLedger.Sqlite;

/// <summary>
/// How every database of ours is opened: readable by its owner alone, in WAL with a sync at each commit, deleted content overwritten, nothing temporary in files.
/// </summary>
/// <remarks>A connection serves one thread at a time. The caller disposes of it.</remarks>
internal static class SqliteFile
{
    private const int BusyMilliseconds = 10_000;

    static SqliteFile() => Batteries_V2.Init();

    /// <summary>Opens a database file for writing, a new one with mode 0600 where there is none.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="pageSize">Of a new file, in bytes: a power of two, 512 to 65,536. A file that exists keeps its own.</param>
    /// <exception cref="IOException">Its file system lacks the shared memory that WAL needs.</exception>
    /// <exception cref="InvalidDataException">It is no database, or damaged where that shows at once.</exception>
    /// <exception cref="SqliteException">It is locked for longer than 10 s.</exception>
    public static SqliteConnection Open(string path, int pageSize = 4096)
    {
        Make(path);
        return Connect(path, connection =>
        {
            using var mode = connection.CreateCommand();
            mode.CommandText = $"PRAGMA page_size = {pageSize}; PRAGMA journal_mode = WAL";
            if (mode.ExecuteScalar() as string != "wal")
            {
                throw new IOException($"{path} lies on a file system without the shared memory that SQLite's WAL needs.");
            }

            Run(connection, "PRAGMA secure_delete = ON");
        });
    }

    /// <summary>Opens a database file that exists and takes no write.</summary>
    public static SqliteConnection OpenReader(string path) =>
        Connect(path, connection => Run(connection, "PRAGMA query_only = ON"));

    /// <summary>
    /// Copies a database as of one moment into a new file with mode 0600, while others write to it: what it holds and nothing that was deleted. Not durable on return.
    /// </summary>
    /// <param name="connection">A connection to the database that may write, outside of a transaction.</param>
    /// <param name="copy">The new file.</param>
    /// <param name="cancellation">Stops it; part of the file stays.</param>
    /// <exception cref="IOException">There is no room, or the file cannot be written.</exception>
    public static void Copy(SqliteConnection connection, string copy, CancellationToken cancellation)
    {
        Make(copy);
        cancellation.ThrowIfCancellationRequested();
        using var interrupt = cancellation.UnsafeRegister(static handle => raw.sqlite3_interrupt((sqlite3)handle!), connection.Handle);
        using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $copy";
        command.Parameters.AddWithValue("$copy", copy);
        try
        {
            command.ExecuteNonQuery();
        }
        catch (SqliteException stopped) when (stopped.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (SqliteException failed) when (failed.SqliteErrorCode is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY)
        {
            throw new IOException("A copy of a database could not be written.", failed);
        }
    }

    /// <summary>The same over a connection of its own, so that no other waits.</summary>
    public static void Copy(string path, string copy, CancellationToken cancellation)
    {
        using var connection = Connect(path, _ => { });
        Copy(connection, copy, cancellation);
    }

    /// <summary>True where the file itself is at fault: SQLITE_CORRUPT or SQLITE_NOTADB (https://www.sqlite.org/rescode.html).</summary>
    public static bool IsDamage(SqliteException exception) => exception.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>Deletes a database file with those beside it. No connection to it is open.</summary>
    public static void Delete(string path)
    {
        foreach (var file in new[] { path + "-wal", path + "-shm", path })
        {
            File.Delete(file);
        }
    }

    /// <summary>Runs statements without a result.</summary>
    public static void Run(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Connect(string path, Action<SqliteConnection> settle)
    {
        // A WAL reader writes too: to the shared memory file.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle, BusyMilliseconds);
            Run(connection, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
            settle(connection);
            return connection;
        }
        catch (SqliteException damaged) when (IsDamage(damaged))
        {
            connection.Dispose();
            throw new InvalidDataException($"{Path.GetFileName(path)} is damaged, or is no database.", damaged);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>SQLite gives the files beside it (WAL, shared memory) the mode of the database itself.</summary>
    private static void Make(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        new FileStream(path, options).Dispose();
    }
}
