using System.Runtime.CompilerServices;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Cli.Verify;

/// <summary>Fetches tiles in order, some ahead.</summary>
internal static class TileFetch
{
    private const int Ahead = 16;
    private const int MaxBundle = TilePath.FullWidth * (EntryBundle.MaxEntry + sizeof(ushort));

    /// <summary>The tiles of one level, left to right, each with its bytes or null where it is missing.</summary>
    public static async IAsyncEnumerable<(TilePath Path, byte[]? Bytes)> Level(
        LedgerSource source, int level, ulong size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waiting = new Queue<(TilePath Path, Task<byte[]?> Bytes)>();
        foreach (var path in TilePath.AllAt(level, size))
        {
            waiting.Enqueue((path, One(source, path, cancellationToken)));
            if (waiting.Count > Ahead)
            {
                var (first, bytes) = waiting.Dequeue();
                yield return (first, await bytes);
            }
        }

        while (waiting.TryDequeue(out var next))
        {
            yield return (next.Path, await next.Bytes);
        }
    }

    /// <summary>
    /// One tile; null where it is missing. A log may drop a partial tile once the full one exists (c2sp.org/tlog-tiles, "Partial tiles"): then the full
    /// one's beginning stands for it.
    /// </summary>
    public static async Task<byte[]?> One(LedgerSource source, TilePath path, CancellationToken cancellationToken)
    {
        var limit = path.IsEntries ? MaxBundle : TilePath.FullWidth * Hash.Length;
        var bytes = await source.Fetch(path.ToString(), limit, cancellationToken);
        if (bytes is not null || !path.IsPartial || path.IsEntries)
        {
            return bytes;
        }

        var full = await source.Fetch(path.Full.ToString(), limit, cancellationToken);
        return full is { Length: TilePath.FullWidth * Hash.Length } ? full[..(path.Width * Hash.Length)] : full;
    }
}
