namespace HealthLedger.Ledger;

/// <summary>A store whose writes ride on the ledger's commit: the ledger's journal is its redo log.</summary>
public interface ICommitParticipant
{
    /// <summary>The checkpoint size up to which redo bytes were applied durably. At start the ledger applies again what lies between this and its own size.</summary>
    ulong AppliedSize { get; }

    /// <summary>
    /// Applies the redo bytes of one committed batch. MUST be durable on return, MUST be idempotent (a batch may be applied again after a crash),
    /// MUST set <see cref="AppliedSize"/> to <paramref name="size"/> in the same transaction. An exception stops the process.
    /// </summary>
    /// <param name="size">The checkpoint size of the batch; larger than in any call before.</param>
    /// <param name="redo">The redo bytes of each request of the batch that has any, in sequence. Valid during the call only: the ledger uses the memory again.</param>
    void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo);

    /// <summary>Keeps room for batches to come, so that they can be applied on a full disk. Called now and then by the thread that applies.</summary>
    /// <param name="bytes">Of redo bytes, about.</param>
    /// <returns>False where there is no such room.</returns>
    bool Reserve(long bytes) => true;

    /// <summary>
    /// Whether <see cref="Apply"/> of these redo bytes would find room, so that it does not fail for want of it when it comes next. Changes nothing; asked on a full disk alone, and may take
    /// as long as applying.
    /// </summary>
    bool HasRoom(IReadOnlyList<ReadOnlyMemory<byte>> redo) => true;
}
