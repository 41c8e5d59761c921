namespace HealthLedger.Proofs.ConsentStateMap;

/// <summary>A growing list of structs in fixed chunks: growth copies nothing, and references to elements stay good.</summary>
internal sealed class ChunkedList<T>
    where T : struct
{
    private const int ChunkBits = 10;
    private readonly List<T[]> _chunks = [];

    public int Count { get; private set; }

    public ref T this[int index] => ref _chunks[index >> ChunkBits][index & ((1 << ChunkBits) - 1)];

    public int Add(in T item)
    {
        if (Count >> ChunkBits == _chunks.Count)
        {
            _chunks.Add(new T[1 << ChunkBits]);
        }

        this[Count] = item;
        return Count++;
    }
}
