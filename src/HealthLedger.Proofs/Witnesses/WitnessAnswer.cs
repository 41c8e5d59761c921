using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Witnesses;

/// <summary>What a log makes of a witness's answers (c2sp.org/tlog-witness v1.0.0).</summary>
public static class WitnessAnswer
{
    /// <summary>The longest answer that is read.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Finds a witness's cosignature over a checkpoint in the body of a 200; other keys' lines are ignored.</summary>
    /// <param name="note">The checkpoint that was sent.</param>
    /// <param name="witness">The witness's key, type 4.</param>
    /// <param name="body">The answer: signature lines.</param>
    public static Parsed<NoteSignature> Cosignature(SignedNote note, NoteVerifier witness, string body)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(witness);
        ArgumentNullException.ThrowIfNull(body);
        foreach (var line in body.Split('\n').Take(SignedNote.MaxSignatures))
        {
            if (NoteSignature.Parse(line) is not { } signature || signature.Name != witness.Name || signature.KeyId != witness.KeyId)
            {
                continue;
            }

            var alone = new SignedNote(note.Text, [signature]).Verify([witness]);
            return alone.IsValid ? signature : alone.Fault!;
        }

        return new Fault("witness-answer", "The answer has no cosignature of this witness.");
    }

    /// <summary>Reads the recorded size in the body of a 409; null where it is none.</summary>
    public static ulong? RecordedSize(string body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return body.EndsWith('\n') && Checkpoint.TryParseSize(body[..^1], out var size) ? size : null;
    }
}
