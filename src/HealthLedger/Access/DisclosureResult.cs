using System.Collections.Immutable;
using HealthLedger.Ledger;

namespace HealthLedger.Access;

/// <summary>What became of a request for data.</summary>
public abstract record DisclosureResult
{
    private DisclosureResult()
    {
    }

    /// <summary>At least the request is recorded and permitted; for a search the list may be empty.</summary>
    /// <param name="Records">What may leave, in order; dispose when written.</param>
    /// <param name="Total">Permitted matches in all; null where not counted.</param>
    /// <param name="Next">Where the next page begins; null on the last.</param>
    /// <param name="Receipt">Where the request stands in the ledger.</param>
    public sealed record Disclosed(ImmutableArray<DisclosedRecord> Records, int? Total, PagePosition? Next, ReceiptId Receipt) : DisclosureResult;

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

/// <summary>One record that may leave the process.</summary>
/// <param name="Key">Which version of which record.</param>
/// <param name="LastUpdated">When this version was written.</param>
/// <param name="Json">The resource, UTF-8 JSON, obligations applied.</param>
public sealed record DisclosedRecord(RecordKey Key, DateTimeOffset LastUpdated, ReadOnlyMemory<byte> Json);
