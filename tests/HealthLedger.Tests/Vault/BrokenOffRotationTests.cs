// docs/formats/keys.md, "wrapping-E.json": a rotation that breaks off anywhere is finished by the next start, which loses no key and leaves none under the key before.
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Tests.Vault;

public sealed class BrokenOffRotationTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("healthledger-").FullName;
    private readonly MemoryKeyStore keys = new();

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [InlineData(0)] // the new wrapping key is there, no key is wrapped in it
    [InlineData(1)] // all keys are, and the key before is there
    [InlineData(2)] // the same, and it was looked up that none is left
    public void Where_a_rotation_breaks_off_the_next_start_finishes_it(int steps)
    {
        byte[] before;
        using (var directory = Open())
        {
            using var ring = new KeyRing(directory, new BreakingStore(keys, steps));
            using var secret = ring.GetOrCreate("a secret", 32);
            using var other = ring.GetOrCreate("another", 32);
            before = secret.Span.ToArray();
            Assert.Throws<BreakingStore.BrokeOffException>(() => ring.RotateWrapping());
        }

        Assert.Equal(2, Directory.GetFiles(Path.Combine(root, "keys"), "wrapping-*.json").Length);
        using (var directory = Open())
        {
            using var ring = new KeyRing(directory, keys);
            using var secret = ring.GetOrCreate("a secret", 32);
            Assert.Equal(before, secret.Span.ToArray());
            Assert.Equal(2, ring.Epoch);
            Assert.All(keys.Keys, key => Assert.Equal(2, key.Epoch));
            Assert.Equal("wrapping-2.json", Path.GetFileName(Assert.Single(Directory.GetFiles(Path.Combine(root, "keys"), "wrapping-*.json"))));
        }
    }

    private KeyDirectory Open()
    {
        using var passphrase = Passphrase.FromText("correct horse battery staple");
        return KeyDirectory.Open(new KeyDirectoryOptions { Path = Path.Combine(root, "keys"), DataPath = Path.Combine(root, "data"), Passphrase = passphrase, Scrypt = ScryptParameters.Floor });
    }

    /// <summary>Ends the process behind so many steps of a rotation.</summary>
    private sealed class BreakingStore(IKeyStore inner, int steps) : IKeyStore
    {
        private int left = steps;

        public IReadOnlyList<WrappedKey> Of(KeyedName subject) => inner.Of(subject);

        public bool TryAdd(IReadOnlyList<WrappedKey> keys) => inner.TryAdd(keys);

        public void Destroy(KeyedName subject, IReadOnlyList<KeyKind> kinds) => inner.Destroy(subject, kinds);

        public void Replace(WrappedKey key) => inner.Replace(key);

        public int Rewrap(int epoch, int max, Func<WrappedKey, WrappedKey> rewrap)
        {
            var count = left == 0 ? throw new BrokeOffException() : inner.Rewrap(epoch, max, rewrap);
            return --left == 0 ? throw new BrokeOffException() : count;
        }

        public bool Has(KeyKind kind) => inner.Has(kind);

        public IReadOnlyList<ErasedKeys> Erased() => inner.Erased();

        public void List(ErasedKeys erased) => inner.List(erased);

        public void Dispose()
        {
        }

        public sealed class BrokeOffException : Exception;
    }
}
