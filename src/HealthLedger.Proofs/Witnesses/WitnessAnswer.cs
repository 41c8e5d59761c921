using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Witnesses;

/// <summary>What a log makes of a witness's answers (c2sp.org/tlog-witness v1.0.0).</summary>
public static class WitnessAnswer
{
    /// <summary>The longest answer that is read.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Finds a witness's cosignatures over a checkpoint in the body of a 200; other keys' lines are ignored, and of one key's all but the first.</summary>
    /// <param name="note">The checkpoint that was sent.</param>
    /// <param name="keys">The witness's keys, types 4 and 6; one that this platform cannot check finds nothing.</param>
    /// <param name="body">The answer: signature lines.</param>
    /// <returns>At least one, each of them good; where one is not, the answer is refused.</returns>
    public static Parsed<IReadOnlyList<NoteSignature>> Cosignatures(SignedNote note, IReadOnlyCollection<NoteVerifier> keys, string body)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(body);
        var lines = body.Split('\n').Take(SignedNote.MaxSignatures).Select(NoteSignature.Parse).OfType<NoteSignature>().ToList();
        var found = new List<NoteSignature>();
        foreach (var key in keys.Where(key => key.CanVerify))
        {
            if (lines.Find(line => line.Name == key.Name && line.KeyId == key.KeyId) is not { } signature)
            {
                continue;
            }

            if (!new SignedNote(note.Text, [signature]).Verify([key]).TryGet(out _, out var fault))
            {
                return fault;
            }

            found.Add(signature);
        }

        return found.Count > 0 ? found : new Fault("witness-answer", "The answer has no cosignature of this witness.");
    }

    /// <summary>Reads the recorded size in the body of a 409; null where it is none.</summary>
    public static ulong? RecordedSize(string body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return body.EndsWith('\n') && Checkpoint.TryParseSize(body[..^1], out var size) ? size : null;
    }
}
