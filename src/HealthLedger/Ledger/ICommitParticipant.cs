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
}
