using System.Text;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Completeness;

/// <summary>Verifies answers to challenges, and keeps in mind which key belongs to which patient.</summary>
/// <remarks>
/// Finds an event that nobody can open, one with another number than it says, one behind a gap in its chain's numbers or with a number that is used twice, and one of a patient
/// whose events hang from two keys: a second chain. What share of hidden events n challenges find is for the auditor to choose: 1 - (1 - share)^n. One HMAC for each number of a
/// challenged chain.
/// </remarks>
/// <param name="policy">Log keys, witnesses, quorum.</param>
/// <param name="tags">The tags of all entries that the auditor read, the challenged ones among them.</param>
public sealed class ChallengeVerification(LogPolicy policy, TagCensus tags)
{
    private readonly Dictionary<Hash, ulong> _counted = [];
    private readonly Dictionary<string, (Hash Key, ulong Entry)> _keys = new(StringComparer.Ordinal);

    /// <summary>Checks an answer.</summary>
    /// <param name="answer">What the operator says.</param>
    /// <param name="asked">The entries that were asked for and stand on chains, in order, as the auditor holds them.</param>
    /// <returns>A finding for each event that is not what an honest operator shows; empty where all is well.</returns>
    public IReadOnlyList<Fault> Verify(ChallengeAnswer answer, IReadOnlyList<(ulong Index, Hash Leaf)> asked)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(asked);
        if (!CheckpointVerification.Verify(Encoding.UTF8.GetBytes(answer.Checkpoint), policy).TryGet(out var verified, out var fault))
        {
            return [fault];
        }

        if (answer.Events.Count != asked.Count)
        {
            return [new Fault("challenge-count", $"{asked.Count} entries were asked for, and {answer.Events.Count} answered.")];
        }

        var findings = new List<Fault>();
        for (var i = 0; i < asked.Count; i++)
        {
            var each = answer.Events[i];
            if (each.Event.Index != asked[i].Index || Merkle.MerkleHash.Leaf(each.Event.Entry) != asked[i].Leaf)
            {
                findings.Add(new Fault("challenge-entry", $"Entry {asked[i].Index} was asked for, and another was shown."));
            }
            else if (One(each, verified.Checkpoint) is { } found)
            {
                findings.Add(found);
            }
        }

        return findings;
    }

    private Fault? One(ChallengedEvent each, Checkpoint checkpoint)
    {
        var index = each.Event.Index;
        if (!CompletenessVerification.Read(each.Event, checkpoint).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        if (each is not { Opening: { } opening, TagKey: { } bytes, Enrolment: { } enrolment })
        {
            return new Fault("challenge-unopened", $"Entry {index} was not opened: it is on a chain that the operator does not show, or its keys are destroyed.");
        }

        if (opening.Verify(entry.Commitment) is { Holds: false } closed)
        {
            return closed.Fault;
        }

        if (!CompletenessVerification.Read(enrolment.Entry, checkpoint).TryGet(out var first, out fault) || !TagKey.Parse(bytes).TryGet(out var key, out fault))
        {
            return fault;
        }

        using (key)
        {
            if (entry.Tag != key.TagOf(each.Number) || first.Kind != EntryKind.Enrol || first.Tag != key.TagOf(enrolment.Number) || enrolment.Opening.Verify(first.Commitment) is { Holds: false })
            {
                return new Fault("challenge-chain", $"Entry {index} is not event {each.Number} of the chain that it is said to be on.");
            }

            var patient = opening.ValueOf(FactField.Patient);
            if (!opening[FactField.Patient].Opened || !enrolment.Opening[FactField.Patient].Opened
                || CompletenessVerification.EnrolledKey(enrolment.Opening.ValueOf(FactField.Evidence)) != key.Commitment)
            {
                return new Fault("challenge-enrolment", $"The chain of entry {index} is not bound to its key.");
            }

            // What concerns no patient stands on the tenant's chain, and nothing else does.
            var owner = enrolment.Opening.ValueOf(FactField.Patient) ?? "";
            if ((patient ?? "") != owner)
            {
                return new Fault("challenge-patient", $"Entry {index} is of another patient than its chain.");
            }

            return Numbers(key, each.Number, index) ?? Known(owner, key.Commitment, index);
        }
    }

    /// <summary>A patient's file shows the numbers from 0 to the first that is missing, so that each must be there, and once.</summary>
    private Fault? Numbers(TagKey key, ulong number, ulong index)
    {
        var chain = key.Commitment;
        for (var next = _counted.GetValueOrDefault(chain); next <= number; next++)
        {
            var entries = number < (ulong)tags.Count ? tags.CountOf(key.TagOf(next)) : 0;
            if (entries != 1)
            {
                return entries == 0
                    ? new Fault("challenge-gap", $"Entry {index} is event {number} of its chain, of which an earlier number is missing: it is on no list.")
                    : new Fault("challenge-number-twice", $"Number {next} of the chain of entry {index} is carried by several entries: all but one are on no list.");
            }

            _counted[chain] = next + 1;
        }

        return null;
    }

    private Fault? Known(string owner, in Hash key, ulong index)
    {
        if (_keys.TryGetValue(owner, out var known))
        {
            return known.Key == key
                ? null
                : new Fault("challenge-second-chain", $"Entries {known.Entry} and {index} are of one patient and on two chains.");
        }

        _keys[owner] = (key, index);
        return null;
    }
}
