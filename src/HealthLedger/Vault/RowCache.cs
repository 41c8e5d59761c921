using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// Sealed rows of records that were read lately, as they were found to be those that were committed, up to a number of bytes. They are no secret: to open one takes the same keys
/// and the same recorded entry as from storage. What is read again gets a second chance before it goes.
/// </summary>
internal sealed class RowCache(long capacity)
{
    private const int Shards = 32;

    /// <summary>What a kept row costs beside its bytes, estimated.</summary>
    private const int Beside = 176;

    private readonly Shard[] shards = [.. Enumerable.Range(0, Shards).Select(_ => new Shard(capacity / Shards))];

    /// <summary>The row of this version; null where it is not kept.</summary>
    internal StoredRow? Find(ShelfEntry version) => Of(version).Find(version);

    /// <summary>Keeps a copy of a row that was checked.</summary>
    internal void Keep(ShelfEntry version, ReadOnlySpan<byte> row) => Of(version).Keep(version, row);

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        foreach (var shard in shards)
        {
            shard.Clear();
        }
    }

    private Shard Of(ShelfEntry version) => shards[(int)(version.Handle.Value & (Shards - 1))];

    private sealed class Shard(long capacity)
    {
        private readonly Lock gate = new();
        private readonly Dictionary<KeyedName, Row> rows = [];
        private readonly Queue<Row> byAge = new();
        private long weight;

        internal StoredRow? Find(ShelfEntry version)
        {
            lock (gate)
            {
                if (!rows.TryGetValue(version.Handle, out var row) || row.Hash != version.CiphertextHash)
                {
                    return null;
                }

                row.ReadAgain = true;
                return StoredRow.Kept(row.Bytes);
            }
        }

        internal void Keep(ShelfEntry version, ReadOnlySpan<byte> bytes)
        {
            // One great row must not drive all others out.
            if (bytes.Length + Beside > capacity / 8)
            {
                return;
            }

            var row = new Row(version.Handle, version.CiphertextHash, bytes.ToArray());
            lock (gate)
            {
                if (!rows.TryAdd(row.Name, row))
                {
                    return;
                }

                byAge.Enqueue(row);
                weight += row.Weight;
                while (weight > capacity)
                {
                    MakeRoom();
                }
            }
        }

        internal void Clear()
        {
            lock (gate)
            {
                rows.Clear();
                byAge.Clear();
                weight = 0;
            }
        }

        private void MakeRoom()
        {
            var oldest = byAge.Dequeue();
            if (oldest.ReadAgain)
            {
                oldest.ReadAgain = false;
                byAge.Enqueue(oldest);
                return;
            }

            rows.Remove(oldest.Name);
            weight -= oldest.Weight;
        }
    }

    private sealed class Row(KeyedName name, Hash256 hash, byte[] bytes)
    {
        internal KeyedName Name => name;

        internal Hash256 Hash => hash;

        internal byte[] Bytes => bytes;

        internal bool ReadAgain { get; set; }

        internal long Weight => bytes.Length + Beside;
    }
}
