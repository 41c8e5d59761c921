using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// What is left of a message at its end, one or two blocks on the caller's stack, hashed where it lies: the caller writes it, it is padded here (FIPS 180-4 section 5.1.1). So a short message
/// costs one call for each block instead of OpenSSL's four for the message, and no copy. May be used again; keeps the last message until it is wiped.
/// </summary>
internal struct Sha256Rest
{
    /// <summary>So many bytes fit in.</summary>
    public const int Size = (2 * Sha256Words.Block) - LengthSize - 1;

    private const int LengthSize = sizeof(ulong);

    private Sha256Words _words;
    private Blocks _blocks;

    /// <summary>Where the message is written.</summary>
    [UnscopedRef]
    public Span<byte> Bytes => _blocks;

    /// <summary>The hash of a message that begins with whole blocks, which are in the words, and ends with the first bytes of these.</summary>
    /// <param name="begun">After the blocks.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="length">Bytes here, at most <see cref="Size"/>.</param>
    /// <param name="hash">Receives 32 bytes; may be among <see cref="Bytes"/>.</param>
    public void Finish(in Sha256Words begun, uint blocks, int length, Span<byte> hash)
    {
        var end = Pad(_blocks, blocks, length);
        Add(begun, _blocks, end, hash);
    }

    /// <summary>As <see cref="Finish"/>, of a rest that <see cref="Pad"/> padded before, elsewhere.</summary>
    /// <param name="begun">After the blocks before.</param>
    /// <param name="padded">One block or two.</param>
    /// <param name="hash">Receives 32 bytes.</param>
    public void Finish(in Sha256Words begun, ReadOnlySpan<byte> padded, Span<byte> hash) => Add(begun, padded, padded.Length, hash);

    /// <summary>Ends the message of so many blocks and of the first bytes of two more; says with which byte its last block ends.</summary>
    public static int Pad(Span<byte> rest, uint blocks, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Size, nameof(length));
        var end = length < Sha256Words.Block - LengthSize ? Sha256Words.Block : 2 * Sha256Words.Block;
        var padding = rest[length..end];
        padding.Clear();
        padding[0] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(padding[^LengthSize..], ((blocks * (ulong)Sha256Words.Block) + (ulong)length) * 8);
        return end;
    }

    /// <summary>Zeroes the message and what was computed of it.</summary>
    public void Wipe() => CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<Sha256Rest>(ref this)));

    private void Add(in Sha256Words begun, ReadOnlySpan<byte> padded, int end, Span<byte> hash)
    {
        _words = begun;
        _words.Add(padded[..Sha256Words.Block]);
        if (end > Sha256Words.Block)
        {
            _words.Add(padded[Sha256Words.Block..]);
        }

        _words.Write(hash);
    }

    [InlineArray(2 * Sha256Words.Block)]
    private struct Blocks
    {
        private byte _first;
    }
}
