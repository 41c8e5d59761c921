using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.KeyHolder;

/// <summary>One use of a data key to open.</summary>
/// <param name="Index">The entry that permitted it; <see cref="UnwrapList.NoEntry"/> for terms that were extracted again.</param>
/// <param name="Target">Which of its targets.</param>
/// <param name="Time">The entry's time in Unix seconds, a multiple of 60.</param>
internal readonly record struct Unwrapped(ulong Index, uint Target, ulong Time);

/// <summary>
/// What the holder unwrapped: a file that only grows, 32 bytes for each version, durable before the key goes out. It names entries of the ledger and nothing of what is in them.
/// <code>index u64 | target u32 | minutes since 1970 u32 | first 16 bytes of SHA-256(record before (zeros for the first) || these 16 bytes)</code>
/// The chain shows a record that was changed or taken out; a piece at the end that is shorter than a record was never acknowledged. Not safe for several threads.
/// </summary>
internal sealed class UnwrapList : IDisposable
{
    /// <summary>The index that stands for "no entry".</summary>
    public const ulong NoEntry = ulong.MaxValue;

    private const int RecordSize = 32;
    private const int Half = RecordSize / 2;
    private readonly FileStream file;
    private readonly Dictionary<ulong, (ulong Time, HashSet<uint> Targets)> recent = [];
    private readonly byte[] last = new byte[RecordSize];
    private ulong pruned;
    private bool broken;

    private UnwrapList(FileStream file) => this.file = file;

    /// <summary>How many versions there were, those without an entry too.</summary>
    public ulong Count { get; private set; }

    /// <summary>How many of them were without an entry.</summary>
    public ulong WithoutEntry { get; private set; }

    /// <summary>Opens the list. One that is missing is not made anew: what was used would be forgotten.</summary>
    /// <param name="path">The file, empty where nothing was unwrapped yet.</param>
    /// <param name="oldest">Entries from before this Unix second permit nothing any more, so that their uses need not be remembered.</param>
    /// <exception cref="IOException">It is missing, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A record was changed or taken out.</exception>
    public static UnwrapList Open(string path, ulong oldest)
    {
        var list = new UnwrapList(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1 << 16));
        try
        {
            foreach (var each in list.ReadAll())
            {
                list.Remember(each, oldest);
            }

            list.file.SetLength((long)list.Count * RecordSize);
            list.file.Position = list.file.Length;
            return list;
        }
        catch
        {
            list.Dispose();
            throw;
        }
    }

    /// <summary>Reads a list that another process may be writing to.</summary>
    /// <returns>Its records in order, and the last one's chain value in hexadecimal digits.</returns>
    /// <exception cref="InvalidDataException">A record was changed or taken out.</exception>
    public static (IReadOnlyList<Unwrapped> Records, string Head) Read(string path)
    {
        using var list = new UnwrapList(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Unwrapped[] records = [.. list.ReadAll()];
        return (records, Convert.ToHexStringLower(list.last.AsSpan(Half)));
    }

    /// <summary>True where the target of that entry was unwrapped.</summary>
    public bool Has(ulong index, uint target) => recent.TryGetValue(index, out var used) && used.Targets.Contains(target);

    /// <summary>Adds uses; durable on return.</summary>
    /// <exception cref="IOException">They could not be made durable: no key must go out. From then on nothing is added; a start reads again what is there.</exception>
    public void Add(IReadOnlyList<Unwrapped> uses, ulong oldest)
    {
        if (broken)
        {
            throw new IOException("The list could not be made durable before.");
        }

        try
        {
            foreach (var use in uses)
            {
                Write(use, last);
                file.Write(last);
            }

            file.Flush(flushToDisk: true);
        }
        catch
        {
            // After a failed flush nobody knows what the disk holds.
            broken = true;
            throw;
        }

        foreach (var use in uses)
        {
            Remember(use, oldest);
        }

        Prune(oldest);
    }

    public void Dispose() => file.Dispose();

    private IEnumerable<Unwrapped> ReadAll()
    {
        var record = new byte[RecordSize];
        var expected = new byte[RecordSize];
        for (file.Position = 0; file.ReadAtLeast(record, RecordSize, throwOnEndOfStream: false) == RecordSize;)
        {
            var use = new Unwrapped(BinaryPrimitives.ReadUInt64BigEndian(record), BinaryPrimitives.ReadUInt32BigEndian(record.AsSpan(8)), 60UL * BinaryPrimitives.ReadUInt32BigEndian(record.AsSpan(12)));
            last.CopyTo(expected, 0);
            Write(use, expected);
            if (!expected.AsSpan().SequenceEqual(record))
            {
                throw new InvalidDataException($"Record {file.Position / RecordSize - 1} of {file.Name} is not what was written: the list was changed.");
            }

            record.CopyTo(last, 0);
            yield return use;
        }
    }

    /// <summary>Turns the record before into the next one.</summary>
    private static void Write(Unwrapped use, Span<byte> record)
    {
        Span<byte> chained = stackalloc byte[RecordSize + Half];
        record.CopyTo(chained);
        BinaryPrimitives.WriteUInt64BigEndian(record, use.Index);
        BinaryPrimitives.WriteUInt32BigEndian(record[8..], use.Target);
        BinaryPrimitives.WriteUInt32BigEndian(record[12..], (uint)(use.Time / 60));
        record[..Half].CopyTo(chained[RecordSize..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(chained, hash);
        hash[..Half].CopyTo(record[Half..]);
    }

    private void Remember(Unwrapped use, ulong oldest)
    {
        Count++;
        if (use.Index == NoEntry)
        {
            WithoutEntry++;
        }
        else if (use.Time >= oldest)
        {
            ref var used = ref CollectionsMarshal.GetValueRefOrAddDefault(recent, use.Index, out var known);
            used = known ? used : (use.Time, []);
            used.Targets.Add(use.Target);
        }
    }

    private void Prune(ulong oldest)
    {
        if (oldest < pruned + 600)
        {
            return;
        }

        pruned = oldest;
        foreach (var (index, _) in recent.Where(each => each.Value.Time < oldest).ToList())
        {
            recent.Remove(index);
        }
    }
}
