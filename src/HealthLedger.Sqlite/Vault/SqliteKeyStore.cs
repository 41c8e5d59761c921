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

    private readonly Lock gate = new();
    private readonly SqliteConnection connection;
    private readonly Statement select, insert, destroy, earlier, has, erased, list;
    private readonly WriteTransaction transaction;

    private SqliteKeyStore(SqliteConnection connection)
    {
        this.connection = connection;
        select = new Statement(connection, "SELECT kind, epoch, sealed FROM wrapped_key WHERE subject = ?");
        insert = new Statement(connection, "INSERT INTO wrapped_key (subject, kind, epoch, sealed) VALUES (?, ?, ?, ?)");
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
        new(SealedDatabase.OpenWriter(Path.Combine(keys.Path, "keys.db"), keys.Tenant, Schema, Additions, keys.Path));

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

            Insert(key, name);
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
    /// Copies the file into a new one, without anything that was destroyed. Keys are neither read nor written meanwhile, about a second for each 100,000 patients: a reader of
    /// its own would keep what is destroyed just then in the file's log. Not durable on return.
    /// </summary>
    /// <exception cref="IOException">There is no room, or the file cannot be written.</exception>
    public void CopyTo(string copy, CancellationToken cancellation)
    {
        lock (gate)
        {
            SqliteFile.Copy(connection, copy, cancellation);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var statement in new[] { select, insert, destroy, earlier, has, erased, list })
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
        Insert(key, name);
    }

    private void Insert(WrappedKey key, ReadOnlySpan<byte> name) => insert.Bind(1, name).Bind(2, (long)key.Kind).Bind(3, key.Epoch).Bind(4, key.Sealed.Span).Run();

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
