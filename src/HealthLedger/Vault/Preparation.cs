using System.Buffers;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>The making of one change: seals every record, adds its entry to each of its shelves, and collects the rows.</summary>
internal sealed class Preparation(ShelfLock held, RowSealer sealer, IKeyHolder holder, TenantId tenant, int maxTerms) : IDisposable
{
    private const string ContentKeyLabel = "vault/content-key";
    private readonly Dictionary<ShelfId, PinnedSecret> dataKeys = [];
    private readonly Dictionary<ShelfId, List<(ShelfEntry Entry, ReadOnlyMemory<byte> Terms)>> entries = [];

    internal List<RowChange> Rows { get; } = [];

    /// <summary>The new entries by shelf, in the order of the writes.</summary>
    internal IReadOnlyDictionary<ShelfId, List<(ShelfEntry Entry, ReadOnlyMemory<byte> Terms)>> Entries => entries;

    /// <summary>Adds one write.</summary>
    /// <param name="write">Checked by the caller; its shelves are held.</param>
    /// <param name="left">The shelves that the record leaves; held too.</param>
    internal void Add(RecordWrite write, IEnumerable<ShelfId> left)
    {
        var home = held.States[write.Shelves[0]];
        var handle = KeyedName.Of(home.Keys.Row.Span, write.Key.Type, write.Key.Id, write.Key.Version);
        var place = new RowPlace(VaultTable.Record, home.Tag, handle);
        var terms = new ArrayBufferWriter<byte>();
        write.Terms?.WriteTo(terms);
        if (terms.WrittenCount > maxTerms)
        {
            throw new ArgumentException("A record's terms are longer than the vault takes.", nameof(write));
        }

        var entry = new ShelfEntry
        {
            Key = write.Key,
            LastUpdated = write.LastUpdated.ToUniversalTime(),
            State = write.Deletes ? EntryState.Deleted : EntryState.Live,
            Handle = handle,
            CiphertextHash = default,
            Custodian = write.Custodian,
            Held = write.Terms,
            TermsLength = terms.WrittenCount,
            Annotation = write.Annotation.ToArray(),
        };
        if (write.Deletes)
        {
            write.Shelves.ToList().ForEach(shelf => Add(shelf, entry, default));
        }
        else if (write.Shelves.Length == 1)
        {
            Add(write.Shelves[0], entry.WithContent(Seal(DataKey(home), place, write), null), terms.WrittenMemory);
        }
        else
        {
            AddShared(write, entry, terms.WrittenMemory, place);
        }

        foreach (var shelf in left)
        {
            Add(shelf, new ShelfEntry
            {
                Key = write.Key, LastUpdated = entry.LastUpdated, State = EntryState.Departed, Handle = handle, CiphertextHash = default, Custodian = write.Custodian,
            }, default);
        }
    }

    /// <summary>Opens the content key of shared content; the associated data names the row and the shelf that it is wrapped for.</summary>
    internal static bool TryOpenContentKey(TenantId tenant, ReadOnlySpan<byte> dataKey, RowPlace place, KeyedName shelf, ReadOnlySpan<byte> wrapped, Span<byte> contentKey) =>
        wrapped.Length == contentKey.Length + Envelope.Overhead && Envelope.TryOpen(dataKey, ContentKeyLabel, ContentKeyPlace(tenant, place, shelf), wrapped, contentKey);

    /// <summary>Zeroes the data keys.</summary>
    public void Dispose()
    {
        foreach (var key in dataKeys.Values)
        {
            key.Dispose();
        }
    }

    private static byte[] ContentKeyPlace(TenantId tenant, RowPlace place, KeyedName shelf)
    {
        var data = new byte[TenantId.Size + (3 * KeyedName.Size)];
        tenant.CopyTo(data);
        place.Shelf.CopyTo(data.AsSpan(TenantId.Size));
        place.Row.CopyTo(data.AsSpan(TenantId.Size + KeyedName.Size));
        shelf.CopyTo(data.AsSpan(TenantId.Size + (2 * KeyedName.Size)));
        return data;
    }

    private void AddShared(RecordWrite write, ShelfEntry entry, ReadOnlyMemory<byte> terms, RowPlace place)
    {
        using var contentKey = PinnedSecret.Random(Envelope.SecretSize);
        var hash = Seal(contentKey, place, write);
        foreach (var shelf in write.Shelves)
        {
            var state = held.States[shelf];
            var wrapped = Envelope.Seal(DataKey(state).Span, ContentKeyLabel, ContentKeyPlace(tenant, place, state.Tag), contentKey.Span);
            Add(shelf, entry.WithContent(hash, new SharedContent(place.Shelf, wrapped)), terms);
        }
    }

    private Hash256 Seal(PinnedSecret key, RowPlace place, RecordWrite write)
    {
        var stored = sealer.Seal(key.Span, place, write.Key.Version, write.Plaintext.Span);
        Rows.Add(new RowChange(place, stored));
        return Hash256.Of(stored);
    }

    private PinnedSecret DataKey(ShelfState state)
    {
        if (!dataKeys.TryGetValue(state.Id, out var key))
        {
            dataKeys[state.Id] = key = PinnedSecret.Create(Envelope.SecretSize, (holder, state), static (bytes, of) => of.holder.UnwrapToSeal(of.state.Keys.Data, bytes));
        }

        return key;
    }

    private void Add(ShelfId shelf, ShelfEntry entry, ReadOnlyMemory<byte> terms)
    {
        if (!entries.TryGetValue(shelf, out var list))
        {
            entries[shelf] = list = [];
        }

        list.Add((entry, terms));
    }
}
