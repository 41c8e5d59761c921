using System.Collections.Immutable;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;

namespace HealthLedger.Vault;

/// <summary>One new version of one record.</summary>
public sealed record RecordWrite
{
    /// <summary>Which record, and its new version: one more than the current, or 1.</summary>
    public required RecordKey Key { get; init; }

    /// <summary>All shelves it lives on from this version on; at least one. A shelf that it leaves is told by the vault.</summary>
    public required ImmutableArray<ShelfId> Shelves { get; init; }

    /// <summary>True where this version deletes the record.</summary>
    public bool Deletes { get; init; }

    /// <summary>The resource's bytes; empty where it is deleted.</summary>
    public ReadOnlyMemory<byte> Plaintext { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset LastUpdated { get; init; }

    /// <summary>Who answers for it: <c>Organization/id</c>, or a client's id.</summary>
    public required string Custodian { get; init; }

    /// <summary>The search terms, extracted with <see cref="RecordVault.Vocabulary"/>; null where it is deleted.</summary>
    public ResourceTerms? Terms { get; init; }

    /// <summary>What the shelf keeps open beside the current version, such as a compiled consent; at most 64 KiB.</summary>
    public ReadOnlyMemory<byte> Annotation { get; init; }
}

/// <summary>What a change does to one shelf: what its event commits to.</summary>
/// <param name="Shelf">Which shelf.</param>
/// <param name="Chain">The chain that the event is told on.</param>
/// <param name="ChangeRoot">The RFC 6962 root over the leaves of <paramref name="Records"/>, in that order.</param>
/// <param name="Root">The shelf's root over all current versions after the change.</param>
/// <param name="Sequence">The number of the change on this shelf, from 1 upwards.</param>
/// <param name="Records">The new versions.</param>
public sealed record ShelfChange(ShelfId Shelf, EventChain Chain, Hash256 ChangeRoot, Hash256 Root, ulong Sequence, ImmutableArray<ShelfEntry> Records)
{
    /// <summary>What the event's fact says of the change: <c>sequence/change root/root</c>, the roots in hexadecimal.</summary>
    public string Evidence => $"{Sequence}/{ChangeRoot}/{Root}";

    /// <summary>The part of the change that one request asked for, where several share it: its own records, and the root over them.</summary>
    /// <param name="start">Where its records begin.</param>
    /// <param name="count">How many they are.</param>
    public ShelfChange Part(int start, int count)
    {
        var records = Records.Slice(start, count);
        return this with { Records = records, ChangeRoot = VersionSet.RootOf([.. records.Select(VersionSet.Leaf)]) };
    }
}

/// <summary>
/// A change sealed and ready to be recorded. Put <see cref="Redo"/> into the append and <see cref="Commit"/> into its <c>Committed</c>; dispose it afterwards,
/// which abandons it where it was not committed.
/// </summary>
public sealed class PreparedChange : IDisposable
{
    private readonly ShelfLock held;
    private readonly Action commit;
    private int done;

    internal PreparedChange(ShelfLock held, byte[] redo, ImmutableArray<ShelfChange> shelves, Action commit)
    {
        this.held = held;
        this.commit = commit;
        Redo = redo;
        Shelves = shelves;
        held.Pending = this;
    }

    /// <summary>What storage applies: sealed bytes.</summary>
    public ReadOnlyMemory<byte> Redo { get; }

    /// <summary>What it does to each shelf.</summary>
    public ImmutableArray<ShelfChange> Shelves { get; }

    /// <summary>Makes the new state the one that readers see. Called by the sequencer once storage applied <see cref="Redo"/>. Does not throw; the second call does nothing.</summary>
    public void Commit()
    {
        if (Interlocked.Exchange(ref done, 1) == 0)
        {
            commit();
            held.Pending = null;
        }
    }

    /// <summary>Abandons the change where it was not committed.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref done, 1) == 0)
        {
            held.Pending = null;
        }
    }
}
