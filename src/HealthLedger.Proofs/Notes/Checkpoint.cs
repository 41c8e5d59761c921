using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace HealthLedger.Proofs.Notes;

/// <summary>The text of a checkpoint: which log, how many entries, which root (c2sp.org/tlog-checkpoint).</summary>
/// <param name="Origin">The log's name: not empty, one line.</param>
/// <param name="Size">Leaves in the tree, at most 2^63-1.</param>
/// <param name="Root">The root of the tree.</param>
/// <param name="Extensions">Further lines, none of them empty. We write none (NOT RECOMMENDED by the specification) and read any.</param>
public sealed record Checkpoint(string Origin, ulong Size, Hash Root, IReadOnlyList<string> Extensions)
{
    /// <summary>A checkpoint without extension lines.</summary>
    public Checkpoint(string origin, ulong size, Hash root)
        : this(origin, size, root, [])
    {
    }

    /// <summary>The note text, with its last newline.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(Origin).Append('\n')
            .Append(Size.ToString(CultureInfo.InvariantCulture)).Append('\n')
            .Append(Root.ToBase64()).Append('\n');
        foreach (var line in Extensions)
        {
            text.Append(line).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Signs this checkpoint as its log.</summary>
    /// <exception cref="ArgumentException">The signer's name is not the origin.</exception>
    public SignedNote Sign(NoteSigner log)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (log.Verifier.Name != Origin)
        {
            throw new ArgumentException("A log signs under its origin.", nameof(log));
        }

        var text = ToBytes();
        return new SignedNote(text, [log.Sign(text)]);
    }

    /// <summary>Reads the text of a note strictly: no leading zeros, canonical base64, no empty line.</summary>
    public static Parsed<Checkpoint> Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length > SignedNote.MaxBytes || text.IsEmpty || text[^1] != '\n' || !Utf8.IsValid(text))
        {
            return new Fault("checkpoint-syntax", "The checkpoint is not UTF-8 lines.");
        }

        var lines = Encoding.UTF8.GetString(text[..^1]).Split('\n');
        if (lines.Length < 3 || lines.Contains(""))
        {
            return new Fault("checkpoint-syntax", "The checkpoint has fewer than three lines or an empty one.");
        }

        if (!TryParseSize(lines[1], out var size))
        {
            return new Fault("checkpoint-size", "The second line is not a tree size.");
        }

        return Hash.TryParseBase64(lines[2], out var root)
            ? new Checkpoint(lines[0], size, root, lines[3..])
            : new Fault("checkpoint-root", "The third line is not a root of 32 bytes in base64.");
    }

    internal static bool TryParseSize(string text, out ulong size) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size)
        && size <= long.MaxValue
        && (text.Length == 1 || text[0] != '0');
}
