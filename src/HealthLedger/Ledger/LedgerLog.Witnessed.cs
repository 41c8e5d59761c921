using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

public sealed partial class LedgerLog
{
    /// <summary>What witnesses cosigned; null where no policy asks for any.</summary>
    public Cosignatures? Cosignatures => _parts.Cosignatures;

    /// <summary>The newest checkpoint with the cosignatures that it has so far.</summary>
    public Published Newest => Cosignatures?.Of(Published) ?? Published;

    /// <summary>Whether the quorum covers an entry; null where no policy asks for witnesses.</summary>
    public bool? IsFinal(ulong index) => Cosignatures is null ? null : index < (Cosignatures.Final?.Size ?? 0);

    /// <summary>The root that the ledger had at an earlier size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not yet published.</exception>
    public Hash RootAt(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Published.Size);
        return ProofConstruction.Root(size, _nodes.Read);
    }

    /// <summary>Puts a good cosignature of this ledger's own under what it published, behind the commit: the newest checkpoint shows it, and a policy that names its key counts it.</summary>
    /// <param name="published">What was cosigned; where a newer one was published meanwhile, only <see cref="Cosignatures"/> takes it.</param>
    /// <param name="cosignature">The line.</param>
    public void Amend(Published published, NoteSignature cosignature)
    {
        ArgumentNullException.ThrowIfNull(published);
        ArgumentNullException.ThrowIfNull(cosignature);
        _parts.Amend(published, published.With([cosignature]));
        Cosignatures?.Add(published, [cosignature]);
    }

    /// <summary>
    /// Takes no entry any more, and so discloses and changes nothing: for when it is known that another history of this ledger was signed. What is there can
    /// still be read and proven. The next start asks the witnesses again.
    /// </summary>
    /// <param name="reason">A sentence without personal data.</param>
    public void Halt(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        _parts.Halted = reason;
    }

    /// <summary>The checkpoint to prove an entry under: the newest final one where it covers the entry.</summary>
    private Published Covering(ulong index) => Cosignatures?.Final is { } final && index < final.Size ? final : Newest;
}
