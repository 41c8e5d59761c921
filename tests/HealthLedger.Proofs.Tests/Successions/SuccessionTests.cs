// docs/formats/succession.md: who must have signed, in which order statements stand, for which sizes each key counts, and what a verifier with one pinned key may follow.
using System.Text;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Witnesses;
using static HealthLedger.Proofs.Tests.Successions.SucceededLog;

namespace HealthLedger.Proofs.Tests.Successions;

public class SuccessionTests
{
    private static readonly NoteVerifier[] s_old = [First.Verifier];
    private static readonly NoteVerifier[] s_new = [Second.Verifier];

    [Fact]
    public void A_verifier_with_the_old_key_the_new_one_or_the_offline_one_follows_and_knows_by_which()
    {
        var file = Rotated().File(Second);
        var byOld = file.Verify(s_old, null).Value;
        Assert.Equal((false, First.Verifier.ToString(), Second.Verifier.ToString()), (byOld.ByOfflineKey, byOld.Pinned!.ToString(), byOld.Newest.ToString()));
        Assert.Equal([(0, 3), (3, null)], byOld.Reigns.Select(reign => (reign.From, reign.To)));
        Assert.Equal(Second.Verifier.ToString(), file.Verify(s_new, null).Value.Pinned!.ToString());
        var byOffline = file.Verify([], Offline.Verifier).Value;
        Assert.Equal((true, null), (byOffline.ByOfflineKey, byOffline.Pinned));
        Assert.Equal("succession-pinned", file.Verify([Signer(Origin, 7).Verifier], null).Fault!.Code);
        Assert.Equal("succession-pinned", file.Verify([Signer(Origin, 7).Verifier], Offline.Verifier).Fault!.Code);
        Assert.Equal("succession-offline", file.Verify(s_old, Signer("healthledger.example/offline", 7).Verifier).Fault!.Code);
    }

    [Fact]
    public void Each_key_counts_for_the_sizes_of_its_time_alone()
    {
        var log = Rotated();
        var policy = LogPolicy.ForLog(First.Verifier).Following(log.File(Second).Verify(s_old, null).Value);
        string? Code(int size, params NoteSigner[] signers) => CheckpointVerification.Verify(log.Checkpoint(size, signers), policy).Fault?.Code;
        Assert.Null(Code(2, First));
        Assert.Null(Code(3, First));
        Assert.Null(Code(3, Second));
        Assert.Null(Code(4, First, Second));
        Assert.Null(Code(5, Second));
        Assert.Equal("succession-retired", Code(4, First));
        Assert.Equal("succession-retired", Code(5, First));
        Assert.Equal("succession-early", Code(2, Second));
        Assert.Equal("note-unsigned", Code(5, Signer(Origin, 7)));

        // Who was told nothing goes on by the old key as long as it signs too.
        Assert.True(CheckpointVerification.Verify(log.Checkpoint(5, First, Second), LogPolicy.ForLog(First.Verifier)).IsValid);
        Assert.Equal(Second.Verifier.ToString(), CheckpointVerification.Verify(log.Checkpoint(5, First, Second), policy).Value.Log.ToString());

        var forged = new Checkpoint(Origin, 3, MerkleHash.Leaf([1]));
        Assert.Equal("succession-root", CheckpointVerification.Verify(forged.Sign(First), policy).Fault!.Code);
    }

    [Fact]
    public void Without_one_of_its_signatures_no_succession_counts()
    {
        var log = Rotated();
        var statement = Succession.Parse(log.Statements[1].Text).Value;
        Assert.Equal("succession-offline-signature", Code(First, Second));
        Assert.Equal("succession-successor-signature", Code(First, Offline));
        Assert.Equal("succession-retiring-signature", Code(Second, Offline));
        Assert.Equal("succession-offline-signature", Code(First, Second, Signer(Offline.Verifier.Name, 7)));
        Assert.Null(Code(First, Second, Offline));

        string? Code(params NoteSigner[] signers)
        {
            log.Statements[1] = Sign(statement, signers);
            return log.File(Second).Verify(s_old, Offline.Verifier).Fault?.Code;
        }
    }

    [Fact]
    public void A_revoked_key_is_got_over_by_who_pinned_the_offline_key_or_what_came_after_it()
    {
        var file = Rotated(SuccessionReason.Revoked).File(Second);
        Assert.Equal("succession-revoked", file.Verify(s_old, null).Fault!.Code);
        Assert.True(file.Verify(s_old, Offline.Verifier).IsValid);
        Assert.True(file.Verify([], Offline.Verifier).IsValid);
        Assert.True(file.Verify(s_new, null).IsValid);
    }

    [Fact]
    public void A_thief_of_the_retiring_key_cannot_name_a_successor_nor_another_offline_key()
    {
        var own = Signer("healthledger.example/thief", 9);
        var log = new SucceededLog();
        log.Grow(1);
        log.State(Succession.Founding(First.Verifier, Offline.Verifier), First, Offline);
        log.Grow(1);
        log.State(log.Next() with { Offline = own.Verifier }, First, Second, own);
        Assert.Equal("succession-offline", log.File(Second).Verify(s_old, null).Fault!.Code);
        log.Statements.RemoveAt(0);
        log.Indices.RemoveAt(0);
        Assert.Equal("succession-number", log.File(Second).Verify(s_old, null).Fault!.Code);
    }

    [Fact]
    public void Wrong_numbers_sizes_and_keys_are_refused()
    {
        Assert.Equal("succession-number", Code(next => next with { Number = 2 }));
        Assert.Equal("succession-retiring", Code(next => next with { Retiring = Signer(Origin, 7).Verifier, Reason = SuccessionReason.Revoked }));
        Assert.Equal("succession-origin", Code(next => next with { Origin = "other.example/log", Retiring = Signer("other.example/log", 0).Verifier, Successor = Signer("other.example/log", 0xa0).Verifier }, Signer("other.example/log", 0), Signer("other.example/log", 0xa0), Offline));
        Assert.Equal("consistency-old-root", Code(next => next with { Root = MerkleHash.Leaf([9]) }));
        Assert.Equal("succession-entry", Code(next => next with { Size = 4 }));

        static string? Code(Func<Succession, Succession> change, params NoteSigner[] signers)
        {
            var log = new SucceededLog();
            log.Grow(1);
            log.State(Succession.Founding(First.Verifier, Offline.Verifier), First, Offline);
            log.Grow(1);
            log.State(change(log.Next()), signers.Length > 0 ? signers : [First, Second, Offline]);
            log.Grow(1);
            return log.File(Second).Verify(s_old, null).Fault?.Code;
        }
    }

    [Fact]
    public void A_statement_that_is_not_on_the_ledger_or_under_another_checkpoint_is_refused()
    {
        var log = Rotated();
        log.Entries[3] = LedgerEntry.ForEvent(Now, default, default);
        Assert.Equal("succession-entry", log.File(Second).Verify(s_old, null).Fault!.Code);
        Assert.Equal("successions-checkpoint", Rotated().File(First).Verify(s_old, null).Fault!.Code);
        var file = Rotated().File(Second);
        Assert.Equal("inclusion-root", (file with { Checkpoint = new SignedNote(Forged().ToBytes(), [Second.Sign(Forged().ToBytes())]) }).Verify(s_old, null).Fault!.Code);

        static Checkpoint Forged() => new(Origin, 5, MerkleHash.Leaf([3]));
    }

    [Fact]
    public void Two_statements_of_one_number_contradict_each_other()
    {
        var log = Rotated();
        var one = SignedSuccession.Verify(log.Statements[1].ToBytes()).Value;
        var third = Signer(Origin, 0x60);
        var other = SignedSuccession.Verify(Sign(one.Statement with { Successor = third.Verifier }, First, third, Offline).ToBytes()).Value;
        Assert.True(one.Contradicts(other));
        Assert.False(one.Contradicts(one));
        Assert.False(one.Contradicts(SignedSuccession.Verify(log.Statements[0].ToBytes()).Value));
    }

    [Fact]
    public void No_byte_of_a_file_can_be_changed_and_a_key_followed_elsewhere()
    {
        var bytes = Rotated().File(Second).ToJson();
        Assert.Equal(bytes, SuccessionFile.Parse(bytes).Value.ToJson());
        var before = Reigns(SuccessionFile.Parse(bytes).Value.Verify(s_old, null).Value);
        SmallLog.EachMutation(bytes, (changed, at) =>
        {
            if (SuccessionFile.Parse(changed).TryGet(out var file, out _) && file.Verify(s_old, null).TryGet(out var lineage, out _))
            {
                Assert.True(before == Reigns(lineage), $"byte {at}");
            }
        });

        static string Reigns(LogLineage lineage) => string.Join('\n', lineage.Reigns.Select(reign => $"{reign.Key} {reign.From} {reign.To}"));
    }

    [Fact]
    public void A_text_reads_as_it_was_written_and_no_other_text_reads()
    {
        var text = Rotated().Statements[1].Text.ToArray();
        Assert.Equal(text, Succession.Parse(text).Value.ToText());
        SmallLog.EachMutation(text, (changed, _) => Assert.True(Succession.Parse(changed) is not { IsValid: true, Value: var read } || read.ToText().AsSpan().SequenceEqual(changed)));
        var lines = Encoding.UTF8.GetString(text);
        Assert.Equal("succession-founding", Succession.Parse(Encoding.UTF8.GetBytes(lines.Replace("rotated", "founded", StringComparison.Ordinal))).Fault!.Code);
        Assert.Equal("succession-name", Succession.Parse(Encoding.UTF8.GetBytes(lines.Replace($"\n{Origin}\n", "\nother.example/log\n", StringComparison.Ordinal))).Fault!.Code);
        Assert.Equal("succession-syntax", Succession.Parse(Encoding.UTF8.GetBytes(lines.Replace("\n1\n", "\n01\n", StringComparison.Ordinal))).Fault!.Code);
        Assert.Equal("succession-same-key", Succession.Parse(((Rotated().Next()) with { Successor = First.Verifier }).ToText()).Fault!.Code);
        Assert.False(Checkpoint.Parse(text).IsValid);
    }

    [Fact]
    public void A_replay_finds_a_succession_that_is_hidden_doubled_or_another_than_the_served_one()
    {
        var log = Rotated();
        var lineage = log.File(Second).Verify(s_old, null).Value;
        Assert.Empty(Findings(log, lineage));
        Assert.Equal("replay-succession-hidden", Assert.Single(Findings(log, null).Take(1)).Fault.Code);
        log.Entries.Add(log.Entries[3]);
        Assert.Equal("replay-succession", Assert.Single(Findings(log, lineage)).Fault.Code);
        log.Entries[^1] = LedgerEntry.ForSuccession(Now, default, 2, 3);
        Assert.Equal("replay-succession-hidden", Assert.Single(Findings(log, lineage)).Fault.Code);
        log.Entries.RemoveAt(log.Entries.Count - 1);
        log.Entries[3] = LedgerEntry.ForSuccession(Now, default, 1, 3);
        Assert.Equal("replay-succession-other", Assert.Single(Findings(log, lineage)).Fault.Code);

        static List<AuditFinding> Findings(SucceededLog log, LogLineage? lineage)
        {
            var replay = new LedgerReplay(new Checkpoint(Origin, (ulong)log.Entries.Count, log.Root(log.Entries.Count)), [], [new SuccessionReplay(lineage, (ulong)log.Entries.Count)]);
            log.Entries.ForEach(entry => replay.AddEntry(entry.ToBytes()));
            return [.. replay.Finish().Where(finding => finding.Part == AuditPart.LogKeys)];
        }
    }

    [Fact]
    public void A_witness_that_knows_the_succession_takes_the_new_key_and_not_the_retired_one_alone()
    {
        var log = Rotated();
        var lineage = log.File(Second).Verify(s_old, null).Value;
        NoteVerifier[] keys = [First.Verifier, Second.Verifier];
        int Status(SignedNote note, params LogLineage[] lineages) => WitnessRules.Decide(new AddCheckpointRequest(0, [], note).ToBytes(), keys, _ => null, lineages).Status;
        Assert.Equal(200, Status(log.Checkpoint(5, Second), lineage));
        Assert.Equal(200, Status(log.Checkpoint(5, First, Second), lineage));
        Assert.Equal(200, Status(log.Checkpoint(3, First), lineage));
        Assert.Equal(403, Status(log.Checkpoint(5, First), lineage));
        Assert.Equal(200, Status(log.Checkpoint(5, First)));
    }
}
