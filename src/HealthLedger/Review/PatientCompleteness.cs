using System.Collections.Immutable;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>Proves to a patient that a list of events is all there is, up to the last epoch (docs/formats/completeness.md).</summary>
public sealed class PatientCompleteness(RecordVault vault, LedgerLog ledger, TimeProvider time)
{
    /// <summary>An epoch older than this is followed by a new one before the proof is made.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private const int Step = 1_000;

    /// <summary>The proof. For the patient alone: it holds all facts of the chain and its tag key.</summary>
    /// <param name="patientId">A Patient id.</param>
    /// <param name="cancellation">Honoured while the epoch is closed and the proof is made.</param>
    /// <returns>Null for a patient without a chain, where the chain is not enrolled and the ledger takes no entries now, or with more than <see cref="CompletenessProof.MaxEvents"/> events.</returns>
    /// <exception cref="InvalidDataException">A stored fact does not open.</exception>
    public async ValueTask<CompletenessProof?> Of(string patientId, CancellationToken cancellation)
    {
        if (vault.ChainOf(ShelfId.ForPatient(patientId)) is not { } chain)
        {
            return null;
        }

        if (await ledger.Enrol(chain, cancellation) is null)
        {
            return null;
        }

        var epochs = await ledger.Epochs(cancellation);
        if (epochs.Count == 0 || time.GetUtcNow() - epochs[^1].Closed > Fresh)
        {
            // Where the ledger takes no entries, the proof reaches as far as the last epoch.
            await ledger.CloseEpoch(cancellation);
            epochs = await ledger.Epochs(cancellation);
        }

        // In this order: what gets the next number from here on comes after all of these epochs.
        var count = ledger.CountOf(chain);
        if (count > CompletenessProof.MaxEvents)
        {
            return null;
        }

        using var key = ledger.TagKeyOf(chain);
        var absences = await ledger.ProveTag(key.TagOf(count), cancellation);
        var checkpoint = ledger.Published;
        var events = ImmutableArray.CreateBuilder<ProvenEntry>((int)count);
        for (ulong from = 0; from < count; from += Step)
        {
            foreach (var each in ledger.EventsOf(chain, from, (int)Math.Min(Step, count - from)))
            {
                cancellation.ThrowIfCancellationRequested();
                events.Add(Proven(each.Index, checkpoint) with
                {
                    Fact = ledger.OpenFact(each.Index, chain) ?? throw new InvalidDataException($"The fact of entry {each.Index} does not open: what is stored is not what was recorded."),
                });
            }
        }

        return new CompletenessProof(
            Encoding.UTF8.GetString(checkpoint.Note.Span), key.Bytes.ToArray(), events.MoveToImmutable(),
            [.. absences.Take(epochs.Count).Select(a => new ProvenEpoch(Proven(a.Epoch.Entry, checkpoint), a.Proof))]);
    }

    private ProvenEntry Proven(ulong index, Published checkpoint) => Proven(ledger, index, checkpoint);

    internal static ProvenEntry Proven(LedgerLog ledger, ulong index, Published checkpoint) => new(index, ledger.ReadEntry(index), ledger.Inclusion(index, checkpoint.Size));
}
