using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Evidence;

/// <summary>What a bundle was found to be.</summary>
/// <param name="Fault">The first thing that does not hold; null where everything does.</param>
/// <param name="Line">The line of the fault, from 1; 0 where there is none or it is of the whole.</param>
/// <param name="Count">Items that hold.</param>
/// <param name="Checkpoint">The checkpoint that everything is proven under; null where it does not hold.</param>
/// <param name="Asked">The question's item; null where it does not hold.</param>
/// <param name="Seal">What the log signed; null where the bundle has no end that holds.</param>
public sealed record EvidenceVerdict(Fault? Fault, int Line, ulong Count, VerifiedCheckpoint? Checkpoint, EvidenceItem? Asked, EvidenceSeal? Seal)
{
    /// <summary>True where every byte of the bundle is vouched for.</summary>
    public bool Holds => Fault is null && Seal is not null;
}

/// <summary>
/// Verifies a bundle line by line: the checkpoint, the entry of the question, for each item that it is in the tree, that its opened fields are those that the entry
/// commits to and that it answers the question, the count, and the log's signature over all bytes. Fed with bytes, does no reading; memory of one line. Not safe
/// for several threads.
/// </summary>
/// <remarks>It cannot show that the items are all that answer the question: that is the signer's word. Nor that a pseudonym stands for the patient it should.</remarks>
public sealed class EvidenceVerification(LogPolicy policy) : IDisposable
{
    /// <summary>The longest line.</summary>
    public const int MaxLine = 8 * 1024 * 1024;

    /// <summary>The most items.</summary>
    public const ulong MaxItems = 1_000_000;

    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private VerifiedCheckpoint? _checkpoint;
    private EvidenceItem? _asked;
    private EvidenceQuestion? _question;
    private EvidenceSeal? _seal;
    private Fault? _fault;
    private ulong _last;
    private ulong _count;
    private int _line;

    /// <summary>The next line, without its newline.</summary>
    /// <returns>False where the bundle is refused, so that reading on is of no use.</returns>
    public bool Add(ReadOnlySpan<byte> line)
    {
        if (_fault is not null)
        {
            return false;
        }

        _line++;
        _fault = _seal is not null ? new Fault("evidence-after-end", "Something stands after the last line.") : Read(line);
        _digest.AppendData(line);
        _digest.AppendData("\n"u8);
        return _fault is null;
    }

    /// <summary>The verdict, once every line was read.</summary>
    public EvidenceVerdict Finish() => new(
        _fault ?? (_seal is null ? new Fault("evidence-incomplete", "The bundle ends before its last line.") : null), _fault is null ? 0 : _line, _count, _checkpoint, _asked, _seal);

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();

    private Fault? Read(ReadOnlySpan<byte> line)
    {
        if (!StrictJson.Parse(line, MaxLine).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            return _checkpoint is null ? Begin(root) : StrictJson.HasExactly(root, "signed") ? End(line, StrictJson.String(root, "signed")) : Item(root);
        }
    }

    private Fault? Begin(JsonElement root)
    {
        if (!StrictJson.HasExactly(root, "suite", "origin", "checkpoint", "asked") || StrictJson.Number(root, "suite") != 1
            || StrictJson.String(root, "origin") is not { } origin || StrictJson.String(root, "checkpoint") is not { } note)
        {
            return new Fault("evidence-header", "Not a bundle of a known suite: suite, origin, checkpoint and asked are needed.");
        }

        if (!CheckpointVerification.Verify(Encoding.UTF8.GetBytes(note), policy).TryGet(out var checkpoint, out var fault)
            || !EvidenceItem.Parse(root.GetProperty("asked")).TryGet(out var asked, out fault))
        {
            return fault;
        }

        if (checkpoint.Checkpoint.Origin != origin)
        {
            return new Fault("evidence-origin", "The checkpoint is of another log than the bundle says.");
        }

        if (asked.Verify(checkpoint.Checkpoint) is { Holds: false } refused)
        {
            return refused.Fault;
        }

        if (asked.Opening.ValueOf(FactField.Event) != "review" || EvidenceQuestion.Parse(asked.Opening.ValueOf(FactField.Evidence)) is not { } question)
        {
            return new Fault("evidence-question", "The entry that should record the question records none.");
        }

        (_checkpoint, _asked, _question, _last) = (checkpoint, asked, question, asked.Index);
        return null;
    }

    private Fault? Item(JsonElement root)
    {
        if (!EvidenceItem.Parse(root).TryGet(out var item, out var fault))
        {
            return fault;
        }

        // Newest first and before the question, so that none is counted twice.
        if (item.Index >= _last || _count == MaxItems)
        {
            return new Fault("evidence-order", $"Entry {item.Index} does not stand where it should, or there are too many.");
        }

        if (item.Verify(_checkpoint!.Checkpoint) is { Holds: false } refused)
        {
            return new Fault(refused.Fault!.Code, $"Entry {item.Index}: {refused.Fault.Detail}");
        }

        if (!_question!.IsAnsweredBy(item))
        {
            return new Fault("evidence-filter", $"Entry {item.Index} is no answer to the question that is recorded.");
        }

        (_last, _count) = (item.Index, _count + 1);
        return null;
    }

    private Fault? End(ReadOnlySpan<byte> line, string? text)
    {
        if (!SignedNote.Parse(Encoding.UTF8.GetBytes(text ?? "")).TryGet(out var note, out var fault) || !EvidenceSeal.Parse(note.Text).TryGet(out var seal, out fault))
        {
            return fault;
        }

        // The key whose checkpoint this is, and while it succeeds another that one too, in the one spelling that the writer has.
        var log = _checkpoint!.Log;
        if (note.Signatures.Count > 2 || note.Signatures.Any(each => each.Name != log.Name) || !note.Verify([log]).IsValid)
        {
            return new Fault("evidence-signature", "The log did not sign this bundle.");
        }

        if (seal.Origin != log.Name || seal.Count != _count || seal.Digest != new Hash(_digest.GetCurrentHash()) || (seal.Next is { } next && next > _last))
        {
            return new Fault("evidence-seal", "The bundle is not the one that the log signed: its bytes or the number of its items differ.");
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipts.Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteString("signed", note.ToString());
            json.WriteEndObject();
        }

        if (!line.SequenceEqual(buffer.ToArray()))
        {
            return new Fault("evidence-spelling", "The last line is not spelled as it is written.");
        }

        _seal = seal;
        return null;
    }
}
