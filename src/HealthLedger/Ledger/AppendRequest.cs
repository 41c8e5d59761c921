using System.Collections.Immutable;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger;

/// <summary>One event to record.</summary>
/// <param name="Chain">Whose event it is.</param>
/// <param name="Fact">The fact's stored bytes (docs/formats/fact.md), padded; the ledger seals them under the chain's audit key.</param>
/// <param name="Commitment">32 bytes: the fact's commitment, which becomes the entry's.</param>
/// <param name="Operation">The consent-map operation the entry carries, or null.</param>
/// <param name="Kind">EVENT; ERASE, and the ledger's own ENROL, without an operation.</param>
public sealed record PendingEvent(
    EventChain Chain, ReadOnlyMemory<byte> Fact, ReadOnlyMemory<byte> Commitment, ConsentOperation? Operation = null, EntryKind Kind = EntryKind.Event);

/// <summary>What an EPOCH entry commits to; the ledger alone makes it.</summary>
/// <param name="Root">Over the sorted tags.</param>
/// <param name="From">First entry.</param>
/// <param name="To">Behind the last entry; a published size.</param>
/// <param name="Count">Tags.</param>
/// <param name="Previous">The EPOCH entry before.</param>
internal sealed record EpochCommitment(Hash Root, ulong From, ulong To, ulong Count, ulong Previous);

/// <summary>What a SUCCESSION entry commits to; the ledger alone makes it.</summary>
/// <param name="Commitment">Hash of the statement's text.</param>
/// <param name="Number">The statement's number.</param>
/// <param name="FrozenSize">Entries under the last checkpoint of the retiring key.</param>
internal sealed record SuccessionCommitment(Hash Commitment, ulong Number, ulong FrozenSize);

/// <summary>A change of the consent-state map.</summary>
/// <param name="Withdraw">False grants a handle that was never used before; true withdraws a granted one.</param>
/// <param name="Handle">32 random bytes, one for each consent version and grantee.</param>
/// <param name="NotAfter">Unix seconds after which the consent does not hold; <see cref="long.MaxValue"/> where it has no end.</param>
/// <param name="ScopeCommitment">32 bytes: the commitment to what is consented to.</param>
public sealed record ConsentOperation(bool Withdraw, ReadOnlyMemory<byte> Handle, long NotAfter, ReadOnlyMemory<byte> ScopeCommitment);

/// <summary>The version of everything that decides about one patient, as a decision saw it.</summary>
/// <param name="Subject">The chain id of the patient, or <see cref="Everybody"/> for what decides about all (roles, groups, policies).</param>
/// <param name="Version">From <c>LedgerLog.DecisionVersionOf</c>, read before the state it stands for was read.</param>
public readonly record struct DecisionVersion(string Subject, long Version)
{
    /// <summary>The subject of decisions about all patients.</summary>
    public const string Everybody = "*";
}

/// <summary>What one request appends, all of it or nothing, in one batch.</summary>
public sealed record AppendRequest
{
    /// <summary>At least one event, except beside <see cref="Epoch"/> or <see cref="Succession"/>.</summary>
    public required ImmutableArray<PendingEvent> Events { get; init; }

    /// <summary>
    /// Whether the request is recorded on a full disk too. MUST follow from what kind of request it is, never from what is stored: on a full disk it tells which requests are answered.
    /// </summary>
    public ReserveUse Reserve { get; init; }

    /// <summary>
    /// Whether this may be promised where the ledger takes no entry (<see cref="IPromising"/>). Like <see cref="Reserve"/> it MUST follow from what kind of request it is.
    /// </summary>
    public bool MayBePromised { get; init; }

    /// <summary>True for what was promised before, and so comes before everything else now.</summary>
    internal bool WasPromised { get; init; }

    /// <summary>Closes an epoch.</summary>
    internal EpochCommitment? Epoch { get; init; }

    /// <summary>Records a succession of the log's key. Not beside <see cref="Epoch"/>.</summary>
    internal SuccessionCommitment? Succession { get; init; }

    /// <summary>Whether an entry of the ledger's own comes behind the events.</summary>
    internal bool HasOwnEntry => Epoch is not null || Succession is not null;

    /// <summary>The decision versions this request rests on; compared inside the sequencer, where a withdrawal wins every race.</summary>
    public ImmutableArray<DecisionVersion> Expected { get; init; } = [];

    /// <summary>The subjects whose decision version this request raises (a consent change raises its patient's).</summary>
    public ImmutableArray<string> Raises { get; init; } = [];

    /// <summary>Sealed bytes that the vault applies after the commit; the ledger's journal is the vault's redo log, so entry and record are one commit.</summary>
    public ReadOnlyMemory<byte> Redo { get; init; }

    /// <summary>A notice for the event publisher, plain here and sealed in the journal; empty where nothing is published.</summary>
    public ReadOnlyMemory<byte> Notice { get; init; }

    /// <summary>
    /// Runs on the sequencer after the commit and after the vault applied the redo bytes, before any waiter is released and before raised decision
    /// versions can be read: the place where in-memory state becomes the new one. MUST NOT block or throw.
    /// </summary>
    public Action? Committed { get; init; }
}

/// <summary>How much of the reserve a request may use, once the disk is nearly full.</summary>
public enum ReserveUse
{
    /// <summary>None: it waits for room.</summary>
    None,

    /// <summary>As long as half of it is left: what leads to the requests that may use all.</summary>
    Half,

    /// <summary>All: taking back what was permitted must not wait for room.</summary>
    All,
}

/// <summary>What became of an append.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>Durable and covered by a published signed checkpoint.</summary>
    /// <param name="Indices">The entry index of each event, in the request's order.</param>
    /// <param name="CheckpointSize">The size of the checkpoint that covers them.</param>
    /// <param name="Time">When the batch was sequenced.</param>
    public sealed record Appended(ImmutableArray<ulong> Indices, ulong CheckpointSize, DateTimeOffset Time) : AppendOutcome;

    /// <summary>Nothing was written: these subjects changed since they were decided.</summary>
    public sealed record Stale(ImmutableArray<string> Subjects) : AppendOutcome;

    /// <summary>Nothing was written: the ledger takes no entries now (full disk, full queue, stopping). Whatever needed the entry must not happen.</summary>
    public sealed record Unavailable(string Reason) : AppendOutcome;
}
