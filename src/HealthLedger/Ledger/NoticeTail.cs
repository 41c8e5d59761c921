using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using HealthLedger.Ledger.Storage;
using HealthLedger.Sealing;

namespace HealthLedger.Ledger;

/// <summary>A notice of a committed batch.</summary>
/// <param name="First">The index of the batch's first entry: the size before it.</param>
/// <param name="Size">The checkpoint size of its batch: what to acknowledge once all notices of this size are dealt with.</param>
/// <param name="Entries">The batch's entries, of <see cref="Proofs.Entries.LedgerEntry.Size"/> bytes each.</param>
/// <param name="Bytes">What <see cref="AppendRequest.Notice"/> held.</param>
public sealed record LedgerNotice(ulong First, ulong Size, ReadOnlyMemory<byte> Entries, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The notices of committed batches, in order, at least once: the ledger's journal is the outbox. The cursor is moved by <see cref="Acknowledge"/> and
/// survives restarts; the journal keeps what lies behind it. A ledger that was never read from keeps nothing for a tail.
/// </summary>
public sealed class NoticeTail : IDisposable
{
    internal const string FileName = "tail";
    private const string NoticeLabel = "notice";
    private const string BatchLabel = "notices";
    private const int CursorSize = sizeof(ulong) + 32;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ILedgerStorage _storage;
    private readonly Journal _journal;
    private readonly LedgerKeys _keys;
    private readonly Func<ulong> _published;
    private readonly Lock _lock = new();
    private ILedgerFile? _file;
    private ulong _cursor;
    private int _readers;

    internal NoticeTail(ILedgerStorage storage, Journal journal, LedgerKeys keys, Func<ulong> published)
    {
        (_storage, _journal, _keys, _published) = (storage, journal, keys, published);
        if (storage.List().Contains(FileName))
        {
            _file = storage.Open(FileName);
            _cursor = ReadCursor(_file);
        }
    }

    /// <summary>The size up to which everything was acknowledged. A cursor lost to a crash begins again with the oldest notice kept.</summary>
    public ulong Cursor
    {
        get
        {
            lock (_lock)
            {
                return _cursor;
            }
        }
    }

    /// <summary>The journal is needed from this size on; the whole ledger's size where nobody reads.</summary>
    internal ulong NeededFrom => Volatile.Read(ref _file) is null ? ulong.MaxValue : Cursor;

    /// <summary>
    /// All notices behind the cursor, then those to come, until cancelled. One reader at a time. The first read of a new ledger makes the cursor: what
    /// was published before it is given only as far as the journal still has it.
    /// </summary>
    /// <exception cref="InvalidOperationException">Somebody reads already.</exception>
    public async IAsyncEnumerable<LedgerNotice> Read([EnumeratorCancellation] CancellationToken cancellation)
    {
        if (Interlocked.CompareExchange(ref _readers, 1, 0) != 0)
        {
            throw new InvalidOperationException("The tail has a reader already.");
        }

        try
        {
            Register();
            uint segment = 0;
            long position = 0;
            byte[] buffer = [];
            var size = Cursor;
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                size = Math.Max(size, Cursor); // what is acknowledged unread may be gone from the journal
                var record = size < _published() ? _journal.Next(ref segment, ref position, size, ref buffer) : null;
                if (record is null)
                {
                    await _wake.Reader.ReadAsync(cancellation).ConfigureAwait(false);
                    continue;
                }

                size = record.SizeAfter;
                var (first, entries) = (record.SizeBefore, record.Entries.ToArray()); // the buffer is the next record's too
                foreach (var notice in record.Notices.SelectMany(Open))
                {
                    yield return new LedgerNotice(first, size, entries, notice);
                }
            }
        }
        finally
        {
            Volatile.Write(ref _readers, 0);
        }
    }

    /// <summary>What the cursor's file holds; null where nobody ever read.</summary>
    internal byte[]? CursorFile()
    {
        lock (_lock)
        {
            return _file is null ? null : FileOf(_cursor);
        }
    }

    /// <summary>Everything up to and including this size is dealt with and need not be given again.</summary>
    public void Acknowledge(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, _published());
        lock (_lock)
        {
            if (size <= _cursor)
            {
                return;
            }

            Register();

            // Not flushed: a cursor that a power cut takes back gives notices twice, which "at least once" allows.
            _file!.Write(FileOf(size), 0);
            _cursor = size;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Writer.TryComplete();
        _file?.Dispose();
    }

    internal void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Seals the notices of one batch, each behind its length (u32), together.</summary>
    internal static void Seal(LedgerKeys keys, ReadOnlySpan<byte> notices, Span<byte> envelope) =>
        Envelope.Seal(keys.NoticeKey, BatchLabel, Encoding.UTF8.GetBytes(keys.Origin), notices, envelope);

    /// <summary>The notices in an envelope: a batch's, or a single one as the first version of the format has it.</summary>
    private IEnumerable<ReadOnlyMemory<byte>> Open(ReadOnlyMemory<byte> envelope)
    {
        var origin = Encoding.UTF8.GetBytes(_keys.Origin);
        if (Envelope.Open(_keys.NoticeKey, BatchLabel, origin, envelope.Span) is not { } notices)
        {
            return [Envelope.Open(_keys.NoticeKey, NoticeLabel, origin, envelope.Span) ?? throw new InvalidDataException("A notice in the journal does not open with this ledger's key.")];
        }

        var single = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < notices.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(notices.AsSpan(at));
            single.Add(notices.AsMemory(at + sizeof(uint), length));
            at += sizeof(uint) + length;
        }

        return single;
    }

    private void Register()
    {
        lock (_lock)
        {
            if (_file is null)
            {
                Volatile.Write(ref _file, _storage.Open(FileName));
                _storage.FlushDirectory();
            }
        }
    }

    private static byte[] FileOf(ulong size)
    {
        var cursor = new byte[CursorSize];
        BinaryPrimitives.WriteUInt64BigEndian(cursor, size);
        SHA256.HashData(cursor.AsSpan(0, sizeof(ulong)), cursor.AsSpan(sizeof(ulong)));
        return cursor;
    }

    private static ulong ReadCursor(ILedgerFile file)
    {
        Span<byte> cursor = stackalloc byte[CursorSize];
        return file.Read(cursor, 0) == CursorSize && SHA256.HashData(cursor[..sizeof(ulong)]).AsSpan().SequenceEqual(cursor[sizeof(ulong)..])
            ? BinaryPrimitives.ReadUInt64BigEndian(cursor)
            : 0;
    }
}
