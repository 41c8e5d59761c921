namespace HealthLedger.Smart.Clients;

/// <summary>Keeps registered clients as sealed rows. What they hold is opaque to the store.</summary>
public interface IClientStore
{
    /// <summary>All rows, in any order.</summary>
    Task<IReadOnlyList<SealedClient>> ReadAll(CancellationToken cancellationToken);

    /// <summary>Writes or replaces one row. MUST be durable when the task completes.</summary>
    Task Put(SealedClient client, CancellationToken cancellationToken);
}

/// <summary>One client's row.</summary>
/// <param name="ClientId">Its key.</param>
/// <param name="Content">An envelope, bound to the client id.</param>
public sealed record SealedClient(string ClientId, byte[] Content);
