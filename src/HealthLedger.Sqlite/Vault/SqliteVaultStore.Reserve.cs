using HealthLedger.Vault.Storage;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <content>
/// Room for commits on a full disk. A commit appends to the WAL, whose file never gets shorter while the store is open: so a transaction that is taken back leaves room in it which no
/// other file can take (https://www.sqlite.org/fileformat2.html#walformat). Moving pages into the database may fail for want of room, and then waits.
/// </content>
public sealed partial class SqliteVaultStore
{
    private const int Full = 13; // SQLITE_FULL
    private const int NoSharedMemory = 4874; // SQLITE_IOERR_SHMSIZE: no room for the WAL's index

    /// <summary>Up to this long the WAL gets in use, before its pages are moved (<see cref="SealedDatabase"/>); the room kept lies behind that.</summary>
    private const long WalBytes = 4000L * (8192 + 24);

    /// <summary>Pages that stay in memory while a transaction is tried; what they take is asked for beside it.</summary>
    private const int PagesHeld = 16;

    private const int SpareBytes = 64 * 8192;

    /// <summary>Up to so many bytes of pages of a transaction stay in memory, and are not in the WAL when it is taken back: the engine keeps 2 MB.</summary>
    private const int CacheBytes = 4 << 20;
    private const string Fill = "INSERT INTO segment (shelf, row, sealed) VALUES (x'', x'', zeroblob(?))";

    private string Wal => path + "-wal";

    /// <inheritdoc/>
    public bool Reserve(long bytes)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var wanted = WalBytes + bytes;
            return WalLength() >= wanted || (Try(() => Put(wanted + CacheBytes)) && WalLength() >= wanted);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Makes the changes, has their pages written to the WAL, and takes them back: the same pages find the same place again.</remarks>
    public bool HasRoom(IReadOnlyList<ReadOnlyMemory<byte>> redo)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            SqliteFile.Run(connection, $"PRAGMA cache_size = {PagesHeld}");
            try
            {
                return Try(() =>
                {
                    foreach (var change in redo.SelectMany(RedoCodec.Decode))
                    {
                        Change(change);
                    }

                    Put(SpareBytes);
                });
            }
            finally
            {
                SqliteFile.Run(connection, "PRAGMA cache_size = -2000");
            }
        }
    }

    private long WalLength() => new FileInfo(Wal) is { Exists: true } file ? file.Length : 0;

    private void Put(long bytes)
    {
        using var fill = new Statement(connection, Fill);
        fill.Bind(1, bytes).Run();
    }

    /// <summary>Whether a transaction finds room; nothing of it stays.</summary>
    private bool Try(Action work)
    {
        try
        {
            transaction.Run(() =>
            {
                work();
                return false;
            });
            return true;
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == Full || exception.SqliteExtendedErrorCode == NoSharedMemory)
        {
            return false;
        }
    }
}
