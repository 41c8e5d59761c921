using System.Buffers.Binary;
using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Sealing;
using Operation = HealthLedger.Proofs.Entries.ConsentOperation;

namespace HealthLedger.Ledger;

/// <summary>
/// One batch in the making: who gets in, under which numbers, in which order, and the journal record of it. Changes nothing outside itself except the
/// consent map, which the sequencer keeps locked meanwhile. Reused from batch to batch.
/// </summary>
internal sealed class BatchDraft(LedgerOptions options, EventTag tags, DecisionVersions versions, ConsentStates states)
{
    private readonly Dictionary<ChainNumber, ulong> _numbers = [];
    private readonly Dictionary<string, long> _raised = new(StringComparer.Ordinal);
    private readonly HashSet<Hash> _handles = [];
    private readonly List<(int Append, int Event)> _order = [];
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>Requests that are in the batch.</summary>
    public List<PendingAppend> Accepted { get; } = [];

    /// <summary>Requests that touch a consent which this batch changes already: they begin the next one, because a batch's entries have no order.</summary>
    public List<PendingAppend> Deferred { get; } = [];

    /// <summary>Requests whose decision rests on something that changed, and what. They hear of it after the batch, when the change can be read.</summary>
    public List<(PendingAppend Append, ImmutableArray<string> Subjects)> Stale { get; } = [];

    public List<TagPlace> Tags { get; } = [];

    public List<ConsentLeaf> Leaves { get; } = [];

    public bool ChangesConsents => _handles.Count > 0;

    public bool HasRedo { get; private set; }

    public JournalRecord Record { get; private set; } = null!;

    public TreeGrowth Growth { get; private set; } = null!;

    public Hash MapRoot { get; private set; }

    /// <summary>Decides about each candidate in order: guards, consent rules, then its chain numbers.</summary>
    public void Admit(List<PendingAppend> candidates)
    {
        Accepted.Clear();
        Deferred.Clear();
        Stale.Clear();
        _numbers.Clear();
        _raised.Clear();
        _handles.Clear();
        HasRedo = false;
        foreach (var append in candidates)
        {
            if (ChangesConsents && TouchesChanged(append))
            {
                Deferred.Add(append);
            }
            else if (append.TryBegin())
            {
                AdmitOne(append);
            }
        }
    }

    /// <summary>Commits what the batch changed in memory: chain counts and decision versions.</summary>
    public void CommitCounts()
    {
        foreach (var (chain, next) in _numbers)
        {
            chain.Count = next;
        }
    }

    public void CommitVersions() => versions.Commit(_raised);

    /// <summary>Puts the admitted events in random order, the STATE entry behind them, and writes the record.</summary>
    /// <param name="tree">The tree before the batch.</param>
    /// <param name="time">Of every entry.</param>
    /// <param name="mapRoot">The consent map's root before the batch.</param>
    /// <param name="factsOffset">Where the batch's facts begin in their file.</param>
    /// <param name="lastRedo">The checkpoint size of the last batch with redo bytes.</param>
    public void Write(CompactRange tree, DateTimeOffset time, Hash mapRoot, ulong factsOffset, ulong lastRedo)
    {
        Shuffle();
        var own = Accepted.FindAll(append => append.Request.HasOwnEntry);
        var count = _order.Count + own.Count + 1;
        var lengthsAt = JournalRecord.HeaderSize + (count * LedgerEntry.Size);
        var factsAt = lengthsAt + (count * sizeof(uint));
        var length = factsAt + JournalRecord.ChecksumSize;
        var (factBytes, noticeBytes) = (0, 0);
        foreach (var append in Accepted)
        {
            foreach (var fact in append.Facts)
            {
                factBytes += fact.Length;
            }

            length += Framed(append.Request.Redo.Length);
            noticeBytes += Framed(append.Request.Notice.Length);
        }

        var sealedNotices = noticeBytes == 0 ? 0 : noticeBytes + Envelope.Overhead;
        length += factBytes + Framed(sealedNotices);
        if (_buffer.Length < length)
        {
            _buffer = new byte[length + (length / 2)];
        }

        var record = _buffer.AsSpan(0, length);
        WriteEntries(record, lengthsAt, factsAt, tree.Size, time);
        WriteOwn(record, lengthsAt, own, tree.Size, time);

        // The STATE entry commits to the map after every operation of the batch, so it comes last of all.
        MapRoot = ChangesConsents ? states.Map.Root : mapRoot;
        var previous = tree.Size == 0 ? LedgerEntry.NoPreviousState : tree.Size - 1;
        LedgerEntry.ForState(time, MapRoot, (ulong)states.Map.Count, previous).Write(record[(JournalRecord.HeaderSize + ((count - 1) * LedgerEntry.Size))..]);
        BinaryPrimitives.WriteUInt32BigEndian(record[(factsAt - sizeof(uint))..], 0);

        var redoAt = factsAt + factBytes;
        var (redo, noticesAt) = WriteBlobs(record, redoAt, append => append.Request.Redo.Span);
        var end = noticesAt + Framed(sealedNotices);
        if (sealedNotices > 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(record[noticesAt..], (uint)sealedNotices);
            SealNotices(record[(noticesAt + sizeof(uint))..end], noticeBytes);
        }

        HasRedo = redo > 0;

        Growth = TreeGrowth.Of(tree, record.Slice(JournalRecord.HeaderSize, count * LedgerEntry.Size));
        JournalRecord.WriteHeader(
            record, count, length, tree.Size, time, factsOffset, (ulong)factBytes, redo, sealedNotices > 0 ? 1 : 0, lastRedo, noticesAt, Growth.Root, MapRoot);
        Record = JournalRecord.Complete(_buffer.AsMemory(0, length));
    }

    private void SealNotices(Span<byte> envelope, int noticeBytes)
    {
        var rented = ArrayPool<byte>.Shared.Rent(noticeBytes);
        var plain = rented.AsSpan(0, noticeBytes);
        _ = WriteBlobs(plain, 0, append => append.Request.Notice.Span);
        NoticeTail.Seal(options.Keys, plain, envelope);
        CryptographicOperations.ZeroMemory(plain);
        ArrayPool<byte>.Shared.Return(rented);
    }

    private static int Framed(int length) => length == 0 ? 0 : length + sizeof(uint);

    /// <summary>Whether a request changes a consent that this batch changes already.</summary>
    private bool TouchesChanged(PendingAppend append)
    {
        foreach (var pending in append.Request.Events)
        {
            if (pending.Operation is { } operation && _handles.Contains(new Hash(operation.Handle.Span)))
            {
                return true;
            }
        }

        return false;
    }

    private void AdmitOne(PendingAppend append)
    {
        if (IsStale(append))
        {
            Stale.Add((append, [.. append.Request.Expected.Where(IsStale).Select(expected => expected.Subject)]));
            return;
        }

        foreach (var pending in append.Request.Events)
        {
            if (pending.Operation is { } operation && !ReplayConsentState.Check(states.Map, 0, EntryOf(operation)).Holds)
            {
                append.Fail(new ArgumentException(operation.Withdraw
                    ? "The append withdraws a consent that is not granted."
                    : "The append grants a consent under a handle that was used before."));
                return;
            }
        }

        foreach (var pending in append.Request.Events)
        {
            if (pending.Operation is { } operation)
            {
                _handles.Add(new Hash(operation.Handle.Span));
            }
        }

        foreach (var subject in append.Request.Raises)
        {
            _raised[subject] = Version(subject) + 1;
        }

        for (var i = 0; i < append.Events; i++)
        {
            var chain = append.Chains[i];
            append.Numbers[i] = _numbers.TryGetValue(chain, out var next) ? next : chain.Count;
            _numbers[chain] = append.Numbers[i] + 1;
        }

        Accepted.Add(append);
    }

    private bool IsStale(PendingAppend append)
    {
        foreach (var expected in append.Request.Expected)
        {
            if (IsStale(expected))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsStale(DecisionVersion expected) => Version(expected.Subject) != expected.Version;

    private long Version(string subject) => _raised.TryGetValue(subject, out var raised) ? raised : versions[subject];

    private static LedgerEntry EntryOf(ConsentOperation operation) =>
        LedgerEntry.ForConsent(
            DateTimeOffset.UnixEpoch, default, default, operation.Withdraw ? Operation.Withdraw : Operation.Grant, new Hash(operation.Handle.Span),
            (ulong)operation.NotAfter, new Hash(operation.ScopeCommitment.Span));

    private void Shuffle()
    {
        _order.Clear();
        for (var a = 0; a < Accepted.Count; a++)
        {
            for (var e = 0; e < Accepted[a].Events; e++)
            {
                _order.Add((a, e));
            }
        }

        // Fisher and Yates; 64 random bits for each step make the remainder's bias smaller than 2^-47.
        var random = _order.Count > 1 ? new byte[_order.Count * sizeof(ulong)] : [];
        options.Random.GetBytes(random);
        for (var i = _order.Count - 1; i > 0; i--)
        {
            var other = (int)(BinaryPrimitives.ReadUInt64BigEndian(random.AsSpan(i * sizeof(ulong))) % (ulong)(i + 1));
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }
    }

    private void WriteEntries(Span<byte> record, int lengthsAt, int factsAt, ulong size, DateTimeOffset time)
    {
        Tags.Clear();
        Leaves.Clear();
        for (var i = 0; i < _order.Count; i++)
        {
            var (a, e) = _order[i];
            var append = Accepted[a];
            var pending = append.Request.Events[e];
            var index = size + (ulong)i;
            var tag = tags.Of(pending.Chain, append.Numbers[e]);
            var entry = EntryOf(pending, tag, time);
            entry.Write(record[(JournalRecord.HeaderSize + (i * LedgerEntry.Size))..]);
            append.Indices[e] = index;
            Tags.Add(new TagPlace(EventTag.Short(tag), index));
            if (pending.Operation is not null)
            {
                var state = ConsentState.After(index, entry);
                states.Set(entry.Handle, state);
                Leaves.Add(new ConsentLeaf(entry.Handle, state));
            }

            var fact = append.Facts[e];
            BinaryPrimitives.WriteUInt32BigEndian(record[(lengthsAt + (i * sizeof(uint)))..], (uint)fact.Length);
            fact.CopyTo(record[factsAt..]);
            factsAt += fact.Length;
        }
    }

    private void WriteOwn(Span<byte> record, int lengthsAt, List<PendingAppend> own, ulong size, DateTimeOffset time)
    {
        for (var i = 0; i < own.Count; i++)
        {
            var (position, request) = (_order.Count + i, own[i].Request);
            var entry = request.Epoch is { } epoch
                ? LedgerEntry.ForEpoch(time, epoch.Root, epoch.From, epoch.To, epoch.Count, epoch.Previous)
                : LedgerEntry.ForSuccession(time, request.Succession!.Commitment, request.Succession.Number, request.Succession.FrozenSize);
            entry.Write(record[(JournalRecord.HeaderSize + (position * LedgerEntry.Size))..]);
            BinaryPrimitives.WriteUInt32BigEndian(record[(lengthsAt + (position * sizeof(uint)))..], 0);
            own[i].Indices[^1] = size + (ulong)position;
        }
    }

    private static LedgerEntry EntryOf(PendingEvent pending, in Hash tag, DateTimeOffset time)
    {
        var commitment = new Hash(pending.Commitment.Span);
        return pending.Operation is { } operation
            ? LedgerEntry.ForConsent(
                time, commitment, tag, operation.Withdraw ? Operation.Withdraw : Operation.Grant, new Hash(operation.Handle.Span),
                (ulong)operation.NotAfter, new Hash(operation.ScopeCommitment.Span))
            : LedgerEntry.ForEvent(time, commitment, tag, pending.Kind);
    }

    private (int Count, int End) WriteBlobs(Span<byte> record, int at, Func<PendingAppend, ReadOnlySpan<byte>> blobOf)
    {
        var count = 0;
        foreach (var append in Accepted)
        {
            var blob = blobOf(append);
            if (blob.IsEmpty)
            {
                continue;
            }

            BinaryPrimitives.WriteUInt32BigEndian(record[at..], (uint)blob.Length);
            blob.CopyTo(record[(at + sizeof(uint))..]);
            at += sizeof(uint) + blob.Length;
            count++;
        }

        return (count, at);
    }
}
