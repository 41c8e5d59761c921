using System.Collections.Frozen;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <summary>
/// <c>vault.db</c> in the data directory: the sealed rows, in WAL with a sync at each commit. One writer (the ledger's sequencer), many readers, each with
/// a connection of its own from a pool.
/// </summary>
public sealed partial class SqliteVaultStore : IVaultStore
{
    internal static readonly FrozenDictionary<VaultTable, string> Tables = new Dictionary<VaultTable, string>
    {
        [VaultTable.Record] = "record",
        [VaultTable.Segment] = "segment",
        [VaultTable.Head] = "head",
        [VaultTable.Locator] = "locator",
        [VaultTable.Patient] = "patient",
        [VaultTable.Erasure] = "erasure",
    }.ToFrozenDictionary();

    // Records and segments are too long for a tree that keeps its rows in the inner nodes.
    private const string Schema = """
        CREATE TABLE record (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL);
        CREATE UNIQUE INDEX record_place ON record (shelf, row);
        CREATE TABLE segment (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL);
        CREATE UNIQUE INDEX segment_place ON segment (shelf, row);
        CREATE TABLE head (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (shelf, row)) WITHOUT ROWID;
        CREATE TABLE locator (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (shelf, row)) WITHOUT ROWID;
        CREATE TABLE patient (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (shelf, row)) WITHOUT ROWID;
        CREATE TABLE applied (size INTEGER NOT NULL);
        INSERT INTO applied VALUES (0)
        """;

    private const string Additions = "CREATE TABLE IF NOT EXISTS erasure (shelf BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (shelf, row)) WITHOUT ROWID";

    private const int PooledReaders = 16;
    private readonly string path;
    private readonly Lock writing = new();
    private readonly SqliteConnection connection;
    private readonly Dictionary<VaultTable, Statement> put = [], delete = [];
    private readonly Statement applied;
    private readonly WriteTransaction transaction;
    private readonly Stack<VaultReader> readers = new();
    private ulong appliedSize;
    private int copies;
    private bool erasedMeanwhile;
    private bool disposed;

    private SqliteVaultStore(string path, SqliteConnection connection)
    {
        this.path = path;
        this.connection = connection;
        foreach (var (table, name) in Tables)
        {
            put[table] = new Statement(connection, $"INSERT INTO {name} (shelf, row, sealed) VALUES (?, ?, ?) ON CONFLICT (shelf, row) DO UPDATE SET sealed = excluded.sealed");
            delete[table] = new Statement(connection, $"DELETE FROM {name} WHERE shelf = ? AND row = ?");
        }

        applied = new Statement(connection, "UPDATE applied SET size = ?");
        transaction = new WriteTransaction(connection);
        using var size = new Statement(connection, "SELECT size FROM applied");
        appliedSize = size.Step() ? (ulong)size.Integer(0) : throw new InvalidDataException($"{path} has lost its applied size: it is damaged.");
    }

    /// <summary>Opens <c>vault.db</c> in the data directory; makes it where there is none.</summary>
    /// <exception cref="ForeignDirectoryException">It belongs to another tenant.</exception>
    public static SqliteVaultStore Open(string dataPath, KeyDirectory keys)
    {
        var path = Path.Combine(dataPath, "vault.db");
        return new SqliteVaultStore(path, SealedDatabase.OpenWriter(path, keys.Tenant, Schema, Additions, keys.Path));
    }

    /// <inheritdoc/>
    public ulong AppliedSize => Volatile.Read(ref appliedSize);

    /// <inheritdoc/>
    public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (size <= appliedSize)
            {
                return; // applied before: doing it again would put old rows back
            }

            transaction.Run(() =>
            {
                foreach (var change in redo.SelectMany(RedoCodec.Decode))
                {
                    Change(change);
                }

                applied.Bind(1, checked((long)size)).Run();
                return true;
            });
            Volatile.Write(ref appliedSize, size);
        }
    }

    /// <inheritdoc/>
    public void Erase(IReadOnlyList<RowPlace> places)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            transaction.Run(() =>
            {
                foreach (var place in places)
                {
                    Change(new RowChange(place, default));
                }

                return true;
            });
            if (copies > 0)
            {
                erasedMeanwhile = true; // it would wait for the copy, and with it the ledger: the copy empties the log at its end
            }
            else
            {
                SealedDatabase.EmptyWal(connection);
            }
        }
    }

    /// <summary>Copies the file as of one moment while it is written to, into a new file: live rows alone. Not durable on return.</summary>
    /// <param name="copy">The new file.</param>
    /// <param name="cancellation">Stops it; part of the file stays.</param>
    /// <returns>What the copy has applied.</returns>
    /// <exception cref="IOException">There is no room, or the file cannot be written.</exception>
    public ulong CopyTo(string copy, CancellationToken cancellation)
    {
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            copies++;
        }

        try
        {
            SqliteFile.Copy(path, copy, cancellation);
        }
        finally
        {
            lock (writing)
            {
                if (--copies == 0 && erasedMeanwhile && !disposed)
                {
                    SealedDatabase.EmptyWalAtEnd(connection); // not else: its file keeps room for commits on a full disk
                    erasedMeanwhile = false;
                }
            }
        }

        using var made = SealedDatabase.OpenReader(copy);
        using var size = new Statement(made, "SELECT size FROM applied");
        return size.Step() ? (ulong)size.Integer(0) : throw new InvalidDataException("A copy of the vault has lost its applied size.");
    }

    /// <inheritdoc/>
    public ValueTask<StoredRow?> Read(RowPlace place, CancellationToken cancellation) => With(reader => reader.Read(place), cancellation);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRow?>> Read(IReadOnlyList<RowPlace> places, CancellationToken cancellation) =>
        With<IReadOnlyList<StoredRow?>>(reader => reader.Read(places), cancellation);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RowChange>> ReadPage(VaultTable table, KeyedName shelf, KeyedName? after, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return With<IReadOnlyList<RowChange>>(reader => reader.ReadPage(table, shelf, after, limit), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RowChange>> ReadHeadAndSegments(KeyedName shelf, CancellationToken cancellation) =>
        With<IReadOnlyList<RowChange>>(reader => reader.ReadHeadAndSegments(shelf), cancellation);

    /// <summary>Closes the file; no read or batch may be under way.</summary>
    public void Dispose()
    {
        lock (writing)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            lock (readers)
            {
                while (readers.TryPop(out var reader))
                {
                    reader.Dispose();
                }
            }

            foreach (var statement in put.Values.Concat(delete.Values).Append(applied))
            {
                statement.Dispose();
            }

            transaction.Dispose();
            SealedDatabase.EmptyWalAtEnd(connection);
            connection.Dispose();
        }
    }

    private void Change(RowChange change)
    {
        Span<byte> shelf = stackalloc byte[KeyedName.Size];
        Span<byte> row = stackalloc byte[KeyedName.Size];
        change.Place.Shelf.CopyTo(shelf);
        change.Place.Row.CopyTo(row);
        if (change.Sealed.IsEmpty)
        {
            delete[change.Place.Table].Bind(1, shelf).Bind(2, row).Run();
        }
        else
        {
            put[change.Place.Table].Bind(1, shelf).Bind(2, row).Bind(3, change.Sealed.Span).Run();
        }
    }

    private ValueTask<T> With<T>(Func<VaultReader, T> read, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var reader = Rent();
        try
        {
            return ValueTask.FromResult(read(reader));
        }
        finally
        {
            Return(reader);
        }
    }

    private VaultReader Rent()
    {
        lock (readers)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (readers.TryPop(out var reader))
            {
                return reader;
            }
        }

        return new VaultReader(path);
    }

    private void Return(VaultReader reader)
    {
        lock (readers)
        {
            if (!disposed && readers.Count < PooledReaders)
            {
                readers.Push(reader);
                return;
            }
        }

        reader.Dispose();
    }
}
