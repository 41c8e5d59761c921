using HealthLedger.Ledger.Epochs;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Sealing;

namespace HealthLedger.Ledger;

/// <summary>An event of a chain.</summary>
/// <param name="Number">Its number in the chain, from 0.</param>
/// <param name="Index">Its entry in the ledger.</param>
public readonly record struct ChainEvent(ulong Number, ulong Index);

/// <summary>A proof about a consent handle, whole under one checkpoint.</summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Map">What the map of that checkpoint says of the handle.</param>
/// <param name="State">The STATE entry that commits to the map: the entry at the checkpoint's last index.</param>
/// <param name="Inclusion">That the STATE entry is in the tree of the checkpoint; the leaf's own sibling first.</param>
public sealed record ConsentProof(Published Checkpoint, ConsentMapProof Map, LedgerEntry State, IReadOnlyList<Hash> Inclusion);

public sealed partial class LedgerLog
{
    /// <summary>
    /// A hash tile (C2SP tlog-tiles): 32 bytes for each of its hashes; null where the published tree has no such tile. The same path always gives the
    /// same bytes.
    /// </summary>
    /// <param name="level">0 to 63.</param>
    /// <param name="index">The tile's number on its level.</param>
    /// <param name="width">1 to 256 hashes.</param>
    public byte[]? ReadTile(int level, ulong index, int width)
    {
        var tile = new TilePath(level, index, width);
        return level is >= 0 and < 64 && width is >= 1 and <= TilePath.FullWidth && tile.ExistsIn(Published.Size) ? _parts.Flat.ReadTile(tile) : null;
    }

    /// <summary>A bundle of entries (C2SP tlog-tiles), each with its length in two bytes before it; null where the published tree has no such bundle. For auditors only.</summary>
    /// <param name="index">The bundle's number.</param>
    /// <param name="width">1 to 256 entries.</param>
    public byte[]? ReadEntryBundle(ulong index, int width)
    {
        if (width is < 1 or > TilePath.FullWidth || !new TilePath(TilePath.EntriesLevel, index, width).ExistsIn(Published.Size))
        {
            return null;
        }

        var entries = _parts.Flat.ReadEntries(index * TilePath.FullWidth, width);
        var bundle = new byte[width * (LedgerEntry.Size + 2)];
        for (var i = 0; i < width; i++)
        {
            EntryBundle.Write(entries.AsSpan(i * LedgerEntry.Size, LedgerEntry.Size), bundle.AsSpan(i * (LedgerEntry.Size + 2)));
        }

        return bundle;
    }

    /// <summary>The 256 bytes of an entry.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The published ledger has no such entry.</exception>
    public byte[] ReadEntry(ulong index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Published.Size);
        return _parts.Flat.ReadEntries(index, 1);
    }

    /// <summary>The stored bytes of an entry's fact; null where the entry has none, or none that opens with this chain's key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The published ledger has no such entry.</exception>
    public byte[]? OpenFact(ulong index, EventChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        var entry = Parse(index);
        var envelope = _parts.Flat.ReadFact(index);
        return envelope.Length == 0
            ? null
            : Envelope.Open(chain.AuditKey.Span, FactLabel, FactPlace(entry.Commitment.Bytes), envelope);
    }

    /// <summary>An entry's fact; null where the entry has none, or none that opens with this chain's key and can be read.</summary>
    /// <inheritdoc cref="OpenFact"/>
    internal Fact? FactOf(ulong index, EventChain chain) => OpenFact(index, chain) is { } stored && Fact.Parse(stored).TryGet(out var fact, out _) ? fact : null;

    /// <summary>
    /// What proves an entry to somebody who has only the verifier key: the entry, its place under the newest checkpoint that the witnesses' quorum covers, or
    /// the newest where that does not cover it yet, and the fact where the chain is given and opens it.
    /// </summary>
    /// <param name="index">The entry.</param>
    /// <param name="chain">The chain whose fact is shown; null to show none.</param>
    /// <param name="id">The receipt's id at the gateway; may be empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">The published ledger has no such entry.</exception>
    public Receipt ReceiptOf(ulong index, EventChain? chain, string id = "")
    {
        var published = Covering(index);
        var proof = new TlogProof(index, [.. Inclusion(index, published.Size)], published.Signed);
        return new Receipt(Origin, index, ReadEntry(index), proof.ToString(), chain is null ? null : OpenFact(index, chain), id) { Final = IsFinal(index) };
    }

    /// <summary>The key that a chain's tags hang from: tells which entries are of the chain, opens nothing. The caller disposes of it.</summary>
    public TagKey TagKeyOf(EventChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return _parts.Tags.KeyOf(chain);
    }

    /// <summary>The chain's ENROL entry, made where there is none; null where the ledger takes no entries now.</summary>
    public ValueTask<ChainEvent?> Enrol(EventChain chain, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return _enrolments.Ensure(chain, cancellation);
    }

    /// <summary>The closed epochs, in order.</summary>
    public ValueTask<IReadOnlyList<Epoch>> Epochs(CancellationToken cancellation) => _epochs.All(cancellation);

    /// <summary>Closes the epoch that ends with the newest checkpoint: seconds for each million entries since the one before.</summary>
    /// <returns>The last epoch; null where the ledger takes no entries now.</returns>
    public ValueTask<Epoch?> CloseEpoch(CancellationToken cancellation) => _epochs.Close(cancellation);

    /// <summary>What each closed epoch says of a tag: present at an entry, or absent.</summary>
    public ValueTask<IReadOnlyList<EpochProof>> ProveTag(Hash tag, CancellationToken cancellation) => _epochs.Prove(tag, cancellation);

    /// <summary>How many events a chain has.</summary>
    public ulong CountOf(EventChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return _parts.Chains.Load(chain).Count;
    }

    /// <summary>Events of a chain by number.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="from">The number to begin with; with <paramref name="newestFirst"/> the number of newest events to leave out.</param>
    /// <param name="max">At most so many, 0 to 10,000.</param>
    /// <param name="newestFirst">Downwards from the newest instead of upwards from the oldest.</param>
    public IReadOnlyList<ChainEvent> EventsOf(EventChain chain, ulong from, int max, bool newestFirst = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(max);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(max, 10_000);
        var count = CountOf(chain);
        var events = new List<ChainEvent>(Math.Min(max, 64));
        for (var i = from; i < count && events.Count < max; i++)
        {
            var number = newestFirst ? count - 1 - i : i;
            var index = _parts.Indexing.Find(_parts.Tags.Of(chain, number))
                ?? throw new InvalidDataException("The index has lost an event of a chain; delete it, and the next start rebuilds it from the entries.");
            events.Add(new ChainEvent(number, index));
        }

        return events;
    }

    /// <summary>The number of an entry in a chain; null where the chain has no such entry.</summary>
    public ulong? NumberOf(EventChain chain, ulong index)
    {
        // Numbers rise with the entries, except within a batch: so the first guess is near, and what is searched grows until it is found.
        var (low, high) = (0UL, CountOf(chain));
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (IndexOf(chain, middle) < index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var count = CountOf(chain);
        for (ulong reach = 1, tried = 0; tried < count; reach *= 2)
        {
            tried = 0;
            for (var i = low - Math.Min(low, reach); i < count && i <= low + reach; i++, tried++)
            {
                if (IndexOf(chain, i) == index)
                {
                    return i;
                }
            }
        }

        return null;
    }

    private ulong IndexOf(EventChain chain, ulong number) => EventsOf(chain, number, 1)[0].Index;

    /// <summary>The state of a consent handle in the map of the published checkpoint; null for a handle that was never granted.</summary>
    public ConsentState? ConsentStateOf(Hash handle) => _parts.States.Read(map => map.TryGet(handle, out var state) ? state : (ConsentState?)null);

    /// <summary>Proves what the consent map says of a handle, everything under one and the same checkpoint.</summary>
    public ConsentProof MapProof(Hash handle)
    {
        // While nobody changes the map, it is the one of the published checkpoint; proofs under that checkpoint stay good when the next one comes.
        // A final checkpoint proves more, and is as good as the newest as long as no consent changed since.
        var (published, proof) = _parts.States.Read(map => (Cosignatures?.Final is { } final && final.MapRoot == Published.MapRoot ? final : Newest, map.Prove(handle)));
        return new ConsentProof(published, proof, Parse(published.Size - 1), Inclusion(published.Size - 1, published.Size));
    }

    /// <summary>
    /// Signs the statement that a consent stands, with the log's key; null, and nothing signed, where the published map does not hold its handle as granted.
    /// Beside checkpoints and <see cref="SignEvidence"/> the only thing that the key signs.
    /// </summary>
    /// <exception cref="ArgumentException">The claims are out of range or of another log.</exception>
    internal string? SignConsentToken(Proofs.Tokens.ConsentToken claims) =>
        ConsentStateOf(claims.Handle) is { Standing: ConsentStanding.Granted } ? claims.Sign(_options.Keys.Log) : null;

    /// <summary>Signs the seal of a bundle of evidence with the log's key.</summary>
    /// <exception cref="ArgumentException">The text is no seal of this log: nothing else is signed here.</exception>
    internal SignedNote SignEvidence(byte[] text) => EvidenceSeal.Parse(text).TryGet(out var seal, out _) && seal.Origin == Origin
        ? _options.Keys.Sign(text)
        : throw new ArgumentException("Only the seal of a bundle of this log is signed.", nameof(text));

    /// <summary>The sibling hashes that prove an entry under a published size, its own sibling first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not below the size, or the size not yet published.</exception>
    public IReadOnlyList<Hash> Inclusion(ulong index, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Published.Size);
        return ProofConstruction.Inclusion(index, size, _nodes.Read);
    }

    /// <summary>The hashes that prove that a later tree only appended to an earlier one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sizes are in the wrong order, or the later one not yet published.</exception>
    public IReadOnlyList<Hash> Consistency(ulong oldSize, ulong newSize)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, Published.Size);
        return ProofConstruction.Consistency(oldSize, newSize, _nodes.Read);
    }

    private LedgerEntry Parse(ulong index) =>
        LedgerEntry.Parse(ReadEntry(index)).TryGet(out var entry, out var fault)
            ? entry
            : throw new InvalidDataException($"Entry {index} cannot be read ({fault.Code}).");
}
