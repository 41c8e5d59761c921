using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace HealthLedger.Risk.Privacy;

public sealed partial class BudgetLedger
{
    /*
     * The stored form, all numbers big-endian:
     *
     *   "HLPB" 01 | lifetime epsilon, delta (2 x f64) | number of orders (u16) | orders (f64 each)
     *   | number of vectors (u32) | vectors (orders x f64 each)
     *   | number of patients (u32) | account (32) and vector number (u32) each, accounts ascending
     *   | number of runs (u32) | run ids (32 each), ascending
     *   | SHA-256 of all before (32), against a torn write: whoever may write the file may also rewrite it, so it is kept sealed
     */
    private static ReadOnlySpan<byte> Magic => "HLPB\u0001"u8;

    /// <summary>The whole state; the same ledger gives the same bytes.</summary>
    public byte[] ToBytes()
    {
        var accounts = _spent.Keys.Order().ToList();
        var numbers = new Dictionary<RenyiVector, int>(ReferenceEqualityComparer.Instance);
        foreach (var account in accounts) numbers.TryAdd(_spent[account], numbers.Count);
        var vectors = numbers.OrderBy(n => n.Value).Select(n => n.Key).ToList();
        var orders = RenyiOrders.Standard.Span;
        var size = checked(Magic.Length + 16 + 2 + orders.Length * 8 + 4 + vectors.Count * orders.Length * 8
            + 4 + accounts.Count * (Tag32.Size + 4) + 4 + _runs.Count * Tag32.Size + SHA256.HashSizeInBytes);
        var bytes = new byte[size];
        var rest = bytes.AsSpan();

        Magic.CopyTo(rest);
        rest = rest[Magic.Length..];
        PutDouble(ref rest, Lifetime.Epsilon);
        PutDouble(ref rest, Lifetime.Delta);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)orders.Length);
        rest = rest[2..];
        foreach (var order in orders) PutDouble(ref rest, order);
        PutCount(ref rest, vectors.Count);
        foreach (var vector in vectors)
        {
            foreach (var value in vector.Values) PutDouble(ref rest, value);
        }
        PutCount(ref rest, accounts.Count);
        foreach (var account in accounts)
        {
            PutTag(ref rest, account);
            PutCount(ref rest, numbers[_spent[account]]);
        }
        PutCount(ref rest, _runs.Count);
        foreach (var run in _runs.Order()) PutTag(ref rest, run);
        SHA256.HashData(bytes.AsSpan(..^rest.Length), rest);
        return bytes;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a whole, undamaged ledger of this version and these orders. No run may then proceed.</exception>
    public static BudgetLedger Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length + SHA256.HashSizeInBytes || !bytes.StartsWith(Magic)) throw Damaged("it does not begin as one");
        var body = bytes[..^SHA256.HashSizeInBytes];
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(body), bytes[body.Length..])) throw Damaged("its checksum differs");
        var rest = body[Magic.Length..];

        double epsilon = TakeDouble(ref rest), delta = TakeDouble(ref rest);
        var orders = new double[BinaryPrimitives.ReadUInt16BigEndian(Take(ref rest, 2))];
        for (var i = 0; i < orders.Length; i++) orders[i] = TakeDouble(ref rest);
        if (!orders.AsSpan().SequenceEqual(RenyiOrders.Standard.Span)) throw Damaged("it was kept at other orders");

        var vectors = new RenyiVector[TakeCount(ref rest, orders.Length * 8)];
        for (var i = 0; i < vectors.Length; i++)
        {
            var values = new double[orders.Length];
            for (var j = 0; j < values.Length; j++) values[j] = TakeDouble(ref rest);
            if (Array.Exists(values, v => !(v >= 0))) throw Damaged("a cost is negative");
            vectors[i] = RenyiVector.Of(RenyiOrders.Standard, values);
        }
        var spent = ImmutableDictionary.CreateBuilder<Tag32, RenyiVector>();
        for (var left = TakeCount(ref rest, Tag32.Size + 4); left > 0; left--)
        {
            var account = Tag32.From(Take(ref rest, Tag32.Size));
            var number = BinaryPrimitives.ReadUInt32BigEndian(Take(ref rest, 4));
            if (number >= vectors.Length || !spent.TryAdd(account, vectors[number])) throw Damaged("its accounts are inconsistent");
        }
        var runs = ImmutableHashSet.CreateBuilder<Tag32>();
        for (var left = TakeCount(ref rest, Tag32.Size); left > 0; left--) runs.Add(Tag32.From(Take(ref rest, Tag32.Size)));
        if (!rest.IsEmpty) throw Damaged("something follows its end");
        try
        {
            return new BudgetLedger(new PrivacyBudget(epsilon, delta), spent.ToImmutable(), runs.ToImmutable());
        }
        catch (ArgumentOutOfRangeException)
        {
            throw Damaged("its lifetime budget is out of range");
        }
    }

    private static InvalidDataException Damaged(string how) => new($"The stored privacy budget cannot be used: {how}.");

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int count)
    {
        if (rest.Length < count) throw Damaged("it ends too early");
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    private static double TakeDouble(ref ReadOnlySpan<byte> rest) => BinaryPrimitives.ReadDoubleBigEndian(Take(ref rest, 8));

    /// <summary>A count of items of at least that size each: never more than the rest can hold, so that a wrong one allocates nothing.</summary>
    private static int TakeCount(ref ReadOnlySpan<byte> rest, int itemSize)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(Take(ref rest, 4));
        return count <= rest.Length / itemSize ? (int)count : throw Damaged("a count is larger than the rest");
    }

    private static void PutDouble(ref Span<byte> rest, double value)
    {
        BinaryPrimitives.WriteDoubleBigEndian(rest, value);
        rest = rest[8..];
    }

    private static void PutCount(ref Span<byte> rest, int count)
    {
        BinaryPrimitives.WriteUInt32BigEndian(rest, (uint)count);
        rest = rest[4..];
    }

    private static void PutTag(ref Span<byte> rest, Tag32 tag)
    {
        tag.WriteTo(rest);
        rest = rest[Tag32.Size..];
    }
}
