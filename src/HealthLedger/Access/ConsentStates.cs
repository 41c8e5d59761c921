using System.Runtime.CompilerServices;
using HealthLedger.Consents;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Everything that decides about one patient, read in the order that makes races safe: first the decision version, then the shelf. A state can so only be newer
/// than its version, and the sequencer refuses whatever rests on an older one.
/// </summary>
public sealed class ConsentStates(RecordVault vault, LedgerLog log)
{
    private readonly ConditionalWeakTable<Shelf, ConsentState> _byShelf = [];

    /// <summary>A patient's shelf, the consents on it, and the version they stand for; null where there is no such patient.</summary>
    internal async ValueTask<PatientState?> Of(ShelfId patient, CancellationToken cancellation)
    {
        var version = log.DecisionVersionOf(patient.Value);
        if (await vault.OpenShelf(patient, cancellation) is not { } shelf)
        {
            return null;
        }

        if (!_byShelf.TryGetValue(shelf, out var state))
        {
            state = Read(patient, version.Version, shelf);
            _byShelf.AddOrUpdate(shelf, state);
        }

        return new PatientState(shelf, state, version);
    }

    /// <summary>The version of what decides about all patients.</summary>
    internal DecisionVersion OfEverybody() => log.DecisionVersionOf(DecisionVersion.Everybody);

    private static ConsentState Read(ShelfId patient, long version, Shelf shelf) => new(
        patient.Value,
        version,
        shelf.OfType("Consent").Where(e => !e.Annotation.IsEmpty).Select(e => ConsentRecord.Decode(e.Annotation).Directive),
        // Who keeps nothing of a patient is refused by the patient as a whole: how many such patients there are must not count against a search.
        [.. shelf.All.Select(e => e.Custodian)]);
}

/// <summary>One patient as a decision sees them.</summary>
/// <param name="Shelf">The records, by their terms.</param>
/// <param name="Consents">What the patient said.</param>
/// <param name="Version">What a permit rests on.</param>
internal sealed record PatientState(Shelf Shelf, ConsentState Consents, DecisionVersion Version);
