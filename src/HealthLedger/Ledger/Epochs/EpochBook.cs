using System.Buffers.Binary;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger.Epochs;

/// <summary>
/// The closed epochs of a ledger, and the closing of the next one: reads the entries since, sorts their tags, and appends an EPOCH entry that commits to
/// them. Off the hot path; appends go on meanwhile and belong to the epoch after (docs/formats/completeness.md).
/// </summary>
/// <remarks>Safe for several threads, one at a time. Memory while closing: 40 bytes for each entry of the epoch, three times.</remarks>
internal sealed class EpochBook(LedgerParts parts, Func<AppendRequest, CancellationToken, ValueTask<AppendOutcome>> append) : IDisposable
{
    private const int Chunk = 4096;

    /// <summary>The indices of the EPOCH entries, u64 each: a hint, so that a start need not read all entries. What it says is checked against them.</summary>
    private const string Remembered = "epochs";

    /// <summary>The next search for EPOCH entries begins here.</summary>
    private ulong _read;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<Epoch> _epochs = [];

    /// <summary>All closed epochs as of now, in order.</summary>
    public async ValueTask<IReadOnlyList<Epoch>> All(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            CatchUp(cancellation);
            return [.. _epochs];
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes the epoch that ends with the newest checkpoint.</summary>
    /// <returns>The epoch; the last one where nothing came after it; null where the ledger takes no entries now.</returns>
    public async ValueTask<Epoch?> Close(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            CatchUp(cancellation);
            var (last, to) = (_epochs.LastOrDefault(), parts.Published.Size);
            var from = last?.To ?? 0;
            if (last is not null && to <= last.Entry + 2)
            {
                // Only the EPOCH entry itself and its STATE entry came after.
                return last;
            }

            var rows = Rows(from, to, cancellation);
            var root = EpochTree.Root(rows);
            var commitment = new EpochCommitment(root, from, to, (ulong)rows.Length, last?.Entry ?? LedgerEntry.NoPreviousEpoch);
            if (await append(new AppendRequest { Events = [], Epoch = commitment }, cancellation) is not AppendOutcome.Appended appended)
            {
                return null;
            }

            parts.Storage.Replace(NameOf(_epochs.Count), EpochFile.Bytes(rows));
            CatchUp(cancellation);
            return _epochs[^1].Entry == appended.Indices[0] ? _epochs[^1] : throw new InvalidDataException("The EPOCH entry that was appended is not the last one.");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What each closed epoch says of a tag.</summary>
    public async ValueTask<IReadOnlyList<EpochProof>> Prove(Hash tag, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            CatchUp(cancellation);
            return [.. _epochs.Select((epoch, ordinal) => new EpochProof(epoch, Prove(epoch, ordinal, tag, cancellation)))];
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static string NameOf(int ordinal) => $"epoch-{ordinal:d8}.dat";

    private TagProof Prove(Epoch epoch, int ordinal, in Hash tag, CancellationToken cancellation)
    {
        using var file = EpochFile.Open(parts.Storage, NameOf(ordinal), epoch) ?? Remake(epoch, ordinal, cancellation);
        return file.Prove(tag);
    }

    private EpochFile Remake(Epoch epoch, int ordinal, CancellationToken cancellation)
    {
        parts.Storage.Replace(NameOf(ordinal), EpochFile.Bytes(Rows(epoch.From, epoch.To, cancellation)));
        return EpochFile.Open(parts.Storage, NameOf(ordinal), epoch)
            ?? throw new InvalidDataException($"The entries of the epoch that entry {epoch.Entry} closed do not lead to its root.");
    }

    private TagRow[] Rows(ulong from, ulong to, CancellationToken cancellation)
    {
        var rows = new List<TagRow>((int)Math.Min(to - from, int.MaxValue / 2));
        Read(from, to, (index, entry) =>
        {
            if (entry.IsOnChain)
            {
                rows.Add(new TagRow(entry.Tag, index));
            }
        }, cancellation);
        rows.Sort();
        return [.. rows];
    }

    /// <summary>Finds the EPOCH entries that were published since.</summary>
    private void CatchUp(CancellationToken cancellation)
    {
        var to = parts.Published.Size;
        if (_read == 0)
        {
            Remember(to);
        }

        var known = _epochs.Count;
        Read(_read, to, (index, entry) => _epochs.Add(Of(index, entry)), cancellation, EntryKind.Epoch);
        _read = to;
        if (_epochs.Count > known)
        {
            var indices = new byte[_epochs.Count * sizeof(ulong)];
            for (var i = 0; i < _epochs.Count; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(indices.AsSpan(i * sizeof(ulong)), _epochs[i].Entry);
            }

            parts.Storage.Replace(Remembered, indices);
        }
    }

    /// <summary>Takes up the epochs that were known before this start, as far as they hang together.</summary>
    private void Remember(ulong size)
    {
        if (!parts.Storage.List().Contains(Remembered))
        {
            return;
        }

        using var file = parts.Storage.Open(Remembered);
        var indices = new byte[file.Length / sizeof(ulong) * sizeof(ulong)];
        file.Read(indices, 0);
        for (var at = 0; at < indices.Length; at += sizeof(ulong))
        {
            var index = BinaryPrimitives.ReadUInt64BigEndian(indices.AsSpan(at));
            if (index >= size || !LedgerEntry.Parse(parts.Flat.ReadEntries(index, 1)).TryGet(out var entry, out _) || entry.Kind != EntryKind.Epoch
                || entry.PreviousEpoch != (_epochs.LastOrDefault()?.Entry ?? LedgerEntry.NoPreviousEpoch))
            {
                break;
            }

            _epochs.Add(Of(index, entry));
            _read = index + 1;
        }
    }

    private static Epoch Of(ulong index, in LedgerEntry entry) =>
        new(index, entry.Commitment, entry.EpochFrom, entry.EpochTo, entry.EpochCount, DateTimeOffset.FromUnixTimeSeconds((long)entry.Time));

    private void Read(ulong from, ulong to, Action<ulong, LedgerEntry> each, CancellationToken cancellation, EntryKind? only = null)
    {
        for (var at = from; at < to;)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = (int)Math.Min(Chunk, to - at);
            var entries = parts.Flat.ReadEntries(at, count);
            for (var i = 0; i < count; i++, at++)
            {
                var bytes = entries.AsSpan(i * LedgerEntry.Size, LedgerEntry.Size);
                if (only is { } kind && LedgerEntry.KindOf(bytes) != kind)
                {
                    continue;
                }

                each(at, LedgerEntry.Parse(bytes).TryGet(out var entry, out var fault) ? entry : throw new InvalidDataException($"Entry {at} cannot be read ({fault.Code})."));
            }
        }
    }
}
