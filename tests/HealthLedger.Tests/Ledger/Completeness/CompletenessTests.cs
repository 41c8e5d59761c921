// docs/formats/completeness.md: what a patient and an auditor find, on a real ledger whose operator hides, renumbers, or keeps a second chain.
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Tests.Ledger.Completeness;

public sealed class CompletenessTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private LedgerLog _log = null!;

    public Task InitializeAsync()
    {
        _log = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _log.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_list_with_all_events_holds_up_to_the_last_epoch_and_names_the_patient()
    {
        await Fill();
        await _log.CloseEpoch(CancellationToken.None);
        await Append(Anna, "after");
        var verdict = Verify(await Proof(Anna));
        Assert.True(verdict.Holds, Say(verdict));
        Assert.Equal("Patient/anna", verdict.Patient);
        Assert.Equal([.. Enumerable.Repeat("access", 8), "enrol", "access", "access"], verdict.Events.Select(e => e.Fact[FactField.Event]));
        Assert.InRange(verdict.CompleteTo, 1UL, verdict.Events[^1].Index);
        Assert.All(verdict.Events.SkipLast(1), e => Assert.True(e.Index < verdict.CompleteTo));

        var read = CompletenessProof.Parse((await Proof(Anna)).ToJson());
        Assert.True(read.IsValid, read.Fault?.ToString());
        Assert.True(Verify(read.Value).Holds);
    }

    [Fact]
    public async Task Each_epoch_goes_on_where_the_one_before_ended_across_restarts_and_without_its_files()
    {
        await Fill();
        var first = await _log.CloseEpoch(CancellationToken.None);
        Assert.Equal(first, await _log.CloseEpoch(CancellationToken.None));
        await Append(Anna, "later");
        await Reopen();
        var second = await _log.CloseEpoch(CancellationToken.None);
        Assert.Equal((0UL, first!.To), (first.From, second!.From));
        foreach (var file in Directory.GetFiles(_directory.Path, "epoch*"))
        {
            File.Delete(file);
        }

        await Reopen();
        Assert.Equal([first, second], await _log.Epochs(CancellationToken.None));
        Assert.True(Verify(await Proof(Anna)).Holds);

        // A file that was tampered with is not used.
        var damaged = Directory.GetFiles(_directory.Path, "epoch-*").Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(damaged);
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes);
        Assert.True(Verify(await Proof(Anna)).Holds);
    }

    [Fact]
    public async Task A_hidden_last_event_is_found_by_the_patient()
    {
        await Fill();
        await _log.CloseEpoch(CancellationToken.None);
        Assert.Contains("completeness-hidden", Codes(await Proof(Anna, hide: 1)));
    }

    [Fact]
    public async Task A_hidden_event_in_the_middle_or_a_renumbered_one_is_found_by_the_patient()
    {
        await Fill();
        await _log.CloseEpoch(CancellationToken.None);
        var proof = await Proof(Anna);
        Assert.Contains("completeness-number", Codes(proof with { Events = [.. proof.Events.Where((_, i) => i != 4)] }));
        Assert.Contains("completeness-number", Codes(proof with { Events = [.. proof.Events.Take(4), proof.Events[5], proof.Events[4], .. proof.Events.Skip(6)] }));
        Assert.Contains("completeness-enrolment", Codes(proof with { Events = [.. proof.Events.SkipLast(2)] }));
        Assert.Contains("completeness-epoch", Codes(proof with { Epochs = [.. proof.Epochs, .. proof.Epochs] }));
        var others = await Proof(Ben);
        Assert.Contains("completeness-number", Codes(proof with { TagKey = others.TagKey }));
        Assert.Contains("completeness-number", Codes(proof with { Events = others.Events }));
        Assert.Contains("completeness-fact", Codes(proof with { Events = [.. proof.Events.Select((e, i) => i == 3 ? e with { Fact = proof.Events[2].Fact } : e)] }));
    }

    [Fact]
    public async Task No_changed_character_of_the_document_passes()
    {
        await Append(Anna, "one");
        await _log.Enrol(Anna, CancellationToken.None);
        await _log.CloseEpoch(CancellationToken.None);
        var json = (await Proof(Anna)).ToJson();
        var good = Encoding.Latin1.GetString(json);
        foreach (var at in Enumerable.Range(0, json.Length).Where(i => i % 7 == 0))
        {
            var changed = json.ToArray();
            changed[at] = (byte)(changed[at] == (byte)'A' ? 'B' : 'A');
            var read = CompletenessProof.Parse(changed);
            Assert.False(
                read.IsValid && Verify(read.Value).Holds && !good.AsSpan(0, at).ToString().EndsWith("cosigner.example/test ", StringComparison.Ordinal) && !InCosignature(good, at),
                $"The change at {at} was not noticed: {good[Math.Max(0, at - 40)..at]}");
        }
    }

    [Fact]
    public async Task An_event_on_a_second_chain_is_found_by_a_challenge_and_an_honest_ledger_answers_all()
    {
        await Fill();
        var honest = new ChallengeVerification(Policy, Census());
        Assert.Empty(honest.Verify(await Challenge(Anna, Ben), Asked(await Challenge(Anna, Ben))));

        // Kept under a key of its own, so that Anna's list does not show it.
        var shadow = new EventChain("shadow", SHA256.HashData("shadow"u8), "Patient/anna");
        await Append(shadow, "unseen");
        await _log.Enrol(shadow, CancellationToken.None);
        await _log.CloseEpoch(CancellationToken.None);
        Assert.True(Verify(await Proof(Anna)).Holds);
        var answer = await Challenge(Anna, Ben, shadow);
        Assert.Contains("challenge-second-chain", new ChallengeVerification(Policy, Census()).Verify(answer, Asked(answer)).Select(f => f.Code));

        // Or not opened at all.
        var silent = answer with { Events = [.. answer.Events.Select(e => e with { Opening = null })] };
        Assert.All(new ChallengeVerification(Policy, Census()).Verify(silent, Asked(silent)), f => Assert.Equal("challenge-unopened", f.Code));

        // Or passed off as somebody else's.
        var swapped = answer with { Events = [.. answer.Events.Select(e => e with { TagKey = answer.Events[0].TagKey, Enrolment = answer.Events[0].Enrolment })] };
        Assert.Contains("challenge-chain", new ChallengeVerification(Policy, Census()).Verify(swapped, Asked(swapped)).Select(f => f.Code));
        Assert.Contains("challenge-entry", new ChallengeVerification(Policy, Census()).Verify(answer with { Events = [.. answer.Events.Reverse()] }, Asked(answer)).Select(f => f.Code));
        Assert.Contains("challenge-count", new ChallengeVerification(Policy, Census()).Verify(answer with { Events = [] }, Asked(answer)).Select(f => f.Code));

        var read = ChallengeAnswer.Parse(answer.ToJson());
        Assert.True(read.IsValid, read.Fault?.ToString());
        Assert.Contains("challenge-second-chain", new ChallengeVerification(Policy, Census()).Verify(read.Value, Asked(answer)).Select(f => f.Code));
    }

    [Fact]
    public async Task A_list_with_an_event_of_somebody_else_does_not_hold()
    {
        await Append(Anna, "hers");
        await _log.Enrol(Anna, CancellationToken.None);
        await Append(new EventChain("anna", SHA256.HashData("anna"u8), "Patient/ben"), "his");
        await _log.CloseEpoch(CancellationToken.None);
        Assert.Equal(["completeness-patient"], Codes(await Proof(Anna)));
    }

    [Fact]
    public async Task A_chain_that_is_met_under_two_names_has_one_row_of_numbers()
    {
        // Of an erased patient who comes back while the audit key is kept: a challenge enrols the chain in between, by its other name.
        await Append(Anna, "before");
        var erased = new EventChain("Erased/1", SHA256.HashData("anna"u8), "Patient/anna");
        Assert.NotNull(await _log.Enrol(erased, CancellationToken.None));
        await Append(Anna, "back");
        Assert.Equal(3UL, _log.CountOf(Anna));
        Assert.Equal(3, _log.EventsOf(Anna, 0, 10).Select(e => e.Index).Distinct().Count());
        await _log.CloseEpoch(CancellationToken.None);
        var verdict = Verify(await Proof(Anna));
        Assert.True(verdict.Holds, Say(verdict));
        Assert.Empty(new ChallengeVerification(Policy, Census()).Verify(await Challenge(Anna), Asked(await Challenge(Anna))));
    }

    [Fact]
    public async Task A_chain_whose_key_was_destroyed_leaves_no_enrolment_to_the_one_of_the_same_name_behind_it()
    {
        await Append(Anna, "before");
        await _log.Enrol(Anna, CancellationToken.None);
        var again = new EventChain("anna", SHA256.HashData("another key"u8), "Patient/anna");
        await Append(again, "back");
        await _log.Enrol(again, CancellationToken.None);
        await _log.CloseEpoch(CancellationToken.None);
        var verdict = Verify(await Proof(again));
        Assert.True(verdict.Holds, Say(verdict));
    }

    [Fact]
    public async Task A_directory_that_an_earlier_version_wrote_is_refused_with_a_sentence()
    {
        await Append(Anna, "one");
        await _log.DisposeAsync();
        var @lock = _directory["lock"];
        var bytes = await File.ReadAllBytesAsync(@lock);
        bytes[7] = (byte)'1';
        bytes[4096 + 7] = (byte)'1';
        await File.WriteAllBytesAsync(@lock, bytes);
        Assert.Contains("earlier version", Assert.Throws<LedgerRefusesToStartException>(() => _log = Open()).Message, StringComparison.Ordinal);
        bytes[7] = bytes[4096 + 7] = (byte)'2';
        await File.WriteAllBytesAsync(@lock, bytes);
        _log = Open();
    }

    private static EventChain Anna { get; } = new("anna", SHA256.HashData("anna"u8), "Patient/anna");

    private static EventChain Ben { get; } = new("ben", SHA256.HashData("ben"u8), "Patient/ben");

    private static LogPolicy Policy => LogPolicy.ForLog(TestLedger.Keys().Log.Verifier);

    private static CompletenessVerdict Verify(CompletenessProof proof) => CompletenessVerification.Verify(proof, Policy);

    private static IEnumerable<string> Codes(CompletenessProof proof) => Verify(proof).Checks.Where(c => !c.Verdict.Holds).Select(c => c.Verdict.Fault!.Code);

    private static string Say(CompletenessVerdict verdict) => string.Join("; ", verdict.Checks.Select(c => $"{c.Name}: {c.Verdict}"));

    private static (ulong, Proofs.Hash)[] Asked(ChallengeAnswer answer) => [.. answer.Events.Select(e => (e.Event.Index, MerkleHash.Leaf(e.Event.Entry)))];

    /// <summary>The cosignature is of a key that the policy does not know, so nothing rests on it.</summary>
    private static bool InCosignature(string json, int at)
    {
        var line = json.LastIndexOf("\\n", at, StringComparison.Ordinal);
        return line >= 0 && json.AsSpan(line, Math.Min(40, json.Length - line)).Contains("cosigner.example", StringComparison.Ordinal) && json.IndexOf("\",\"tagKey", StringComparison.Ordinal) > at;
    }

    private LedgerLog Open() => LedgerLog.Open(TestLedger.Options(_directory.Path));

    private async Task Reopen()
    {
        await _log.DisposeAsync();
        _log = Open();
    }

    private async Task Fill()
    {
        for (var i = 0; i < 8; i++)
        {
            await Append(Anna, $"anna {i}");
            await Append(Ben, $"ben {i}");
        }

        await _log.Enrol(Anna, CancellationToken.None);
        await _log.Enrol(Ben, CancellationToken.None);
        await Append(Anna, "last");
    }

    private async Task Append(EventChain chain, string reason)
    {
        var fact = new FactBuilder().Set(FactField.Event, "access").Set(FactField.Patient, chain.Patient).Set(FactField.Reason, reason).Set(FactField.Binding, "").Build(RandomNumberGenerator.GetBytes(32));
        await _log.Appended(new PendingEvent(chain, fact.Stored, fact.Commitment.ToArray()));
    }

    private async Task<CompletenessProof> Proof(EventChain chain, int hide = 0)
    {
        var count = _log.CountOf(chain) - (ulong)hide;
        using var key = _log.TagKeyOf(chain);
        var epochs = await _log.ProveTag(key.TagOf(count), CancellationToken.None);
        return new CompletenessProof(
            Encoding.UTF8.GetString(_log.Published.Note.Span), key.Bytes.ToArray(),
            [.. _log.EventsOf(chain, 0, (int)count).Select(e => Proven(e.Index) with { Fact = _log.OpenFact(e.Index, chain) })],
            [.. epochs.Select(e => new ProvenEpoch(Proven(e.Epoch.Entry), e.Proof))]);
    }

    private async Task<ChallengeAnswer> Challenge(params EventChain[] chains)
    {
        await Task.Yield();
        return new ChallengeAnswer(Encoding.UTF8.GetString(_log.Published.Note.Span), [.. chains.Select(chain =>
        {
            var (number, enrolled) = (0UL, _log.Enrol(chain, CancellationToken.None).AsTask().Result!.Value);
            var index = _log.EventsOf(chain, number, 1)[0].Index;
            using var key = _log.TagKeyOf(chain);
            return new ChallengedEvent(
                Proven(index), FactOpening.Of(Fact.Parse(_log.OpenFact(index, chain)!).Value, [FactField.Event, FactField.Patient]), number, key.Bytes.ToArray(),
                new ProvenEnrolment(Proven(enrolled.Index), enrolled.Number, FactOpening.Of(Fact.Parse(_log.OpenFact(enrolled.Index, chain)!).Value, [FactField.Patient, FactField.Evidence])));
        })]);
    }

    private TagCensus Census()
    {
        var census = new TagCensus();
        for (ulong index = 0; index < _log.Published.Size; index++)
        {
            if (LedgerEntry.Parse(_log.ReadEntry(index)).Value is { IsOnChain: true } entry)
            {
                census.Add(entry.Tag);
            }
        }

        return census;
    }

    private ProvenEntry Proven(ulong index) => new(index, _log.ReadEntry(index), _log.Inclusion(index, _log.Published.Size));
}
