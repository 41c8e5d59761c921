using HealthLedger.Smart.Clients;

namespace HealthLedger.Sqlite.Smart;

/// <summary>Registered clients in SQLite.</summary>
public sealed class SqliteClientStore(SmartDatabase database) : IClientStore
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<SealedClient>> ReadAll(CancellationToken cancellationToken) =>
        await database.Run(
            transaction => transaction.Rows("SELECT client_id, content FROM smart_client", row => new SealedClient(row.GetString(0), row.GetFieldValue<byte[]>(1))),
            cancellationToken);

    /// <inheritdoc/>
    public Task Put(SealedClient client, CancellationToken cancellationToken) =>
        database.Run(
            transaction => transaction.Change(
                "INSERT INTO smart_client (client_id, content) VALUES ($id, $content) ON CONFLICT (client_id) DO UPDATE SET content = excluded.content",
                ("$id", client.ClientId),
                ("$content", client.Content)),
            cancellationToken);
}
