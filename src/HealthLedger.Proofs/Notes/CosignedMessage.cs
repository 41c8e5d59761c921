using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace HealthLedger.Proofs.Notes;

/// <summary>The bytes under a cosignature (c2sp.org/tlog-cosignature, "Ed25519 signed message" and "ML-DSA-44 signed message").</summary>
internal static class CosignedMessage
{
    /// <summary>Names and origins have their length in one byte.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>What an Ed25519 cosigner signs: the whole text.</summary>
    public static byte[] For(ReadOnlySpan<byte> text, ulong timestamp)
    {
        var header = Encoding.ASCII.GetBytes("cosignature/v1\ntime " + timestamp.ToString(CultureInfo.InvariantCulture) + "\n");
        var message = new byte[header.Length + text.Length];
        header.CopyTo(message, 0);
        text.CopyTo(message.AsSpan(header.Length));
        return message;
    }

    /// <summary>
    /// What an ML-DSA-44 cosigner signs: its own name, and of the text the first three lines as the tree from leaf 0; extension lines are not in it. Null
    /// where the text is no checkpoint, or its origin too long to be signed.
    /// </summary>
    public static byte[]? ForTree(string cosigner, ReadOnlySpan<byte> text, ulong timestamp)
    {
        var name = Encoding.UTF8.GetBytes(cosigner);
        if (!Checkpoint.Parse(text).TryGet(out var checkpoint, out _) || Encoding.UTF8.GetBytes(checkpoint.Origin) is not { Length: <= MaxNameBytes } origin)
        {
            return null;
        }

        using var message = new MemoryStream();
        message.Write("subtree/v1\n\0"u8);
        WriteName(message, name);
        WriteNumber(message, timestamp);
        WriteName(message, origin);
        WriteNumber(message, 0);
        WriteNumber(message, checkpoint.Size);
        message.Write(checkpoint.Root.ToArray());
        return message.ToArray();
    }

    private static void WriteName(MemoryStream message, byte[] name)
    {
        message.WriteByte((byte)name.Length);
        message.Write(name);
    }

    private static void WriteNumber(MemoryStream message, ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        message.Write(bytes);
    }
}
