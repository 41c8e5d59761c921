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
