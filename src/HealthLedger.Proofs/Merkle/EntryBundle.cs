using System.Buffers.Binary;

namespace HealthLedger.Proofs.Merkle;

/// <summary>Up to 256 entries, each with its length in two bytes before it, big-endian (c2sp.org/tlog-tiles, "Log entries").</summary>
public static class EntryBundle
{
    /// <summary>The longest entry.</summary>
    public const int MaxEntry = ushort.MaxValue;

    /// <summary>Writes one entry with its length.</summary>
    /// <returns>Bytes written: 2 more than the entry has.</returns>
    /// <exception cref="ArgumentException">The entry is longer than 65,535 bytes or the destination too short.</exception>
    public static int Write(ReadOnlySpan<byte> entry, Span<byte> destination)
    {
        if (entry.Length > MaxEntry)
        {
            throw new ArgumentException($"An entry has at most {MaxEntry} bytes.", nameof(entry));
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)entry.Length);
        entry.CopyTo(destination[2..]);
        return entry.Length + 2;
    }

    /// <summary>The bundle of these entries.</summary>
    public static byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var bundle = new byte[entries.Sum(entry => entry.Length + 2)];
        var at = 0;
        foreach (var entry in entries)
        {
            at += Write(entry.Span, bundle.AsSpan(at));
        }

        return bundle;
    }

    /// <summary>Reads exactly <paramref name="width"/> entries (1 to 256) and nothing after them. The entries are slices of the bundle.</summary>
    public static Parsed<IReadOnlyList<ReadOnlyMemory<byte>>> Parse(ReadOnlyMemory<byte> bundle, int width)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)width - 1, TilePath.FullWidth - 1u);
        var entries = new ReadOnlyMemory<byte>[width];
        var at = 0;
        for (var i = 0; i < width; i++)
        {
            if (bundle.Length - at < 2)
            {
                return new Fault("bundle-short", $"The bundle ends before entry {i} of {width}.");
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(bundle.Span[at..]);
            at += 2;
            if (bundle.Length - at < length)
            {
                return new Fault("bundle-short", $"The bundle ends inside entry {i} of {width}.");
            }

            entries[i] = bundle.Slice(at, length);
            at += length;
        }

        return at == bundle.Length ? entries : new Fault("bundle-trailing", $"The bundle has {bundle.Length - at} bytes after its last entry.");
    }
}
