using System.Collections.Immutable;

namespace HealthLedger.Vault;

/// <summary>
/// One writer at a time for each shelf, and for each record whose place could change. They share a fixed number of gates, always taken in ascending order, so that writers of several shelves
/// cannot wait for each other in a circle.
/// </summary>
internal sealed class ShelfLocks
{
    private const int Gates = 4096;
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>The numbers of the gates now held, to be given to <see cref="Release"/>.</summary>
    internal async ValueTask<ImmutableArray<int>> Take(IEnumerable<ShelfId> shelves, IEnumerable<(string Type, string Id)> records, CancellationToken cancellation)
    {
        var hashes = shelves.Select(shelf => shelf.GetHashCode()).Concat(records.Select(record => record.GetHashCode()));
        var numbers = hashes.Select(hash => (int)((uint)hash % Gates)).Distinct().Order().ToImmutableArray();
        for (var i = 0; i < numbers.Length; i++)
        {
            try
            {
                await gates[numbers[i]].WaitAsync(cancellation);
            }
            catch
            {
                Release(numbers[..i]);
                throw;
            }
        }

        return numbers;
    }

    internal void Release(ImmutableArray<int> numbers)
    {
        foreach (var number in numbers)
        {
            gates[number].Release();
        }
    }
}
