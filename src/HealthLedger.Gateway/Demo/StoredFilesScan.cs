using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Gateway.Demo;

/// <summary>
/// Looks through stored files for secrets that must not be there: each as UTF-8 and as UTF-16, at every byte offset. Many needles cost as much as one: a
/// window of six bytes is looked up in a bit filter first, and only what passes is compared.
/// </summary>
internal sealed class StoredFilesScan
{
    /// <summary>Shorter needles would be found by chance.</summary>
    public const int MinimumNeedle = 6;

    private const int BufferSize = 1 << 20;
    private readonly Dictionary<ulong, List<byte[]>> _needles = [];
    private readonly ulong[] _filter = new ulong[1 << 14];
    private int _longest = MinimumNeedle;

    /// <summary>How many distinct needles are looked for.</summary>
    public int Count { get; private set; }

    public void Add(string secret)
    {
        Add(Encoding.UTF8.GetBytes(secret));
        Add(Encoding.Unicode.GetBytes(secret));
    }

    public void Add(ReadOnlySpan<byte> needle)
    {
        if (needle.Length < MinimumNeedle)
        {
            return;
        }

        var window = Window(needle);
        if (!_needles.TryGetValue(window, out var sameStart))
        {
            _needles[window] = sameStart = [];
        }

        foreach (var known in sameStart)
        {
            if (needle.SequenceEqual(known))
            {
                return;
            }
        }

        sameStart.Add(needle.ToArray());
        var bit = FilterBit(window);
        _filter[bit >> 6] |= 1UL << (bit & 63);
        _longest = Math.Max(_longest, needle.Length);
        Count++;
    }

    /// <summary>The files under <paramref name="directories"/> in which a needle occurs, with how many times; and how many bytes were read.</summary>
    public (IReadOnlyDictionary<string, int> Found, long Bytes, int Files) Scan(IEnumerable<string> directories, CancellationToken cancellation)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        long bytes = 0;
        var files = 0;
        foreach (var file in directories.SelectMany(d => Directory.EnumerateFiles(d, "*", SearchOption.AllDirectories)))
        {
            cancellation.ThrowIfCancellationRequested();
            files++;
            if (new FileInfo(file).Length == 0)
            {
                // The lock that keeps a second process out is an empty file, and cannot be opened while it is held.
                continue;
            }

            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            var hits = Scan(stream, ref bytes);
            if (hits > 0)
            {
                found[file] = hits;
            }
        }

        return (found, bytes, files);
    }

    /// <summary>How often any needle occurs in <paramref name="stream"/>.</summary>
    public int Scan(Stream stream, ref long bytes)
    {
        var buffer = new byte[BufferSize + _longest];
        var kept = 0;
        var hits = 0;
        while (true)
        {
            var read = stream.Read(buffer, kept, BufferSize);
            bytes += read;
            var filled = kept + read;
            // Positions whose longest needle might run past the buffer are left for the next round, except at the end.
            var until = read == 0 ? filled : Math.Max(0, filled - _longest);
            for (var at = 0; at < until && at + MinimumNeedle <= filled; at++)
            {
                hits += HitsAt(buffer.AsSpan(at, filled - at));
            }

            if (read == 0)
            {
                return hits;
            }

            buffer.AsSpan(until, filled - until).CopyTo(buffer);
            kept = filled - until;
        }
    }

    private int HitsAt(ReadOnlySpan<byte> here)
    {
        var window = Window(here);
        var bit = FilterBit(window);
        if ((_filter[bit >> 6] & (1UL << (bit & 63))) == 0 || !_needles.TryGetValue(window, out var candidates))
        {
            return 0;
        }

        var hits = 0;
        foreach (var candidate in candidates)
        {
            hits += here.StartsWith(candidate) ? 1 : 0;
        }

        return hits;
    }

    private static ulong Window(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes) | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) << 32);

    private static int FilterBit(ulong window) => (int)((window * 0x9E3779B97F4A7C15UL) >> 44);
}
