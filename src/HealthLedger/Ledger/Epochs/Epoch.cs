using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;

namespace HealthLedger.Ledger.Epochs;

/// <summary>A closed epoch, as its EPOCH entry says.</summary>
/// <param name="Entry">The EPOCH entry.</param>
/// <param name="Root">Over the sorted tags.</param>
/// <param name="From">The first entry.</param>
/// <param name="To">The entry behind the last one.</param>
/// <param name="Count">Tags.</param>
/// <param name="Closed">When, to the minute.</param>
public sealed record Epoch(ulong Entry, Hash Root, ulong From, ulong To, ulong Count, DateTimeOffset Closed);

/// <summary>What an epoch says of a tag.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Proof">Presence or absence.</param>
public sealed record EpochProof(Epoch Epoch, TagProof Proof);
