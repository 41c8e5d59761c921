using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>The keys of one shelf: the data key stays wrapped until a receipt stands for it.</summary>
/// <param name="Data">Wrapped.</param>
/// <param name="Row">Names rows.</param>
/// <param name="Terms">Opens terms.</param>
internal sealed record ShelfKeys(WrappedKey Data, PinnedSecret Row, PinnedSecret Terms) : IDisposable
{
    /// <summary>Zeroes the keys that are open.</summary>
    public void Dispose()
    {
        Row.Dispose();
        Terms.Dispose();
    }
}
