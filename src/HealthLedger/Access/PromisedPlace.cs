using HealthLedger.Ledger;

namespace HealthLedger.Access;

/// <summary>
/// What a receipt's id holds in the place of an entry's index while there is only a promise: the highest bit, which no index has, the promise's number in 31 bits, and how many events the chain had
/// in 32. So the entry is found when it is there, and nothing need be stored for it.
/// </summary>
internal readonly record struct PromisedPlace(ulong Number, ulong Before)
{
    private const ulong Mark = 1UL << 63;
    private const ulong MaxNumber = (1UL << 31) - 1;

    /// <summary>In the place of an index.</summary>
    public static ulong Of(GivenPromise promise)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(promise.Number, MaxNumber, nameof(promise));
        return Mark | (promise.Number << 32) | Math.Min(promise.Before, uint.MaxValue);
    }

    /// <summary>What is in the place of an index; null where that is one.</summary>
    public static PromisedPlace? Parse(ulong index) => (index & Mark) == 0 ? null : new PromisedPlace((index >> 32) & MaxNumber, (uint)index);
}
