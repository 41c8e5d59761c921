using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>What became of a request for data. Disposing it zeroes what was opened.</summary>
public abstract record DisclosureResult : IDisposable
{
    private DisclosureResult()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (this is Disclosed disclosed)
        {
            foreach (var record in disclosed.Records)
            {
                record.Dispose();
            }
        }
    }

    /// <summary>At least the request is recorded and permitted; for a search the list may be empty.</summary>
    /// <param name="Records">What may leave, in order; dispose when written.</param>
    /// <param name="Total">Permitted matches in all; null where not counted.</param>
    /// <param name="Next">Where the next page begins; null on the last.</param>
    /// <param name="Receipt">Where the request stands in the ledger.</param>
    public sealed record Disclosed(ImmutableArray<DisclosedRecord> Records, int? Total, PagePosition? Next, ReceiptId Receipt) : DisclosureResult
    {
        /// <summary>True where a search would have included more than it may: the rest is left out.</summary>
        public bool IncludesCut { get; init; }

        /// <summary>What the meta of all permitted matches has; null where it was not asked for.</summary>
        public UsedMeta? Meta { get; init; }
    }

    /// <summary>A page of an export is recorded and permitted; it may be empty.</summary>
    /// <param name="Records">Each is opened when its turn comes, so that no more than one is in memory; dispose of each when it is written.</param>
    /// <param name="Onward">Where the export goes on; null where all was reached.</param>
    /// <param name="Receipt">Where the page stands in the ledger.</param>
    public sealed record Streamed(IAsyncEnumerable<DisclosedRecord> Records, CohortPosition? Onward, ReceiptId Receipt) : DisclosureResult;

    /// <summary>Refused or absent: from outside the two are one. Recorded either way.</summary>
    /// <param name="Receipt">Where the attempt stands in the ledger.</param>
    public sealed record NotThere(ReceiptId Receipt) : DisclosureResult;

    /// <summary>The caller saw this record before it was deleted, so it may know that it is gone (410).</summary>
    /// <param name="Receipt">Where the request stands in the ledger.</param>
    public sealed record Gone(ReceiptId Receipt) : DisclosureResult;

    /// <summary>A search over more patients than a request may open at once; depends on permitted patients alone.</summary>
    /// <param name="Limit">How many patients one search may span.</param>
    public sealed record TooBroad(int Limit) : DisclosureResult;

    /// <summary>The ledger takes no entry now, so nothing is disclosed.</summary>
    public sealed record Unavailable : DisclosureResult;
}

/// <summary>One record that may leave the process, in the vault's buffer until it is disposed.</summary>
public sealed class DisclosedRecord : IDisposable
{
    private readonly OpenedBytes? _opened;

    internal DisclosedRecord(RecordKey key, DateTimeOffset lastUpdated, OpenedBytes? opened) => (Key, LastUpdated, _opened) = (key, lastUpdated, opened);

    /// <summary>Which version of which record.</summary>
    public RecordKey Key { get; }

    /// <summary>When this version was written.</summary>
    public DateTimeOffset LastUpdated { get; }

    /// <summary>True for what a match brought along, false for a match.</summary>
    public bool IsIncluded { get; init; }

    /// <summary>True where the caller answers for the party that keeps it, and so may change it with the scope to.</summary>
    public bool IsKeptByCaller { get; init; }

    /// <summary>The resource, UTF-8 JSON, obligations applied; empty where this version deleted it. Zeroed by <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Json => _opened?.Memory ?? default;

    /// <inheritdoc/>
    public void Dispose() => _opened?.Dispose();
}
