using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Completeness;

/// <summary>An event whose place, number and fact were verified.</summary>
/// <param name="Number">In the chain, from 0.</param>
/// <param name="Index">Its entry.</param>
/// <param name="Fact">What happened.</param>
public sealed record ProvenEvent(ulong Number, ulong Index, Fact Fact);

/// <summary>What verifying a <see cref="CompletenessProof"/> gave.</summary>
/// <param name="Checks">Every step, in order; steps that need what an earlier one refused are not taken.</param>
/// <param name="Checkpoint">The checkpoint, where its signatures hold.</param>
/// <param name="Patient">Whose chain it is, as the ENROL entry binds it; null for the tenant's.</param>
/// <param name="CompleteTo">The events below this entry are all that the operator put on the chain; 0 where no epoch is closed.</param>
/// <param name="Closed">When the last epoch was closed, to the minute; null where none is.</param>
/// <param name="Events">The events, where everything holds.</param>
public sealed record CompletenessVerdict(
    IReadOnlyList<Check> Checks, VerifiedCheckpoint? Checkpoint, string? Patient, ulong CompleteTo, DateTimeOffset? Closed, IReadOnlyList<ProvenEvent> Events)
{
    /// <summary>True where every step holds.</summary>
    public bool Holds => Checks.Count > 0 && Checks.All(check => check.Verdict.Holds);
}

/// <summary>Verifies that a list of events is all of a chain, with the log's key alone.</summary>
/// <remarks>
/// Rests on the epochs' roots being those of their entries, which an auditor's replay checks (<see cref="EpochReplay"/>). Says nothing of events that were put on
/// another chain: a challenge of random entries finds those (<see cref="ChallengeVerification"/>).
/// </remarks>
public static class CompletenessVerification
{
    /// <summary>Checks named checkpoint, key, events, enrolment, facts, epochs, absence.</summary>
    public static CompletenessVerdict Verify(CompletenessProof proof, LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(proof);
        var run = new Run(proof);
        run.Checkpoint(policy);
        run.All();
        return run.Verdict();
    }

    private sealed class Run(CompletenessProof proof)
    {
        private readonly List<Check> _checks = [];
        private readonly List<ProvenEvent> _events = [];
        private VerifiedCheckpoint? _checkpoint;
        private string? _patient;
        private ulong _completeTo;
        private DateTimeOffset? _closed;

        public void Checkpoint(LogPolicy policy)
        {
            var verified = CheckpointVerification.Verify(proof.Note, policy);
            _checkpoint = verified.IsValid ? verified.Value : null;
            _checks.Add(new Check("checkpoint", verified.IsValid ? Proofs.Verdict.Valid : verified.Fault!));
        }

        public void All()
        {
            if (_checkpoint is null)
            {
                return;
            }

            var parsed = TagKey.Parse(proof.TagKey);
            _checks.Add(new Check("key", parsed.IsValid ? Proofs.Verdict.Valid : parsed.Fault!));
            if (!parsed.IsValid)
            {
                return;
            }

            using var key = parsed.Value;
            if (Step("events", () => Events(key)) && Step("enrolment", () => Enrolment(key)))
            {
                Step("epochs", Epochs);
                Step("absence", () => Absence(key));
            }
        }

        public CompletenessVerdict Verdict()
        {
            var holds = _checks.TrueForAll(check => check.Verdict.Holds);
            return new(_checks, _checkpoint, _patient, holds ? _completeTo : 0, holds ? _closed : null, holds ? _events : []);
        }

        private bool Step(string name, Func<Verdict> check)
        {
            var verdict = check();
            _checks.Add(new Check(name, verdict));
            return verdict.Holds;
        }

        private Verdict Events(TagKey key)
        {
            for (var i = 0; i < proof.Events.Count; i++)
            {
                var proven = proof.Events[i];
                if (!Entry(proven).TryGet(out var entry, out var fault))
                {
                    return new Fault(fault.Code, $"Event {i}: {fault.Detail}");
                }

                if (!entry.IsOnChain || entry.Tag != key.TagOf((ulong)i))
                {
                    return Refused("completeness-number", $"Entry {proven.Index} is not event {i} of the chain: an event is missing, or has another number.");
                }

                if (!Fact.Parse(proven.Fact).TryGet(out var fact, out fault))
                {
                    return new Fault(fault.Code, $"Event {i}: {fault.Detail}");
                }

                if (fact.Commitment != entry.Commitment || (fact[FactField.Binding] ?? "") != Fact.BindingOf(entry.Operation, entry.Handle))
                {
                    return Refused("completeness-fact", $"The fact of event {i} is not the one that entry {proven.Index} commits to.");
                }

                _events.Add(new ProvenEvent((ulong)i, proven.Index, fact));
            }

            return Proofs.Verdict.Valid;
        }

        private Verdict Enrolment(TagKey key)
        {
            var first = Enumerable.Range(0, _events.Count).FirstOrDefault(i => KindOf(i) == EntryKind.Enrol, -1);
            if (first < 0)
            {
                return Refused("completeness-enrolment", "The chain has no ENROL entry.");
            }

            _patient = _events[first].Fact[FactField.Patient];
            for (var i = first; i < _events.Count; i++)
            {
                var fact = _events[i].Fact;
                if (KindOf(i) == EntryKind.Enrol && (EnrolledKey(fact[FactField.Evidence]) != key.Commitment || fact[FactField.Patient] != _patient))
                {
                    return Refused("completeness-enrolment", $"The ENROL entry {_events[i].Index} binds another key, or another patient.");
                }
            }

            // Else somebody's list could be shown to another who looks at the events alone.
            return _events.Find(each => (each.Fact[FactField.Patient] ?? "") != (_patient ?? "")) is { } foreign
                ? Refused("completeness-patient", $"Entry {foreign.Index} is of another patient than the chain.")
                : Proofs.Verdict.Valid;
        }

        private Verdict Epochs()
        {
            var (to, previous) = (0UL, LedgerEntry.NoPreviousEpoch);
            foreach (var epoch in proof.Epochs)
            {
                if (!Entry(epoch.Entry).TryGet(out var entry, out var fault))
                {
                    return fault;
                }

                if (entry.Kind != EntryKind.Epoch || entry.EpochFrom != to || entry.PreviousEpoch != previous || entry.EpochTo > epoch.Entry.Index)
                {
                    return Refused("completeness-epoch", $"Entry {epoch.Entry.Index} is not the EPOCH entry that goes on at entry {to}.");
                }

                (to, previous) = (entry.EpochTo, epoch.Entry.Index);
                _closed = DateTimeOffset.FromUnixTimeSeconds((long)entry.Time);
            }

            _completeTo = to;
            return Proofs.Verdict.Valid;
        }

        private Verdict Absence(TagKey key)
        {
            var next = key.TagOf((ulong)_events.Count);
            foreach (var epoch in proof.Epochs)
            {
                if (!LedgerEntry.Parse(epoch.Entry.Entry).TryGet(out var entry, out var fault)
                    || !epoch.Absence.Verify(entry.Commitment, entry.EpochCount, next).TryGet(out var place, out fault))
                {
                    return new Fault(fault.Code, $"Epoch of entry {epoch.Entry.Index}: {fault.Detail}");
                }

                if (place.Index is { } hidden)
                {
                    return Refused("completeness-hidden", $"Entry {hidden} is event {_events.Count} of the chain, and the list does not show it.");
                }
            }

            return Proofs.Verdict.Valid;
        }

        private EntryKind KindOf(int number) => LedgerEntry.KindOf(proof.Events[number].Entry);

        private Parsed<LedgerEntry> Entry(ProvenEntry proven) => Read(proven, _checkpoint!.Checkpoint);
    }

    /// <summary>Reads an entry and verifies its place under a checkpoint.</summary>
    internal static Parsed<LedgerEntry> Read(ProvenEntry proven, Checkpoint checkpoint)
    {
        if (!LedgerEntry.Parse(proven.Entry).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        var verdict = InclusionProof.Verify(MerkleHash.Leaf(proven.Entry), proven.Index, checkpoint.Size, [.. proven.Path], checkpoint.Root);
        return verdict.Holds ? entry : verdict.Fault!;
    }

    /// <summary>The tag key's commitment in the evidence of an enrolment, <c>{"tagKey":"64 hex digits"}</c>; null where it is none.</summary>
    internal static Hash? EnrolledKey(string? evidence)
    {
        if (evidence is null || !StrictJson.Parse(System.Text.Encoding.UTF8.GetBytes(evidence), 4096).TryGet(out var document, out _))
        {
            return null;
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object && StrictJson.String(document.RootElement, "tagKey") is { Length: 64 } hex && hex.All(char.IsAsciiHexDigitLower)
                ? Hash.FromHex(hex)
                : null;
        }
    }

    private static Verdict Refused(string code, string detail) => Proofs.Verdict.Refused(code, detail);
}
