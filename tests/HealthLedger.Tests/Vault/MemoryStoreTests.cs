using HealthLedger.StoreContract;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Tests.Vault;

/// <summary>The store that other tests tamper with keeps the contract too.</summary>
public sealed class MemoryVaultStoreTests : VaultStoreContract
{
    private readonly MemoryVaultStore store = new();

    protected override IVaultStore Open() => store;

    protected override void Clean()
    {
    }
}

/// <summary>The key store of other tests keeps the contract too.</summary>
public sealed class MemoryKeyStoreTests : KeyStoreContract
{
    private readonly MemoryKeyStore store = new();

    protected override IKeyStore Open() => store;

    protected override void Clean()
    {
    }
}
