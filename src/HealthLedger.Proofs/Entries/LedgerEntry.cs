using System.Buffers.Binary;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Entries;

/// <summary>One leaf of the ledger: 256 bytes that tell a stranger nothing about whom they concern (docs/formats/entry.md).</summary>
/// <remarks>
/// Construct by <see cref="ForEvent"/>, <see cref="ForConsent"/>, <see cref="ForEpoch"/>, <see cref="ForSuccession"/> or <see cref="ForState"/>; <see cref="Parse"/> reads strictly.
/// </remarks>
public readonly record struct LedgerEntry
{
    /// <summary>Bytes in every entry.</summary>
    public const int Size = 256;

    /// <summary>The suite of this layout: SHA-256, HMAC-SHA-256.</summary>
    public const byte Suite = 1;

    /// <summary>Times are rounded down to this many seconds, so that an entry is no stopwatch.</summary>
    public const ulong TimeStep = 60;

    /// <summary>The expiry that stands for "no end".</summary>
    public const ulong NoEnd = long.MaxValue;

    /// <summary>The index that stands for "no earlier STATE entry".</summary>
    public const ulong NoPreviousState = ulong.MaxValue;

    /// <summary>The index that stands for "no earlier EPOCH entry".</summary>
    public const ulong NoPreviousEpoch = ulong.MaxValue;

    /// <summary>What is recorded.</summary>
    public EntryKind Kind { get; private init; }

    /// <summary>Unix seconds, a multiple of 60.</summary>
    public ulong Time { get; private init; }

    /// <summary>EVENT, ENROL, ERASE: the commitment of the fact. STATE: the root of the consent-state map. EPOCH: the root over the epoch's tags. SUCCESSION: the hash of the statement.</summary>
    public Hash Commitment { get; private init; }

    /// <summary>EVENT, ENROL, ERASE: the tag in the patient's chain. STATE: count and previous STATE index. EPOCH: range, count and previous EPOCH index. SUCCESSION: number and frozen size.</summary>
    public Hash Tag { get; private init; }

    /// <summary>The operation on the consent-state map.</summary>
    public ConsentOperation Operation { get; private init; }

    /// <summary>The consent's handle; zero without an operation.</summary>
    public Hash Handle { get; private init; }

    /// <summary>Unix seconds at which the consent ends by itself, 1 to 2^63-1 (no end); 0 without an operation.</summary>
    public ulong NotAfter { get; private init; }

    /// <summary>HMAC over the consent's scope; zero without an operation.</summary>
    public Hash ScopeCommitment { get; private init; }

    /// <summary>STATE only: leaves in the map.</summary>
    public ulong StateCount => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes);

    /// <summary>STATE only: index of the STATE entry before, or <see cref="NoPreviousState"/>.</summary>
    public ulong PreviousState => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes[8..]);

    /// <summary>EPOCH only: the first entry of the epoch.</summary>
    public ulong EpochFrom => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes);

    /// <summary>EPOCH only: the entry behind the epoch's last one.</summary>
    public ulong EpochTo => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes[8..]);

    /// <summary>EPOCH only: tags in the epoch.</summary>
    public ulong EpochCount => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes[16..]);

    /// <summary>EPOCH only: index of the EPOCH entry before, or <see cref="NoPreviousEpoch"/>.</summary>
    public ulong PreviousEpoch => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes[24..]);

    /// <summary>SUCCESSION only: the statement's number.</summary>
    public ulong SuccessionNumber => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes);

    /// <summary>SUCCESSION only: entries under the last checkpoint of the retiring key.</summary>
    public ulong FrozenSize => BinaryPrimitives.ReadUInt64BigEndian(Tag.Bytes[8..]);

    /// <summary>True for the kinds that stand on a chain and carry its tag.</summary>
    public bool IsOnChain => Kind is EntryKind.Event or EntryKind.Enrol or EntryKind.Erase;

    /// <summary>An event without an operation.</summary>
    /// <param name="time">Rounded down to 60 s.</param>
    /// <param name="commitment">The fact's commitment.</param>
    /// <param name="tag">The tag in the chain, or 32 random bytes for a dummy.</param>
    /// <param name="kind">EVENT, ENROL or ERASE.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another kind.</exception>
    public static LedgerEntry ForEvent(DateTimeOffset time, in Hash commitment, in Hash tag, EntryKind kind = EntryKind.Event) =>
        kind is not (EntryKind.Event or EntryKind.Enrol or EntryKind.Erase)
            ? throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind that stands on a chain.")
            : new() { Kind = kind, Time = CoarseTime(time), Commitment = commitment, Tag = tag };

    /// <summary>An event that grants or withdraws a consent.</summary>
    /// <param name="time">Rounded down to 60 s.</param>
    /// <param name="commitment">The fact's commitment; its binding field repeats operation and handle.</param>
    /// <param name="tag">The tag in the patient's chain.</param>
    /// <param name="operation">Grant or withdraw.</param>
    /// <param name="handle">Random, never zero, never used before for a grant.</param>
    /// <param name="notAfter">Unix seconds, 1 to 2^63-1 (<see cref="NoEnd"/>).</param>
    /// <param name="scopeCommitment">The commitment of the scope.</param>
    /// <exception cref="ArgumentException">A value outside these ranges.</exception>
    public static LedgerEntry ForConsent(
        DateTimeOffset time, in Hash commitment, in Hash tag, ConsentOperation operation, in Hash handle, ulong notAfter, in Hash scopeCommitment)
    {
        if (operation is not (ConsentOperation.Grant or ConsentOperation.Withdraw) || handle.IsZero || notAfter is 0 or > NoEnd)
        {
            throw new ArgumentException("A consent entry needs an operation, a handle and an expiry.", nameof(operation));
        }

        return ForEvent(time, commitment, tag) with
        {
            Operation = operation,
            Handle = handle,
            NotAfter = notAfter,
            ScopeCommitment = scopeCommitment,
        };
    }

    /// <summary>The entry that ends a batch.</summary>
    /// <param name="time">Rounded down to 60 s.</param>
    /// <param name="mapRoot">The map's root after all entries before this one.</param>
    /// <param name="count">Leaves in the map.</param>
    /// <param name="previousState">Index of the STATE entry before, or <see cref="NoPreviousState"/>.</param>
    public static LedgerEntry ForState(DateTimeOffset time, in Hash mapRoot, ulong count, ulong previousState)
    {
        Span<byte> tag = stackalloc byte[Hash.Length];
        tag.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(tag, count);
        BinaryPrimitives.WriteUInt64BigEndian(tag[8..], previousState);
        return new() { Kind = EntryKind.State, Time = CoarseTime(time), Commitment = mapRoot, Tag = new Hash(tag) };
    }

    /// <summary>The entry that closes an epoch.</summary>
    /// <param name="time">Rounded down to 60 s.</param>
    /// <param name="root">The root over the epoch's sorted tags.</param>
    /// <param name="from">The first entry: where the epoch before ended, 0 for the first epoch.</param>
    /// <param name="to">The entry behind the last one, above <paramref name="from"/>.</param>
    /// <param name="count">Tags in the epoch, at most <c>to - from</c>.</param>
    /// <param name="previousEpoch">Index of the EPOCH entry before, or <see cref="NoPreviousEpoch"/>.</param>
    /// <exception cref="ArgumentException">The range is empty or smaller than the count.</exception>
    public static LedgerEntry ForEpoch(DateTimeOffset time, in Hash root, ulong from, ulong to, ulong count, ulong previousEpoch)
    {
        if (to <= from || count > to - from)
        {
            throw new ArgumentException("An epoch has at least one entry and no more tags than entries.", nameof(to));
        }

        Span<byte> tag = stackalloc byte[Hash.Length];
        BinaryPrimitives.WriteUInt64BigEndian(tag, from);
        BinaryPrimitives.WriteUInt64BigEndian(tag[8..], to);
        BinaryPrimitives.WriteUInt64BigEndian(tag[16..], count);
        BinaryPrimitives.WriteUInt64BigEndian(tag[24..], previousEpoch);
        return new() { Kind = EntryKind.Epoch, Time = CoarseTime(time), Commitment = root, Tag = new Hash(tag) };
    }

    /// <summary>The entry that commits to a succession of the log's key.</summary>
    /// <param name="time">Rounded down to 60 s.</param>
    /// <param name="commitment">SHA-256 of the statement's text.</param>
    /// <param name="number">The statement's number.</param>
    /// <param name="frozenSize">Entries under the last checkpoint of the retiring key.</param>
    public static LedgerEntry ForSuccession(DateTimeOffset time, in Hash commitment, ulong number, ulong frozenSize)
    {
        Span<byte> tag = stackalloc byte[Hash.Length];
        tag.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(tag, number);
        BinaryPrimitives.WriteUInt64BigEndian(tag[8..], frozenSize);
        return new() { Kind = EntryKind.Succession, Time = CoarseTime(time), Commitment = commitment, Tag = new Hash(tag) };
    }

    /// <summary>Unix seconds rounded down to <see cref="TimeStep"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Before 1970.</exception>
    public static ulong CoarseTime(DateTimeOffset time)
    {
        var seconds = time.ToUnixTimeSeconds();
        ArgumentOutOfRangeException.ThrowIfNegative(seconds, nameof(time));
        return (ulong)seconds / TimeStep * TimeStep;
    }

    /// <summary>Writes the 256 bytes.</summary>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public void Write(Span<byte> destination)
    {
        if (destination.Length < Size)
        {
            throw new ArgumentException($"An entry needs {Size} bytes.", nameof(destination));
        }

        var entry = destination[..Size];
        entry.Clear();
        entry[0] = Suite;
        entry[1] = (byte)Kind;
        BinaryPrimitives.WriteUInt64BigEndian(entry[8..], Time);
        Commitment.CopyTo(entry[16..]);
        Tag.CopyTo(entry[48..]);
        entry[80] = (byte)Operation;
        Handle.CopyTo(entry[88..]);
        BinaryPrimitives.WriteUInt64BigEndian(entry[120..], NotAfter);
        ScopeCommitment.CopyTo(entry[128..]);
    }

    /// <summary>A new array of the 256 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    /// <summary>The leaf hash of the entry in the ledger's tree.</summary>
    public Hash LeafHash()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return MerkleHash.Leaf(bytes);
    }

    /// <summary>The kind that an entry's bytes claim, for a reader that looks for one kind among many; unchecked.</summary>
    public static EntryKind KindOf(ReadOnlySpan<byte> bytes) => (EntryKind)bytes[1];

    /// <summary>Reads exactly 256 bytes. Every accepted input is what <see cref="Write"/> would write again.</summary>
    public static Parsed<LedgerEntry> Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            return new Fault("entry-length", $"An entry has {Size} bytes, not {bytes.Length}.");
        }

        if (bytes[0] != Suite)
        {
            return new Fault("entry-suite", $"Suite {bytes[0]} is not known here.");
        }

        if (bytes[1] is < (byte)EntryKind.Event or > (byte)EntryKind.Succession)
        {
            return new Fault("entry-kind", $"Kind {bytes[1]} is not known here.");
        }

        if (bytes[80] > (byte)ConsentOperation.Withdraw)
        {
            return new Fault("entry-operation", $"Operation {bytes[80]} is not known here.");
        }

        if (bytes[2..8].ContainsAnyExcept((byte)0) || bytes[81..88].ContainsAnyExcept((byte)0) || bytes[160..].ContainsAnyExcept((byte)0))
        {
            return new Fault("entry-reserved", "A reserved byte is not zero.");
        }

        var entry = new LedgerEntry
        {
            Kind = (EntryKind)bytes[1],
            Time = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            Commitment = new Hash(bytes[16..48]),
            Tag = new Hash(bytes[48..80]),
            Operation = (ConsentOperation)bytes[80],
            Handle = new Hash(bytes[88..120]),
            NotAfter = BinaryPrimitives.ReadUInt64BigEndian(bytes[120..]),
            ScopeCommitment = new Hash(bytes[128..160]),
        };
        return entry.Check() is { } fault ? fault : entry;
    }

    private Fault? Check()
    {
        if (Time > long.MaxValue || Time % TimeStep != 0)
        {
            return new Fault("entry-time", "The time is not a multiple of 60 s below 2^63.");
        }

        if (Operation == ConsentOperation.None)
        {
            if (!Handle.IsZero || NotAfter != 0 || !ScopeCommitment.IsZero)
            {
                return new Fault("entry-operation-fields", "Without an operation, handle, expiry and scope are zero.");
            }
        }
        else if (Kind != EntryKind.Event)
        {
            return new Fault("entry-operation-kind", "Only an EVENT changes the consent-state map.");
        }
        else if (Handle.IsZero || NotAfter is 0 or > NoEnd)
        {
            return new Fault("entry-operation-fields", "An operation needs a handle that is not zero and an expiry of 1 to 2^63-1.");
        }

        if (Kind == EntryKind.Epoch && (EpochTo <= EpochFrom || EpochCount > EpochTo - EpochFrom))
        {
            return new Fault("entry-epoch-range", "An EPOCH entry's range is empty, or has more tags than entries.");
        }

        return Kind is EntryKind.State or EntryKind.Succession && Tag.Bytes[16..].ContainsAnyExcept((byte)0)
            ? new Fault("entry-reserved", "A reserved byte of the tag of a STATE or SUCCESSION entry is not zero.")
            : null;
    }
}
