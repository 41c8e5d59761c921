using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// The eight words of SHA-256 between two blocks (FIPS 180-4 section 6.2), moved on by OpenSSL's block function, to which they are the beginning of its state. What is left of a short
/// message is padded here (section 5.1.1), and so costs one call for each block instead of four for the message. A copy is a midstate.
/// </summary>
[InlineArray(8)]
internal struct Sha256Words
{
    /// <summary>Bytes in a block.</summary>
    public const int Block = 64;

    /// <summary>So many bytes fit into two blocks with the end of a message.</summary>
    public const int Short = (2 * Block) - LengthSize - 1;

    private const int LengthSize = sizeof(ulong);

    private uint _first;

    /// <summary>Before the first block.</summary>
    public static Sha256Words Initial { get; } = Start();

    /// <summary>Hashes one block.</summary>
    /// <param name="block">64 bytes.</param>
    public void Add(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, Block, nameof(block));
        SHA256_Transform(ref this, ref MemoryMarshal.GetReference(block));
    }

    /// <summary>The hash of a message that begins with so many blocks, which are in these words, and ends with three parts.</summary>
    /// <param name="blocks">How many blocks were added.</param>
    /// <param name="first">With the others at most <see cref="Short"/> bytes.</param>
    /// <param name="second">May be empty.</param>
    /// <param name="third">May be empty.</param>
    /// <param name="hash">Receives 32 bytes; may be one of the parts.</param>
    public readonly void Finish(uint blocks, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> hash)
    {
        Span<byte> rest = stackalloc byte[2 * Block];
        first.CopyTo(rest);
        second.CopyTo(rest[first.Length..]);
        third.CopyTo(rest[(first.Length + second.Length)..]);
        var length = first.Length + second.Length + third.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Short, nameof(first));
        rest[length] = 0x80;
        var end = length < Block - LengthSize ? Block : 2 * Block;
        BinaryPrimitives.WriteUInt64BigEndian(rest[(end - LengthSize)..], ((blocks * (ulong)Block) + (ulong)length) * 8);

        var words = this;
        for (var at = 0; at < end; at += Block)
        {
            words.Add(rest.Slice(at, Block));
        }

        for (var i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(i * sizeof(uint))..], words[i]);
        }

        words.Wipe(); // a derived key, where this is the end of a derivation
        CryptographicOperations.ZeroMemory(rest);
    }

    public void Wipe() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes((Span<uint>)this));

    private static Sha256Words Start()
    {
        Sha256Words words = default;
        if (OpenSslSha256.IsThere)
        {
            var started = OpenSslSha256.Start();
            ((ReadOnlySpan<uint>)started)[..8].CopyTo(words);
        }

        return words;
    }

    [DllImport(OpenSsl.Library), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void SHA256_Transform(ref Sha256Words words, ref byte block);
}
