using HealthLedger.Ledger.Storage;

namespace HealthLedger.Ledger;

/// <summary>
/// A copy of the ledger's directory that is made while it takes entries: everything up to one published checkpoint and nothing behind it. From its beginning to its end the
/// ledger keeps its journal, so that a store that was copied in between is brought forward by the copy (docs/decisions/0001, 0015).
/// </summary>
/// <remarks>Derived files are left out: the index and the epochs' files are made again from the entries.</remarks>
public sealed class LedgerCopy : IDisposable
{
    private const int Chunk = 1 << 20;
    private static readonly TimeSpan s_commit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(2);
    private readonly LedgerParts _parts;
    private int _disposed;

    internal LedgerCopy(LedgerParts parts)
    {
        _parts = parts;
        parts.Journal.Hold();
    }

    /// <summary>Bytes that <see cref="Write"/> would write now.</summary>
    public long Bytes => Files(_parts.Locked).Sum(file => file.Length);

    /// <summary>Writes the copy, of the newest checkpoint. Not durable on return.</summary>
    /// <param name="directory">An empty directory.</param>
    /// <param name="atLeast">The size that a store had applied when it was copied: the copy is no older.</param>
    /// <param name="cancellation">Stops it; what was written stays.</param>
    /// <returns>The checkpoint that the copy ends with.</returns>
    /// <exception cref="IOException">A file cannot be written, or the ledger does not get to <paramref name="atLeast"/>.</exception>
    public Published Write(string directory, ulong atLeast, CancellationToken cancellation)
    {
        // A store has a batch some moments before its checkpoint is published.
        for (var waited = TimeSpan.Zero; _parts.Published.Size < atLeast; waited += s_look)
        {
            if (waited > s_commit)
            {
                throw new IOException("The ledger does not publish what its store has applied.");
            }

            cancellation.WaitHandle.WaitOne(s_look);
            cancellation.ThrowIfCancellationRequested();
        }

        // In this order: what rests on the ledger is read first, so that none of it is ahead of the copy.
        var final = _parts.Cosignatures?.Final;
        var cursor = _parts.Tail.CursorFile();
        var late = _parts.Late.File();
        var successions = SuccessionsFile();
        var locked = _parts.Locked;
        foreach (var (name, length) in Files(locked))
        {
            Copy(name, length, directory, cancellation);
        }

        WriteNew(directory, "checkpoint", locked.Note);
        if (final is not null)
        {
            WriteNew(directory, Cosignatures.FileName, final.Note.Span);
        }

        if (cursor is not null)
        {
            WriteNew(directory, NoticeTail.FileName, cursor);
        }

        if (late is not null)
        {
            WriteNew(directory, Promises.LateRuns.FileName, late);
        }

        if (successions is not null)
        {
            WriteNew(directory, Keeper.SuccessionsFile, successions);
        }

        // All of the copy is made durable before it counts, so its start need not apply anything again.
        WriteNew(directory, LockCheckpoint.FileName, LockCheckpoint.FileOf(locked with { FlatDurable = locked.Size }));
        return new Published(locked.Size, locked.Root, locked.MapRoot, locked.Time, locked.Note);
    }

    /// <summary>The ledger may delete journal segments again.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _parts.Journal.LetGo();
        }
    }

    private byte[]? SuccessionsFile()
    {
        if (!_parts.Storage.List().Contains(Keeper.SuccessionsFile))
        {
            return null;
        }

        using var file = _parts.Storage.Open(Keeper.SuccessionsFile);
        var bytes = new byte[file.Length];
        return bytes[..file.Read(bytes, 0)];
    }

    private IEnumerable<(string Name, long Length)> Files(LockState locked) =>
        _parts.Flat.FilesAt(locked.Size).Concat(_parts.Journal.FilesUpTo(locked.Segment, locked.Position));

    private void Copy(string name, long length, string directory, CancellationToken cancellation)
    {
        using var source = _parts.Storage.Open(name);
        using var target = Create(directory, name);
        var buffer = new byte[Math.Min(Chunk, Math.Max(length, 1))];
        for (long at = 0; at < length;)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
            if (source.Read(part, at) != part.Length)
            {
                throw new EndOfStreamException($"{name} is shorter than its checkpoint says.");
            }

            target.Write(part);
            at += part.Length;
        }
    }

    private static void WriteNew(string directory, string name, ReadOnlySpan<byte> content)
    {
        using var file = Create(directory, name);
        file.Write(content);
    }

    private static FileStream Create(string directory, string name)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Combine(directory, name), options);
    }
}
