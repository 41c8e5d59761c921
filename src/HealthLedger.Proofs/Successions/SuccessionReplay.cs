using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Successions;

/// <summary>
/// Checks the SUCCESSION entries of a ledger: numbered from 0 without gap, each once, and the ones that the log serves, so that no succession is shown to some and hidden from others.
/// Not safe for several threads.
/// </summary>
/// <param name="lineage">The statements that the log serves; null where it serves none.</param>
/// <param name="served">Entries up to the size at which they were served: a later succession is not missing among them.</param>
public sealed class SuccessionReplay(LogLineage? lineage, ulong served) : IReplayCheck
{
    /// <summary>SUCCESSION entries read so far.</summary>
    public ulong Count { get; private set; }

    /// <inheritdoc/>
    public AuditPart Part => AuditPart.LogKeys;

    /// <inheritdoc/>
    public Verdict Apply(ulong index, in LedgerEntry entry)
    {
        if (entry.Kind != EntryKind.Succession)
        {
            return Verdict.Valid;
        }

        var number = Count++;
        if (entry.SuccessionNumber != number || entry.FrozenSize > index)
        {
            return Verdict.Refused("replay-succession", $"Entry {index} records succession {entry.SuccessionNumber} at {entry.FrozenSize} entries, where number {number} should come.");
        }

        var statement = lineage?.Statements.ElementAtOrDefault((int)Math.Min(number, Succession.MaxNumber + 1))?.Statement;
        return statement is null
            ? index < served ? Verdict.Refused("replay-succession-hidden", $"Entry {index} records succession {number} of the log's key, which the log does not serve.") : Verdict.Valid
            : entry.Commitment == statement.Commitment && entry.FrozenSize == statement.Size ? Verdict.Valid
            : Verdict.Refused("replay-succession-other", $"Entry {index} records another succession {number} than the one that the log serves.");
    }

    /// <inheritdoc/>
    public void Skip(ulong index)
    {
        // An entry that cannot be read is a finding already.
    }
}
