using HealthLedger.Ledger.Storage;

namespace HealthLedger.Ledger;

/// <summary>What the sequencer, the keeper and the readers of one ledger share.</summary>
internal sealed class LedgerParts : IDisposable
{
    private Published? _published;
    private LockState? _locked;
    private ulong _flatDurable;
    private volatile bool _failed;
    private volatile string? _halted;

    public required ILedgerStorage Storage { get; init; }

    public required LockCheckpoint Lock { get; init; }

    public required Journal Journal { get; init; }

    public required FlatFiles Flat { get; init; }

    public required LedgerReserve Reserve { get; init; }

    public required Indexing Indexing { get; init; }

    public required EventTag Tags { get; init; }

    public required Chains Chains { get; init; }

    public required ConsentStates States { get; init; }

    public required DecisionVersions Versions { get; init; }

    public required AppendQueue Queue { get; init; }

    public required NoticeTail Tail { get; init; }

    public required Promises.LateRuns Late { get; init; }

    public Cosignatures? Cosignatures { get; init; }

    /// <summary>Why nothing is taken although the storage is sound; null while it is.</summary>
    public string? Halted
    {
        get => _halted;
        set => _halted = value;
    }

    /// <summary>Wakes the keeper.</summary>
    public AutoResetEvent Kept { get; } = new(false);

    /// <summary>The flat files are durable up to this size; the next lock checkpoint says so.</summary>
    public ulong FlatDurable
    {
        get => Volatile.Read(ref _flatDurable);
        set => Volatile.Write(ref _flatDurable, value);
    }

    /// <summary>What the lock checkpoint on the disk says of <see cref="FlatDurable"/>: the journal must keep everything behind it.</summary>
    public ulong FlatDurableLocked => Locked.FlatDurable;

    /// <summary>The lock checkpoint of <see cref="Published"/>, or a newer one's that is published at this moment: everything it covers is applied.</summary>
    public LockState Locked => Volatile.Read(ref _locked) ?? throw new InvalidOperationException("The ledger has no checkpoint yet.");

    /// <summary>True where a new journal segment began since the keeper last asked.</summary>
    public bool Rotated { get; set; }

    /// <summary>True once the keeper could not do its work: nothing more is taken or written.</summary>
    public bool Failed
    {
        get => _failed;
        set => _failed = value;
    }

    /// <summary>False for a new ledger before its first checkpoint.</summary>
    public bool HasCheckpoint => Volatile.Read(ref _published) is not null;

    /// <summary>The newest checkpoint.</summary>
    public Published Published => Volatile.Read(ref _published) ?? throw new InvalidOperationException("The ledger has no checkpoint yet.");

    public void Publish(Published published, LockState locked, bool rotated)
    {
        Volatile.Write(ref _locked, locked);
        Volatile.Write(ref _published, published);
        Tail.Wake();
        if (rotated)
        {
            Rotated = true;
            Kept.Set();
        }
    }

    /// <summary>Shows the newest checkpoint with more under it; nothing where a newer one was published meanwhile.</summary>
    public void Amend(Published published, Published amended) => Interlocked.CompareExchange(ref _published, amended, published);

    public void Dispose()
    {
        Tail.Dispose();
        Flat.Dispose();
        Journal.Dispose();
        Lock.Dispose();
        Storage.Dispose();
        Kept.Dispose();
    }
}
