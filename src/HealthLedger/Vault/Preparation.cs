using System.Buffers;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>The making of one change: seals every record, adds its entry to each of its shelves, and collects the rows.</summary>
/// <param name="held">Holds the shelves.</param>
/// <param name="sealer">Seals rows.</param>
/// <param name="sealing">The keys for <see cref="UsesOf"/>, in that order; not disposed here.</param>
/// <param name="tenant">Whose rows.</param>
/// <param name="maxTerms">The greatest size of a record's terms in bytes.</param>
internal sealed class Preparation(ShelfLock held, RowSealer sealer, EnvelopeKeys sealing, TenantId tenant, int maxTerms)
{
    private int sealedSoFar;
    private readonly Dictionary<ShelfId, List<(ShelfEntry Entry, ReadOnlyMemory<byte> Terms)>> entries = [];

    internal List<RowChange> Rows { get; } = [];

    /// <summary>The new entries by shelf, in the order of the writes.</summary>
    internal IReadOnlyDictionary<ShelfId, List<(ShelfEntry Entry, ReadOnlyMemory<byte> Terms)>> Entries => entries;

    /// <summary>What is sealed under data keys when these writes are added, in this order.</summary>
    internal static IReadOnlyList<SealingUse> UsesOf(ShelfLock held, IEnumerable<RecordWrite> writes) =>
    [
        .. writes.Where(write => !write.Deletes)
            .SelectMany(write => write.Shelves.Select(shelf => new SealingUse(shelf, held.States[shelf].Keys.Data, IsContentKey: write.Shelves.Length > 1))),
    ];

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
            Add(write.Shelves[0], entry.WithContent(Store(place, sealer.SealWith(NextKey(), place, write.Key.Version, write.Plaintext.Span)), null), terms.WrittenMemory);
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

    /// <summary>Where the key of shared content lies: the row, and the shelf that it is wrapped for.</summary>
    internal static byte[] ContentKeyPlace(TenantId tenant, RowPlace place, KeyedName shelf)
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
        var hash = Store(place, sealer.Seal(contentKey.Span, place, write.Key.Version, write.Plaintext.Span));
        foreach (var shelf in write.Shelves)
        {
            var state = held.States[shelf];
            var wrapped = new byte[contentKey.Length + Envelope.Overhead];
            Envelope.SealWith(NextKey(), ContentKeyPlace(tenant, place, state.Tag), contentKey.Span, wrapped);
            Add(shelf, entry.WithContent(hash, new SharedContent(place.Shelf, wrapped)), terms);
        }
    }

    private ReadOnlySpan<byte> NextKey() => sealing[sealedSoFar++];

    private Hash256 Store(RowPlace place, byte[] stored)
    {
        Rows.Add(new RowChange(place, stored));
        return Hash256.Of(stored);
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
