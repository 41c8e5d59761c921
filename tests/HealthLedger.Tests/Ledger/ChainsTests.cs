// docs/formats/entry.md, tags: the numbers of a chain are contiguous from 0, and none is given away twice. How many there are is looked up in the index at the first touch.
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class ChainsTests
{
    private static readonly EventChain s_chain = TestLedger.Chain("patient");
    private readonly EventTag _tags = new(TestLedger.Origin);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public void The_count_of_a_chain_is_the_first_number_that_the_index_lacks(ulong events)
    {
        var index = new PausingIndex();
        Add(index, 0, events);
        Assert.Equal(events, new Chains(new Indexing(index), _tags).Load(s_chain).Count);
    }

    [Fact]
    public void A_number_that_is_missing_where_the_count_would_end_while_later_ones_are_there_is_damage()
    {
        var index = new PausingIndex();
        Add(index, 0, 2);
        Add(index, 3, 6);
        Assert.Throws<InvalidDataException>(() => new Chains(new Indexing(index), _tags).Load(s_chain));
    }

    [Fact]
    public void Who_looks_second_and_is_overtaken_by_appends_of_the_first_gets_the_first_ones_count()
    {
        var index = new PausingIndex();
        Add(index, 0, 3);
        var chains = new Chains(new Indexing(index), _tags);
        ChainNumber? first = null;
        index.WhenMissing = () =>
        {
            index.WhenMissing = null;
            first = chains.Load(s_chain);
            Add(index, 3, 9);
        };

        Assert.Same(chains.Load(s_chain), first);
        Assert.Equal(3ul, first!.Count);
    }

    private void Add(PausingIndex index, ulong from, ulong to)
    {
        for (var number = from; number < to; number++)
        {
            index.Tags[EventTag.Short(_tags.Of(s_chain, number))] = number;
        }
    }

    /// <summary>Does something between finding nothing and saying so.</summary>
    private sealed class PausingIndex : ILedgerIndex
    {
        public Dictionary<UInt128, ulong> Tags { get; } = [];

        public Action? WhenMissing { get; set; }

        public ulong AppliedSize => (ulong)Tags.Count;

        public ulong? Find(UInt128 tag)
        {
            if (Tags.TryGetValue(tag, out var index))
            {
                return index;
            }

            WhenMissing?.Invoke();
            return null;
        }

        public IEnumerable<ConsentLeaf> Leaves() => [];

        public void Apply(ulong size, IReadOnlyCollection<TagPlace> tags, IReadOnlyCollection<ConsentLeaf> leaves) => throw new NotSupportedException();

        public void Clear() => Tags.Clear();

        public void Dispose()
        {
        }
    }
}
