using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>
/// Answers an auditor who picks entries at random: whose each is, and that it stands on that patient's one chain (docs/formats/completeness.md). One entry of the
/// ledger for each challenge, appended before it is answered.
/// </summary>
public sealed class Challenges(RecordVault vault, LedgerLog ledger, TimeProvider time)
{
    /// <summary>The most entries of one challenge: for each of them the key of every chain is tried.</summary>
    public const int Max = 16;

    private static readonly FactField[] s_shown = [FactField.Event, FactField.Time, FactField.Patient];
    private static readonly FactField[] s_enrolled = [FactField.Event, FactField.Patient, FactField.Evidence];

    /// <summary>Answers a challenge, after it is recorded; null where the ledger takes no entry now.</summary>
    /// <param name="caller">A regulator.</param>
    /// <param name="requestId">Made by the gateway.</param>
    /// <param name="indices">1 to <see cref="Max"/> published entries; those that stand on no chain (STATE, EPOCH) are left out of the answer.</param>
    /// <param name="cancellation">Honoured throughout.</param>
    /// <exception cref="ArgumentException">The caller is no auditor, or an index is not published: a bug of who asks.</exception>
    public async ValueTask<ChallengeAnswer?> Answer(Caller caller, string requestId, IReadOnlyList<ulong> indices, CancellationToken cancellation)
    {
        if (!caller.MayAudit || indices.Count is < 1 or > Max || indices.Any(i => i >= ledger.Published.Size))
        {
            throw new ArgumentException($"An auditor challenges 1 to {Max} published entries.", nameof(indices));
        }

        var fact = AccessFacts.Start(caller, PurposeOfUse.Compliance, "challenge", requestId, "review", Instants.Now(time))
            .Set(FactField.Decision, "permit")
            .Set(FactField.Evidence, JsonSerializer.Serialize(new { challenge = indices }));
        var entry = new ReviewEntry(new AppendRequest { Events = [AccessFacts.Finish(fact, vault.TenantChain)] });
        if (await Recorded<ReviewEntry>.Append(ledger, entry, cancellation) is not RecordOutcome<ReviewEntry>.Done)
        {
            return null;
        }

        var owners = await Owners([.. indices.Where(IsOnChain)], cancellation);
        var enrolments = new Dictionary<string, ChainEvent>(StringComparer.Ordinal);
        foreach (var chain in owners.Values.Select(owner => owner.Chain))
        {
            if (await ledger.Enrol(chain, cancellation) is not { } enrolled)
            {
                return null;
            }

            enrolments[chain.Id] = enrolled;
        }

        var checkpoint = ledger.Published;
        return new ChallengeAnswer(
            Encoding.UTF8.GetString(checkpoint.Note.Span), [.. indices.Where(IsOnChain).Select(i => One(i, owners.GetValueOrDefault(i), enrolments, checkpoint))]);
    }

    private bool IsOnChain(ulong index) => LedgerEntry.KindOf(ledger.ReadEntry(index)) is EntryKind.Event or EntryKind.Enrol or EntryKind.Erase;

    /// <summary>The chain of each entry, by which key opens its fact: nothing stored says it.</summary>
    private async ValueTask<Dictionary<ulong, (EventChain Chain, Fact Fact)>> Owners(HashSet<ulong> wanted, CancellationToken cancellation)
    {
        var owners = new Dictionary<ulong, (EventChain, Fact)>();
        void Try(EventChain chain)
        {
            foreach (var index in wanted)
            {
                if (ledger.FactOf(index, chain) is { } fact)
                {
                    owners[index] = (chain == vault.TenantChain ? chain : chain.Of(fact[FactField.Patient]), fact);
                    wanted.Remove(index);
                }
            }
        }

        Try(vault.TenantChain);
        var patients = await vault.Patients.PatientIds(cancellation);
        for (var i = 0; i < patients.Length && wanted.Count > 0; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (vault.ChainOf(ShelfId.ForPatient(patients.Span[i])) is { } chain)
            {
                Try(chain);
            }
        }

        foreach (var erased in vault.Erasures.Chains)
        {
            Try(erased);
        }

        return owners;
    }

    private ChallengedEvent One(ulong index, (EventChain Chain, Fact Fact) owner, Dictionary<string, ChainEvent> enrolments, Published checkpoint)
    {
        var proven = PatientCompleteness.Proven(ledger, index, checkpoint);
        if (owner.Chain is null || ledger.NumberOf(owner.Chain, index) is not { } number)
        {
            return new ChallengedEvent(proven, null, 0, null, null);
        }

        var enrolled = enrolments[owner.Chain.Id];
        if (ledger.FactOf(enrolled.Index, owner.Chain) is not { } enrolment)
        {
            throw new InvalidDataException($"The fact of entry {enrolled.Index} does not open: what is stored is not what was recorded.");
        }

        using var key = ledger.TagKeyOf(owner.Chain);
        return new ChallengedEvent(
            proven, FactOpening.Of(owner.Fact, s_shown), number, key.Bytes.ToArray(),
            new ProvenEnrolment(PatientCompleteness.Proven(ledger, enrolled.Index, checkpoint), enrolled.Number, FactOpening.Of(enrolment, s_enrolled)));
    }
}
