using System.Buffers.Binary;

namespace HealthLedger.Vault.Storage;

/// <summary>
/// The redo bytes that ride in the ledger's journal: sealed already, so the journal learns nothing.
/// <code>version u8 = 1 | count u32 | count times: table u8 | shelf 16 | row 16 | length u32 | sealed</code>
/// All numbers big-endian; length 0 deletes the row.
/// </summary>
public static class RedoCodec
{
    /// <summary>The greatest number of changes in one request.</summary>
    public const int MaxChanges = 200_000;

    private const byte Version = 1;
    private const int HeaderSize = 1 + sizeof(uint);
    private const int ChangeSize = 1 + (2 * KeyedName.Size) + sizeof(uint);

    /// <summary>Writes the changes of one request.</summary>
    public static byte[] Encode(IReadOnlyList<RowChange> changes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(changes.Count, MaxChanges, nameof(changes));
        var size = HeaderSize + changes.Sum(change => (long)ChangeSize + change.Sealed.Length);
        var redo = new byte[checked((int)size)];
        redo[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(redo.AsSpan(1), (uint)changes.Count);
        var rest = redo.AsSpan(HeaderSize);
        foreach (var change in changes)
        {
            rest[0] = (byte)change.Place.Table;
            change.Place.Shelf.CopyTo(rest[1..]);
            change.Place.Row.CopyTo(rest[(1 + KeyedName.Size)..]);
            BinaryPrimitives.WriteUInt32BigEndian(rest[(1 + (2 * KeyedName.Size))..], (uint)change.Sealed.Length);
            change.Sealed.Span.CopyTo(rest[ChangeSize..]);
            rest = rest[(ChangeSize + change.Sealed.Length)..];
        }

        return redo;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; the changes point into <paramref name="redo"/>.</summary>
    /// <exception cref="InvalidDataException">It is not what <see cref="Encode"/> writes.</exception>
    public static IReadOnlyList<RowChange> Decode(ReadOnlyMemory<byte> redo)
    {
        if (redo.Length < HeaderSize || redo.Span[0] != Version)
        {
            throw Damaged();
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(redo.Span[1..]);
        if (count > MaxChanges || count > (redo.Length - HeaderSize) / ChangeSize)
        {
            throw Damaged();
        }

        var changes = new RowChange[count];
        var rest = redo[HeaderSize..];
        for (var i = 0; i < changes.Length; i++)
        {
            var span = rest.Span;
            if (span.Length < ChangeSize || !Enum.IsDefined((VaultTable)span[0]))
            {
                throw Damaged();
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(span[(1 + (2 * KeyedName.Size))..]);
            if (length > span.Length - ChangeSize)
            {
                throw Damaged();
            }

            var place = new RowPlace((VaultTable)span[0], KeyedName.Read(span[1..]), KeyedName.Read(span[(1 + KeyedName.Size)..]));
            changes[i] = new RowChange(place, rest.Slice(ChangeSize, (int)length));
            rest = rest[(ChangeSize + (int)length)..];
        }

        return rest.IsEmpty ? changes : throw Damaged();
    }

    private static InvalidDataException Damaged() => new("The vault's redo bytes are damaged.");
}
