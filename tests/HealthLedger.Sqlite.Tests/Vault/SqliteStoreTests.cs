using System.Runtime.Versioning;
using HealthLedger.Sqlite.Vault;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Sqlite.Tests.Vault;

/// <summary>vault.db keeps the contract of the vault's stores.</summary>
public sealed class SqliteVaultStoreTests : VaultStoreContract
{
    private readonly Place place = new();

    [Fact]
    public void It_refuses_a_file_of_another_tenant_and_names_both()
    {
        SqliteVaultStore.Open(place.Data, place.Keys).Dispose();
        using var other = new Place();
        var refused = Assert.Throws<ForeignDirectoryException>(() => SqliteVaultStore.Open(place.Data, other.Keys));
        Assert.Contains(place.Keys.Tenant.ToString(), refused.Message);
        Assert.Contains(other.Keys.Tenant.ToString(), refused.Message);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Its_file_is_the_owners_alone()
    {
        using var store = Open();
        store.Apply(1, []);
        Assert.All(Directory.GetFiles(place.Data), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void Deleted_and_replaced_rows_leave_no_bytes_in_the_files()
    {
        var first = Enumerable.Range(0, 5000).Select(i => (byte)(i * 7 % 251)).ToArray();
        var marker = first.AsSpan(100, 32).ToArray();
        var row = new RowPlace(VaultTable.Record, new KeyedName(1), new KeyedName(1));
        using (var store = Open())
        {
            store.Apply(1, [RedoCodec.Encode([new RowChange(row, first)])]);
        }

        Assert.True(Files().Any(bytes => bytes.AsSpan().IndexOf(marker) >= 0), "the positive control must be found");
        using (var store = Open())
        {
            store.Apply(2, [RedoCodec.Encode([new RowChange(row, new byte[] { 1 })])]);
        }

        Assert.DoesNotContain(Files(), bytes => bytes.AsSpan().IndexOf(marker) >= 0);
    }

    protected override IVaultStore Open() => SqliteVaultStore.Open(place.Data, place.Keys);

    protected override void Clean() => place.Dispose();

    private IEnumerable<byte[]> Files() => Directory.GetFiles(place.Data).Select(File.ReadAllBytes);
}

/// <summary>keys.db keeps the contract of key stores.</summary>
public sealed class SqliteKeyStoreTests : KeyStoreContract
{
    private readonly Place place = new();

    [Fact]
    public void It_refuses_a_file_of_another_tenant()
    {
        SqliteKeyStore.Open(place.Keys).Dispose();
        using var other = new Place();
        File.Copy(Path.Combine(place.Keys.Path, "keys.db"), Path.Combine(other.Keys.Path, "keys.db"));
        Assert.Throws<ForeignDirectoryException>(() => SqliteKeyStore.Open(other.Keys));
    }

    [Fact]
    public void A_destroyed_key_leaves_no_bytes_in_the_files_even_while_they_are_open()
    {
        var sealedKey = System.Security.Cryptography.RandomNumberGenerator.GetBytes(113);
        using var store = Open();
        store.TryAdd([new WrappedKey(new KeyedName(1), KeyKind.Data, 1, sealedKey)]);
        Assert.Contains(Files(), bytes => bytes.AsSpan().IndexOf(sealedKey) >= 0);
        store.Destroy(new KeyedName(1), [KeyKind.Data]);
        Assert.DoesNotContain(Files(), bytes => bytes.AsSpan().IndexOf(sealedKey) >= 0);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Its_directory_and_files_are_the_owners_alone()
    {
        using var store = Open();
        store.TryAdd([new WrappedKey(new KeyedName(1), KeyKind.Data, 1, new byte[113])]);
        Assert.All(Directory.GetFiles(place.Keys.Path), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(place.Keys.Path));
    }

    protected override IKeyStore Open() => SqliteKeyStore.Open(place.Keys);

    protected override void Clean() => place.Dispose();

    private IEnumerable<byte[]> Files() => Directory.GetFiles(place.Keys.Path).Select(File.ReadAllBytes);
}

/// <summary>A data and a key directory of their own, gone afterwards.</summary>
internal sealed class Place : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("healthledger-").FullName;

    internal Place() => Keys = OpenKeys();

    internal string Data => Path.Combine(root, "data");

    internal string KeysPath => Path.Combine(root, "data.keys");

    internal KeyDirectory Keys { get; private set; }

    internal KeyDirectory OpenKeys() => Keys = KeyDirectory.Open(new KeyDirectoryOptions
    {
        Path = KeysPath,
        DataPath = Data,
        Passphrase = Passphrase.FromText("correct horse battery staple"),
        Scrypt = ScryptParameters.Floor,
    });

    public void Dispose()
    {
        Keys.Dispose();
        Directory.Delete(root, recursive: true);
    }
}
