using HealthLedger.Smart.People;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Sqlite.Smart;

/// <summary>People in SQLite, as sealed rows under keyed hashes.</summary>
public sealed class SqlitePersonStore(SmartDatabase database) : IPersonStore
{
    private const string Columns = "SELECT key, name_key, version, content FROM smart_person";
    private const int ConstraintViolated = 19;

    /// <inheritdoc/>
    public Task<SealedPerson?> Find(byte[] key, CancellationToken cancellationToken) => FindWhere(Columns + " WHERE key = $key", key, cancellationToken);

    /// <inheritdoc/>
    public Task<SealedPerson?> FindByName(byte[] nameKey, CancellationToken cancellationToken) => FindWhere(Columns + " WHERE name_key = $key", nameKey, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SealedPerson>> Read(byte[] after, int most, CancellationToken cancellationToken) =>
        await database.Run(transaction => transaction.Rows(Columns + " WHERE key > $after ORDER BY key LIMIT $most", PersonOf, ("$after", after), ("$most", most)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> Insert(SealedPerson person, CancellationToken cancellationToken) =>
        Change("INSERT INTO smart_person (key, name_key, version, content) VALUES ($key, $name, $version, $content)", person, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> Update(SealedPerson person, CancellationToken cancellationToken) =>
        Change("UPDATE smart_person SET name_key = $name, version = $version, content = $content WHERE key = $key AND version = $version - 1", person, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> Delete(byte[] key, long version, CancellationToken cancellationToken) =>
        database.Run(transaction => transaction.Change("DELETE FROM smart_person WHERE key = $key AND version = $version", ("$key", key), ("$version", version)) == 1, cancellationToken);

    private Task<SealedPerson?> FindWhere(string sql, byte[] key, CancellationToken cancellationToken) =>
        database.Run(
            transaction => transaction.Rows(sql, PersonOf, ("$key", key)).SingleOrDefault(),
            cancellationToken);

    private static SealedPerson PersonOf(SqliteDataReader row) => new(row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1), row.GetInt64(2), row.GetFieldValue<byte[]>(3));

    private async Task<bool> Change(string sql, SealedPerson person, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Run(
                transaction => transaction.Change(sql, ("$key", person.Key), ("$name", person.NameKey), ("$version", person.Version), ("$content", person.Content)) == 1,
                cancellationToken);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == ConstraintViolated)
        {
            return false;
        }
    }
}
