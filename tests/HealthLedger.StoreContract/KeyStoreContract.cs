using System.Security.Cryptography;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.StoreContract;

/// <summary>What every <see cref="IKeyStore"/> must do. A store's test project derives one class from this.</summary>
public abstract class KeyStoreContract : IDisposable
{
    private static readonly KeyedName Subject = new(42);

    /// <summary>Opens the same store again after the one before was disposed.</summary>
    protected abstract IKeyStore Open();

    [Fact]
    public void Keys_are_read_back_and_after_reopening_too()
    {
        var data = Key(Subject, KeyKind.Data);
        var audit = Key(Subject, KeyKind.Audit);
        using (var store = Open())
        {
            Assert.Empty(store.Of(Subject));
            Assert.True(store.TryAdd([data, audit]));
            Assert.Empty(store.Of(new KeyedName(43)));
        }

        using var again = Open();
        Assert.Equal(Text([data, audit]), Text(again.Of(Subject)));
    }

    [Fact]
    public void A_key_is_never_replaced_and_what_comes_with_it_is_not_added()
    {
        using var store = Open();
        var first = Key(Subject, KeyKind.Data);
        Assert.True(store.TryAdd([first]));
        Assert.False(store.TryAdd([Key(Subject, KeyKind.Row), Key(Subject, KeyKind.Data)]));
        Assert.Equal(Text([first]), Text(store.Of(Subject)));
    }

    [Fact]
    public void Destroyed_keys_are_gone_and_the_others_stay()
    {
        var audit = Key(Subject, KeyKind.Audit);
        using (var store = Open())
        {
            store.TryAdd([Key(Subject, KeyKind.Data), Key(Subject, KeyKind.Row), audit]);
            store.Destroy(Subject, [KeyKind.Data, KeyKind.Row, KeyKind.Terms]);
            store.Destroy(Subject, [KeyKind.Data]);
            Assert.Equal(Text([audit]), Text(store.Of(Subject)));
        }

        using var again = Open();
        Assert.Equal(Text([audit]), Text(again.Of(Subject)));
        Assert.True(again.TryAdd([Key(Subject, KeyKind.Data)]));
    }

    [Fact]
    public void A_replaced_key_is_the_new_one_and_the_others_stay()
    {
        var audit = Key(Subject, KeyKind.Audit);
        var second = Key(Subject, KeyKind.Secret);
        using (var store = Open())
        {
            store.TryAdd([Key(Subject, KeyKind.Secret), audit]);
            store.Replace(second);
            store.Replace(Key(new KeyedName(43), KeyKind.Secret));
        }

        using var again = Open();
        Assert.Equal(Text([audit, second]), Text(again.Of(Subject)));
        Assert.Single(again.Of(new KeyedName(43)));
    }

    [Fact]
    public void Keys_of_earlier_epochs_are_rewrapped_so_many_at_a_time_until_there_are_none()
    {
        using (var store = Open())
        {
            store.TryAdd([.. Enumerable.Range(0, 5).Select(i => Key(new KeyedName((UInt128)i), KeyKind.Data)), Key(new KeyedName(9), KeyKind.Row) with { Epoch = 2 }]);
            WrappedKey Rewrap(WrappedKey key) => key with { Epoch = 2, Sealed = new byte[] { (byte)key.Subject.Value } };
            Assert.Equal([3, 2, 0], [store.Rewrap(2, 3, Rewrap), store.Rewrap(2, 3, Rewrap), store.Rewrap(2, 3, Rewrap)]);
        }

        using var again = Open();
        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal((2, (byte)i), again.Of(new KeyedName((UInt128)i)).Select(key => (key.Epoch, key.Sealed.Span[0])).Single()));
        Assert.Equal(113, again.Of(new KeyedName(9)).Single().Sealed.Length);
    }

    [Fact]
    public void A_rewrapping_that_fails_changes_nothing()
    {
        using var store = Open();
        var keys = Enumerable.Range(0, 3).Select(i => Key(Subject, (KeyKind)(i + 1))).ToArray();
        store.TryAdd(keys);
        Assert.Throws<DamagedKeysException>(() => store.Rewrap(2, 3, key => key.Kind == KeyKind.Terms ? throw new DamagedKeysException("") : key));
        Assert.Equal(Text(keys), Text(store.Of(Subject)));
    }

    [Fact]
    public void The_list_of_erasures_keeps_the_newest_of_each()
    {
        using (var store = Open())
        {
            Assert.Empty(store.Erased());
            store.List(new ErasedKeys(new KeyedName(1), new byte[] { 1 }));
            store.List(new ErasedKeys(new KeyedName(2), new byte[] { 2 }));
            store.List(new ErasedKeys(new KeyedName(1), new byte[] { 3 }));
        }

        using var again = Open();
        Assert.Equal(["1: 3", "2: 2"], again.Erased().Select(erased => $"{erased.Mark.Value}: {erased.Sealed.Span[0]}").Order());
    }

    [Fact]
    public async Task Of_many_who_add_the_same_key_one_succeeds()
    {
        using var store = Open();
        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => store.TryAdd([Key(Subject, KeyKind.Data)]))));
        Assert.Single(added, true);
        Assert.Single(store.Of(Subject));
    }

    public void Dispose()
    {
        Clean();
        GC.SuppressFinalize(this);
    }

    /// <summary>Removes what the store left.</summary>
    protected abstract void Clean();

    private static WrappedKey Key(KeyedName subject, KeyKind kind) => new(subject, kind, 1, RandomNumberGenerator.GetBytes(113));

    private static IEnumerable<string> Text(IEnumerable<WrappedKey> keys) =>
        keys.OrderBy(key => key.Kind).Select(key => $"{key.Subject.Value:x} {key.Kind} {key.Epoch} {Convert.ToHexString(key.Sealed.Span)}");
}
