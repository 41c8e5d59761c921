using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Witnesses;

/// <summary>What a witness answers to one request (c2sp.org/tlog-witness v1.0.0, "add-checkpoint").</summary>
public abstract record WitnessDecision
{
    private WitnessDecision()
    {
    }

    /// <summary>The HTTP status.</summary>
    public abstract int Status { get; }

    /// <summary>200: to be recorded durably, then cosigned.</summary>
    /// <param name="Checkpoint">What the note says.</param>
    /// <param name="Note">The note, signed by a trusted log.</param>
    public sealed record Cosign(Checkpoint Checkpoint, SignedNote Note) : WitnessDecision
    {
        /// <inheritdoc/>
        public override int Status => 200;
    }

    /// <summary>409: another size is recorded. The answer's body is the size and a newline, its type <c>text/x.tlog.size</c>.</summary>
    /// <param name="Recorded">The recorded size; 0 where nothing is.</param>
    public sealed record Conflict(ulong Recorded) : WitnessDecision
    {
        /// <summary>The type of the answer's body.</summary>
        public const string ContentType = "text/x.tlog.size";

        /// <inheritdoc/>
        public override int Status => 409;
    }

    /// <summary>400, 403, 404 or 422.</summary>
    /// <param name="Code">The status.</param>
    /// <param name="Fault">Why.</param>
    public sealed record Refused(int Code, Fault Fault) : WitnessDecision
    {
        /// <inheritdoc/>
        public override int Status => Code;
    }
}
