using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Vault.Keys.Holding;

/// <summary>A stored version whose key is asked of a key holder.</summary>
/// <param name="Receipt">Which of the request's receipts permits it, from 0.</param>
/// <param name="Target">Which of the targets of that receipt's fact it is, from 0.</param>
/// <param name="Held">The data key, as the holder sealed it.</param>
/// <param name="Stored">The row's bytes.</param>
/// <param name="Shared">Where the content is several shelves'.</param>
public sealed record HeldVersion(int Receipt, int Target, ReadOnlyMemory<byte> Held, ReadOnlyMemory<byte> Stored, SharedKey? Shared);

/// <summary>An envelope that is to be sealed.</summary>
/// <param name="Shelf">The shelf whose data key it is.</param>
/// <param name="Held">The data key, as the holder sealed it.</param>
/// <param name="IsContentKey">True for the key of shared content.</param>
public sealed record HeldSealing(string Shelf, ReadOnlyMemory<byte> Held, bool IsContentKey);

/// <summary>What a gateway asks of a key holder (docs/formats/key-holder.md). All numbers big-endian; lists begin with their count, byte strings with their length.</summary>
public abstract record HolderRequest
{
    private const int MaxItems = 100_000;

    private HolderRequest()
    {
    }

    /// <summary>Data keys for shelves that are new.</summary>
    public sealed record Make(IReadOnlyList<string> Shelves) : HolderRequest;

    /// <summary>Keys to seal with.</summary>
    public sealed record Seal(IReadOnlyList<HeldSealing> Sealings) : HolderRequest;

    /// <summary>Keys to open with, against receipts: JSON with the fact shown (docs/formats/receipt.md).</summary>
    public sealed record Open(IReadOnlyList<ReadOnlyMemory<byte>> Receipts, IReadOnlyList<HeldVersion> Versions) : HolderRequest;

    /// <summary>The key of one version whose search terms are extracted again, without a receipt.</summary>
    public sealed record Index(string Shelf, HeldVersion Version) : HolderRequest;

    /// <summary>The request's bytes.</summary>
    public byte[] ToBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        switch (this)
        {
            case Make make:
                Head(output, 1, make.Shelves.Count);
                make.Shelves.ToList().ForEach(shelf => Bytes(output, Encoding.UTF8.GetBytes(shelf)));
                break;
            case Seal seal:
                Head(output, 2, seal.Sealings.Count);
                foreach (var sealing in seal.Sealings)
                {
                    Bytes(output, Encoding.UTF8.GetBytes(sealing.Shelf));
                    Bytes(output, sealing.Held.Span);
                    Number(output, sealing.IsContentKey ? 1 : 0);
                }

                break;
            case Open open:
                Head(output, 3, open.Receipts.Count);
                open.Receipts.ToList().ForEach(receipt => Bytes(output, receipt.Span));
                Number(output, open.Versions.Count);
                open.Versions.ToList().ForEach(version => WriteVersion(output, version));
                break;
            case Index index:
                Head(output, 4, 1);
                Bytes(output, Encoding.UTF8.GetBytes(index.Shelf));
                WriteVersion(output, index.Version);
                break;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a request strictly; null where it is none. Parts point into <paramref name="bytes"/>.</summary>
    public static HolderRequest? Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        var reader = new Reader(bytes[1..]);
        HolderRequest? request = bytes.Span[0] switch
        {
            1 => new Make(reader.List(reader.Text)),
            2 => new Seal(reader.List(() => new HeldSealing(reader.Text(), reader.Bytes(), reader.Number(1) == 1))),
            3 => new Open(reader.List(reader.Bytes), reader.List(reader.Version)),
            4 when reader.Number(1) == 1 => new Index(reader.Text(), reader.Version()),
            _ => null,
        };
        return reader.IsAtEnd ? request : null;
    }

    private static void Head(ArrayBufferWriter<byte> output, byte operation, int count)
    {
        output.Write([operation]);
        Number(output, count);
    }

    private static void Number(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), value);
        output.Advance(sizeof(int));
    }

    private static void Bytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        Number(output, value.Length);
        output.Write(value);
    }

    private static void WriteVersion(ArrayBufferWriter<byte> output, HeldVersion version)
    {
        Number(output, version.Receipt);
        Number(output, version.Target);
        Bytes(output, version.Held.Span);
        Bytes(output, version.Stored.Span);
        Number(output, version.Shared is null ? 0 : 1);
        if (version.Shared is { } shared)
        {
            Bytes(output, shared.Wrapped.Span);
            Bytes(output, shared.Place.Span);
        }
    }

    /// <summary>Reads parts; from the first that does not fit it reads nothing, and is never at its end.</summary>
    private sealed class Reader(ReadOnlyMemory<byte> rest)
    {
        private bool broken;

        internal bool IsAtEnd => !broken && rest.IsEmpty;

        internal int Number(int greatest)
        {
            var value = rest.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32BigEndian(rest.Span);
            if (broken || value < 0 || value > greatest)
            {
                broken = true;
                return 0;
            }

            rest = rest[sizeof(int)..];
            return value;
        }

        internal ReadOnlyMemory<byte> Bytes()
        {
            var length = Number(HolderLink.MaxBytes);
            if (broken || length > rest.Length)
            {
                broken = true;
                return default;
            }

            var bytes = rest[..length];
            rest = rest[length..];
            return bytes;
        }

        internal string Text() => Encoding.UTF8.GetString(Bytes().Span);

        internal HeldVersion Version() =>
            new(Number(MaxItems), Number(MaxItems), Bytes(), Bytes(), Number(1) == 1 ? new SharedKey(Bytes(), Bytes()) : null);

        internal IReadOnlyList<T> List<T>(Func<T> read)
        {
            var count = Number(MaxItems);
            var items = new List<T>();
            while (!broken && items.Count < count)
            {
                items.Add(read());
            }

            return items;
        }
    }
}

/// <summary>What a key holder answers: <c>0 u8 | parts</c>, each of the length that was asked for, or <c>1 u8 | code (ASCII)</c>.</summary>
public static class HolderAnswer
{
    /// <summary>The code of a receipt whose checkpoint the holder's policy wants more cosignatures for.</summary>
    public const string WantsQuorum = "checkpoint-quorum";

    /// <summary>An answer with parts of one length.</summary>
    public static byte[] Granted(ReadOnlySpan<byte> parts) => [0, .. parts];

    /// <summary>A refusal.</summary>
    public static byte[] Refused(string code) => [1, .. Encoding.ASCII.GetBytes(code)];

    /// <summary>The parts; null, and the code, where it is a refusal, or no answer of this length.</summary>
    public static ReadOnlyMemory<byte>? Parse(ReadOnlyMemory<byte> answer, int length, out string code)
    {
        code = "answer-broken";
        if (answer.Length is > 1 and <= 100 && answer.Span[0] == 1)
        {
            code = Encoding.ASCII.GetString(answer.Span[1..]);
            return null;
        }

        return answer.Length == length + 1 && answer.Span[0] == 0 ? answer[1..] : (ReadOnlyMemory<byte>?)null;
    }
}
