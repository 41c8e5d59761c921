using HealthLedger.Proofs;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger.Successions;

/// <summary>A succession that is in force, and the entry that commits to it.</summary>
/// <param name="Signed">The statement.</param>
/// <param name="Index">Its SUCCESSION entry.</param>
public sealed record StatedSuccession(SignedSuccession Signed, ulong Index);

/// <summary>A succession that was asked for: where the log is frozen for the key that it has.</summary>
/// <param name="Size">Entries; 0 while the successor is made and nothing asked yet.</param>
/// <param name="Root">Their root.</param>
/// <param name="Reason">Rotated or revoked.</param>
internal sealed record SuccessionAsked(ulong Size, Hash Root, SuccessionReason Reason);

/// <summary>Where the log's keys and statements are kept. What is written is durable on return, and what it replaces is overwritten.</summary>
public interface ILogKeyStore
{
    /// <summary>Keeps <see cref="LedgerKeys.Export"/>; the caller zeroes it.</summary>
    void KeepKeys(ReadOnlySpan<byte> exported);

    /// <summary>Keeps a statement's record under its number.</summary>
    void Keep(ulong number, ReadOnlySpan<byte> record);

    /// <summary>A statement's record; null where there is none.</summary>
    byte[]? Find(ulong number);
}
