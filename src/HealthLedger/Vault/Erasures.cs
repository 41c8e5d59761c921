using System.Collections.Concurrent;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// All erasures there were. One becomes real with the ledger's commit, which removes the rows; then its keys are destroyed. A process that ends between the two finds it here at
/// its next start, and so does one whose keys or whose data were put back from a backup: whatever an erasure destroyed is destroyed again before anything is served.
/// </summary>
public sealed class Erasures
{
    private const int PageSize = 1000;
    private readonly IVaultStore store;
    private readonly KeyRing ring;
    private readonly RowSealer sealer;
    private readonly PinnedSecret tenantKey;
    private readonly ConcurrentDictionary<KeyedName, Erasure> known = new();
    private readonly ConcurrentDictionary<KeyedName, Erasure> unsettled = new();
    private readonly Lock settling = new();

    internal Erasures(IVaultStore store, KeyRing ring, RowSealer sealer, PinnedSecret tenantKey) =>
        (this.store, this.ring, this.sealer, this.tenantKey) = (store, ring, sealer, tenantKey);

    /// <summary>All, the newest first.</summary>
    public IReadOnlyList<Erasure> All => [.. known.Values.OrderByDescending(erasure => erasure.At).ThenBy(erasure => erasure.Mark.Value)];

    /// <summary>The erasure of that mark; null where there is none.</summary>
    public Erasure? Find(KeyedName mark) => known.GetValueOrDefault(mark);

    /// <summary>True where the patient has records again, by other keys; the audit key is then one for both.</summary>
    public bool IsBack(Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        return ring.MarksOf(erasure.Subject).Records is not null;
    }

    /// <summary>The chain that the events of an erased patient were told on; null where its key was destroyed.</summary>
    public EventChain? ChainOf(Erasure erasure)
    {
        ArgumentNullException.ThrowIfNull(erasure);
        return ring.FindAudit(erasure.Subject) is { } audit ? new EventChain("Erased/" + erasure.Id, audit.Memory) : null;
    }

    /// <summary>The chains of erased patients who have no records now, for auditors: what was done with records outlives them.</summary>
    public IReadOnlyList<EventChain> Chains =>
    [
        .. All.Where(erasure => erasure.AuditKeyDestroyed is null)
            .DistinctBy(erasure => erasure.Subject)
            .Where(erasure => !IsBack(erasure))
            .Select(ChainOf)
            .OfType<EventChain>(),
    ];

    /// <summary>The row that records an erasure, or what has become of it.</summary>
    internal RowChange Change(Erasure erasure) => new(PlaceOf(erasure.Mark), Seal(erasure));

    /// <summary>Takes note of a committed erasure, or of what has become of it. Does not throw or block.</summary>
    internal void Committed(Erasure erasure)
    {
        known[erasure.Mark] = erasure;
        unsettled[erasure.Mark] = erasure;
    }

    /// <summary>Destroys the keys of what was committed, durably. Does nothing where that is done.</summary>
    /// <exception cref="DamagedKeysException">A key to destroy cannot be told from another.</exception>
    internal void Settle()
    {
        if (unsettled.IsEmpty)
        {
            return;
        }

        // Every writer comes here. Two at once, and the slower could destroy, behind its look whose keys these are, the new ones of who came back meanwhile.
        lock (settling)
        {
            foreach (var (mark, erasure) in unsettled)
            {
                ring.List(new ErasedKeys(mark, Seal(erasure)));
                Destroy(erasure);
                unsettled.TryRemove(KeyValuePair.Create(mark, erasure));
            }
        }
    }

    /// <summary>Reads both lists, completes what was begun, and returns those whose rows are there although they were erased: a copy of the data was put back.</summary>
    internal async Task<IReadOnlyList<Erasure>> Recover(CancellationToken cancellation)
    {
        foreach (var listed in ring.Erased())
        {
            known[listed.Mark] = Open(listed.Mark, listed.Sealed.Span);
        }

        KeyedName? after = null;
        while (await store.ReadPage(VaultTable.Erasure, default, after, PageSize, cancellation) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                var erasure = Open(row.Place.Row, row.Sealed.Span);
                if (!known.TryGetValue(erasure.Mark, out var listed) || listed.Revision < erasure.Revision)
                {
                    Committed(erasure);
                }
            }

            after = page[^1].Place.Row;
        }

        Settle();
        var back = new List<Erasure>();
        foreach (var erasure in known.Values)
        {
            Destroy(erasure);
            using var head = await store.Read(new RowPlace(VaultTable.Head, erasure.Shelf, default), cancellation);
            if (head is not null && !IsBack(erasure))
            {
                back.Add(erasure);
            }
        }

        return back;
    }

    private void Destroy(Erasure erasure)
    {
        var (records, audit) = ring.MarksOf(erasure.Subject);
        if (records == erasure.Mark)
        {
            ring.Shred(erasure.Subject);
        }

        if (erasure.AuditKeyDestroyed is not null && audit == erasure.AuditMark)
        {
            ring.ShredAudit(erasure.Subject);
        }
    }

    private static RowPlace PlaceOf(KeyedName mark) => new(VaultTable.Erasure, default, mark);

    private byte[] Seal(Erasure erasure) => sealer.Seal(tenantKey.Span, PlaceOf(erasure.Mark), 0, erasure.ToBytes());

    private Erasure Open(KeyedName mark, ReadOnlySpan<byte> stored)
    {
        using var opened = sealer.Open(tenantKey.Span, PlaceOf(mark), 0, stored);
        return (opened is null ? null : Erasure.Read(mark, opened.Memory.Span)) ?? throw new TamperedRecordException(PlaceOf(mark), "the record of an erasure does not open");
    }
}
