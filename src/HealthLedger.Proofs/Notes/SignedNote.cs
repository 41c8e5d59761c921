using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace HealthLedger.Proofs.Notes;

/// <summary>One signature line.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="KeyId">The key's id.</param>
/// <param name="Signature">What follows the id; its shape depends on the key's type.</param>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Signature)
{
    /// <summary>The line without its newline.</summary>
    public override string ToString()
    {
        var bytes = new byte[4 + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Signature.CopyTo(bytes, 4);
        return $"\u2014 {Name} {Convert.ToBase64String(bytes)}";
    }

    /// <summary>Reads one line without its newline; null where it is not a signature line.</summary>
    public static NoteSignature? Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (!line.StartsWith("\u2014 ", StringComparison.Ordinal) || line[2..].Split(' ') is not [var name, var base64] || !NoteKey.IsName(name)
            || StrictBase64.Decode(base64) is not { Length: > 4 } bytes)
        {
            return null;
        }

        return new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4..]);
    }
}

/// <summary>A signature that was checked.</summary>
/// <param name="Verifier">The key it was checked with.</param>
/// <param name="Timestamp">Unix seconds of a cosignature; 0 for a log's signature.</param>
public sealed record VerifiedSignature(NoteVerifier Verifier, ulong Timestamp);

/// <summary>A text with signatures under it (c2sp.org/signed-note). Reading it does not verify it.</summary>
/// <remarks>Limits: 128 KiB and 64 signature lines (the specification wants at least 16).</remarks>
public sealed class SignedNote
{
    /// <summary>The longest note.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>The most signature lines.</summary>
    public const int MaxSignatures = 64;

    private readonly byte[] _text;

    /// <summary>A note of this text and these signatures.</summary>
    /// <exception cref="ArgumentException">The text does not end in a newline, or holds what a note may not hold; no or too many signatures.</exception>
    public SignedNote(ReadOnlySpan<byte> text, IReadOnlyList<NoteSignature> signatures)
    {
        ArgumentNullException.ThrowIfNull(signatures);
        if (CheckText(text) is { } fault)
        {
            throw new ArgumentException(fault.Detail, nameof(text));
        }

        if (signatures.Count is 0 or > MaxSignatures)
        {
            throw new ArgumentException($"A note has 1 to {MaxSignatures} signatures.", nameof(signatures));
        }

        (_text, Signatures) = (text.ToArray(), signatures);
    }

    /// <summary>The signed bytes, UTF-8, with their last newline.</summary>
    public ReadOnlySpan<byte> Text => _text;

    /// <summary>All signature lines in order, known or not.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Reads a note strictly.</summary>
    public static Parsed<SignedNote> Parse(ReadOnlySpan<byte> note)
    {
        if (note.Length > MaxBytes)
        {
            return new Fault("note-too-long", $"A note has at most {MaxBytes} bytes.");
        }

        // The text may hold empty lines: the last one is the separator.
        var separator = note.LastIndexOf("\n\n"u8);
        if (separator < 0 || note[^1] != '\n')
        {
            return new Fault("note-syntax", "The note has no empty line before its signatures, or no newline at its end.");
        }

        var text = note[..(separator + 1)];
        if (CheckText(text) is { } bad)
        {
            return bad;
        }

        var tail = note[(separator + 2)..];
        if (tail.IsEmpty || !Utf8.IsValid(tail))
        {
            return new Fault("note-syntax", "The note has no signature lines.");
        }

        var lines = Encoding.UTF8.GetString(tail[..^1]).Split('\n');
        if (lines.Length > MaxSignatures)
        {
            return new Fault("note-signatures", $"The note has more than {MaxSignatures} signature lines.");
        }

        var signatures = new NoteSignature[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            if (NoteSignature.Parse(lines[i]) is not { } signature)
            {
                return new Fault("note-signature-line", $"Signature line {i + 1} is malformed.");
            }

            signatures[i] = signature;
        }

        return new SignedNote(text, signatures);
    }

    /// <summary>Checks all signatures of known keys.</summary>
    /// <returns>The good ones, at least one. A bad signature of a known key refuses the whole note; keys that are unknown, or of a kind that this platform cannot check, are ignored; a key counts once.</returns>
    public Parsed<IReadOnlyList<VerifiedSignature>> Verify(IReadOnlyCollection<NoteVerifier> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var verified = new List<VerifiedSignature>();
        foreach (var signature in Signatures)
        {
            var verifier = known.FirstOrDefault(key => key.KeyId == signature.KeyId && key.Name == signature.Name);
            if (verifier is not { CanVerify: true })
            {
                continue;
            }

            if (!verifier.Verify(_text, signature.Signature, out var timestamp))
            {
                return new Fault("note-bad-signature", $"The signature of {verifier.Name} does not hold.");
            }

            if (!verified.Exists(earlier => earlier.Verifier == verifier))
            {
                verified.Add(new VerifiedSignature(verifier, timestamp));
            }
        }

        return verified.Count > 0 ? verified : new Fault("note-unsigned", "The note has no signature of a known key.");
    }

    /// <summary>The same text with more signatures; one of the same key is replaced.</summary>
    public SignedNote With(params IEnumerable<NoteSignature> more)
    {
        var added = more.ToList();
        return new SignedNote(_text, [.. Signatures.Where(old => !added.Exists(a => a.KeyId == old.KeyId && a.Name == old.Name)), .. added]);
    }

    /// <summary>The note as it is stored and served.</summary>
    public byte[] ToBytes()
    {
        var tail = new StringBuilder("\n");
        foreach (var signature in Signatures)
        {
            tail.Append(signature).Append('\n');
        }

        return [.. _text, .. Encoding.UTF8.GetBytes(tail.ToString())];
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(ToBytes());

    private static Fault? CheckText(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[^1] != '\n')
        {
            return new Fault("note-syntax", "The text does not end in a newline.");
        }

        if (text.Length > MaxBytes)
        {
            return new Fault("note-too-long", $"A note has at most {MaxBytes} bytes.");
        }

        if (!Utf8.IsValid(text))
        {
            return new Fault("note-encoding", "The text is not UTF-8.");
        }

        foreach (var b in text)
        {
            if (b < 0x20 && b != '\n')
            {
                return new Fault("note-control", "The text holds a control character.");
            }
        }

        return null;
    }
}
