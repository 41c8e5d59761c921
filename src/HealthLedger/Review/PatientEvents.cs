using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>A patient's own list: every event on the patient's chain, refused attempts too, each opened from the ledger it stands in.</summary>
public sealed class PatientEvents(RecordVault vault, LedgerLog ledger)
{
    /// <summary>The most events of one page.</summary>
    public const int MaxPage = 500;

    /// <summary>A page of the list, newest first.</summary>
    /// <param name="patientId">A Patient id.</param>
    /// <param name="skip">How many of the newest to leave out.</param>
    /// <param name="max">1 to <see cref="MaxPage"/>.</param>
    /// <returns>An empty list for a patient without a chain.</returns>
    /// <exception cref="InvalidDataException">A stored fact does not open, or is not the one that its entry commits to.</exception>
    public PatientEventPage Of(string patientId, ulong skip, int max)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(max is >= 1 and <= MaxPage, true, nameof(max));
        if (vault.ChainOf(ShelfId.ForPatient(patientId)) is not { } chain)
        {
            return new PatientEventPage([], skip, 0);
        }

        var total = ledger.CountOf(chain);
        return new PatientEventPage([.. ledger.EventsOf(chain, skip, max, newestFirst: true).Select(e => Open(ledger, e.Index, chain))], skip, total);
    }

    /// <summary>Opens one event's fact.</summary>
    internal static FactEvent Open(LedgerLog ledger, ulong index, EventChain chain) =>
        ledger.FactOf(index, chain) is { } fact
            ? FactEvent.Of(index, fact)
            : throw new InvalidDataException($"The fact of entry {index} does not open: what is stored is not what was recorded.");
}

/// <summary>A page of a patient's events.</summary>
/// <param name="Events">Newest first.</param>
/// <param name="Skipped">How many newer ones were left out.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record PatientEventPage(ImmutableArray<FactEvent> Events, ulong Skipped, ulong Total)
{
    /// <summary>The newest entry shown; 0 where there is none.</summary>
    public ulong Newest => Events.IsEmpty ? 0 : Events.Max(e => e.Entry);

    /// <summary>True where older ones follow.</summary>
    public bool HasOlder => Skipped + (ulong)Events.Length < Total;
}
