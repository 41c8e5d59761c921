using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

/// <summary>The checkpoint that the ledger shows to everybody, and the consent map that its last entry commits to.</summary>
/// <param name="Size">Entries.</param>
/// <param name="Root">The root over them.</param>
/// <param name="MapRoot">The consent map's root, as the STATE entry at <c>Size - 1</c> says.</param>
/// <param name="Time">When its last batch was sequenced.</param>
/// <param name="Note">The signed note (C2SP tlog-checkpoint) with the log's signature and the local cosignature.</param>
public sealed record Published(ulong Size, Hash Root, Hash MapRoot, DateTimeOffset Time, ReadOnlyMemory<byte> Note)
{
    private readonly Lazy<SignedNote> _signed = new(() => SignedNote.Parse(Note.Span).Value);

    /// <summary>The note, read.</summary>
    public SignedNote Signed => _signed.Value;

    /// <summary>The same with more cosignatures under it; one of the same key is replaced.</summary>
    public Published With(IEnumerable<NoteSignature> cosignatures) => new(Size, Root, MapRoot, Time, Signed.With(cosignatures).ToBytes());
}
