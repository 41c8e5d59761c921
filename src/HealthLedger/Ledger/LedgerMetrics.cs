using System.Diagnostics.Metrics;

namespace HealthLedger.Ledger;

/// <summary>What the ledger counts: numbers only, nothing about anybody.</summary>
internal static class LedgerMetrics
{
    /// <summary>The meter's name.</summary>
    public const string Name = "HealthLedger.Ledger";

    private static readonly Meter s_meter = new(Name);

    public static readonly Counter<long> Batches = s_meter.CreateCounter<long>("healthledger.ledger.batches", description: "Batches committed.");
    public static readonly Counter<long> Entries = s_meter.CreateCounter<long>("healthledger.ledger.entries", description: "Entries committed, STATE entries included.");
    public static readonly Counter<long> Stale = s_meter.CreateCounter<long>("healthledger.ledger.stale", description: "Appends refused because a decision was overtaken.");
    public static readonly Counter<long> Unavailable = s_meter.CreateCounter<long>("healthledger.ledger.unavailable", description: "Appends that could not be taken.");
    public static readonly Counter<long> FromReserve = s_meter.CreateCounter<long>("healthledger.ledger.reserve.appends", description: "Appends recorded out of the reserve, on a full disk.");
    public static readonly Counter<long> Promised = s_meter.CreateCounter<long>("healthledger.ledger.promises", description: "Emergency reads promised in the emergency journal.");
    public static readonly Gauge<long> DiskFree = s_meter.CreateGauge<long>("healthledger.ledger.disk.free", "By", "Free room on the disk of the ledger.");
    public static readonly Gauge<double> ReserveLeft = s_meter.CreateGauge<double>("healthledger.ledger.reserve.left", description: "The part of the reserve that is left, 0 to 1.");
    public static readonly Histogram<int> BatchSize = s_meter.CreateHistogram<int>("healthledger.ledger.batch.size", description: "Entries in a batch.");
    public static readonly Histogram<double> CommitDuration = s_meter.CreateHistogram<double>("healthledger.ledger.commit.duration", "s", "From taking a batch to releasing its waiters.");
}
