using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// The eight words of SHA-256 between two blocks (FIPS 180-4 section 6.2), moved on by OpenSSL's block function, to which they are the beginning of its state. A copy is a midstate.
/// </summary>
[InlineArray(Count)]
internal struct Sha256Words
{
    /// <summary>Bytes in a block.</summary>
    public const int Block = 64;

    private const int Count = 8;

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

    /// <summary>The words as a hash, each big-endian.</summary>
    /// <param name="hash">Receives 32 bytes.</param>
    public readonly void Write(Span<byte> hash)
    {
        var bytes = MemoryMarshal.Cast<byte, uint>(hash[..(Count * sizeof(uint))]);
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(this, bytes);
        }
        else
        {
            ((ReadOnlySpan<uint>)this).CopyTo(bytes);
        }
    }

    private static Sha256Words Start()
    {
        Sha256Words words = default;
        if (OpenSslSha256.IsThere)
        {
            var started = OpenSslSha256.Start();
            ((ReadOnlySpan<uint>)started)[..Count].CopyTo(words);
        }

        return words;
    }

    [DllImport(OpenSsl.Library), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void SHA256_Transform(ref Sha256Words words, ref byte block);
}
