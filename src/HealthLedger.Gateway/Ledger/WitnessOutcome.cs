using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Ledger;

/// <summary>What asking one witness came to.</summary>
internal abstract record WitnessOutcome
{
    private WitnessOutcome()
    {
    }

    /// <summary>It cosigned, verified with its keys.</summary>
    public sealed record Cosigned(IReadOnlyList<NoteSignature> Cosignatures) : WitnessOutcome;

    /// <summary>What it recorded is part of our history.</summary>
    public sealed record Agrees : WitnessOutcome;

    /// <summary>It recorded more than we have, or something else.</summary>
    /// <param name="Size">How many entries it recorded.</param>
    /// <param name="Theirs">The checkpoint with our own log's signature, which proves it; null where it only says so.</param>
    public sealed record Contradicts(ulong Size, SignedNote? Theirs) : WitnessOutcome;

    /// <summary>It does not cosign, for a reason of its own.</summary>
    public sealed record Refuses(string Why) : WitnessOutcome;

    /// <summary>It cannot be reached.</summary>
    public sealed record Silent(string Why) : WitnessOutcome;
}
