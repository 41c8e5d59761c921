using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

/// <summary>What the disk does with one operation.</summary>
internal enum Fault
{
    /// <summary>Does it.</summary>
    None,

    /// <summary>Does not do it, and says so.</summary>
    NotDone,

    /// <summary>Does it, and says that it failed.</summary>
    DoneButFailed,

    /// <summary>Has no room: writes the first half.</summary>
    Full,
}

/// <summary>
/// A disk in memory that keeps apart what was flushed and what was only written, so that a power cut can be played: unflushed writes are lost, kept or
/// torn, each on its own. Any operation can be made to fail.
/// </summary>
internal sealed class ForgetfulDisk : ILedgerStorage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Content> _files;
    private readonly List<(string From, string To)> _renamed = [];
    private bool _dead;

    public ForgetfulDisk()
        : this([])
    {
    }

    private ForgetfulDisk(Dictionary<string, Content> files) => _files = files;

    /// <summary>Asked before each operation: file name, "write", "flush", "cut", "replace" or "rename" (then the new name).</summary>
    public Func<string, string, Fault> Decide { get; set; } = (_, _) => Fault.None;

    /// <summary>Every operation in order, "flush lock" and so on.</summary>
    public List<string> History { get; } = [];

    public long FreeBytes { get; set; } = long.MaxValue;

    /// <summary>True for a disk that gives room ahead.</summary>
    public bool OffersRoom { get; set; }

    /// <summary>No room for anything that is not reserved, for no byte and no name.</summary>
    public bool IsFull { get; set; }

    /// <summary>The process dies; what it wrote is with the operating system and survives.</summary>
    public ForgetfulDisk Kill()
    {
        lock (_lock)
        {
            _dead = true;
            return new ForgetfulDisk(_files.ToDictionary(file => file.Key, file => new Content(file.Value.Current, durable: true)));
        }
    }

    /// <summary>The power fails; of what was not flushed anything may be left.</summary>
    /// <param name="chance">Decides about each unflushed write: below 0 lost, 0 kept, above 0 kept up to that many bytes.</param>
    public ForgetfulDisk CutPower(Func<int> chance)
    {
        lock (_lock)
        {
            _dead = true;
            var left = new Dictionary<string, Content>();
            foreach (var (from, to) in Enumerable.Reverse(_renamed).TakeWhile(_ => chance() < 0))
            {
                _files.Remove(to, out var content);
                _files[from] = content!;
            }

            foreach (var (name, file) in _files.Where(file => file.Value.NameIsDurable || chance() >= 0))
            {
                var content = new Content(file.Flushed, durable: true);
                foreach (var change in file.Unflushed)
                {
                    var kept = chance();
                    if (kept >= 0)
                    {
                        content.Do(kept == 0 ? change : change.TornAt(kept));
                    }
                }

                left[name] = new Content(content.Current, durable: true);
            }

            return new ForgetfulDisk(left);
        }
    }

    public byte[] this[string name]
    {
        get
        {
            lock (_lock)
            {
                return [.. _files[name].Current];
            }
        }

        set
        {
            lock (_lock)
            {
                _files[name] = new Content([.. value], durable: true);
            }
        }
    }

    /// <summary>Changes what an open file holds, behind its user's back.</summary>
    public void Overwrite(string name, byte[] bytes)
    {
        lock (_lock)
        {
            _files[name].Do(new Change(0, bytes, 0));
        }
    }

    public IReadOnlyList<string> List()
    {
        lock (_lock)
        {
            return [.. _files.Keys];
        }
    }

    public ILedgerFile Open(string name)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(name, out var content))
            {
                if (IsFull)
                {
                    throw new StorageFullException(name, null);
                }

                _files[name] = content = new Content([], durable: false);
            }

            return new OpenFile(this, name, content);
        }
    }

    public void Delete(string name)
    {
        lock (_lock)
        {
            _files.Remove(name);
        }
    }

    public void Rename(string name, string newName) =>
        Perform(newName, "rename", full =>
        {
            if (full)
            {
                return;
            }

            _files.Remove(name, out var content);
            _files.Add(newName, content ?? throw new FileNotFoundException(name));
            _renamed.Add((name, newName));
        });

    public void FlushDirectory() =>
        Perform("directory", "flush", _ =>
        {
            _renamed.Clear();
            foreach (var file in _files.Values)
            {
                file.NameIsDurable = true;
            }
        });

    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        if (IsFull)
        {
            throw new StorageFullException(name, null);
        }

        var bytes = content.ToArray();
        Perform(name, "replace", _ => _files[name] = new Content(bytes, durable: true));
    }

    public void Dispose()
    {
    }

    private void Perform(string file, string operation, Action<bool> effect)
    {
        lock (_lock)
        {
            if (_dead)
            {
                throw new IOException("The process that held this disk is dead.");
            }

            History.Add($"{operation} {file}");
            var fault = Decide(file, operation);
            if (fault is Fault.None or Fault.DoneButFailed)
            {
                effect(false);
            }

            if (fault == Fault.Full)
            {
                effect(true);
                throw new StorageFullException(file, null);
            }

            if (fault != Fault.None)
            {
                throw new IOException($"{operation} {file} failed.");
            }
        }
    }

    private sealed record Change(long Offset, byte[]? Bytes, long Length)
    {
        public Change TornAt(int kept) => Bytes is null || kept >= Bytes.Length ? this : this with { Bytes = Bytes[..kept] };
    }

    private sealed class Content(byte[] initial, bool durable)
    {
        public byte[] Current { get; private set; } = initial;

        public byte[] Flushed { get; private set; } = durable ? initial : [];

        public List<Change> Unflushed { get; } = [];

        public bool NameIsDurable { get; set; } = durable;

        /// <summary>Up to here there is room, whatever becomes of the disk.</summary>
        public long Room { get; set; }

        public void Do(Change change)
        {
            Unflushed.Add(change);
            var length = change.Bytes is null ? change.Length : Math.Max(Current.Length, change.Offset + change.Bytes.Length);
            var next = new byte[length];
            Current.AsSpan(0, (int)Math.Min(length, Current.Length)).CopyTo(next);
            change.Bytes?.CopyTo(next, change.Offset);
            Current = next;
        }

        public void Flush()
        {
            Flushed = Current;
            Unflushed.Clear();
        }
    }

    private sealed class OpenFile(ForgetfulDisk disk, string name, Content content) : ILedgerFile
    {
        public long Length
        {
            get
            {
                lock (disk._lock)
                {
                    return content.Current.Length;
                }
            }
        }

        public int Read(Span<byte> buffer, long offset)
        {
            byte[] current;
            lock (disk._lock)
            {
                current = content.Current;
            }

            if (offset >= current.Length)
            {
                return 0;
            }

            var count = (int)Math.Min(buffer.Length, current.Length - offset);
            current.AsSpan((int)offset, count).CopyTo(buffer);
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var copy = bytes.ToArray();
            if (disk.IsFull && offset + copy.Length > Math.Max(content.Room, content.Current.Length))
            {
                throw new StorageFullException(name, null);
            }

            disk.Perform(name, "write", half => content.Do(new Change(offset, half ? copy[..(copy.Length / 2)] : copy, 0)));
        }

        public void Flush() => disk.Perform(name, "flush", _ => content.Flush());

        public void SetLength(long length)
        {
            disk.Perform(name, "cut", _ => content.Do(new Change(0, null, length)));
            content.Room = 0;
        }

        public Reserving Reserve(long end)
        {
            lock (disk._lock)
            {
                if (!disk.OffersRoom || (disk.IsFull && end > content.Room))
                {
                    return disk.OffersRoom ? Reserving.NoRoom : Reserving.NotOffered;
                }

                content.Room = Math.Max(content.Room, end);
                return Reserving.Kept;
            }
        }

        public void Dispose()
        {
        }
    }
}
