using HealthLedger.Ledger;

namespace HealthLedger.Vault.Storage;

/// <summary>
/// Sealed rows under keyed names. The store opens nothing and can lie about anything it holds: the vault notices. It changes only through
/// <see cref="ICommitParticipant.Apply"/>, with the bytes of <see cref="RedoCodec"/>. Safe for concurrent use; reads go on while a batch is applied
/// and see all of it or nothing of it.
/// </summary>
public interface IVaultStore : ICommitParticipant, IDisposable
{
    /// <summary>
    /// Deletes rows outside of any batch, overwritten in the file and durable on return: for what a restored copy of the data brought back after it was erased, and to leave
    /// nothing of deleted rows behind in the store's own log.
    /// </summary>
    void Erase(IReadOnlyList<RowPlace> places);

    /// <summary>One row; null where there is none. The caller disposes it.</summary>
    ValueTask<StoredRow?> Read(RowPlace place, CancellationToken cancellation);

    /// <summary>Several rows from one snapshot, in the order asked for; null for each that is not there. The caller disposes them.</summary>
    ValueTask<IReadOnlyList<StoredRow?>> Read(IReadOnlyList<RowPlace> places, CancellationToken cancellation);

    /// <summary>The rows of one shelf in one table by ascending row, those after <paramref name="after"/>, at most <paramref name="limit"/>.</summary>
    /// <param name="table">The table.</param>
    /// <param name="shelf">The shelf.</param>
    /// <param name="after">The last row of the page before; null for the first page.</param>
    /// <param name="limit">At least 1.</param>
    /// <param name="cancellation">Stops the reading.</param>
    ValueTask<IReadOnlyList<RowChange>> ReadPage(VaultTable table, KeyedName shelf, KeyedName? after, int limit, CancellationToken cancellation);

    /// <summary>The head and all segments of one shelf from one snapshot, so that they fit each other: the head first, the segments by ascending row.</summary>
    ValueTask<IReadOnlyList<RowChange>> ReadHeadAndSegments(KeyedName shelf, CancellationToken cancellation);
}
