using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The only way from a caller to plaintext. Each step takes what the one before gave, and opening takes nothing but <see cref="Recorded{T}"/>, so no step can
/// be left out or moved.
/// </summary>
public sealed class Disclosure
{
    private readonly Candidates _candidates;
    private readonly AccessFacts _facts;
    private readonly IAppendOnly _log;
    private readonly IPromising? _emergency;
    private readonly ReceiptIds _receipts;
    private readonly TimeProvider _time;
    private readonly RecordVault _vault;

    /// <summary>Binds the road to the vault and the ledger it runs between; the last is what promises reads in an emergency where the ledger takes no entry.</summary>
    public Disclosure(RecordVault vault, IAppendOnly log, ConsentStates consents, AccessPolicy policy, ReceiptIds receipts, TimeProvider time, IPromising? emergency = null)
    {
        _vault = vault;
        _log = log;
        _emergency = emergency;
        _receipts = receipts;
        _time = time;
        _candidates = new Candidates(vault, consents, policy);
        _facts = new AccessFacts(vault);
    }

    /// <summary>
    /// Decides, matches, decides, records, opens. Whatever the outcome, the request stands in the ledger, except where the ledger takes no entries: then nothing is disclosed, but in an emergency
    /// what could be promised durably.
    /// </summary>
    public async ValueTask<DisclosureResult> Disclose(DisclosureRequest request, CancellationToken cancellation)
    {
        var raced = ImmutableHashSet<string>.Empty;
        for (var attempt = 0; ; attempt++)
        {
            var now = _time.GetUtcNow();

            // decide per patient, match inside the vault, decide per record
            var selection = await _candidates.Select(request, now, raced, cancellation);
            if (selection.TooBroad)
            {
                return new DisclosureResult.TooBroad(VisibleRecords.PatientLimit);
            }

            // record
            var outcome = await Recorded<AccessEntry>.Append(_log, _facts.Describe(request, selection, now), cancellation);
            if (outcome is RecordOutcome<AccessEntry>.Unavailable && request.MayBePromised && _emergency is not null)
            {
                outcome = await Promise(_emergency, request, selection, now, cancellation);
            }

            switch (outcome)
            {
                case RecordOutcome<AccessEntry>.Done { Recorded: var recorded }:
                    // open, redact, respond
                    return await Respond(request, selection, recorded, cancellation);

                case RecordOutcome<AccessEntry>.Stale { Subjects: var changed }:
                    // A withdrawal came first. Those patients are decided once more; a patient who changes again meanwhile is treated as refusing.
                    raced = attempt == 0 ? raced : raced.Union(changed);
                    continue;

                default:
                    return new DisclosureResult.Unavailable();
            }
        }
    }

    /// <summary>In the emergency journal: where the ledger takes no entry, an emergency must not wait. Apart, so that no read makes what the function captures.</summary>
    private ValueTask<RecordOutcome<AccessEntry>> Promise(IPromising emergency, DisclosureRequest request, Selection selection, DateTimeOffset now, CancellationToken cancellation) =>
        Recorded<AccessEntry>.Promise(emergency, mark => _facts.Describe(request, selection, now, mark), cancellation);

    private async ValueTask<DisclosureResult> Respond(DisclosureRequest request, Selection selection, Recorded<AccessEntry> recorded, CancellationToken cancellation)
    {
        var place = recorded.Promised is { } promise ? PromisedPlace.Of(promise) : recorded.Position.Indices[0];
        var receipt = _receipts.Seal(place, recorded.Value.Append.Events[0].Chain.Id, request.Caller.ClientId);
        if (selection.IsNotThere(request.Target))
        {
            return new DisclosureResult.NotThere(receipt);
        }

        if (request.Target is Target.Record && selection.Page[0].Entry.Deleted)
        {
            return _vault.IsErased(selection.Page[0].Shelf) ? new DisclosureResult.NotThere(receipt) : new DisclosureResult.Gone(receipt);
        }

        if (request.Target is Target.Population)
        {
            return new DisclosureResult.Streamed(OneByOne(selection.Page, recorded, cancellation), selection.Onward, receipt);
        }

        var opened = await _vault.Open(recorded, Wanted(selection), cancellation);
        var records = ImmutableArray.CreateBuilder<DisclosedRecord>(selection.Page.Length + selection.Included.Length);
        var (next, at, matches, gone) = (0, 0, 0, 0);
        foreach (var candidate in selection.Disclosed)
        {
            var content = candidate.Entry.Deleted ? null : opened[next++];
            var isMatch = at++ < selection.Page.Length;
            if (IsGone(candidate, content))
            {
                content?.Dispose();
                gone += isMatch ? 1 : 0;
                continue;
            }

            matches += isMatch ? 1 : 0;
            records.Add(new DisclosedRecord(candidate.Entry.Key, candidate.Entry.LastUpdated, content) { IsIncluded = !isMatch, IsKeptByCaller = AccessPolicy.Keeps(request.Caller, candidate.Entry) });
        }

        // Erased between the entry and the opening: the entry stays, the answer is that of one who never was.
        var disclosed = new DisclosureResult.Disclosed(records.DrainToImmutable(), selection.Total - gone, selection.Next, receipt) { IncludesCut = selection.IncludesCut, Meta = selection.Meta };
        if (gone == 0)
        {
            return disclosed;
        }

        switch (request.Target)
        {
            case Target.Record or Target.History { Id: not null } or Target.Everything { Type: not "Group" } when matches == 0:
                disclosed.Dispose();
                return new DisclosureResult.NotThere(receipt);

            // Who asked for the whole picture is given none of it rather than a part.
            case Target.Compartment:
                disclosed.Dispose();
                return disclosed with { Records = [], Total = 0 };

            default:
                return disclosed;
        }
    }

    /// <summary>What is to be opened: what is disclosed and has content.</summary>
    private static (Shelf Shelf, RecordKey Key)[] Wanted(Selection selection)
    {
        var disclosed = selection.Disclosed;
        var wanted = new (Shelf, RecordKey)[disclosed.Length];
        var next = 0;
        foreach (var candidate in disclosed)
        {
            if (!candidate.Entry.Deleted)
            {
                wanted[next++] = (candidate.Shelf, candidate.Entry.Key);
            }
        }

        return next == wanted.Length ? wanted : wanted[..next];
    }

    private async IAsyncEnumerable<DisclosedRecord> OneByOne(ImmutableArray<Candidate> page, Recorded<AccessEntry> recorded, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var candidate in page)
        {
            var opened = candidate.Entry.Deleted ? null : (await _vault.Open(recorded, [(candidate.Shelf, candidate.Entry.Key)], cancellation))[0];
            if (IsGone(candidate, opened))
            {
                opened?.Dispose();
                continue;
            }

            yield return new DisclosedRecord(candidate.Entry.Key, candidate.Entry.LastUpdated, opened);
        }
    }

    /// <summary>True for what was erased since it was decided on. What other patients share stays theirs.</summary>
    private bool IsGone(Candidate candidate, OpenedBytes? content) =>
        (content is null && !candidate.Entry.Deleted) || (!candidate.Entry.IsShared && _vault.IsErased(candidate.Shelf));
}
