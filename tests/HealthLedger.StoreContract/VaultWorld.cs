using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.StoreContract;

/// <summary>A vault with keys, stores and a ledger of its own in a directory of its own, which can be closed and opened again.</summary>
public sealed class VaultWorld : IDisposable
{
    private readonly Func<string, KeyDirectory, (IVaultStore, IKeyStore)> open;
    private readonly VaultOptions options;

    public VaultWorld(Func<string, KeyDirectory, (IVaultStore Store, IKeyStore Keys)> open, VaultOptions? options = null)
    {
        this.open = open;
        this.options = options ?? new VaultOptions();
        Root = Directory.CreateTempSubdirectory("healthledger-").FullName;
        Open();
    }

    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    public KeyDirectory Keys { get; private set; } = null!;

    public KeyRing Ring { get; private set; } = null!;

    public IKeyStore KeyStore { get; private set; } = null!;

    public IVaultStore Store { get; private set; } = null!;

    public TestLedger Ledger { get; private set; } = null!;

    public RecordVault Vault { get; private set; } = null!;

    /// <summary>A world in memory.</summary>
    public static VaultWorld InMemory(VaultOptions? options = null)
    {
        var stores = (new MemoryVaultStore(), new MemoryKeyStore());
        return new VaultWorld((_, _) => stores, options);
    }

    /// <summary>A write of one record onto shelves.</summary>
    public static RecordWrite Put(string type, string id, int version, string content, params ShelfId[] shelves) => new()
    {
        Key = new RecordKey(type, id, version),
        Shelves = [.. shelves],
        Plaintext = Encoding.UTF8.GetBytes(content),
        LastUpdated = DateTimeOffset.UnixEpoch.AddSeconds(version),
        Custodian = "Organization/1",
        Terms = TermsOf(type, id, content),
        Annotation = Encoding.UTF8.GetBytes("annotation of " + content),
    };

    public static RecordWrite Delete(string type, string id, int version, params ShelfId[] shelves) =>
        Put(type, id, version, "", shelves) with { Deletes = true, Terms = null, Annotation = default };

    /// <summary>Terms in which the content can be told.</summary>
    public static ResourceTerms TermsOf(string type, string id, string content) => SearchTermExtractor.Extract(
        JsonSerializer.SerializeToUtf8Bytes(new { resourceType = type, id, meta = new { security = new[] { new { system = "urn:test", code = content } } } }), new TermPool())!;

    public static string ContentOf(ResourceTerms terms) => terms.SecurityLabels[0].Code!;

    public static PendingEvent Event(EventChain chain) => new(chain, new byte[64], new byte[32]);

    /// <summary>Writes as the road of changes does: lock, prepare, append, commit.</summary>
    public async Task<ImmutableArray<ShelfChange>> Write(params RecordWrite[] writes)
    {
        using var held = await Vault.LockForWrite(writes.SelectMany(write => write.Shelves), [.. writes.Select(write => (write.Key.Type, write.Key.Id))], default);
        using var change = await Vault.Prepare(held, writes, default);
        var outcome = await Ledger.Append(
            new AppendRequest { Events = [.. change.Shelves.Select(shelf => Event(shelf.Chain))], Redo = change.Redo, Committed = change.Commit }, default);
        Assert.True(outcome is AppendOutcome.Appended || Ledger.Refuses);
        return change.Shelves;
    }

    /// <summary>Reads as the road of disclosures does: an entry first.</summary>
    public async Task<string> Read(RecordKey key)
    {
        var entry = await Permit(key);
        using var opened = await Vault.Open(entry, key, default);
        return Encoding.UTF8.GetString(opened.Memory.Span);
    }

    public async Task<Recorded<AccessEntry>> Permit(params RecordKey[] keys)
    {
        var entry = new AccessEntry(new AppendRequest { Events = [Event(Vault.TenantChain)] }, [.. keys]);
        return Assert.IsType<RecordOutcome<AccessEntry>.Done>(await Recorded<AccessEntry>.Append(Ledger, entry, default)).Recorded;
    }

    public async Task<Shelf> OpenShelf(ShelfId id) => Assert.IsType<Shelf>(await Vault.OpenShelf(id, default));

    /// <summary>Ends and starts again on the same files; the key directory stays open, because opening it is slow on purpose.</summary>
    public void Reopen()
    {
        var journal = Ledger.Journal;
        Close();
        Open();
        TestLedger.Recover(Store, journal);
        Ledger = new TestLedger(Store);
        Ledger.Journal.AddRange(journal);
    }

    public void Dispose()
    {
        Close();
        Keys.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    private void Open()
    {
        using var passphrase = Passphrase.FromText("correct horse battery staple");
        Keys ??= KeyDirectory.Open(new KeyDirectoryOptions { Path = Data + ".keys", DataPath = Data, Passphrase = passphrase, Scrypt = ScryptParameters.Floor });
        (Store, KeyStore) = open(Data, Keys);
        Ring = new KeyRing(Keys, KeyStore);
        Ledger = new TestLedger(Store);
        Vault = new RecordVault(Ring, new LocalKeyHolder(Ring), Store, options);
    }

    private void Close()
    {
        Vault.Dispose();
        Ring.Dispose();
        Store.Dispose();
        KeyStore.Dispose();
    }
}
