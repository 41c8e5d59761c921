using System.Collections.Concurrent;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.Clients;

/// <summary>
/// The registered clients, all in memory and written through to the store: a change counts from the next request on, for tokens in hand too.
/// Safe for concurrent use. One process writes; a second one would see changes only after <see cref="Load"/>.
/// </summary>
public sealed class ClientRegistry : IDisposable
{
    /// <summary>The most clients that may be registered.</summary>
    public const int MaxClients = 10_000;

    private readonly ConcurrentDictionary<string, Client> clients = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly IClientStore store;
    private readonly RowKey key;

    /// <summary>A registry over <paramref name="store"/>; empty until <see cref="Load"/>.</summary>
    public ClientRegistry(IClientStore store, ISealedSecrets secrets)
    {
        this.store = store;
        key = RowKey.Load(secrets, SecretNames.Clients);
    }

    /// <summary>All clients, in any order.</summary>
    public IEnumerable<Client> All => clients.Values;

    /// <summary>Reads all rows; call it once before serving.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A row was altered or belongs to another key directory: refuse to start.</exception>
    public async Task Load(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            foreach (var row in await store.ReadAll(cancellationToken))
            {
                clients[row.ClientId] = ClientRow.Open(row, key);
            }
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>The client of that id, disabled or not; null where there is none.</summary>
    public Client? Find(string clientId) => clients.GetValueOrDefault(clientId);

    /// <summary>Registers a client, or replaces its registration. Durable and in force when the task completes.</summary>
    public async Task<Registration> Register(Client client, CancellationToken cancellationToken)
    {
        if (ClientRules.Fault(client) is { } fault)
        {
            return new Registration.Refused(fault);
        }

        await writing.WaitAsync(cancellationToken);
        try
        {
            if (!clients.ContainsKey(client.ClientId) && clients.Count >= MaxClients)
            {
                return new Registration.Refused("No more clients can be registered.");
            }

            await store.Put(ClientRow.Seal(client, key), cancellationToken);
            clients[client.ClientId] = client;
            return new Registration.Done(client);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        key.Dispose();
        writing.Dispose();
    }
}

/// <summary>What became of a registration.</summary>
public abstract record Registration
{
    private Registration()
    {
    }

    /// <summary>It is stored and in force.</summary>
    public sealed record Done(Client Client) : Registration;

    /// <summary>It is not.</summary>
    /// <param name="Why">The first thing wrong, in plain words.</param>
    public sealed record Refused(string Why) : Registration;
}
