using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <summary><c>keys.db</c> in the key directory: wrapped keys under keyed names.</summary>
public sealed class SqliteKeyStore : IKeyStore
{
    private const string Schema = """
        CREATE TABLE wrapped_key (subject BLOB NOT NULL, kind INTEGER NOT NULL, epoch INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (subject, kind)) WITHOUT ROWID
        """;

    private const string Additions = """
        CREATE INDEX IF NOT EXISTS wrapped_key_epoch ON wrapped_key (epoch);
        CREATE TABLE IF NOT EXISTS erased (mark BLOB NOT NULL PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID
        """;

    private const string Insertion = "INSERT INTO wrapped_key (subject, kind, epoch, sealed) VALUES (?, ?, ?, ?)";

    /// <summary>How many keys are copied in one step: some milliseconds.</summary>
    private const int CopiedTogether = 1000;

    private readonly Lock gate = new();
    private readonly KeyDirectory directory;
    private readonly SqliteConnection connection;
    private readonly Statement select, after, insert, destroy, earlier, has, erased, list;
    private readonly WriteTransaction transaction;

    private SqliteKeyStore(KeyDirectory directory, SqliteConnection connection)
    {
        this.directory = directory;
        this.connection = connection;
        select = new Statement(connection, "SELECT kind, epoch, sealed FROM wrapped_key WHERE subject = ?");
        after = new Statement(connection, "SELECT subject, kind, epoch, sealed FROM wrapped_key WHERE subject > ? ORDER BY subject, kind LIMIT ?");
        insert = new Statement(connection, Insertion);
        destroy = new Statement(connection, "DELETE FROM wrapped_key WHERE subject = ? AND kind = ?");
        earlier = new Statement(connection, "SELECT subject, kind, epoch, sealed FROM wrapped_key WHERE epoch < ? LIMIT ?");
        has = new Statement(connection, "SELECT 1 FROM wrapped_key WHERE kind = ? LIMIT 1");
        erased = new Statement(connection, "SELECT mark, sealed FROM erased");
        list = new Statement(connection, "INSERT INTO erased (mark, sealed) VALUES (?, ?) ON CONFLICT (mark) DO UPDATE SET sealed = excluded.sealed");
        transaction = new WriteTransaction(connection);
    }

    /// <summary>Opens <c>keys.db</c> in the key directory; makes it where there is none.</summary>
    /// <exception cref="ForeignDirectoryException">It belongs to another tenant.</exception>
    public static SqliteKeyStore Open(KeyDirectory keys) =>
        new(keys, SealedDatabase.OpenWriter(Path.Combine(keys.Path, "keys.db"), keys.Tenant, Schema, Additions, keys.Path));

    /// <inheritdoc/>
    public IReadOnlyList<WrappedKey> Of(KeyedName subject)
    {
        Span<byte> name = stackalloc byte[KeyedName.Size];
        subject.CopyTo(name);
        lock (gate)
        {
            return Select(subject, name);
        }
    }

    /// <inheritdoc/>
    public bool TryAdd(IReadOnlyList<WrappedKey> keys) => InTransaction(() =>
    {
        Span<byte> name = stackalloc byte[KeyedName.Size];
        foreach (var key in keys)
        {
            key.Subject.CopyTo(name);
            if (Select(key.Subject, name).Any(stored => stored.Kind == key.Kind))
            {
                return false;
            }

            Insert(insert, key);
        }

        return true;
    });

    /// <inheritdoc/>
    public void Destroy(KeyedName subject, IReadOnlyList<KeyKind> kinds)
    {
        InTransaction(() =>
        {
            Span<byte> name = stackalloc byte[KeyedName.Size];
            subject.CopyTo(name);
            foreach (var kind in kinds)
            {
                destroy.Bind(1, name).Bind(2, (long)kind).Run();
            }

            return true;
        });
        lock (gate)
        {
            SealedDatabase.EmptyWal(connection);
        }
    }

    /// <inheritdoc/>
    public void Replace(WrappedKey key)
    {
        InTransaction(() =>
        {
            Put(key);
            return true;
        });
        lock (gate)
        {
            SealedDatabase.EmptyWal(connection);
        }
    }

    /// <inheritdoc/>
    public int Rewrap(int epoch, int max, Func<WrappedKey, WrappedKey> rewrap)
    {
        var keys = new List<WrappedKey>();
        InTransaction(() =>
        {
            earlier.Bind(1, epoch).Bind(2, max);
            try
            {
                while (earlier.Step())
                {
                    keys.Add(new WrappedKey(KeyedName.Read(earlier.Blob(0)), (KeyKind)earlier.Integer(1), checked((int)earlier.Integer(2)), earlier.Blob(3).ToArray()));
                }
            }
            finally
            {
                earlier.Reset();
            }

            keys.ForEach(key => Put(rewrap(key)));
            return true;
        });
        if (keys.Count == 0)
        {
            lock (gate)
            {
                SealedDatabase.EmptyWal(connection);
            }
        }

        return keys.Count;
    }

    /// <inheritdoc/>
    public bool Has(KeyKind kind)
    {
        lock (gate)
        {
            try
            {
                return has.Bind(1, (long)kind).Step();
            }
            finally
            {
                has.Reset();
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ErasedKeys> Erased()
    {
        lock (gate)
        {
            var listed = new List<ErasedKeys>();
            try
            {
                while (erased.Step())
                {
                    listed.Add(new ErasedKeys(KeyedName.Read(erased.Blob(0)), erased.Blob(1).ToArray()));
                }
            }
            finally
            {
                erased.Reset();
            }

            return listed;
        }
    }

    /// <inheritdoc/>
    public void List(ErasedKeys one) => InTransaction(() =>
    {
        list.Bind(1, one.Mark.ToArray()).Bind(2, one.Sealed.Span).Run();
        return true;
    });

    /// <summary>
    /// Copies the keys into a new file, without anything that was destroyed before it began, in steps between which keys are read and written: of each subject all keys as of one moment. No step leaves a reader
    /// open, which would keep what is destroyed just then in the file's log. Not durable on return.
    /// </summary>
    /// <exception cref="IOException">There is no room, or the file cannot be written.</exception>
    public void CopyTo(string copy, CancellationToken cancellation)
    {
        try
        {
            using var made = SealedDatabase.OpenWriter(copy, directory.Tenant, Schema, Additions, directory.Path);
            SqliteFile.Run(made, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
            using var adding = new WriteTransaction(made);
            using var add = new Statement(made, Insertion);
            var last = default(KeyedName); // before all: a keyed name of zeros alone never comes
            while (SubjectsAfter(last) is { Count: > 0 } page)
            {
                cancellation.ThrowIfCancellationRequested();
                adding.Run(() =>
                {
                    page.ForEach(key => Insert(add, key));
                    return true;
                });
                last = page[^1].Subject;
            }

            // At the end, so that what was destroyed meanwhile is on it.
            using var addErased = new Statement(made, "INSERT INTO erased (mark, sealed) VALUES (?, ?)");
            adding.Run(() =>
            {
                foreach (var one in Erased())
                {
                    addErased.Bind(1, one.Mark.ToArray()).Bind(2, one.Sealed.Span).Run();
                }

                return true;
            });
        }
        catch (SqliteException failed) when (failed.SqliteErrorCode is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_READONLY)
        {
            throw new IOException("A copy of the keys could not be written.", failed);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var statement in new[] { select, after, insert, destroy, earlier, has, erased, list })
            {
                statement.Dispose();
            }

            transaction.Dispose();
            SealedDatabase.EmptyWalAtEnd(connection);
            connection.Dispose();
        }
    }

    private void Put(WrappedKey key)
    {
        Span<byte> name = stackalloc byte[KeyedName.Size];
        key.Subject.CopyTo(name);
        destroy.Bind(1, name).Bind(2, (long)key.Kind).Run();
        Insert(insert, key);
    }

    private static void Insert(Statement insert, WrappedKey key)
    {
        Span<byte> name = stackalloc byte[KeyedName.Size];
        key.Subject.CopyTo(name);
        insert.Bind(1, name).Bind(2, (long)key.Kind).Bind(3, key.Epoch).Bind(4, key.Sealed.Span).Run();
    }

    /// <summary>The keys of the next subjects, of each all: a page may end within one, which is left to the next page.</summary>
    private List<WrappedKey> SubjectsAfter(KeyedName last)
    {
        var keys = new List<WrappedKey>(CopiedTogether);
        Span<byte> name = stackalloc byte[KeyedName.Size];
        last.CopyTo(name);
        lock (gate)
        {
            try
            {
                after.Bind(1, name).Bind(2, CopiedTogether);
                while (after.Step())
                {
                    keys.Add(new WrappedKey(KeyedName.Read(after.Blob(0)), (KeyKind)after.Integer(1), checked((int)after.Integer(2)), after.Blob(3).ToArray()));
                }
            }
            finally
            {
                after.Reset();
            }
        }

        if (keys.Count == CopiedTogether)
        {
            var cut = keys[^1].Subject;
            keys.RemoveAll(key => key.Subject == cut);
        }

        return keys;
    }

    private List<WrappedKey> Select(KeyedName subject, ReadOnlySpan<byte> name)
    {
        var keys = new List<WrappedKey>(4);
        try
        {
            select.Bind(1, name);
            while (select.Step())
            {
                keys.Add(new WrappedKey(subject, (KeyKind)select.Integer(0), checked((int)select.Integer(1)), select.Blob(2).ToArray()));
            }
        }
        finally
        {
            select.Reset();
        }

        return keys;
    }

    private bool InTransaction(Func<bool> work)
    {
        lock (gate)
        {
            return transaction.Run(work);
        }
    }
}
