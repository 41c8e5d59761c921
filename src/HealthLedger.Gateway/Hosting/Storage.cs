using System.Text;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Sqlite.Ledger;
using HealthLedger.Sqlite.Vault;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Hosting;

/// <summary>
/// Everything that is opened before the first request and closed after the last, in this order: keys, vault, ledger. Opening fails with one of the exceptions
/// that <see cref="Startup"/> turns into exit codes; nothing is served from a directory in doubt.
/// </summary>
internal sealed class Storage : IAsyncDisposable
{
    private readonly List<IDisposable> _owned = [];

    private Storage()
    {
    }

    public required KeyDirectory KeyDirectory { get; init; }

    public required KeyRing Keys { get; init; }

    public required RecordVault Vault { get; init; }

    public required LedgerLog Ledger { get; init; }

    public static Storage Open(GatewayOptions options, Passphrase? passphrase, TimeProvider time)
    {
        try
        {
            Directory.CreateDirectory(options.DataDirectory);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"HealthLedger:Data cannot be used as a directory: {unusable.Message}");
        }

        var policy = options.Witnesses.ReadPolicy();
        var opened = new List<IDisposable>();
        try
        {
            T Own<T>(T part) where T : IDisposable
            {
                opened.Add(part);
                return part;
            }

            var directory = Own(KeyDirectory.Open(new KeyDirectoryOptions
            {
                Path = options.KeysDirectory,
                DataPath = options.DataDirectory,
                Passphrase = passphrase,
                Scrypt = new ScryptParameters(1 << options.ScryptLogN),
            }));
            var keys = Own(new KeyRing(directory, Own(SqliteKeyStore.Open(directory))));
            var store = Own(SqliteVaultStore.Open(options.DataDirectory, directory));
            using var exported = keys.GetOrCreate("ledger/keys", () => LedgerKeys.Create(options.Origin, options.Origin + "/local").Export());
            var ledgerKeys = Own(LedgerKeys.Import(exported.Span));
            if (ledgerKeys.Origin != options.Origin)
            {
                throw new LedgerRefusesToStartException(
                    $"This ledger's origin is {ledgerKeys.Origin}, and the configuration says {options.Origin}.",
                    "An origin names a ledger for ever: set HealthLedger:Origin back, or start another ledger in other directories.");
            }

            var ledger = LedgerLog.Open(new LedgerOptions
            {
                Directory = Path.Combine(options.DataDirectory, "ledger"),
                Keys = ledgerKeys,
                Index = new SqliteLedgerIndex(Path.Combine(options.DataDirectory, "ledger-index.db")),
                Participants = [store],
                Witnesses = policy,
                Time = time,
                MaxFactBytes = 1 << 20,
                EpochEvery = TimeSpan.FromMinutes(options.EpochMinutes),
            });

            // After the ledger has applied what the vault's file still lacked.
            var vault = Own(new RecordVault(keys, new LocalKeyHolder(keys), store, new VaultOptions()));
            return new Storage { KeyDirectory = directory, Keys = keys, Vault = vault, Ledger = ledger }.Owning(opened);
        }
        catch
        {
            Close(opened);
            throw;
        }
    }

    private Storage Owning(List<IDisposable> parts)
    {
        _owned.AddRange(parts);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        Close(_owned);
    }

    private static void Close(List<IDisposable> parts)
    {
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            parts[i].Dispose();
        }

        parts.Clear();
    }
}
