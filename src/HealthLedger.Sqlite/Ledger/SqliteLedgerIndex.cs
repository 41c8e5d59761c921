using System.Buffers.Binary;
using System.Collections.Concurrent;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace HealthLedger.Sqlite.Ledger;

/// <summary>
/// The ledger's index in a SQLite file: tags, consent leaves, and how far they go. Derived data: a deleted file is rebuilt from the entries at the next
/// start. What it holds is what the entries hold, opaque tags and random handles.
/// </summary>
public sealed class SqliteLedgerIndex : ILedgerIndex
{
    private const int Full = 13; // SQLITE_FULL
    private const int KeySize = 16;
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS tags (tag BLOB PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS consents (handle BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS applied (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL);
        """;

    private readonly string _path;
    private SqliteConnection _writer;
    private readonly ConcurrentBag<Reader> _readers = [];
    private ulong _applied;
    private volatile bool _disposed;

    /// <summary>Opens the index, an empty one where the file does not exist or is no database that can be read.</summary>
    /// <param name="path">The file, by convention <c>ledger-index.db</c> beside the ledger's directory. Its directory is made where it does not exist.</param>
    public SqliteLedgerIndex(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        try
        {
            (_writer, _applied) = OpenFile(path);
        }
        catch (Exception damaged) when (damaged is InvalidDataException || (damaged is SqliteException broken && SqliteFile.IsDamage(broken)))
        {
            SqliteFile.Delete(path);
            (_writer, _applied) = OpenFile(path);
        }
    }

    /// <inheritdoc/>
    public ulong AppliedSize => Volatile.Read(ref _applied);

    /// <inheritdoc/>
    public ulong? Find(UInt128 tag)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_readers.TryTake(out var reader))
        {
            reader = new Reader(SqliteFile.OpenReader(_path));
        }

        try
        {
            return reader.Find(tag);
        }
        catch (SqliteException damaged) when (SqliteFile.IsDamage(damaged))
        {
            throw new InvalidDataException("The ledger's index cannot be read.", damaged);
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<ConsentLeaf> Leaves()
    {
        using var leaves = Stored().GetEnumerator();
        while (Next(leaves) is { } leaf)
        {
            yield return leaf;
        }
    }

    private static ConsentLeaf? Next(IEnumerator<ConsentLeaf> leaves)
    {
        try
        {
            return leaves.MoveNext() ? leaves.Current : null;
        }
        catch (Exception damaged) when (damaged is InvalidCastException or ArgumentException || (damaged is SqliteException broken && SqliteFile.IsDamage(broken)))
        {
            throw new InvalidDataException("The ledger's index cannot be read.", damaged);
        }
    }

    private IEnumerable<ConsentLeaf> Stored()
    {
        using var command = _writer.CreateCommand();
        command.CommandText = "SELECT handle, state FROM consents";
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            var state = ConsentState.Parse(rows.GetFieldValue<byte[]>(1));
            if (state.IsValid)
            {
                yield return new ConsentLeaf(new Hash(rows.GetFieldValue<byte[]>(0)), state.Value);
            }
        }
    }

    /// <inheritdoc/>
    public void Apply(ulong size, IReadOnlyCollection<TagPlace> tags, IReadOnlyCollection<ConsentLeaf> leaves)
    {
        ArgumentNullException.ThrowIfNull(tags);
        ArgumentNullException.ThrowIfNull(leaves);
        try
        {
            // By statements of its own: the engine rolls back by itself where there is no room, and the driver's transaction then breaks when it does so again.
            SqliteFile.Run(_writer, "BEGIN");
            AddTags(tags);
            AddLeaves(leaves);
            using var applied = _writer.CreateCommand();
            applied.CommandText = "INSERT INTO applied (id, size) VALUES (1, $size) ON CONFLICT (id) DO UPDATE SET size = excluded.size";
            applied.Parameters.AddWithValue("$size", (long)size);
            applied.ExecuteNonQuery();
            SqliteFile.Run(_writer, "COMMIT");
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == Full)
        {
            throw new IOException("There is no room for the ledger's index.", exception);
        }
        finally
        {
            if (raw.sqlite3_get_autocommit(_writer.Handle) == 0)
            {
                SqliteFile.Run(_writer, "ROLLBACK");
            }
        }

        Volatile.Write(ref _applied, size);
    }

    /// <inheritdoc/>
    public void Clear()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer.Dispose();
        SqliteFile.Delete(_path);
        (_writer, _applied) = OpenFile(_path);
    }

    private static (SqliteConnection Writer, ulong Applied) OpenFile(string path)
    {
        var writer = SqliteFile.Open(path);
        try
        {
            SqliteFile.Run(writer, Schema);
            using var applied = writer.CreateCommand();
            applied.CommandText = "SELECT size FROM applied";
            return (writer, (ulong)((long?)applied.ExecuteScalar() ?? 0));
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer.Dispose();
    }

    /// <summary>By the engine's own functions: there are thousands of rows, and the driver makes five objects for each.</summary>
    private void AddTags(IReadOnlyCollection<TagPlace> tags)
    {
        var database = _writer.Handle;
        Check(raw.sqlite3_prepare_v2(database, "INSERT INTO tags (tag, entry) VALUES (?1, ?2) ON CONFLICT (tag) DO NOTHING", out var insert));
        using (insert)
        {
            // In key order the tree is walked once from left to right.
            UInt128[] keys = [.. tags.Select(place => place.Tag)];
            ulong[] entries = [.. tags.Select(place => place.Index)];
            Array.Sort(keys, entries);
            Span<byte> key = stackalloc byte[KeySize];
            for (var i = 0; i < keys.Length; i++)
            {
                BinaryPrimitives.WriteUInt128BigEndian(key, keys[i]);
                Check(raw.sqlite3_bind_blob(insert, 1, key));
                Check(raw.sqlite3_bind_int64(insert, 2, (long)entries[i]));
                Check(raw.sqlite3_step(insert));
                Check(raw.sqlite3_reset(insert));
            }
        }

        void Check(int outcome) => SqliteException.ThrowExceptionForRC(outcome, database);
    }

    private void AddLeaves(IReadOnlyCollection<ConsentLeaf> leaves)
    {
        using var command = _writer.CreateCommand();
        command.CommandText = "INSERT INTO consents (handle, state) VALUES ($handle, $state) ON CONFLICT (handle) DO UPDATE SET state = excluded.state";
        var handle = command.Parameters.Add("$handle", SqliteType.Blob);
        var state = command.Parameters.Add("$state", SqliteType.Blob);
        foreach (var leaf in leaves)
        {
            var value = new byte[ConsentState.Size];
            leaf.State.Write(value);
            (handle.Value, state.Value) = (leaf.Handle.ToArray(), value);
            command.ExecuteNonQuery();
        }
    }

    private static byte[] Key(UInt128 tag)
    {
        var key = new byte[KeySize];
        BinaryPrimitives.WriteUInt128BigEndian(key, tag);
        return key;
    }

    /// <summary>A connection with its prepared query; one thread at a time.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _find;
        private readonly SqliteParameter _tag;

        public Reader(SqliteConnection connection)
        {
            _connection = connection;
            _find = connection.CreateCommand();
            _find.CommandText = "SELECT entry FROM tags WHERE tag = $tag";
            _tag = _find.Parameters.Add("$tag", SqliteType.Blob);
        }

        public ulong? Find(UInt128 tag)
        {
            _tag.Value = Key(tag);
            return _find.ExecuteScalar() is long entry ? (ulong)entry : null;
        }

        public void Dispose()
        {
            _find.Dispose();
            _connection.Dispose();
        }
    }
}
