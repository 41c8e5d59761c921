using System.Text;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Fhir.Search;
using HealthLedger.Gateway.Keys;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Promises;
using HealthLedger.Ledger.Successions;
using HealthLedger.Proofs.Notes;
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

    /// <summary>The vault's rows, to be copied.</summary>
    public required SqliteVaultStore Rows { get; init; }

    /// <summary>The wrapped keys, to be copied.</summary>
    public required SqliteKeyStore WrappedKeys { get; init; }

    public required LedgerLog Ledger { get; init; }

    /// <summary>Signs checkpoints beside the ledger's own cosigner, under its name; null where it is not configured.</summary>
    public NoteSigner? MlDsaCosigner { get; init; }

    /// <summary>How one key of the log succeeds another.</summary>
    public required LogKeySuccessions Successions { get; init; }

    /// <summary>Name and signing keys of the ledger.</summary>
    public required LedgerKeys LedgerKeys { get; init; }

    /// <summary>The newest checkpoint shown, kept with the keys.</summary>
    public required SeenCheckpoint Seen { get; init; }

    /// <summary>What the operator has said to go on from although newer was shown; null where the ledger is the newest. To be recorded before anything else is.</summary>
    public LedgerRollback? AcceptedRollback { get; init; }

    public static Storage Open(GatewayOptions options, Passphrase? passphrase, TimeProvider time)
    {
        try
        {
            Directory.CreateDirectory(options.DataDirectory);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw Unusable("HealthLedger:Data", unusable);
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

            var directory = Own(OpenKeys(options, passphrase));
            var wrapped = Own(SqliteKeyStore.Open(directory));
            var keys = Own(new KeyRing(directory, wrapped));
            CheckWhoHolds(keys, wrapped, options.KeyHolder);
            var holder = options.KeyHolder.Address is null ? null : Own(HolderConnection.Open(options.KeyHolder));
            var store = Own(SqliteVaultStore.Open(options.DataDirectory, directory));
            using var exported = keys.GetOrCreate(RingLogKeys.KeysName, () => LedgerKeys.Create(options.Origin, options.Origin + "/local").Export());
            var ledgerKeys = Own(LedgerKeys.Import(exported.Span));
            if (ledgerKeys.Origin != options.Origin)
            {
                throw new LedgerRefusesToStartException(
                    $"This ledger's origin is {ledgerKeys.Origin}, and the configuration says {options.Origin}.",
                    "An origin names a ledger for ever: set HealthLedger:Origin back, or start another ledger in other directories.");
            }

            var mlDsaCosigner = options.MlDsaCosigner ? Own(MlDsaCosignerOf(keys, ledgerKeys)) : null;
            var journalKey = Own(keys.Derive("emergency-journal"));
            var logKeys = new RingLogKeys(keys);
            ledgerKeys.Remember(LogKeySuccessions.Load(logKeys));
            MakeEmergencyJournal(options);
            var ledger = LedgerLog.Open(new LedgerOptions
            {
                Directory = Path.Combine(options.DataDirectory, "ledger"),
                Keys = ledgerKeys,
                Index = new SqliteLedgerIndex(Path.Combine(options.DataDirectory, "ledger-index.db")),
                Participants = [store],
                Witnesses = policy,
                Time = time,
                MaxFactBytes = 1 << 20,
                ReserveBytes = (long)options.ReserveMegabytes << 20,
                Promises = new PromiseOptions
                {
                    Directory = options.EmergencyJournal.PathIn(options.DataDirectory),
                    SeenDirectory = Path.Combine(options.KeysDirectory, "emergency"),
                    Key = journalKey.Memory,
                    Permits = options.EmergencyJournal.Permits,
                    Slots = options.EmergencyJournal.Slots,
                },
                Fatal = options.EmergencyJournal.Permits ? new StandStill(Console.Error) : new FailFast(),
                EpochEvery = TimeSpan.FromMinutes(options.EpochMinutes),
            });

            var seen = new SeenCheckpoint(options.KeysDirectory);
            var rollback = RefuseRollback(ledger, seen, options.AcceptRollback);

            // After the ledger has applied what the vault's file still lacked.
            var vault = Own(new RecordVault(keys, holder is null ? new LocalKeyHolder(keys) : new RemoteKeyHolder(holder, keys, ledger, time), store, new VaultOptions()));
            var successions = Own(new LogKeySuccessions(ledger, ledgerKeys, logKeys, time, TimeSpan.FromDays(options.LogKeyOverlapDays)));
            return new Storage { Successions = successions, LedgerKeys = ledgerKeys, KeyDirectory = directory, Keys = keys, Vault = vault, Rows = store, WrappedKeys = wrapped, Ledger = ledger, MlDsaCosigner = mlDsaCosigner, Seen = seen, AcceptedRollback = rollback }.Owning(opened);
        }
        catch
        {
            Close(opened);
            throw;
        }
    }

    private static KeyDirectory OpenKeys(GatewayOptions options, Passphrase? passphrase)
    {
        try
        {
            return KeyDirectory.Open(new KeyDirectoryOptions
            {
                Path = options.KeysDirectory,
                DataPath = options.DataDirectory,
                Passphrase = passphrase,
                Provider = options.KeyProvider.ToProvider(),
                Scrypt = new ScryptParameters(1 << options.ScryptLogN),
            });
        }
        catch (IOException unusable) when (!Directory.Exists(options.KeysDirectory))
        {
            throw Unusable("HealthLedger:Keys", unusable);
        }
    }

    /// <summary>Its directory may be on another disk, so that it can be what is wrong while the data's is not.</summary>
    private static void MakeEmergencyJournal(GatewayOptions options)
    {
        if (!options.EmergencyJournal.Permits)
        {
            return;
        }

        var path = options.EmergencyJournal.PathIn(options.DataDirectory);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw Unusable("HealthLedger:EmergencyJournal:Directory", unusable);
        }
    }

    private static ConfigurationException Unusable(string setting, Exception why) => new($"{setting} cannot be used as a directory: {why.Message}");

    private static NoteSigner MlDsaCosignerOf(KeyRing keys, LedgerKeys ledgerKeys)
    {
        using var seed = keys.GetOrCreate("ledger/cosigner-ml-dsa-44", MlDsa44PrivateKey.SeedLength);
        return new NoteSigner(NoteVerifier.Parse(ledgerKeys.CosignerVerifierKey).Value.Name, MlDsa44PrivateKey.FromSeed(seed.Span));
    }

    /// <summary>A key directory says once for all who holds its data keys: a gateway that forgot its key holder would make keys of its own, unseen.</summary>
    private static void CheckWhoHolds(KeyRing keys, SqliteKeyStore store, KeyHolderOptions options)
    {
        var held = options.Address is not null;
        using var said = keys.GetOrCreate("vault/data-keys", () => held && store.Has(KeyKind.Data)
            ? throw new ConfigurationException("HealthLedger:KeyHolder:Address is set, and this key directory has data keys of its own: a key holder begins with new directories.")
            : [(byte)(held ? KeyKind.HeldData : KeyKind.Data)]);
        if (said.Span[0] != (byte)(held ? KeyKind.HeldData : KeyKind.Data))
        {
            throw new ConfigurationException(held
                ? "HealthLedger:KeyHolder:Address is set, and this key directory began without a key holder: a key holder begins with new directories."
                : "The data keys of this key directory are with a key holder: set HealthLedger:KeyHolder:Address and HealthLedger:KeyHolder:LinkFile.");
        }
    }

    /// <summary>A ledger that lacks what was shown before is refused, unless the operator names just this one as what to go on from.</summary>
    private static LedgerRollback? RefuseRollback(LedgerLog ledger, SeenCheckpoint seen, ulong? accepted)
    {
        try
        {
            var rollback = seen.Compare(ledger);
            return rollback is null || rollback.Found.Size == accepted
                ? rollback
                : throw new LedgerRefusesToStartException(
                    $"This gateway has shown a ledger of {rollback.Seen.Size} entries, and this one of {rollback.Found.Size} is not its continuation: an older copy of the data was put back.",
                    $"Put back the newest copy. To go on from this one all the same, start once with --HealthLedger:AcceptRollback={rollback.Found.Size}: what came after it is lost, whoever saw it can prove that, and the ledger records it.");
        }
        catch
        {
            ledger.DisposeAsync().AsTask().GetAwaiter().GetResult();
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
