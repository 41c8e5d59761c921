using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger.Promises;

namespace HealthLedger.Gateway.Ledger;

/// <summary>The section <c>HealthLedger:EmergencyJournal</c>: what goes on while the ledger can take no entry (docs/operations.md).</summary>
internal sealed class EmergencyJournalOptions
{
    /// <summary><c>off</c> (default): nothing is read then; or <c>permit</c>: reads for emergency purposes are, promised in the journal and recorded afterwards.</summary>
    public string Reads { get; set; } = "off";

    /// <summary>How many such reads can wait to be recorded, 16 to 8,192; each takes 32 KiB of the disk beforehand. Default 1,024.</summary>
    public int Slots { get; set; } = 1024;

    /// <summary>The journal's directory, which may lie on another disk. Default: <c>emergency-journal</c> in <see cref="GatewayOptions.Data"/>.</summary>
    public string? Directory { get; set; }

    public bool Permits => Reads == "permit";

    public string PathIn(string data) => Path.GetFullPath(Directory ?? Path.Combine(data, "emergency-journal"));

    public IEnumerable<string> Faults(string keys, bool hasKeyHolder)
    {
        if (Reads is not ("off" or "permit"))
        {
            yield return $"HealthLedger:EmergencyJournal:Reads is '{Reads}': use off or permit.";
        }

        if (Slots is < PromiseOptions.MinSlots or > PromiseOptions.MaxSlots)
        {
            yield return $"HealthLedger:EmergencyJournal:Slots is {Slots}: use {PromiseOptions.MinSlots} to {PromiseOptions.MaxSlots}.";
        }

        if (Directory is { } directory && (Path.GetFullPath(directory) is var path && (path == keys || path.StartsWith(keys + Path.DirectorySeparatorChar, StringComparison.Ordinal))))
        {
            yield return "HealthLedger:EmergencyJournal:Directory lies in HealthLedger:Keys: an older copy that is put back is noticed only where the two are apart.";
        }

        if (Permits && hasKeyHolder)
        {
            yield return "HealthLedger:EmergencyJournal:Reads is permit and HealthLedger:KeyHolder:Address is set: a key holder opens records against receipts alone, and a promise is none. Use off.";
        }
    }
}
