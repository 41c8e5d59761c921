// docs/formats/completeness.md, "A challenge": an event of a patient's chain that no list shows is found when it is drawn.
using System.Text;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Tests.Completeness;

public sealed class ChallengeTests : IDisposable
{
    private static readonly byte[] s_bytes = [.. Enumerable.Range(1, TagKey.Length).Select(i => (byte)i)];
    private readonly SmallLog _log = new();
    private readonly TagKey _key = TagKey.Parse(s_bytes).Value;
    private readonly List<(Fact Fact, ulong Number)> _facts = [];

    public ChallengeTests()
    {
        for (ulong number = 0; number < 4; number++)
        {
            Add(number);
        }

        Add(4, EntryKind.Enrol);
    }

    public void Dispose() => _key.Dispose();

    [Fact]
    public void An_honest_chain_shows_nothing() => Assert.Empty(Challenge());

    [Fact]
    public void An_event_with_a_number_behind_a_gap_is_found_though_it_hangs_from_the_patients_own_key()
    {
        Add(6);
        Assert.Equal("challenge-gap", Assert.Single(Challenge()).Code);
    }

    [Fact]
    public void An_event_with_a_number_that_no_ledger_of_this_size_can_hold_is_found_without_counting_up_to_it()
    {
        Add(1UL << 62);
        Assert.Equal("challenge-gap", Assert.Single(Challenge()).Code);
    }

    [Fact]
    public void An_event_with_a_number_that_another_event_has_is_found_in_whatever_epoch()
    {
        Add(2);
        Assert.All(Challenge(), found => Assert.Equal("challenge-number-twice", found.Code));
        Assert.Equal(4, Challenge().Count);
    }

    private void Add(ulong number, EntryKind kind = EntryKind.Event)
    {
        var fact = new FactBuilder()
            .Set(FactField.Event, kind == EntryKind.Enrol ? "enrol" : "access")
            .Set(FactField.Patient, "Patient/anna")
            .Set(FactField.Evidence, kind == EntryKind.Enrol ? $$"""{"tagKey":"{{_key.Commitment}}"}""" : null)
            .Set(FactField.Binding, "")
            .Build(s_bytes);
        _log.Add(LedgerEntry.ForEvent(SmallLog.Now, fact.Commitment, _key.TagOf(number), kind));
        _facts.Add((fact, number));
    }

    private IReadOnlyList<Fault> Challenge()
    {
        var sample = new ChallengeSample(100);
        for (var i = 0; i < _log.Entries.Count; i++)
        {
            sample.Apply((ulong)i, _log.Entries[i]);
        }

        var enrolment = new ProvenEnrolment(Proven(4), 4, FactOpening.Of(_facts[4].Fact, [FactField.Event, FactField.Patient, FactField.Evidence]));
        var answer = new ChallengeAnswer(
            Encoding.UTF8.GetString(_log.Checkpoint().ToBytes()),
            [.. _facts.Select((each, i) => new ChallengedEvent(Proven((ulong)i), FactOpening.Of(each.Fact, [FactField.Event, FactField.Time, FactField.Patient]), each.Number, s_bytes, enrolment))]);
        return new ChallengeVerification(SmallLog.Policy, sample.Tags).Verify(answer, [.. sample.Drawn.OrderBy(drawn => drawn.Index)]);
    }

    private ProvenEntry Proven(ulong index) =>
        new(index, _log.Entries[(int)index].ToBytes(), ProofConstruction.Inclusion(index, (ulong)_log.Entries.Count, _log.Reader()));
}
