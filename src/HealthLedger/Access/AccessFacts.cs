using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using HealthLedger.Consents;
using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Promises;
using HealthLedger.Sealing;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Says what a request did, as the facts that go on the ledger. How many events a request has depends on the request and on what is disclosed, never on hidden
/// data: one for a record that was addressed, whether permitted, refused or absent; for a search one for the request and one for each patient disclosed.
/// </summary>
internal sealed class AccessFacts(RecordVault vault)
{
    /// <summary>What references to records and hashes are written with; JSON has it as it is.</summary>
    private static readonly SearchValues<char> Unescaped = SearchValues.Create("-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    /// <summary>The entry that records <paramref name="request"/> with what was selected.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="selection">What was decided.</param>
    /// <param name="now">When.</param>
    /// <param name="late">For what is promised now and recorded later: which promise. Each fact says so.</param>
    public AccessEntry Describe(DisclosureRequest request, Selection selection, DateTimeOffset now, LateMark? late = null)
    {
        var notThere = selection.IsNotThere(request.Target);

        // One record of one patient, as most reads are, needs no collections.
        ImmutableArray<PendingEvent> events = request.Target.IsOneRecord && selection is { Page: [{ Decisions: [var only] } read], Included: [], Counted: [] }
            ? [Disclosed(request, only.Shelf, [(read, only.Decision)], now, late)]
            : Events(request, selection, notThere, now, late);
        var append = new AppendRequest
        {
            Events = events,
            Expected = selection.RestsOn,
            MayBePromised = request.MayBePromised,
            Reserve = request.IsOfOwnConsents ? ReserveUse.Half : ReserveUse.None,
            Notice = Notices.Of(events, notThere ? NoticedKind.AccessRefused : NoticedKind.RecordAccessed, now),
        };
        return new AccessEntry(append, Permitted(selection.Disclosed));
    }

    private static ImmutableArray<RecordKey> Permitted(ImmutableArray<Candidate> disclosed) =>
        disclosed is [{ Entry.Deleted: false } only] ? [only.Entry.Key] : [.. disclosed.Where(c => !c.Entry.Deleted).Select(c => c.Entry.Key)];

    private ImmutableArray<PendingEvent> Events(DisclosureRequest request, Selection selection, bool notThere, DateTimeOffset now, LateMark? late)
    {
        var events = ImmutableArray.CreateBuilder<PendingEvent>();
        if (notThere)
        {
            events.Add(Attempt(request, selection, now, late));
        }
        else if (!request.Target.IsOneRecord)
        {
            events.Add(Search(request, selection, now, late));
        }

        foreach (var disclosed in ByShelf(request.Target, selection))
        {
            events.Add(Disclosed(request, disclosed.Shelf, disclosed.Records, now, late));
        }

        return events.ToImmutable();
    }

    /// <summary>
    /// Each shelf from which something is disclosed, with its records. Directory records are of no patient: they count as one, the tenant, and as nothing beside
    /// a search's own event, which is on the tenant's chain already.
    /// </summary>
    private static IEnumerable<(ShelfId Shelf, ImmutableArray<(Candidate Record, ConsentDecision Decision)> Records)> ByShelf(Target target, Selection selection)
    {
        var shelves = new Dictionary<ShelfId, ImmutableArray<(Candidate, ConsentDecision)>.Builder>();
        foreach (var candidate in selection.Disclosed)
        {
            foreach (var (shelf, decision) in candidate.Decisions.Select(d => (d.Shelf, d.Decision)))
            {
                if (!shelf.IsPatient && selection.Total is not null && !target.IsOneRecord)
                {
                    continue;
                }

                if (!shelves.TryGetValue(shelf, out var records))
                {
                    shelves[shelf] = records = ImmutableArray.CreateBuilder<(Candidate, ConsentDecision)>();
                }

                records.Add((candidate, decision));
            }
        }

        foreach (var counted in selection.Counted)
        {
            shelves.TryAdd(counted, ImmutableArray.CreateBuilder<(Candidate, ConsentDecision)>());
        }

        return shelves.Select(s => (s.Key, s.Value.ToImmutable()));
    }

    private PendingEvent Attempt(DisclosureRequest request, Selection selection, DateTimeOffset now, LateMark? late)
    {
        var tried = request.Target switch
        {
            Target.Record { Version: { } version } target => $"{target.Type}/{target.Id}/_history/{version}",
            Target.Record target => $"{target.Type}/{target.Id}",
            Target.History history => history.Path,
            Target.Everything everything => everything.Path,
            _ => throw new ArgumentException("An attempt names one record.", nameof(request)),
        };
        var chain = Chain(selection.Addressed);
        var fact = Start(request, "refusal", now)
            .Set(FactField.Targets, JsonArray([(tried, null)]))
            .Set(FactField.Decision, "deny")
            .Set(FactField.Reason, selection.Refusal?.Decision.Reason.Code() ?? "absent")
            .Set(FactField.Consent, ConsentRule(selection.Refusal?.Decision))
            .Set(FactField.Patient, chain.Patient)
            .Set(FactField.Obligations, Marked(null, late));
        return Finish(fact, chain);
    }

    private PendingEvent Search(DisclosureRequest request, Selection selection, DateTimeOffset now, LateMark? late)
    {
        var asked = request.Target switch
        {
            Target.Criteria criteria => $"{criteria.Path}?{criteria.RawQuery}",
            Target.Population population => population.Path,
            Target.Compartment compartment => $"Patient/{compartment.Patient}/*",
            Target.History history => history.RawQuery.Length == 0 ? history.Path : $"{history.Path}?{history.RawQuery}",
            Target.Everything everything => $"{everything.Path}?{everything.RawQuery}",
            _ => "",
        };
        var fact = Start(request, "request", now)
            .Set(FactField.Targets, JsonArray([.. selection.Disclosed.Where(c => c.Decisions.All(d => !d.Shelf.IsPatient)).Select(Reference)]))
            .Set(FactField.Decision, "permit")
            .Set(FactField.Obligations, Marked(null, late))
            .Set(FactField.Evidence, Convert.ToBase64String(Encoding.UTF8.GetBytes(asked)));
        return Finish(fact, vault.TenantChain);
    }

    private PendingEvent Disclosed(
        DisclosureRequest request, ShelfId shelf, ImmutableArray<(Candidate Record, ConsentDecision Decision)> records, DateTimeOffset now, LateMark? late)
    {
        var decision = records.IsEmpty ? null : records[0].Decision;
        var chain = Chain(shelf);
        var targets = new (string, string?)[records.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = Reference(records[i].Record);
        }

        var fact = Start(request, "access", now)
            .Set(FactField.Patient, chain.Patient)
            .Set(FactField.Targets, JsonArray(targets))
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, decision?.Reason.Code() ?? "counted")
            .Set(FactField.Consent, records is [var only] ? ConsentRule(only.Decision) : Join(records.Select(r => ConsentRule(r.Decision))))
            .Set(FactField.Obligations, Marked(decision is null or { Obligations: Obligations.None } ? null : decision.Obligations.ToString(), late))
            .Set(FactField.Evidence, request.EmergencyReason ?? (request.Target as Target.Population)?.Path);
        return Finish(fact, chain);
    }

    private static string? Marked(string? obligations, LateMark? late) => late is { } mark ? mark.After(obligations) : obligations;

    private EventChain Chain(ShelfId? shelf) => shelf is { IsPatient: true } patient ? vault.ChainOf(patient) ?? vault.TenantChain : vault.TenantChain;

    /// <summary>A fact's fields that every event of a caller has.</summary>
    internal static FactBuilder Start(Caller caller, PurposeOfUse purpose, string interaction, string requestId, string kind, DateTimeOffset now) => new FactBuilder()
        .Set(FactField.Event, kind)
        .At(now)
        .Set(FactField.Client, caller.ClientId)
        .Set(FactField.User, caller.FhirUser ?? caller.UserId)
        .Set(FactField.Organization, caller.Organization)
        .Set(FactField.Purpose, purpose.Code())
        .Set(FactField.Interaction, interaction)
        .Set(FactField.Request, requestId)
        .Set(FactField.Binding, "");

    /// <summary>The event of a fact that carries no consent operation.</summary>
    internal static PendingEvent Finish(FactBuilder fields, EventChain chain, ConsentOperation? operation = null)
    {
        Span<byte> random = stackalloc byte[Fact.RandomLength];
        FreshBytes.Fill(random);
        var fact = fields.Build(random);
        return new PendingEvent(chain, fact.Stored, fact.CommitmentBytes, operation);
    }

    /// <summary>A JSON array of <c>{"ref","sha256"}</c>: what was opened, with the hash of its sealed bytes.</summary>
    internal static string JsonArray(ReadOnlySpan<(string Reference, string? Hash)> targets)
    {
        var json = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[512]);
        json.AppendLiteral("[");
        var next = "{\"ref\":\"";
        foreach (var (reference, hash) in targets)
        {
            json.AppendLiteral(next);
            json.AppendLiteral(Escaped(reference));
            if (hash is not null)
            {
                json.AppendLiteral("\",\"sha256\":\"");
                json.AppendLiteral(Escaped(hash));
            }

            json.AppendLiteral("\"}");
            next = ",{\"ref\":\"";
        }

        json.AppendLiteral("]");
        return json.ToStringAndClear();
    }

    private static string Escaped(string text) => text.AsSpan().ContainsAnyExcept(Unescaped) ? JsonEncodedText.Encode(text).Value : text;

    private static FactBuilder Start(DisclosureRequest request, string kind, DateTimeOffset now) =>
        Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, kind, now);

    private static (string, string?) Reference(Candidate candidate) =>
        (candidate.Entry.Key.ToString(), candidate.Entry.CiphertextHash.ToString());

    private static string? ConsentRule(ConsentDecision? decision) =>
        decision?.Consent is { } consent ? $"{consent}/_history/{decision.ConsentVersion}#{decision.Rule}" : null;

    private static string? Join(IEnumerable<string?> parts)
    {
        var distinct = parts.OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return distinct.Count == 0 ? null : string.Join(' ', distinct);
    }
}
