using HealthLedger.Consents;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;
using ConsentStanding = HealthLedger.Proofs.ConsentStateMap.ConsentStanding;

namespace HealthLedger.Access;

/// <summary>
/// Everything that decides about one patient, read in the order that makes races safe: first the decision version, then the shelf. A state can so only be newer
/// than its version, and the sequencer refuses whatever rests on an older one.
/// </summary>
public sealed class ConsentStates(RecordVault vault, LedgerLog log)
{
    /// <summary>A patient's shelf, the consents on it, and the version they stand for; null where there is no such patient.</summary>
    internal async ValueTask<PatientState?> Of(ShelfId patient, CancellationToken cancellation)
    {
        while (true)
        {
            var version = log.DecisionVersionOf(patient.Value);
            if (await vault.OpenShelf(patient, cancellation) is not { } shelf)
            {
                return null;
            }

            if (shelf.Decided is not ConsentState state)
            {
                var records = shelf.OfType("Consent").Where(e => !e.Annotation.IsEmpty).Select(e => ConsentRecord.Decode(e.Annotation)).ToList();
                if (!Stand(records))
                {
                    // Either a withdrawal came between reading the shelf and the map, and then the version tells; or rows of an earlier time were put back.
                    if (log.DecisionVersionOf(patient.Value) != version)
                    {
                        continue;
                    }

                    throw new TamperedRecordException(new RowPlace(VaultTable.Head, shelf.Tag, default), "a stored consent stands that the ledger does not hold as granted");
                }

                // Who keeps nothing of a patient is refused by the patient as a whole: how many such patients there are must not count against a search.
                state = new ConsentState(patient.Value, version.Version, records.Select(r => r.Directive), [.. shelf.Ever(null).Select(e => e.Custodian)]);
                shelf.Decided = state;
            }

            return new PatientState(shelf, state, version);
        }
    }

    /// <summary>The version of what decides about all patients.</summary>
    internal DecisionVersion OfEverybody() => log.DecisionVersionOf(DecisionVersion.Everybody);

    /// <summary>True where the ledger's map holds every handle of these consents as granted. The map cannot be put back, for every checkpoint commits to it.</summary>
    private bool Stand(List<ConsentRecord> records) =>
        records.SelectMany(r => r.Handles).All(h => log.ConsentStateOf(new Hash(h.Handle.Span)) is { Standing: ConsentStanding.Granted });
}

/// <summary>One patient as a decision sees them.</summary>
/// <param name="Shelf">The records, by their terms.</param>
/// <param name="Consents">What the patient said.</param>
/// <param name="Version">What a permit rests on.</param>
internal sealed record PatientState(Shelf Shelf, ConsentState Consents, DecisionVersion Version);
