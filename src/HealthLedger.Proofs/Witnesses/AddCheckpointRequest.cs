using System.Globalization;
using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Witnesses;

/// <summary>What a log sends to a witness: a checkpoint, and the proof that it extends the one that the witness saw last (c2sp.org/tlog-witness v1.0.0, "add-checkpoint").</summary>
/// <param name="OldSize">The size that the witness is thought to have recorded; 0 to ask for it.</param>
/// <param name="Proof">The consistency proof from that size, at most 63 hashes; empty from size 0 and between equal sizes.</param>
/// <param name="Note">The signed checkpoint.</param>
public sealed record AddCheckpointRequest(ulong OldSize, IReadOnlyList<Hash> Proof, SignedNote Note)
{
    /// <summary>The most proof lines.</summary>
    public const int MaxHashes = 63;

    /// <summary>The longest request.</summary>
    public const int MaxBytes = SignedNote.MaxBytes + (4 * 1024);

    private const string Old = "old ";

    /// <summary>The request's body.</summary>
    public byte[] ToBytes()
    {
        var head = new StringBuilder(Old).Append(OldSize.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Proof)
        {
            head.Append(hash.ToBase64()).Append('\n');
        }

        return [.. Encoding.ASCII.GetBytes(head.Append('\n').ToString()), .. Note.ToBytes()];
    }

    /// <summary>Reads a body strictly; what it accepts, <see cref="ToBytes"/> writes again.</summary>
    public static Parsed<AddCheckpointRequest> Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length > MaxBytes)
        {
            return new Fault("witness-request", $"A request has at most {MaxBytes} bytes.");
        }

        // Neither the size line nor a proof line is empty, so the first empty line ends them.
        var end = body.IndexOf("\n\n"u8);
        if (end < 0 || !body.StartsWith("old "u8))
        {
            return new Fault("witness-request", "The request does not begin with an old size, proof lines and an empty line.");
        }

        var lines = Encoding.UTF8.GetString(body[..end]).Split('\n');
        if (!Checkpoint.TryParseSize(lines[0][Old.Length..], out var oldSize))
        {
            return new Fault("witness-request", "The old size is not a tree size.");
        }

        if (lines.Length - 1 > MaxHashes)
        {
            return new Fault("witness-request", $"The request has more than {MaxHashes} proof lines.");
        }

        var proof = new Hash[lines.Length - 1];
        for (var i = 0; i < proof.Length; i++)
        {
            if (!Hash.TryParseBase64(lines[i + 1], out proof[i]))
            {
                return new Fault("witness-request", $"Proof line {i} is not 32 bytes in base64.");
            }
        }

        return SignedNote.Parse(body[(end + 2)..]).TryGet(out var note, out var fault) ? new AddCheckpointRequest(oldSize, proof, note) : fault;
    }
}
