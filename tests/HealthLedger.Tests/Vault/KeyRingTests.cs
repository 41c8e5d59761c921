using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Tests.Vault;

public sealed class KeyRingTests : IDisposable
{
    private static readonly ShelfId Shelf = ShelfId.ForPatient("p1");
    private readonly TemporaryDirectory place = new();
    private readonly MemoryKeyStore store = new();
    private readonly KeyDirectory directory;
    private readonly KeyRing ring;

    public KeyRingTests()
    {
        directory = KeyDirectory.Open(new KeyDirectoryOptions { Path = place["keys"], DataPath = place["data"], Scrypt = ScryptParameters.Floor });
        ring = new KeyRing(directory, store);
    }

    [Fact]
    public void A_named_secret_is_the_same_for_ever_and_another_under_another_name()
    {
        using var first = ring.GetOrCreate("ledger/signing-seed", 32);
        using var again = new KeyRing(directory, store).GetOrCreate("ledger/signing-seed", 32);
        using var other = ring.GetOrCreate("ledger/signing-seed2", 32);
        using var large = ring.GetOrCreate("token-keys", 4096);
        Assert.Equal(first.Span, again.Span);
        Assert.NotEqual(first.Span.ToArray(), other.Span.ToArray());
        Assert.Equal(4096, large.Length);
        Assert.Throws<ArgumentException>(() => ring.GetOrCreate("ledger/signing-seed", 64));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.GetOrCreate("x", 4097));
        Assert.Throws<ArgumentException>(() => ring.GetOrCreate("", 32));
    }

    [Fact]
    public void A_shelf_has_four_keys_of_its_own_and_none_before_it_is_made()
    {
        Assert.Null(ring.Find(Shelf));
        Assert.Null(ring.FindAudit(Shelf));
        using var keys = Make(Shelf);
        using var other = Make(ShelfId.ForPatient("p2"));
        using var found = ring.Find(Shelf)!;
        using var audit = ring.FindAudit(Shelf)!;
        Assert.Equal(keys.Row.Span, found.Row.Span);
        Assert.Equal(keys.Terms.Span, found.Terms.Span);
        byte[][] all = [keys.Row.Span.ToArray(), keys.Terms.Span.ToArray(), audit.Span.ToArray(), DataKey(keys), other.Row.Span.ToArray(), other.Terms.Span.ToArray(), DataKey(other)];
        Assert.Equal(all.Length, all.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(8, store.Keys.Count);
    }

    [Fact]
    public void Shredding_leaves_the_audit_key_alone_and_a_new_shelf_gets_new_keys()
    {
        using var before = Make(Shelf);
        using var audit = ring.FindAudit(Shelf)!;
        ring.Shred(ring.SubjectOf(Shelf));
        Assert.Null(ring.Find(Shelf));
        Assert.Null(ring.FindAudit(Shelf));
        using var kept = ring.FindAudit(ring.SubjectOf(Shelf))!;
        Assert.Equal(audit.Span, kept.Span);
        using var after = Make(Shelf);
        Assert.NotEqual(before.Row.Span.ToArray(), after.Row.Span.ToArray());
    }

    [Fact]
    public async Task A_data_key_is_used_only_against_a_receipt_that_covers_its_entries()
    {
        using var keys = Make(Shelf);
        var holder = new LocalKeyHolder(ring);
        var stored = new byte[4 + Envelope.Overhead + 128];
        stored[4] = Envelope.Suite;
        SealedVersion Version(WrappedKey data) => new(Shelf, data, new RecordKey("Observation", "1", 1), stored, null);
        await Assert.ThrowsAsync<ArgumentException>(async () => await holder.Unwrap(await Recorded([5], 5), [Version(keys.Data)], default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await holder.Unwrap(await Recorded([], 5), [Version(keys.Data)], default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await holder.Unwrap(await Recorded([4], 5), [Version(keys.Data with { Kind = KeyKind.Audit })], default));
        await Assert.ThrowsAsync<KeyHolderException>(async () => await holder.Unwrap(await Recorded([4], 5), [Version(keys.Data with { Kind = KeyKind.HeldData })], default));
        using var unwrapped = await holder.Unwrap(await Recorded([4], 5), [Version(keys.Data)], default);
        Assert.True(unwrapped[0].ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Keys_that_were_swapped_between_subjects_kinds_or_epochs_do_not_open()
    {
        Make(Shelf).Dispose();
        Make(ShelfId.ForPatient("p2")).Dispose();
        var good = store.Keys.ToArray();
        var row = good.First(key => key.Kind == KeyKind.Row);
        var other = good.First(key => key.Kind == KeyKind.Row && key.Subject != row.Subject);
        var terms = good.First(key => key.Kind == KeyKind.Terms && key.Subject == row.Subject);
        WrappedKey[] lies = [row with { Sealed = other.Sealed }, row with { Sealed = terms.Sealed }, row with { Epoch = 2 }, row with { Epoch = -1 }, row with { Sealed = row.Sealed[..^1] }, row with { Sealed = default }];
        foreach (var lie in lies)
        {
            store.Keys[Array.IndexOf(good, row)] = lie;
            Assert.Throws<DamagedKeysException>(() => ring.Find(row.Subject == good[0].Subject ? Shelf : ShelfId.ForPatient("p2")));
        }

        store.Keys.RemoveAll(key => key.Kind == KeyKind.Row);
        Assert.Throws<DamagedKeysException>(() => ring.Find(Shelf));
    }

    [Fact]
    public void Stored_keys_are_not_the_keys()
    {
        using var keys = Make(Shelf);
        using var audit = ring.FindAudit(Shelf)!;
        foreach (var secret in new[] { keys.Row.Span.ToArray(), keys.Terms.Span.ToArray(), audit.Span.ToArray(), DataKey(keys) })
        {
            Assert.DoesNotContain(store.Keys, key => key.Sealed.Span.IndexOf(secret.AsSpan(0, 8)) >= 0);
        }
    }

    public void Dispose()
    {
        ring.Dispose();
        directory.Dispose();
        place.Dispose();
    }

    private sealed class Appends(ulong[] indices, ulong size) : IAppendOnly
    {
        public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation) => new(new AppendOutcome.Appended([.. indices], size, default));
    }

    private static async Task<Recorded<AccessEntry>> Recorded(ulong[] indices, ulong size) => Assert.IsType<RecordOutcome<AccessEntry>.Done>(
        await Recorded<AccessEntry>.Append(new Appends(indices, size), new AccessEntry(new AppendRequest { Events = [] }, []), default)).Recorded;

    private ShelfKeys Make(ShelfId shelf)
    {
        Assert.True(ring.Make([shelf], new LocalKeyHolder(ring), default).IsCompletedSuccessfully);
        return ring.Find(shelf)!;
    }

    private byte[] DataKey(ShelfKeys keys)
    {
        var key = new byte[32];
        ring.Unwrap(keys.Data, key);
        return key;
    }
}
