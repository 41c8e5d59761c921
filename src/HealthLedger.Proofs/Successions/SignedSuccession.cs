using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Successions;

/// <summary>A succession with the signatures under it.</summary>
/// <param name="Statement">What is stated.</param>
/// <param name="Note">The note as it is kept and served.</param>
public sealed record SignedSuccession(Succession Statement, SignedNote Note)
{
    /// <summary>Reads a note and verifies that all signed who must: the successor, the retiring key unless it is revoked, and the offline key.</summary>
    public static Parsed<SignedSuccession> Verify(ReadOnlySpan<byte> note) =>
        Asked(note).TryGet(out var asked, out var fault) ? asked.HasSigned(asked.Statement.Offline, "offline") is { } missing ? missing : asked : fault;

    /// <summary>The same of a request that the offline key has not signed yet: for who is to sign it.</summary>
    public static Parsed<SignedSuccession> Asked(ReadOnlySpan<byte> note)
    {
        if (!SignedNote.Parse(note).TryGet(out var parsed, out var fault) || !Succession.Parse(parsed.Text).TryGet(out var statement, out fault))
        {
            return fault;
        }

        var signed = new SignedSuccession(statement, parsed);
        return signed.HasSigned(statement.Successor, "successor") is { } successor ? successor
            : statement.Reason == SuccessionReason.Rotated && signed.HasSigned(statement.Retiring!, "retiring") is { } retiring ? retiring
            : signed;
    }

    /// <summary>The same statement with one more signature.</summary>
    /// <exception cref="ArgumentException">The signer is not the statement's offline key.</exception>
    public SignedSuccession SignedBy(NoteSigner offline)
    {
        ArgumentNullException.ThrowIfNull(offline);
        return offline.Verifier.ToString() == Statement.Offline.ToString()
            ? this with { Note = Note.With(offline.Sign(Note.Text)) }
            : throw new ArgumentException("The statement names another offline key.", nameof(offline));
    }

    /// <summary>True where two statements of one log and one number differ: who signed both can be convicted with them.</summary>
    public bool Contradicts(SignedSuccession other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Statement.Origin == other.Statement.Origin && Statement.Number == other.Statement.Number && !Note.Text.SequenceEqual(other.Note.Text);
    }

    private Fault? HasSigned(NoteVerifier key, string role) => Note.Verify([key]).Fault is { } fault
        ? new Fault($"succession-{role}-signature", $"Succession {Statement.Number} is not signed by its {role} key ({fault.Detail.TrimEnd('.')}).")
        : null;
}
