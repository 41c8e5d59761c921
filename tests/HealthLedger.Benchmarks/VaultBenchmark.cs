using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Sqlite.Vault;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Benchmarks;

/// <summary>
/// The vault on one thread, without the ledger: random records of 2 KB out of many, on SQLite. The reference of opening is AES-256-GCM and SHA-256 alone on the
/// same bytes.
/// </summary>
internal sealed class VaultBenchmark : Benchmark
{
    private const int RecordBytes = 2048;
    private const int PerPatient = 250;

    public override string Name => "vault";

    public override string Says => "opening, locating, loading and changing 2 KB records [--records N] [--seconds N]";

    public override async Task Run(string[] args)
    {
        var patients = (int)Option(args, "--records", 50_000) / PerPatient;
        var seconds = Option(args, "--seconds", 2);
        var directory = Directory.CreateTempSubdirectory("healthledger-vault-").FullName;
        try
        {
            var data = Path.Combine(directory, "data");
            using var keys = KeyDirectory.Open(new KeyDirectoryOptions { Path = data + ".keys", DataPath = data, Scrypt = ScryptParameters.Floor });
            using var keyStore = SqliteKeyStore.Open(keys);
            using var ring = new KeyRing(keys, keyStore);
            using var store = SqliteVaultStore.Open(data, keys);
            var ledger = new ApplyOnly(store);
            var written = await Fill(ring, store, ledger, patients, seconds);
            using var vault = new RecordVault(ring, new LocalKeyHolder(ring), store, new VaultOptions { ShelfCacheBytes = 2L << 30 });

            var loads = new List<double>();
            foreach (var patient in written)
            {
                var start = Stopwatch.GetTimestamp();
                await vault.OpenShelf(patient, default);
                loads.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            Print(Measured.Of(Name, $"load a shelf of {PerPatient} records", "shelves/s", [1000 / loads.Average()], [], loads));

            var reference = Loop(seconds, new ReferenceCrypto().Open).PerSecond;
            var random = new Random(1);
            await Report($"open a record of {RecordBytes} bytes, by recorded entry", reference, seconds, async () =>
            {
                var shelf = (await vault.OpenShelf(written[random.Next(written.Length)], default))!;
                var entry = shelf.Slots[random.Next(PerPatient)];
                using var opened = await vault.Open(await Permit(ledger, vault, entry.Key), shelf, entry.Key, default);
            });
            await Report("read its sealed row alone", reference, seconds, async () =>
            {
                var shelf = (await vault.OpenShelf(written[random.Next(written.Length)], default))!;
                var entry = shelf.Slots[random.Next(PerPatient)];
                using var row = await store.Read(new RowPlace(VaultTable.Record, shelf.Tag, entry.Handle), default);
            });
            await Report("locate, first time or again", null, seconds, async () => await vault.Locate("Observation", $"o{random.Next(patients)}-{random.Next(PerPatient)}", default));
            await Report("locate an absent id, first time", null, seconds, async () => await vault.Locate("Observation", $"absent{random.Next()}", default));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<ShelfId[]> Fill(KeyRing ring, SqliteVaultStore store, ApplyOnly ledger, int patients, double seconds)
    {
        using var vault = new RecordVault(ring, new LocalKeyHolder(ring), store, new VaultOptions());
        var shelves = Enumerable.Range(0, patients).Select(i => ShelfId.ForPatient("p" + i)).ToArray();
        var terms = SearchTermExtractor.Extract(JsonSerializer.SerializeToUtf8Bytes(new
        {
            resourceType = "Observation", id = "x", status = "final", subject = new { reference = "Patient/p0" }, effectiveDateTime = "2026-03-01T10:00:00Z",
            code = new { coding = new[] { new { system = "http://loinc.org", code = "29463-7" } } }, valueQuantity = new { value = 72.5, unit = "kg", system = "http://unitsofmeasure.org", code = "kg" },
        }), vault.Vocabulary)!;
        var content = RandomNumberGenerator.GetBytes(RecordBytes);
        var latencies = new List<double>();
        foreach (var (shelf, patient) in shelves.Select((shelf, i) => (shelf, i)))
        {
            var start = Stopwatch.GetTimestamp();
            await Change(vault, ledger, shelf, [.. Enumerable.Range(0, PerPatient).Select(i => Write(shelf, $"o{patient}-{i}", 1, content, terms))]);
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Print(Measured.Of(Name, $"change: {PerPatient} new records of a new patient", "records/s", [PerPatient * 1000 / latencies.Average()], [], latencies));
        var changes = 0;
        await Report("change: one new version", null, seconds, async () =>
        {
            var (round, patient) = Math.DivRem(changes++, patients);
            await Change(vault, ledger, shelves[patient], [Write(shelves[patient], $"o{patient}-0", round + 2, content, terms)]);
        });
        return shelves;
    }

    private static RecordWrite Write(ShelfId shelf, string id, int version, byte[] content, ResourceTerms terms) => new()
    {
        Key = new RecordKey("Observation", id, version), Shelves = [shelf], Plaintext = content, LastUpdated = DateTimeOffset.UnixEpoch, Custodian = "Organization/1", Terms = terms,
    };

    private static async Task Change(RecordVault vault, ApplyOnly ledger, ShelfId shelf, RecordWrite[] writes)
    {
        using var held = await vault.LockForWrite([shelf], default);
        using var change = await vault.Prepare(held, writes, default);
        await ledger.Append(new AppendRequest { Events = [new PendingEvent(change.Shelves[0].Chain, new byte[1], new byte[32])], Redo = change.Redo, Committed = change.Commit }, default);
    }

    private static async ValueTask<Recorded<AccessEntry>> Permit(ApplyOnly ledger, RecordVault vault, RecordKey key) =>
        ((RecordOutcome<AccessEntry>.Done)await Recorded<AccessEntry>.Append(
            ledger, new AccessEntry(new AppendRequest { Events = [new PendingEvent(vault.TenantChain, new byte[1], new byte[32])] }, [key]), default)).Recorded;

    private async Task Report(string scenario, double? reference, double seconds, Func<Task> work)
    {
        var latencies = new List<double>();
        var values = new List<double>();
        for (var run = 0; run < 3; run++)
        {
            var (count, began) = (0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds / 3)
            {
                var start = Stopwatch.GetTimestamp();
                await work();
                latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                count++;
            }

            values.Add(count / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        Print(Measured.Of(Name, scenario, "1/s", values, reference is { } by ? [by] : [], latencies));
    }

    private static (double PerSecond, int Count) Loop(double seconds, Action work)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds)
        {
            work();
            count++;
        }

        return (count / Stopwatch.GetElapsedTime(began).TotalSeconds, count);
    }

    /// <summary>One decryption and one hash of a record's bytes, with nothing around them.</summary>
    private sealed class ReferenceCrypto
    {
        private readonly byte[] key = new byte[32], nonce = new byte[12], tag = new byte[16], ciphertext = new byte[RecordBytes], plaintext = new byte[RecordBytes];

        internal ReferenceCrypto()
        {
            using var aes = new AesGcm(key, 16);
            aes.Encrypt(nonce, plaintext, ciphertext, tag);
        }

        internal void Open()
        {
            SHA256.HashData(ciphertext);
            using var aes = new AesGcm(key, 16);
            aes.Decrypt(nonce, ciphertext, tag, plaintext);
        }
    }

    /// <summary>Takes the ledger's place: applies and commits, and keeps nothing.</summary>
    private sealed class ApplyOnly(IVaultStore store) : IAppendOnly
    {
        private ulong size = store.AppliedSize;

        public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation)
        {
            size++;
            if (!request.Redo.IsEmpty)
            {
                store.Apply(size, [request.Redo]);
            }

            request.Committed?.Invoke();
            return ValueTask.FromResult<AppendOutcome>(new AppendOutcome.Appended([size - 1], size, default));
        }
    }
}
