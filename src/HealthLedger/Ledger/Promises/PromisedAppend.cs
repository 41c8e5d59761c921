using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace HealthLedger.Ledger.Promises;

/// <summary>What of an append waits in the emergency journal: on which chains, the facts as the ledger seals them, and the notice. The commitments are in the promise.</summary>
/// <param name="Events">The chain's id and the sealed fact of each event.</param>
/// <param name="Notice">As in <see cref="AppendRequest.Notice"/>.</param>
internal sealed record PromisedAppend(ImmutableArray<(string Chain, byte[] Fact)> Events, byte[] Notice)
{
    /// <summary>
    /// Writes it, with zeros behind; false where it has no room.
    /// <code>events u8, of each: length of the chain's id u16 | id | length of the fact u32 | fact; length of the notice u32 | notice</code>
    /// </summary>
    public bool TryWrite(Span<byte> plain)
    {
        plain.Clear();
        var needed = 1L + sizeof(uint) + Notice.Length + Events.Sum(e => (long)sizeof(ushort) + Encoding.UTF8.GetByteCount(e.Chain) + sizeof(uint) + e.Fact.Length);
        if (needed > plain.Length || Events.Length > Proofs.Promises.EntryPromise.MaxCommitments)
        {
            return false;
        }

        plain[0] = (byte)Events.Length;
        var at = 1;
        foreach (var (chain, fact) in Events)
        {
            var length = Encoding.UTF8.GetBytes(chain, plain[(at + sizeof(ushort))..]);
            BinaryPrimitives.WriteUInt16BigEndian(plain[at..], (ushort)length);
            at += sizeof(ushort) + length;
            at = WriteBytes(plain, at, fact);
        }

        _ = WriteBytes(plain, at, Notice);
        return true;
    }

    /// <summary>Reads what <see cref="TryWrite"/> wrote; null where it is something else.</summary>
    public static PromisedAppend? Read(ReadOnlySpan<byte> plain)
    {
        try
        {
            var events = ImmutableArray.CreateBuilder<(string, byte[])>(plain[0]);
            var at = 1;
            for (var i = 0; i < plain[0]; i++)
            {
                var length = BinaryPrimitives.ReadUInt16BigEndian(plain[at..]);
                var chain = Encoding.UTF8.GetString(plain.Slice(at + sizeof(ushort), length));
                events.Add((chain, ReadBytes(plain, at + sizeof(ushort) + length, out at)));
            }

            var notice = ReadBytes(plain, at, out at);
            return plain[at..].ContainsAnyExcept((byte)0) ? null : new PromisedAppend(events.ToImmutable(), notice);
        }
        catch (Exception odd) when (odd is ArgumentOutOfRangeException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>Zeroes what names patients in the clear.</summary>
    public void Wipe() => CryptographicOperations.ZeroMemory(Notice);

    private static int WriteBytes(Span<byte> plain, int at, byte[] bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(plain[at..], (uint)bytes.Length);
        bytes.CopyTo(plain[(at + sizeof(uint))..]);
        return at + sizeof(uint) + bytes.Length;
    }

    private static byte[] ReadBytes(ReadOnlySpan<byte> plain, int at, out int end)
    {
        var length = checked((int)BinaryPrimitives.ReadUInt32BigEndian(plain[at..]));
        end = checked(at + sizeof(uint) + length);
        return plain.Slice(at + sizeof(uint), length).ToArray();
    }
}
