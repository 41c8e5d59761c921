using HealthLedger.Vault;
using HealthLedger.Vault.Storage;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Vault;

/// <summary>One connection with its prepared reads; one thread at a time.</summary>
internal sealed class VaultReader : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly Dictionary<VaultTable, Statement> point = [], page = [];
    private readonly Statement begin, commit;

    internal VaultReader(string path)
    {
        connection = SealedDatabase.OpenReader(path);
        foreach (var (table, name) in SqliteVaultStore.Tables)
        {
            point[table] = new Statement(connection, $"SELECT sealed FROM {name} WHERE shelf = ? AND row = ?");
            page[table] = new Statement(connection, $"SELECT row, sealed FROM {name} WHERE shelf = ? AND row > ? ORDER BY row LIMIT ?");
        }

        begin = new Statement(connection, "BEGIN");
        commit = new Statement(connection, "COMMIT");
    }

    internal StoredRow? Read(RowPlace place)
    {
        Span<byte> shelf = stackalloc byte[KeyedName.Size];
        Span<byte> row = stackalloc byte[KeyedName.Size];
        place.Shelf.CopyTo(shelf);
        place.Row.CopyTo(row);
        var statement = point[place.Table];
        try
        {
            return statement.Bind(1, shelf).Bind(2, row).Step() ? StoredRow.CopyOf(statement.Blob(0)) : null;
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>In one transaction: each read alone would take and give back the file's locks.</summary>
    internal List<StoredRow?> Read(IReadOnlyList<RowPlace> places)
    {
        var rows = new List<StoredRow?>(places.Count);
        begin.Run();
        try
        {
            foreach (var place in places)
            {
                rows.Add(Read(place));
            }

            return rows;
        }
        catch
        {
            rows.ForEach(row => row?.Dispose());
            throw;
        }
        finally
        {
            commit.Run();
        }
    }

    internal List<RowChange> ReadPage(VaultTable table, KeyedName shelf, KeyedName? after, int limit)
    {
        Span<byte> shelfName = stackalloc byte[KeyedName.Size];
        Span<byte> afterName = stackalloc byte[KeyedName.Size];
        shelf.CopyTo(shelfName);
        after?.CopyTo(afterName);
        var rows = new List<RowChange>();
        var statement = page[table];
        try
        {
            // a blob sorts before every longer blob that begins with it, so the empty one lies before all rows
            statement.Bind(1, shelfName).Bind(2, after is null ? [] : afterName).Bind(3, limit);
            while (statement.Step())
            {
                var row = KeyedName.Read(statement.Blob(0));
                rows.Add(new RowChange(new RowPlace(table, shelf, row), statement.Blob(1).ToArray()));
            }
        }
        finally
        {
            statement.Reset();
        }

        return rows;
    }

    internal List<RowChange> ReadHeadAndSegments(KeyedName shelf)
    {
        begin.Run();
        try
        {
            var rows = ReadPage(VaultTable.Head, shelf, null, int.MaxValue);
            rows.AddRange(ReadPage(VaultTable.Segment, shelf, null, int.MaxValue));
            return rows;
        }
        finally
        {
            commit.Run();
        }
    }

    public void Dispose()
    {
        foreach (var statement in point.Values.Concat(page.Values).Append(begin).Append(commit))
        {
            statement.Dispose();
        }

        connection.Dispose();
    }
}
