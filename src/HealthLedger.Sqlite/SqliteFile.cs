using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite;

/// <summary>How every database of ours is opened: durable at each commit, deleted content overwritten.</summary>
internal static class SqliteFile
{
    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Opens a database file, a new one where there is none: WAL, synchronous=FULL, secure_delete=ON, 5 s busy timeout.</summary>
    /// <remarks>A connection serves one thread at a time. The caller disposes of it.</remarks>
    public static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            using var settings = connection.CreateCommand();
            settings.CommandText = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;";
            settings.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
