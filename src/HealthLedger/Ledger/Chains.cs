using System.Collections.Concurrent;

namespace HealthLedger.Ledger;

/// <summary>How many events each chain has: found on first touch, kept from then on.</summary>
/// <remarks>About 150 bytes for each chain that this process met.</remarks>
internal sealed class Chains(Indexing indexing, EventTag tags)
{
    /// <summary>How many numbers behind the first that is missing are looked for too: tags lie anywhere in the index, so damage seldom takes several of one chain.</summary>
    private const ulong Beyond = 4;

    private readonly ConcurrentDictionary<UInt128, Lazy<ChainNumber>> _known = new();

    /// <summary>The chain's count.</summary>
    /// <exception cref="InvalidDataException">The index lacks an event of the chain, or cannot be read: its count would give a number away twice.</exception>
    /// <remarks>
    /// Nobody appends to a chain that was not loaded here before, so the count that the first caller finds cannot be overtaken while it looks.
    /// </remarks>
    public ChainNumber Load(EventChain chain) =>
        _known.GetOrAdd(
            chain.KeyMark,
            static (_, state) => new Lazy<ChainNumber>(() => new ChainNumber(state.self.CountStored(state.chain)), LazyThreadSafetyMode.PublicationOnly),
            (chain, self: this)).Value;

    /// <summary>Chains that were met.</summary>
    public int Count => _known.Count;

    /// <summary>Gallops until a number is missing, then halves: numbers are contiguous from 0.</summary>
    private ulong CountStored(EventChain chain)
    {
        ulong present = 0; // numbers below are there
        ulong step = 1;
        while (indexing.Find(tags.Of(chain, present + step - 1)) is not null)
        {
            present += step;
            step *= 2;
        }

        var absent = present + step - 1; // this number is not there
        while (present < absent)
        {
            var middle = present + ((absent - present) / 2);
            if (indexing.Find(tags.Of(chain, middle)) is not null)
            {
                present = middle + 1;
            }
            else
            {
                absent = middle;
            }
        }

        for (ulong beyond = 1; beyond <= Beyond; beyond++)
        {
            // Whoever looks second may be overtaken by appends of who looked first; what is found then is thrown away.
            if (indexing.Find(tags.Of(chain, present + beyond)) is not null && !IsLoaded(chain))
            {
                throw new InvalidDataException("The ledger's index lacks an event of a chain.");
            }
        }

        return present;
    }

    private bool IsLoaded(EventChain chain) => _known.TryGetValue(chain.KeyMark, out var known) && known.IsValueCreated;
}
