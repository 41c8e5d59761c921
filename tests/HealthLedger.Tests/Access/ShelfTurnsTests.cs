// docs/architecture.md, "one commit": new records that wait for one shelf share it; whatever becomes of one of them, none is lost and none is made unasked.
using System.Collections.Immutable;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;

namespace HealthLedger.Tests.Access;

public sealed class ShelfTurnsTests : IDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob");
    private readonly VaultWorld world = VaultWorld.InMemory();
    private readonly List<(string[] Ids, CancellationToken Cancellation)> commits = [];
    private readonly ShelfTurns turns;
    private TaskCompletionSource<bool> outcome = new();

    public ShelfTurnsTests() => turns = new ShelfTurns(world.Vault, Commit);

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Changes_that_wait_for_one_shelf_share_a_commit_and_each_hears_of_its_own()
    {
        var first = Take("first");
        var along = Enumerable.Range(0, 5).Select(i => Take($"along {i}")).ToList();
        Assert.Equal(["first"], Assert.Single(commits).Ids);

        Next(true);
        Assert.Equal("first", IdOf(await first));
        await Until(() => commits.Count == 2);
        Assert.Equal(["along 0", "along 1", "along 2", "along 3", "along 4"], commits[1].Ids);

        Next(true);
        Assert.Equal(commits[1].Ids, (await Task.WhenAll(along)).Select(IdOf));

        var later = Take("later");
        await Until(() => commits.Count == 3);
        Next(true);
        Assert.Equal("later", IdOf(await later));
    }

    [Fact]
    public async Task Nobody_waits_for_another_shelf()
    {
        var first = Take("first");
        var other = Take("other", Bob);
        Assert.Equal(2, commits.Count);
        Next(true);
        await Task.WhenAll(first, other);
    }

    [Fact]
    public async Task More_than_may_share_a_commit_share_several()
    {
        var all = Enumerable.Range(0, 2 + ShelfTurns.Most).Select(i => Take($"{i}")).ToList();
        Next(true);
        await Until(() => commits.Count == 2);
        Next(true);
        await Until(() => commits.Count == 3);
        Next(true);
        await Task.WhenAll(all);
        Assert.Equal([1, ShelfTurns.Most, 1], commits.Select(commit => commit.Ids.Length));
    }

    [Fact]
    public async Task Who_gave_up_while_waiting_is_not_made_and_the_others_are()
    {
        using var stop = new CancellationTokenSource();
        var first = Take("first");
        var second = Take("second");
        var gone = Take("gone", cancellation: stop.Token);
        var last = Take("last");
        stop.Cancel();
        Next(true);
        await first;
        await Until(() => commits.Count == 2);
        Assert.Equal(["second", "last"], commits[1].Ids);
        Next(true);
        await Task.WhenAll(second, last);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
    }

    [Fact]
    public async Task Who_gave_up_and_has_the_turn_passes_it_on()
    {
        using var stop = new CancellationTokenSource();
        var first = Take("first");
        var gone = Take("gone", cancellation: stop.Token);
        var last = Take("last");
        stop.Cancel();
        Next(true);
        await first;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await Until(() => commits.Count == 2);
        Next(true);
        Assert.Equal("last", IdOf(await last));
        Assert.DoesNotContain("gone", commits.SelectMany(commit => commit.Ids));
    }

    [Fact]
    public async Task Who_shares_a_commit_cannot_stop_it_for_the_others()
    {
        using var stop = new CancellationTokenSource();
        var alone = Take("alone", cancellation: stop.Token);
        Assert.True(commits[0].Cancellation.CanBeCanceled);
        var leading = Take("leading", cancellation: stop.Token);
        var along = Take("along");
        Next(true);
        await alone;
        await Until(() => commits.Count == 2);
        Assert.Equal(["leading", "along"], commits[1].Ids);
        Assert.False(commits[1].Cancellation.CanBeCanceled);
        stop.Cancel();
        Next(true);
        await Task.WhenAll(leading, along);
    }

    [Fact]
    public async Task A_commit_that_fails_fails_for_all_who_share_it_and_the_next_goes_on()
    {
        var first = Take("first");
        var (second, third) = (Take("second"), Take("third"));
        Next(true);
        await first;
        await Until(() => commits.Count == 2);
        var next = Take("next");
        Next(false);
        await Assert.ThrowsAsync<IOException>(() => second);
        await Assert.ThrowsAsync<IOException>(() => third);
        await Until(() => commits.Count == 3);
        Next(true);
        Assert.Equal("next", IdOf(await next));
    }

    [Fact]
    public void Only_small_new_records_on_one_shelf_that_nothing_stored_can_refuse_share_a_commit()
    {
        var create = Planned("x", Ann);
        Assert.True(create.Shares);
        Assert.False(Planned("x", Ann, Bob).Shares);
        Assert.False(With(create, draft => draft with { Change = draft.Change with { Kind = ChangeKind.Update } }).Shares);
        Assert.False(With(create, draft => draft with { Change = draft.Change with { Kind = ChangeKind.Delete } }).Shares);
        Assert.False((create with { Found = create.Found with { Reads = [new PendingEvent(world.Vault.TenantChain, new byte[64], new byte[32])] } }).Shares);
        Assert.False((create with { Planned = create.Planned with { Fault = new ChangeResult.Refused(0, ChangeFault.Invalid, []) } }).Shares);
        Assert.False(With(create, draft => draft with { Body = new byte[(64 << 10) + 1] }).Shares);
    }

    private static PlannedChange With(PlannedChange change, Func<Draft, Draft> edit) =>
        change with { Planned = change.Planned with { Drafts = [edit(change.Planned.Drafts[0])] } };

    private static PlannedChange Planned(string id, params ShelfId[] shelves)
    {
        var caller = new Caller { ClientId = "c", Role = CallerRole.System, Purposes = [PurposeOfUse.Treatment], Scopes = [] };
        var change = new Change(ChangeKind.Create, "Observation", null, "{}"u8.ToArray());
        var request = new ChangeRequest { Caller = caller, Purpose = PurposeOfUse.Treatment, RequestId = id, Interaction = "create", Changes = [change] };
        var planned = new Planned(null, [new Draft(0, change, "Observation", id, change.Body, null, [.. shelves])], [.. shelves], new HashSet<ShelfId>());
        return new PlannedChange(request, new Found(request.Changes, ImmutableDictionary<int, ShelfEntry?>.Empty, [], ImmutableDictionary<string, FoundTargets>.Empty, null, [], []), planned, DateTimeOffset.UnixEpoch);
    }

    private static string IdOf(ChangeResult result) => Assert.IsType<ChangeResult.Changed>(result).Records[0].Key.Id;

    private static async Task Until(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 20_000, "What was waited for did not come.");
            await Task.Delay(1);
        }
    }

    private Task<ChangeResult> Take(string id, ShelfId? shelf = null, CancellationToken cancellation = default) =>
        turns.Take(Planned(id, shelf ?? Ann), cancellation).AsTask();

    /// <summary>Lets the commit under way end, well or not.</summary>
    private void Next(bool well)
    {
        var ending = outcome;
        outcome = new TaskCompletionSource<bool>();
        ending.SetResult(well);
    }

    private async ValueTask<IReadOnlyList<ChangeResult>> Commit(ShelfLock held, IReadOnlyList<PlannedChange> changes, CancellationToken cancellation)
    {
        Assert.Equal(changes[0].Planned.Shelves, held.Shelves);
        var ending = outcome.Task;
        commits.Add(([.. changes.Select(change => change.Request.RequestId)], cancellation));
        return await ending
            ? [.. changes.Select(change => new ChangeResult.Changed(
                [new ChangedRecord(new RecordKey("Observation", change.Request.RequestId, 1), ChangeKind.Create, true, change.Now, default)], default))]
            : throw new IOException("The disk is gone.");
    }
}
