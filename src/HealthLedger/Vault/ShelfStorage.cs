using System.Buffers;
using System.Collections.Concurrent;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>Reads shelves from storage and lays out their changes for it.</summary>
internal sealed class ShelfStorage(IVaultStore store, KeyRing ring, RowSealer sealer, PinnedSecret shelfNames, TermsReader termsReader, EventChain tenantChain)
{
    /// <summary>A segment's content is cut at about this size.</summary>
    private const int SegmentSize = 1 << 20;

    /// <summary>Fewer segments than this are never merged.</summary>
    private const int FewSegments = 64;

    /// <summary>From this number on they are merged whatever the base weighs, because each costs an envelope at opening.</summary>
    private const int ManySegments = 1024;

    private const int MaxSharedStrings = 10_000;
    private readonly ConcurrentDictionary<string, string> strings = new();

    internal KeyedName TagOf(ShelfId id) => KeyedName.Of(shelfNames.Span, id.Value, "");

    /// <summary>The chain of a shelf; null where the shelf never had keys.</summary>
    internal EventChain? FindChain(ShelfId id) =>
        !id.IsPatient ? tenantChain : ring.FindAudit(id) is { } audit ? new EventChain(id.Value, audit.Memory, id.Value) : null;

    /// <summary>The stored shelf; null where nothing was ever committed to it.</summary>
    /// <exception cref="TamperedRecordException">Head and segments are not those that were committed together.</exception>
    internal Task<ShelfState?> Load(ShelfId id) => Load(id, withTerms: true);

    /// <summary>As the other, without opening terms, so that no record has to be opened to make them anew.</summary>
    internal Task<ShelfState?> LoadWithoutTerms(ShelfId id) => Load(id, withTerms: false);

    private async Task<ShelfState?> Load(ShelfId id, bool withTerms)
    {
        if (ring.Find(id) is not { } keys)
        {
            return null;
        }

        ShelfState? loaded = null;
        try
        {
            var tag = TagOf(id);
            var rows = await store.ReadHeadAndSegments(tag, CancellationToken.None);
            return rows.Count == 0 ? null : loaded = await Build(id, tag, keys, rows, withTerms);
        }
        finally
        {
            if (loaded is null)
            {
                keys.Dispose();
            }
        }
    }

    /// <summary>A shelf that has nothing yet, nor keys.</summary>
    internal ShelfState Create(ShelfId id) => ShelfState.Empty(id, TagOf(id));

    /// <summary>Gives new shelves their keys, which are durable on return.</summary>
    internal async ValueTask GiveKeys(IReadOnlyCollection<ShelfState> shelves, IKeyHolder holder, CancellationToken cancellation)
    {
        await ring.Make(shelves.Select(shelf => shelf.Id), holder, cancellation);
        foreach (var shelf in shelves)
        {
            shelf.With(ring.Find(shelf.Id)!, FindChain(shelf.Id)!);
        }
    }

    /// <summary>Adds the rows that a draft changes and sets its head. Merges the segments where there are many.</summary>
    internal async ValueTask Layout(ShelfState.Draft draft, List<RowChange> changes, CancellationToken cancellation)
    {
        var (state, head) = (draft.State, draft.State.Head);
        var segments = head.NextSegment - head.FirstSegment;
        IReadOnlyList<StoredEntry> entries = draft.Changed;
        var merges = segments >= FewSegments && (head.DeltaBytes >= head.BaseBytes / 2 || segments >= ManySegments);
        if (merges)
        {
            var rows = await store.ReadHeadAndSegments(state.Tag, cancellation);
            var (stored, opened) = OpenSegments(state.Tag, state.Keys, head, [.. rows.Where(row => row.Place.Table == VaultTable.Segment)]);
            try
            {
                entries = [.. Merge(stored, draft.Changed).Select(entry => Renew(entry, state))];
                changes.AddRange(Enumerable.Range(0, (int)segments).Select(i => new RowChange(SegmentPlace(state.Tag, head.FirstSegment + (ulong)i), default)));
                draft.Head = Write(draft, head with { FirstSegment = head.NextSegment, DeltaBytes = 0, BaseBytes = 0 }, entries, isBase: true, changes);
            }
            finally
            {
                opened.ForEach(segment => segment.Dispose());
            }
        }
        else
        {
            draft.Head = Write(draft, head, entries, isBase: false, changes);
        }

        var place = HeadPlace(state.Tag);
        changes.Add(new RowChange(place, sealer.Seal(state.Keys.Terms.Span, place, 0, draft.Head.ToBytes())));
    }

    private static RowPlace HeadPlace(KeyedName tag) => new(VaultTable.Head, tag, default);

    private static RowPlace SegmentPlace(KeyedName tag, ulong number) => new(VaultTable.Segment, tag, new KeyedName(number));

    private static List<StoredEntry> Merge(List<StoredEntry> stored, IReadOnlyList<StoredEntry> changed)
    {
        var bySlot = new SortedDictionary<int, List<StoredEntry>>();
        foreach (var entry in stored.Concat(changed))
        {
            if (!bySlot.TryGetValue(entry.Slot, out var versions))
            {
                bySlot[entry.Slot] = versions = [];
            }

            if (versions.Count > 0)
            {
                versions[^1] = versions[^1].Superseded();
            }

            versions.Add(entry);
        }

        return [.. bySlot.Values.SelectMany(versions => versions)];
    }

    /// <summary>Writes terms of other definitions as they were extracted again when the shelf was loaded.</summary>
    private static StoredEntry Renew(StoredEntry stored, ShelfState state)
    {
        if (stored.Terms.IsEmpty || ResourceTerms.IsCurrent(stored.Terms.Span))
        {
            return stored;
        }

        var terms = new ArrayBufferWriter<byte>();
        state.Current!.Slots[stored.Slot].Terms?.WriteTo(terms);
        return stored with { Terms = terms.WrittenMemory };
    }

    private ShelfHead Write(ShelfState.Draft draft, ShelfHead head, IReadOnlyList<StoredEntry> entries, bool isBase, List<RowChange> changes)
    {
        var (number, bytes) = (head.NextSegment, 0L);
        for (var from = 0; from < entries.Count;)
        {
            var (until, size) = (from, 0);
            while (until < entries.Count && (until == from || size + SegmentCodec.SizeOf(entries[until]) <= SegmentSize))
            {
                size += SegmentCodec.SizeOf(entries[until++]);
            }

            var content = SegmentCodec.Write([.. entries.Skip(from).Take(until - from)]);
            var place = SegmentPlace(draft.State.Tag, number++);
            changes.Add(new RowChange(place, sealer.Seal(draft.State.Keys.Terms.Span, place, 0, content)));
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(content);
            bytes += content.Length;
            from = until;
        }

        return new ShelfHead(
            head.Sequence + 1, draft.Slots, draft.Root, head.FirstSegment, number, isBase ? 0 : head.DeltaBytes + bytes, isBase ? bytes : head.BaseBytes);
    }

    private async Task<ShelfState> Build(ShelfId id, KeyedName tag, ShelfKeys keys, IReadOnlyList<RowChange> rows, bool withTerms)
    {
        var place = HeadPlace(tag);
        if (rows[0].Place != place)
        {
            throw new TamperedRecordException(place, "a shelf has segments but no head");
        }

        ShelfHead head;
        using (var opened = sealer.Open(keys.Terms.Span, place, 0, rows[0].Sealed.Span))
        {
            head = opened is null ? default : ShelfHead.Read(opened.Memory.Span) ?? default;
        }

        if (head == default)
        {
            throw new TamperedRecordException(place, "the head of a shelf does not open");
        }

        var (entries, segments) = OpenSegments(tag, keys, head, [.. rows.Skip(1)]);
        try
        {
            var state = ShelfState.Empty(id, tag).With(keys, FindChain(id) ?? throw new DamagedKeysException("A shelf has lost its audit key: keys.db is damaged."));
            return ShelfState.TryBuild(state, head, await Detach(id, tag, keys, entries, withTerms))
                ? state
                : throw new TamperedRecordException(place, "the segments of a shelf do not add up to its head");
        }
        finally
        {
            segments.ForEach(segment => segment.Dispose());
        }
    }

    private (List<StoredEntry> Entries, List<OpenedBytes> Opened) OpenSegments(KeyedName tag, ShelfKeys keys, ShelfHead head, IReadOnlyList<RowChange> rows)
    {
        var (entries, opened) = (new List<StoredEntry>(), new List<OpenedBytes>());
        try
        {
            for (var number = head.FirstSegment; number < head.NextSegment; number++)
            {
                var place = SegmentPlace(tag, number);
                var at = number - head.FirstSegment;
                if (at >= (ulong)rows.Count || rows[(int)at].Place != place)
                {
                    throw new TamperedRecordException(place, "a segment of a shelf is missing");
                }

                var segment = sealer.Open(keys.Terms.Span, place, 0, rows[(int)at].Sealed.Span) ?? throw new TamperedRecordException(place, "a segment of a shelf does not open");
                opened.Add(segment);
                entries.AddRange(SegmentCodec.Read(segment.Memory, Share));
            }

            return (ulong)rows.Count == head.NextSegment - head.FirstSegment
                ? (entries, opened)
                : throw new TamperedRecordException(rows[^1].Place, "a shelf has segments that its head does not know");
        }
        catch
        {
            opened.ForEach(segment => segment.Dispose());
            throw;
        }
    }

    /// <summary>Opens the terms of the current versions, and copies out of the segments' buffers what entries keep.</summary>
    private async ValueTask<List<StoredEntry>> Detach(ShelfId id, KeyedName tag, ShelfKeys keys, List<StoredEntry> entries, bool withTerms)
    {
        var current = new Dictionary<int, int>();
        for (var i = 0; i < entries.Count; i++)
        {
            current[entries[i].Slot] = i;
        }

        var pool = termsReader.PoolOf(id);
        var detached = new List<StoredEntry>(entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            var (slot, entry, terms) = entries[i];
            detached.Add(current[slot] != i
                ? entries[i].Superseded()
                : new StoredEntry(slot, entry.With(withTerms ? await termsReader.Read(id, tag, keys, entries[i], pool) : null, terms.Length, entry.Annotation.ToArray()), default));
        }

        return detached;
    }

    private string Share(string text) =>
        strings.TryGetValue(text, out var shared) ? shared : strings.Count < MaxSharedStrings ? strings.GetOrAdd(text, text) : text;
}
