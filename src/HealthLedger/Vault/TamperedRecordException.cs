using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// What storage holds is not what was committed: a row is missing, changed, moved, or of an earlier time. Nothing of it is disclosed. The message tells the table
/// and the keyed names of shelf and row, which say nothing without the keys.
/// </summary>
public sealed class TamperedRecordException : Exception
{
    internal TamperedRecordException(RowPlace place, string finding)
        : base($"Storage was tampered with or is damaged: {finding} (table {place.Table}, shelf {place.Shelf.Value:x32}, row {place.Row.Value:x32}).") => (Place, Finding) = (place, finding);

    /// <summary>What is wrong, in words that are of nobody.</summary>
    public string Finding { get; }

    /// <summary>The row at fault.</summary>
    public RowPlace Place { get; }
}
