using System.Collections.Concurrent;
using HealthLedger.Access;
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
    public Task<Registration> Register(Client client, CancellationToken cancellationToken) =>
        Write(() => Checked(client), _ => ValueTask.FromResult(true), cancellationToken);

    /// <summary>Registers a client whose id no other has. Durable and in force when the task completes.</summary>
    /// <param name="client">The registration.</param>
    /// <param name="record">Told what is about to happen, a refusal too; nothing happens where it answers false. No other registration is written meanwhile.</param>
    /// <param name="cancellationToken">Honoured until it is recorded.</param>
    public Task<Registration> Add(Client client, Func<Registration, ValueTask<bool>> record, CancellationToken cancellationToken) =>
        Write(
            () => clients.ContainsKey(client.ClientId) ? Refuse(RegistrationFault.Exists, "There is a client of that id already, and an id is never given to another: the ledger names clients by it.") : Checked(client),
            record,
            cancellationToken);

    /// <summary>Changes a registration, from the next request on. The last operator's client that is enabled can be neither disabled nor robbed of its scope: nobody could undo that.</summary>
    /// <param name="clientId">Which.</param>
    /// <param name="change">What it is to be; its id and its role stay.</param>
    /// <param name="record">As for <see cref="Add"/>.</param>
    /// <param name="cancellationToken">Honoured until it is recorded.</param>
    public Task<Registration> Change(string clientId, Func<Client, Client> change, Func<Registration, ValueTask<bool>> record, CancellationToken cancellationToken) =>
        Write(
            () =>
            {
                if (Find(clientId) is not { } before)
                {
                    return Refuse(RegistrationFault.Absent, "There is no such client.");
                }

                var after = change(before) with { ClientId = before.ClientId, Role = before.Role };
                return Operates(before) && !Operates(after) && !clients.Values.Any(other => other.ClientId != clientId && Operates(other))
                    ? Refuse(RegistrationFault.LastOperator, "It is the only operator's client that is enabled: register another one first.")
                    : Checked(after);
            },
            record,
            cancellationToken);

    private static bool Operates(Client client) => client is { Role: CallerRole.Operator, Disabled: false } && client.Scopes.Contains(ServiceScopes.Admin);

    private static Registration.Refused Refuse(RegistrationFault fault, string why) => new(why, fault);

    private Registration Checked(Client client) =>
        ClientRules.Fault(client) is { } fault ? Refuse(RegistrationFault.Invalid, fault)
        : !clients.ContainsKey(client.ClientId) && clients.Count >= MaxClients ? Refuse(RegistrationFault.Full, "No more clients can be registered.")
        : new Registration.Done(client);

    private async Task<Registration> Write(Func<Registration> decide, Func<Registration, ValueTask<bool>> record, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            var decided = decide();
            if (!await record(decided))
            {
                return new Registration.Unrecorded();
            }

            if (decided is Registration.Done { Client: var client })
            {
                // It is recorded, so it is done, whoever goes away meanwhile.
                await store.Put(ClientRow.Seal(client, key), CancellationToken.None);
                clients[client.ClientId] = client;
            }

            return decided;
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
    /// <param name="Fault">Its kind.</param>
    public sealed record Refused(string Why, RegistrationFault Fault) : Registration;

    /// <summary>It could not be recorded, so that nothing was done.</summary>
    public sealed record Unrecorded : Registration;
}

/// <summary>Why a registration was refused.</summary>
public enum RegistrationFault
{
    /// <summary>It breaks a rule.</summary>
    Invalid,
    /// <summary>The id is taken.</summary>
    Exists,
    /// <summary>There is no client of that id.</summary>
    Absent,
    /// <summary>No operator could operate any more.</summary>
    LastOperator,
    /// <summary>There are as many as there may be.</summary>
    Full,
}
