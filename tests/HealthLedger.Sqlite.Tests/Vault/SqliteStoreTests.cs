using System.Diagnostics;
using System.Runtime.Versioning;
using HealthLedger.Sqlite.Vault;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;
using Xunit.Abstractions;

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
public sealed class SqliteKeyStoreTests(ITestOutputHelper output) : KeyStoreContract
{
    private static readonly KeyKind[] Four = [KeyKind.Data, KeyKind.Row, KeyKind.Terms, KeyKind.Audit];
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

    [Fact]
    public async Task A_copy_has_each_subjects_keys_whole_and_nothing_that_was_destroyed_before_and_others_come_and_go_meanwhile()
    {
        var subjects = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 100_000u : 5_000u;
        var copy = Path.Combine(place.Keys.Path, "copy.db");
        var destroyed = KeysOf(1);
        List<WrappedKey> standing = [.. Enumerable.Range(1, (int)subjects).SelectMany(i => KeysOf(2 * (uint)i))];
        using (var store = SqliteKeyStore.Open(place.Keys))
        {
            store.TryAdd(standing);
            store.TryAdd(destroyed);
            store.Destroy(new KeyedName(1), Four);

            using var copied = new CancellationTokenSource();
            using var begun = new SemaphoreSlim(0);
            var others = Task.Run(() =>
            {
                var (acts, longest) = (0, TimeSpan.Zero);
                for (var i = 0u; !copied.IsCancellationRequested; i++)
                {
                    var began = Stopwatch.GetTimestamp();
                    store.Of(new KeyedName(2));
                    longest = Stopwatch.GetElapsedTime(began) is var waited && waited > longest ? waited : longest;
                    var subject = 1 + (2 * (i / 2 * 7919 % subjects));
                    if (!store.TryAdd(KeysOf(subject)))
                    {
                        store.Destroy(new KeyedName(subject), Four);
                    }

                    acts++;
                    begun.Release();
                }

                return (acts, longest);
            });
            await begun.WaitAsync();
            var start = Stopwatch.GetTimestamp();
            store.CopyTo(copy, default);
            await copied.CancelAsync();
            var (acts, longest) = await others;
            output.WriteLine($"{subjects} subjects in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms; meanwhile {acts} acts, and the longest wait of a reader was {longest.TotalMilliseconds:F1} ms.");
            Assert.True(acts > 3, "Nobody came between.");
        }

        var bytes = await File.ReadAllBytesAsync(copy);
        Assert.DoesNotContain(destroyed, key => bytes.AsSpan().IndexOf(key.Sealed.Span) >= 0);
        Assert.Equal(["copy.db", "keys.db"], Directory.GetFiles(place.Keys.Path, "*.db*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        File.Move(copy, Path.Combine(place.Keys.Path, "keys.db"), overwrite: true);
        using var restored = SqliteKeyStore.Open(place.Keys);
        foreach (var expected in standing.GroupBy(key => key.Subject))
        {
            Assert.Equal(expected.Select(Text), restored.Of(expected.Key).OrderBy(key => key.Kind).Select(Text));
        }

        for (var subject = 1u; subject < 2 * subjects; subject += 2)
        {
            Assert.Contains(restored.Of(new KeyedName(subject)).Count, new[] { 0, Four.Length });
        }

        static string Text(WrappedKey key) => $"{key.Kind} {key.Epoch} {Convert.ToHexString(key.Sealed.Span)}";
    }

    protected override IKeyStore Open() => SqliteKeyStore.Open(place.Keys);

    protected override void Clean() => place.Dispose();

    private static WrappedKey[] KeysOf(uint subject) =>
        [.. Four.Select(kind => new WrappedKey(new KeyedName(subject), kind, 1, System.Security.Cryptography.RandomNumberGenerator.GetBytes(113)))];

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
