// The ledger as its callers see it: docs/formats/ledger-files.md; C2SP tlog-checkpoint, tlog-tiles, tlog-cosignature as verified by HealthLedger.Proofs.
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Tests.Ledger;

public sealed class LedgerLogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_new_ledger_begins_with_a_signed_checkpoint_over_one_state_entry()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));

        Assert.Equal(1ul, log.Published.Size);
        var entry = Assert.Single(LogCheck.Check(log));
        Assert.Equal(EntryKind.State, entry.Kind);
        Assert.Equal(LedgerEntry.NoPreviousState, entry.PreviousState);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(300)]
    public async Task A_request_of_n_events_grows_the_ledger_by_n_entries_and_one_state_entry(int events)
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));

        var appended = await log.Appended([.. Enumerable.Range(0, events).Select(i => TestLedger.Event("patient", $"fact {i}"))]);

        Assert.Equal(1ul + (ulong)events + 1, log.Published.Size);
        Assert.Equal(log.Published.Size, appended.CheckpointSize);
        Assert.Equal(events, appended.Indices.Distinct().Count());
        var entries = LogCheck.Check(log);
        for (var i = 0; i < events; i++)
        {
            var fact = $"fact {i}";
            Assert.Equal(new Hash(TestLedger.Event("x", fact).Commitment.Span), entries[(int)appended.Indices[i]].Commitment);
            Assert.Equal(fact, Encoding.UTF8.GetString(log.OpenFact(appended.Indices[i], TestLedger.Chain("patient"))!));
        }
    }

    [Fact]
    public async Task A_fact_opens_for_its_own_chain_only()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var index = (await log.Appended("patient", "secret")).Indices[0];

        Assert.Null(log.OpenFact(index, TestLedger.Chain("another")));
        Assert.Null(log.OpenFact(log.Published.Size - 1, TestLedger.Chain("patient")));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.OpenFact(log.Published.Size, TestLedger.Chain("patient")));
    }

    [Fact]
    public async Task A_receipt_verifies_with_the_keys_alone_and_shows_the_fact_to_its_chain_only()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var policy = LogCheck.Valid(LogPolicy.Parse($"log {log.VerifierKey}\nwitness local {log.CosignerVerifierKey}\nquorum local\n"));
        var facts = new List<(Fact Fact, ulong Index)>();
        for (var i = 0; i < 40; i++)
        {
            // Receipts of early and late entries while the tree grows over a tile's edge.
            var fact = new FactBuilder().Set(FactField.Event, "access").Set(FactField.Reason, $"{i}").Set(FactField.Binding, "").Build(new byte[32]);
            var pending = Enumerable.Range(0, 9).Select(other => TestLedger.Event("other", $"{i} {other}")).ToList();
            pending.Insert(i % 10, new PendingEvent(TestLedger.Chain("patient"), fact.Stored, fact.Commitment.ToArray()));
            facts.Add((fact, (await log.Appended([.. pending])).Indices[i % 10]));
            foreach (var (shown, index) in facts)
            {
                var receipt = LogCheck.Valid(Receipt.Parse(log.ReceiptOf(index, TestLedger.Chain("patient"), "id").ToJson()));
                var verdict = receipt.Verify(policy);
                Assert.True(verdict.Holds, verdict.Fault?.ToString());
                Assert.Equal(shown[FactField.Reason], verdict.Fact![FactField.Reason]);
                Assert.Equal(log.Published.Size, verdict.Checkpoint!.Checkpoint.Size);
            }
        }

        Assert.Null(log.ReceiptOf(facts[0].Index, null).Fact);
        Assert.Null(log.ReceiptOf(facts[0].Index, TestLedger.Chain("other")).Fact);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.ReceiptOf(log.Published.Size, null));
    }

    [Fact]
    public async Task A_chain_lists_its_events_by_number_and_no_others()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var mine = new List<ulong>();
        for (var i = 0; i < 5; i++)
        {
            mine.Add((await log.Appended("mine", $"{i}")).Indices[0]);
            await log.Appended("other", $"{i}");
        }

        Assert.Equal(5ul, log.CountOf(TestLedger.Chain("mine")));
        Assert.Equal(0ul, log.CountOf(TestLedger.Chain("nobody")));
        Assert.Equal(mine, log.EventsOf(TestLedger.Chain("mine"), 0, 10).Select(e => e.Index));
        Assert.Equal([3ul, 2ul], log.EventsOf(TestLedger.Chain("mine"), 1, 2, newestFirst: true).Select(e => e.Number));
        Assert.Empty(log.EventsOf(TestLedger.Chain("mine"), 5, 10));
    }

    [Fact]
    public async Task Chain_numbers_go_on_after_a_restart_whatever_their_count()
    {
        var options = TestLedger.Options(_directory.Path);
        for (var round = 0; round < 4; round++)
        {
            await using var log = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
            for (var chain = 0; chain < 12; chain++)
            {
                Assert.Equal((ulong)(round * chain), log.CountOf(TestLedger.Chain($"chain {chain}")));
                for (var i = 0; i < chain; i++)
                {
                    await log.Appended($"chain {chain}", $"{round} {i}");
                }
            }

            LogCheck.Check(log);
        }
    }

    [Fact]
    public async Task Everything_acknowledged_is_there_after_a_restart()
    {
        var options = TestLedger.Options(_directory.Path);
        var facts = new Dictionary<ulong, string>();
        ulong size = 0;
        for (var round = 0; round < 3; round++)
        {
            await using var log = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
            Assert.True(log.Published.Size >= size);
            for (var i = 0; i < 40; i++)
            {
                var fact = $"{round}/{i}" + new string('.', 500);
                facts[(await log.Appended("patient", fact)).Indices[0]] = fact;
            }

            size = log.Published.Size;
            LogCheck.Check(log);
            Assert.All(facts, fact => Assert.Equal(fact.Value, Encoding.UTF8.GetString(log.OpenFact(fact.Key, TestLedger.Chain("patient"))!)));
        }

        Assert.Equal(1ul + (3 * 40 * 2), size);
    }

    [Fact]
    public async Task Concurrent_appends_share_batches_and_keep_their_chains_without_gap()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var indices = new System.Collections.Concurrent.ConcurrentBag<ulong>();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                indices.Add((await log.Appended("shared", $"{client}/{i}")).Indices[0]);
            }
        })));

        LogCheck.Check(log);
        Assert.Equal(800, indices.Distinct().Count());
        Assert.Equal(800ul, log.CountOf(TestLedger.Chain("shared")));
        Assert.Equal(indices.Order(), log.EventsOf(TestLedger.Chain("shared"), 0, 1000).Select(e => e.Index).Order());
        Assert.True(log.Published.Size < 1 + 1600, "32 clients at once never shared a batch.");
    }

    [Fact]
    public async Task Tiles_are_served_as_published_and_no_others()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        await log.Appended([.. Enumerable.Range(0, 255).Select(i => TestLedger.Event("patient", $"{i}"))]);

        Assert.Equal(257ul, log.Published.Size);
        Assert.Equal(256 * 32, log.ReadTile(0, 0, 256)!.Length);
        Assert.Equal(32, log.ReadTile(0, 1, 1)!.Length);
        Assert.Equal(32, log.ReadTile(1, 0, 1)!.Length);
        Assert.Equal(log.ReadTile(0, 0, 100), log.ReadTile(0, 0, 256)!.AsSpan(0, 3200).ToArray());
        Assert.Null(log.ReadTile(0, 1, 2));
        Assert.Null(log.ReadTile(0, 2, 1));
        Assert.Null(log.ReadTile(2, 0, 1));
        Assert.Null(log.ReadTile(-1, 0, 1));
        Assert.Null(log.ReadTile(64, 0, 1));
        Assert.Null(log.ReadTile(0, 0, 0));
        Assert.Null(log.ReadTile(0, 0, 257));
        Assert.Null(log.ReadTile(0, ulong.MaxValue, 1));
        Assert.Null(log.ReadEntryBundle(1, 2));
        Assert.Equal(258, log.ReadEntryBundle(1, 1)!.Length);
    }

    [Fact]
    public async Task A_consent_is_proved_granted_then_withdrawn_and_an_unknown_handle_absent()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var handle = new Hash(TestLedger.Handle(1));
        Assert.Null(log.ConsentStateOf(handle));
        CheckProof(log, handle, null);

        var granted = await log.Appended(TestLedger.Event("patient", "grant", TestLedger.Grant(1)));
        CheckProof(log, handle, ConsentStanding.Granted);
        Assert.Equal(granted.Indices[0], log.ConsentStateOf(handle)!.Value.LastEntry);

        await log.Appended(TestLedger.Event("patient", "withdraw", TestLedger.Withdraw(1)));
        CheckProof(log, handle, ConsentStanding.Withdrawn);
        CheckProof(log, new Hash(TestLedger.Handle(2)), null);
        LogCheck.Check(log);
    }

    [Fact]
    public async Task The_consent_map_is_the_same_after_a_restart()
    {
        var options = TestLedger.Options(_directory.Path);
        await using (var log = LedgerLog.Open(options))
        {
            for (byte i = 0; i < 20; i++)
            {
                await log.Appended(TestLedger.Event("patient", $"grant {i}", TestLedger.Grant(i)));
            }

            await log.Appended(TestLedger.Event("patient", "withdraw", TestLedger.Withdraw(7)));
        }

        await using var again = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
        CheckProof(again, new Hash(TestLedger.Handle(7)), ConsentStanding.Withdrawn);
        CheckProof(again, new Hash(TestLedger.Handle(8)), ConsentStanding.Granted);
        LogCheck.Check(again);
    }

    [Fact]
    public async Task A_proof_about_a_consent_is_whole_under_one_checkpoint_while_consents_change()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        using var stop = new CancellationTokenSource();
        var changing = Task.Run(async () =>
        {
            for (byte i = 1; i < 60; i++)
            {
                await log.Appended(TestLedger.Event("patient", $"grant {i}", TestLedger.Grant(i)));
            }

            await stop.CancelAsync();
        });
        var proved = 0;
        do
        {
            CheckProof(log, new Hash(TestLedger.Handle(30)));
            proved++;
        }
        while (!stop.IsCancellationRequested);

        await changing;
        Assert.True(proved > 1);
    }

    [Fact]
    public async Task Granting_a_used_handle_and_withdrawing_an_ungranted_one_are_the_callers_bugs_and_write_nothing()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        await log.Appended(TestLedger.Event("patient", "grant", TestLedger.Grant(1)));
        await log.Appended(TestLedger.Event("patient", "withdraw", TestLedger.Withdraw(1)));
        var size = log.Published.Size;

        foreach (var operation in new[] { TestLedger.Grant(1), TestLedger.Withdraw(1), TestLedger.Withdraw(2) })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => log.Append(TestLedger.Request(TestLedger.Event("patient", "x", operation)), CancellationToken.None).AsTask());
        }

        Assert.Equal(size, log.Published.Size);
        await log.Appended("patient", "goes on");
        LogCheck.Check(log);
    }

    [Fact]
    public async Task Two_changes_of_one_consent_at_once_end_up_in_order_in_two_batches()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        for (byte i = 0; i < 30; i++)
        {
            var grant = log.Append(TestLedger.Request(TestLedger.Event("patient", $"g{i}", TestLedger.Grant(i))), CancellationToken.None).AsTask();
            var withdraw = log.Append(TestLedger.Request(TestLedger.Event("patient", $"w{i}", TestLedger.Withdraw(i))), CancellationToken.None).AsTask();
            var granted = Assert.IsType<AppendOutcome.Appended>(await grant);
            var withdrawn = Assert.IsType<AppendOutcome.Appended>(await withdraw);
            Assert.True(granted.CheckpointSize < withdrawn.CheckpointSize);
        }

        LogCheck.Check(log);
    }

    [Fact]
    public async Task Malformed_appends_are_refused_before_anything_is_written()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path) with { MaxEvents = 2, MaxFactBytes = 256, MaxRequestBytes = 1024 });
        var good = TestLedger.Event("patient", "fact");
        AppendRequest[] bad =
        [
            new() { Events = [] },
            new() { Events = default },
            TestLedger.Request(good, good, good),
            TestLedger.Request(good with { Commitment = new byte[31] }),
            TestLedger.Request(good with { Fact = new byte[257] }),
            TestLedger.Request(good) with { Redo = new byte[2000] },
            TestLedger.Request(good with { Operation = TestLedger.Grant(1) with { Handle = new byte[32] } }),
            TestLedger.Request(good with { Operation = TestLedger.Grant(1) with { Handle = new byte[31] } }),
            TestLedger.Request(good with { Operation = TestLedger.Grant(1) with { ScopeCommitment = default } }),
            TestLedger.Request(good with { Operation = TestLedger.Grant(1) with { NotAfter = 0 } }),
            TestLedger.Request(good with { Operation = TestLedger.Grant(1) }, good with { Operation = TestLedger.Withdraw(1) }),
        ];

        foreach (var request in bad)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => log.Append(request, CancellationToken.None).AsTask());
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => log.Append(TestLedger.Request(good), new CancellationToken(true)).AsTask());
        Assert.Equal(1ul, log.Published.Size);
    }

    [Fact]
    public async Task Nothing_readable_of_a_fact_or_notice_lies_in_the_directory()
    {
        const string secret = "Erika Mustermann, 12 August 1964";
        await using (var log = LedgerLog.Open(TestLedger.Options(_directory.Path)))
        {
            await log.Append(TestLedger.Request(TestLedger.Event(secret, secret)) with { Notice = Encoding.UTF8.GetBytes(secret) }, CancellationToken.None);
        }

        foreach (var file in Directory.GetFiles(_directory.Path))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)[..6]) < 0, file);
        }
    }

    private static void CheckProof(LedgerLog log, Hash handle, ConsentStanding? expected)
    {
        var proof = CheckProof(log, handle);
        Assert.Equal(expected, proof.Map.State?.Standing);
    }

    private static ConsentProof CheckProof(LedgerLog log, Hash handle)
    {
        var proof = log.MapProof(handle);
        var checkpoint = LogCheck.CheckNote(log, proof.Checkpoint);
        var inclusion = InclusionProof.Verify(proof.State.LeafHash(), checkpoint.Size - 1, checkpoint.Size, [.. proof.Inclusion], checkpoint.Root);
        Assert.True(inclusion.Holds, inclusion.ToString());
        Assert.Equal(EntryKind.State, proof.State.Kind);
        var map = proof.Map.Verify(handle, proof.State.Commitment);
        Assert.True(map.Holds, map.ToString());
        return proof;
    }
}
