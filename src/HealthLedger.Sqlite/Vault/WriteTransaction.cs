using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <summary>The prepared statements around a write: all of it or nothing. For one thread at a time.</summary>
internal sealed class WriteTransaction(SqliteConnection connection) : IDisposable
{
    private readonly Statement begin = new(connection, "BEGIN IMMEDIATE");
    private readonly Statement commit = new(connection, "COMMIT");
    private readonly Statement rollback = new(connection, "ROLLBACK");

    /// <summary>Commits what <paramref name="work"/> did where it says true; else, and where it throws, nothing of it stays.</summary>
    internal bool Run(Func<bool> work)
    {
        begin.Run();
        try
        {
            var done = work();
            (done ? commit : rollback).Run();
            return done;
        }
        catch
        {
            SafeRollback();
            throw;
        }
    }

    public void Dispose()
    {
        begin.Dispose();
        commit.Dispose();
        rollback.Dispose();
    }

    private void SafeRollback()
    {
        try
        {
            rollback.Run();
        }
        catch (SqliteException)
        {
            // the engine rolled back by itself; what failed first is on its way up
        }
    }
}
