namespace HealthLedger.Proofs.Hashing;

/// <summary>A short public message whose MAC is taken under many keys: padded once, as it stands behind the block of the key.</summary>
internal sealed class PreparedMessage
{
    private readonly byte[] _padded;
    private readonly int _length;

    /// <param name="bytes">At most <see cref="Sha256Rest.Size"/> bytes.</param>
    public PreparedMessage(ReadOnlySpan<byte> bytes)
    {
        Span<byte> rest = stackalloc byte[2 * Sha256Words.Block];
        bytes.CopyTo(rest);
        _length = bytes.Length;
        _padded = rest[..Sha256Rest.Pad(rest, blocks: 1, bytes.Length)].ToArray();
    }

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Bytes => _padded.AsSpan(0, _length);

    /// <summary>Its one block or two.</summary>
    public ReadOnlySpan<byte> Padded => _padded;
}
