// Records and entries are one commit: the ledger's journal is the vault's redo log (docs/formats/vault.md, "Redo bytes").
using System.Collections.Immutable;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Sqlite.Ledger;
using HealthLedger.Sqlite.Vault;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Sqlite.Tests.Vault;

public sealed class VaultBesideLedgerTests : IAsyncDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann");
    private readonly Place place = new();
    private Running running;

    public VaultBesideLedgerTests() => running = new Running(place);

    [Fact]
    public async Task A_record_is_read_after_a_restart_and_its_events_stand_on_the_patients_chain()
    {
        var changes = await running.Write(Put("Patient", "ann", 1, "Ann", Ann));
        Assert.Equal("Ann", await running.Read(new RecordKey("Patient", "ann", 1)));
        await Restart();
        Assert.Equal("Ann", await running.Read(new RecordKey("Patient", "ann", 1)));
        Assert.Equal(3ul, running.Log.CountOf(running.Vault.ChainOf(Ann)!));
        Assert.Equal("Patient/ann", changes[0].Chain.Id);
    }

    [Fact]
    public async Task A_vault_that_missed_the_last_batches_gets_them_from_the_journal()
    {
        await running.Write(Put("Patient", "ann", 1, "Ann", Ann));
        await running.Stop();
        var behind = await File.ReadAllBytesAsync(Path.Combine(place.Data, "vault.db"));
        running = new Running(place);
        await running.Write(Put("Patient", "ann", 2, "Anne", Ann));
        await running.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        await running.Stop();
        await File.WriteAllBytesAsync(Path.Combine(place.Data, "vault.db"), behind);
        running = new Running(place);
        Assert.Equal("Anne", await running.Read(new RecordKey("Patient", "ann", 2)));
        Assert.Equal("72 kg", await running.Read(new RecordKey("Observation", "o1", 1)));
        await running.Write(Put("Observation", "o1", 2, "73 kg", Ann));
        await Restart();
        Assert.Equal("73 kg", await running.Read(new RecordKey("Observation", "o1", 2)));
    }

    [Fact]
    public async Task A_vault_that_is_ahead_of_its_ledger_keeps_the_ledger_from_starting()
    {
        await running.Write(Put("Patient", "ann", 1, "Ann", Ann));
        await running.Stop();
        Directory.Delete(Path.Combine(place.Data, "ledger"), recursive: true);
        Assert.ThrowsAny<Exception>(() => running = new Running(place));
    }

    [Fact]
    public async Task Many_clients_write_and_read_at_once_and_all_of_it_is_there_after_a_restart()
    {
        var shelves = Enumerable.Range(0, 8).Select(i => ShelfId.ForPatient("p" + i)).ToArray();
        await Task.WhenAll(shelves.Select(shelf => Task.Run(async () =>
        {
            for (var version = 1; version <= 15; version++)
            {
                await running.Write(Put("Observation", "o-" + shelf.PatientId, version, $"{shelf} {version}", shelf));
                Assert.Equal($"{shelf} {version}", await running.Read(new RecordKey("Observation", "o-" + shelf.PatientId, version)));
            }
        })));
        await Restart();
        foreach (var shelf in shelves)
        {
            Assert.Equal($"{shelf} 15", await running.Read(new RecordKey("Observation", "o-" + shelf.PatientId, 15)));
            Assert.Equal(31ul, running.Log.CountOf(running.Vault.ChainOf(shelf)!)); // 15 changes, 16 reads
        }
    }

    public async ValueTask DisposeAsync()
    {
        await running.Stop();
        place.Dispose();
    }

    private async Task Restart()
    {
        await running.Stop();
        running = new Running(place);
    }

    /// <summary>The parts as the gateway puts them together.</summary>
    private sealed class Running
    {
        private readonly SqliteKeyStore keyStore;
        private readonly KeyRing ring;
        private readonly SqliteVaultStore store;
        private readonly LedgerKeys ledgerKeys;
        private bool stopped;

        internal Running(Place place)
        {
            keyStore = SqliteKeyStore.Open(place.Keys);
            ring = new KeyRing(place.Keys, keyStore);
            store = SqliteVaultStore.Open(place.Data, place.Keys);
            using var exported = ring.GetOrCreate("ledger/keys", () => LedgerKeys.Create("ledger.test/vault", "cosigner.test/vault").Export());
            ledgerKeys = LedgerKeys.Import(exported.Span);
            try
            {
                Log = LedgerLog.Open(new LedgerOptions
                {
                    Directory = Path.Combine(place.Data, "ledger"),
                    Keys = ledgerKeys,
                    Index = new SqliteLedgerIndex(Path.Combine(place.Data, "ledger-index.db")),
                    Participants = [store],
                });
            }
            catch
            {
                Release();
                throw;
            }

            Vault = new RecordVault(ring, new LocalKeyHolder(ring), store, new VaultOptions());
        }

        internal LedgerLog Log { get; } = null!;

        internal RecordVault Vault { get; } = null!;

        internal async Task<ImmutableArray<ShelfChange>> Write(RecordWrite write)
        {
            using var held = await Vault.LockForWrite(write.Shelves, [(write.Key.Type, write.Key.Id)], default);
            using var change = await Vault.Prepare(held, [write], default);
            var outcome = await Log.Append(
                new AppendRequest { Events = [.. change.Shelves.Select(shelf => Event(shelf.Chain))], Redo = change.Redo, Committed = change.Commit }, default);
            Assert.IsType<AppendOutcome.Appended>(outcome);
            return change.Shelves;
        }

        internal async Task<string> Read(RecordKey key)
        {
            var shelf = (await Vault.Locate(key.Type, key.Id, default))!.Value[0];
            var entry = new AccessEntry(new AppendRequest { Events = [Event(Vault.ChainOf(shelf)!)] }, [key]);
            var recorded = Assert.IsType<RecordOutcome<AccessEntry>.Done>(await Recorded<AccessEntry>.Append(Log, entry, default)).Recorded;
            using var opened = await Vault.Open(recorded, key, default);
            return Encoding.UTF8.GetString(opened.Memory.Span);
        }

        internal async Task Stop()
        {
            if (!stopped)
            {
                await Log.DisposeAsync();
                Vault.Dispose();
                Release();
            }
        }

        private void Release()
        {
            stopped = true;
            ledgerKeys.Dispose();
            store.Dispose();
            ring.Dispose();
            keyStore.Dispose();
        }
    }
}
