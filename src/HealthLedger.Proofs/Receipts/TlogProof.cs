using System.Globalization;
using System.Text;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Receipts;

/// <summary>A self-contained proof that an entry is in a log: index, sibling hashes, signed checkpoint (c2sp.org/tlog-proof@v1, draft at C2SP commit 5ba5ee8).</summary>
public sealed class TlogProof
{
    /// <summary>The longest proof text.</summary>
    public const int MaxBytes = SignedNote.MaxBytes + (16 * 1024);

    private const string Header = "c2sp.org/tlog-proof@v1";
    private const int MaxExtra = 4096;
    private readonly Hash[] _hashes;

    /// <summary>A proof of these parts.</summary>
    /// <param name="index">Index of the entry.</param>
    /// <param name="hashes">Sibling hashes, the leaf's own sibling first.</param>
    /// <param name="checkpoint">The signed checkpoint.</param>
    /// <param name="extra">Bytes that the format carries along and nothing authenticates; null for none, at most 4 KiB.</param>
    public TlogProof(ulong index, ReadOnlySpan<Hash> hashes, SignedNote checkpoint, byte[]? extra = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (index > long.MaxValue || hashes.Length > 63 || extra is { Length: 0 or > MaxExtra })
        {
            throw new ArgumentException("No proof has such an index, so many hashes or such an extra line.", nameof(index));
        }

        (Index, _hashes, Checkpoint, Extra) = (index, hashes.ToArray(), checkpoint, extra);
    }

    /// <summary>Index of the entry.</summary>
    public ulong Index { get; }

    /// <summary>Sibling hashes, the leaf's own sibling first.</summary>
    public ReadOnlySpan<Hash> Hashes => _hashes;

    /// <summary>The signed checkpoint as it stands in the proof.</summary>
    public SignedNote Checkpoint { get; }

    /// <summary>The extra line's bytes, null for none. Not authenticated.</summary>
    public byte[]? Extra { get; }

    /// <summary>The proof text; the checkpoint stands in it verbatim.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Header).Append('\n');
        if (Extra is not null)
        {
            text.Append("extra ").Append(Convert.ToBase64String(Extra)).Append('\n');
        }

        text.Append("index ").Append(Index.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in _hashes)
        {
            text.Append(hash.ToBase64()).Append('\n');
        }

        return text.Append('\n').Append(Checkpoint).ToString();
    }

    /// <summary>Reads a proof strictly; what it accepts, <see cref="ToString"/> writes again.</summary>
    public static Parsed<TlogProof> Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxBytes)
        {
            return new Fault("proof-too-long", $"A proof has at most {MaxBytes} bytes.");
        }

        var separator = text.IndexOf("\n\n"u8);
        if (separator < 0)
        {
            return new Fault("proof-syntax", "The proof has no empty line before its checkpoint.");
        }

        var lines = Encoding.UTF8.GetString(text[..separator]).Split('\n');
        if (lines.Length < 2 || lines[0] != Header)
        {
            return new Fault("proof-syntax", $"The proof does not begin with {Header} and an index.");
        }

        byte[]? extra = null;
        var at = 1;
        if (lines[at].StartsWith("extra ", StringComparison.Ordinal))
        {
            extra = StrictBase64.Decode(lines[at++].AsSpan(6));
            if (extra is null or { Length: 0 or > MaxExtra })
            {
                return new Fault("proof-extra", $"The extra line is not base64 of at most {MaxExtra} bytes.");
            }
        }

        if (at == lines.Length || !lines[at].StartsWith("index ", StringComparison.Ordinal) || !Notes.Checkpoint.TryParseSize(lines[at][6..], out var index))
        {
            return new Fault("proof-index", "The proof has no index line.");
        }

        var hashes = new Hash[lines.Length - at - 1];
        if (hashes.Length > 63)
        {
            return new Fault("proof-hashes", "The proof has more than 63 hashes.");
        }

        for (var i = 0; i < hashes.Length; i++)
        {
            if (!Hash.TryParseBase64(lines[at + 1 + i], out hashes[i]))
            {
                return new Fault("proof-hashes", $"Hash {i} of the proof is not 32 bytes in base64.");
            }
        }

        return SignedNote.Parse(text[(separator + 2)..]).TryGet(out var note, out var fault) ? new TlogProof(index, hashes, note, extra) : fault;
    }

    /// <summary>Verifies that an entry is in a log that the policy trusts.</summary>
    /// <param name="leaf">The entry's leaf hash.</param>
    /// <param name="policy">Log keys, witnesses, quorum.</param>
    /// <returns>The checkpoint under which the entry stands at <see cref="Index"/>.</returns>
    public Parsed<VerifiedCheckpoint> Verify(in Hash leaf, LogPolicy policy)
    {
        if (!CheckpointVerification.Verify(Checkpoint, policy).TryGet(out var verified, out var fault))
        {
            return fault;
        }

        var inclusion = InclusionProof.Verify(leaf, Index, verified.Checkpoint.Size, _hashes, verified.Checkpoint.Root);
        return inclusion.Holds ? verified : inclusion.Fault!;
    }
}
