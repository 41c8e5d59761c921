using System.Security.Cryptography;

namespace HealthLedger.Ledger;

/// <summary>What a ledger is opened with. <see cref="Validate"/> runs at opening.</summary>
public sealed record LedgerOptions
{
    /// <summary>The ledger's directory; made where it does not exist.</summary>
    public required string Directory { get; init; }

    /// <summary>Name and signing keys. They stay the caller's, who disposes of them after the ledger.</summary>
    public required LedgerKeys Keys { get; init; }

    /// <summary>The index over tags and consents; the ledger owns it. One in memory, rebuilt from the entries at each start, where none is given.</summary>
    public ILedgerIndex Index { get; init; } = new VolatileLedgerIndex();

    /// <summary>The stores that write with the ledger's commit. Each gets the redo bytes of every batch.</summary>
    public IReadOnlyList<ICommitParticipant> Participants { get; init; } = [];

    /// <summary>Whose cosignatures make a checkpoint final; null where no witnesses are asked.</summary>
    public Proofs.Notes.LogPolicy? Witnesses { get; init; }

    /// <summary>Where reads in an emergency are promised while no entry can be made; null for nowhere.</summary>
    public Promises.PromiseOptions? Promises { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Randomness for the order of a batch's entries.</summary>
    public RandomNumberGenerator Random { get; init; } = RandomNumberGenerator.Create();

    /// <summary>What stops the process when the storage can no longer be trusted.</summary>
    public IFatal Fatal { get; init; } = new FailFast();

    /// <summary>Appends that wait at most; what comes on top is answered as unavailable. 1 to 1,000,000.</summary>
    public int QueueLimit { get; init; } = 8192;

    /// <summary>Entries in a batch at most, unless one request alone has more. 1 to 65,536.</summary>
    public int MaxBatchEntries { get; init; } = 1024;

    /// <summary>Bytes of facts, redo and notices in a batch at most, unless one request alone has more. 1 KiB to 64 MiB.</summary>
    public int MaxBatchBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Events of one request at most. 1 to 65,536.</summary>
    public int MaxEvents { get; init; } = 16_384;

    /// <summary>Bytes of one fact at most. 256 B to 1 MiB.</summary>
    public int MaxFactBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of one request's facts, redo and notice together at most. 1 KiB to 256 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>A journal segment is closed at this length. 4 KiB to 512 MiB.</summary>
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The journal is filled with zeros ahead of its records in steps of this length. 4 KiB to 64 MiB.</summary>
    public int PreallocateBytes { get; init; } = 1024 * 1024;

    /// <summary>Below this much free room the ledger takes nothing but what may use the reserve: what is committed must still find its place. At least 0.</summary>
    public long MinFreeBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Room taken ahead for requests that are recorded on a full disk too (<see cref="AppendRequest.Reserve"/>); 0 for none. 0 to 2 GiB.</summary>
    public long ReserveBytes { get; init; }

    /// <summary>A clock that went back by at most this much is waited out with the last time; one further back stops appends until it is right.</summary>
    public TimeSpan MaxClockBack { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A clock that ran ahead of the process's own stopwatch by more than this stops appends: a time in the ledger never goes back.</summary>
    public TimeSpan MaxClockForward { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How often an epoch is closed; null for on demand alone. At least a minute.</summary>
    public TimeSpan? EpochEvery { get; init; }

    /// <summary>Whether each staged batch is read back and hashed a second time before it is signed, so that no bit that flipped gets signed.</summary>
    public bool VerifyStaged { get; init; } = true;

    /// <summary>Checks every value's range.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Directory);
        ArgumentNullException.ThrowIfNull(Keys);
        ArgumentNullException.ThrowIfNull(Index);
        ArgumentNullException.ThrowIfNull(Fatal);
        InRange(QueueLimit, 1, 1_000_000, nameof(QueueLimit));
        InRange(MaxBatchEntries, 1, 65_536, nameof(MaxBatchEntries));
        InRange(MaxBatchBytes, 1024, 64 << 20, nameof(MaxBatchBytes));
        InRange(MaxEvents, 1, 65_536, nameof(MaxEvents));
        InRange(MaxFactBytes, 256, 1 << 20, nameof(MaxFactBytes));
        InRange(MaxRequestBytes, 1024, 256 << 20, nameof(MaxRequestBytes));
        InRange(SegmentBytes, 4096, 512 << 20, nameof(SegmentBytes));
        InRange(PreallocateBytes, 4096, 64 << 20, nameof(PreallocateBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MinFreeBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(ReserveBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReserveBytes, 2L << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxClockBack, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxClockForward, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(EpochEvery ?? TimeSpan.MaxValue, TimeSpan.FromMinutes(1), nameof(EpochEvery));
    }

    private static void InRange(int value, int least, int most, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
    }
}
