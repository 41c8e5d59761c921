using System.Diagnostics.CodeAnalysis;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>An ordered FHIRPath collection. A struct, since most hold one item or none: those cost no allocation. The default value is the empty collection.</summary>
internal readonly struct Items
{
    private readonly object? _content; // null, an Item, or an Item[] whose first _count places are taken
    private readonly int _count;

    public static Items Empty => default;

    public Items(Item item) => (_content, _count) = (item, 1);

    public Items(Item[] items, int count) => (_content, _count) = count switch
    {
        0 => (null, 0),
        1 => (items[0], 1),
        _ => ((object)items, count),
    };

    public Items(IReadOnlyCollection<Item> items) : this([.. items], items.Count)
    {
    }

    public int Count => _count;
    public bool IsEmpty => _count == 0;

    public Item this[int index] => _content is Item[] many ? many[index] : (Item)_content!;

    public Enumerator GetEnumerator() => new(this);

    public List<Item> ToList()
    {
        var list = new List<Item>(_count);
        foreach (var item in this) list.Add(item);
        return list;
    }

    /// <summary>The one item; false when empty. More than one ends the evaluation: FHIRPath 2.0, 4.5 (singleton evaluation of collections).</summary>
    public bool TryGetSingle([NotNullWhen(true)] out Item? item)
    {
        if (_count > 1) throw new FhirPathEvaluationException("One item is expected where several were found");
        item = _count == 1 ? (Item)_content! : null;
        return item is not null;
    }

    internal struct Enumerator(Items items)
    {
        private int _index = -1;
        public readonly Item Current => items[_index];
        public bool MoveNext() => ++_index < items._count;
    }
}

/// <summary>Collects items without a list where one suffices.</summary>
internal struct ItemsBuilder
{
    private Item? _first;
    private Item[]? _many;
    private int _count;

    public readonly bool IsEmpty => _count == 0;

    public void Add(Item item)
    {
        if (_count == 0) _first = item;
        else
        {
            if (_many is null)
            {
                _many = new Item[4];
                _many[0] = _first!;
            }
            else if (_count == _many.Length) Array.Resize(ref _many, _count * 2);
            _many[_count] = item;
        }
        _count++;
    }

    public void AddRange(in Items items)
    {
        foreach (var item in items) Add(item);
    }

    public readonly Items Build() => _count switch { 0 => Items.Empty, 1 => new Items(_first!), _ => new Items(_many!, _count) };
}
