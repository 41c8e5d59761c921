using System.Buffers;

namespace HealthLedger.Vault.Storage;

/// <summary>The tables of the vault. The numbers are stored in redo bytes and authenticated with each row.</summary>
public enum VaultTable : byte
{
    /// <summary>One sealed version of one record.</summary>
    Record = 1,
    /// <summary>A sealed segment of a shelf: its entries and their terms. The row is the segment's number.</summary>
    Segment = 2,
    /// <summary>The sealed head of a shelf.</summary>
    Head = 3,
    /// <summary>The sealed list of shelves that a record lives on. All lie on shelf 0.</summary>
    Locator = 4,
    /// <summary>One sealed row for each patient. All lie on shelf 0.</summary>
    Patient = 5,
    /// <summary>One sealed row for each erasure. All lie on shelf 0.</summary>
    Erasure = 6,
}

/// <summary>Where a row lies: storage may shard by <paramref name="Shelf"/>.</summary>
/// <param name="Table">The table.</param>
/// <param name="Shelf">The keyed name of the shelf.</param>
/// <param name="Row">The keyed name of the row, unique on its shelf.</param>
public readonly record struct RowPlace(VaultTable Table, KeyedName Shelf, KeyedName Row);

/// <summary>One change of one row.</summary>
/// <param name="Place">Which row.</param>
/// <param name="Sealed">What it becomes; empty where it is deleted.</param>
public readonly record struct RowChange(RowPlace Place, ReadOnlyMemory<byte> Sealed);

/// <summary>The sealed bytes of one row, mostly in a pooled buffer: no secret, so not zeroed. Dispose it to give the buffer back.</summary>
public sealed class StoredRow : IDisposable
{
    private byte[]? buffer;
    private readonly int length;
    private readonly bool pooled;

    private StoredRow(byte[] buffer, int length, bool pooled)
    {
        this.buffer = buffer;
        this.length = length;
        this.pooled = pooled;
    }

    /// <summary>The sealed bytes.</summary>
    public ReadOnlyMemory<byte> Sealed => buffer.AsMemory(0, length);

    /// <summary>A copy of <paramref name="bytes"/> in a pooled buffer.</summary>
    public static StoredRow CopyOf(ReadOnlySpan<byte> bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return new StoredRow(buffer, bytes.Length, pooled: true);
    }

    /// <summary>A row in memory that others read too, and nobody writes to.</summary>
    internal static StoredRow Kept(byte[] bytes) => new(bytes, bytes.Length, pooled: false);

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref buffer, null) is { } rented && pooled)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
