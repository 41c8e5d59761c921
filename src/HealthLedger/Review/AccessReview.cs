using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>
/// A regulator's view over all patients: who asked, why, and what was decided; never what was asked for or what a record says, and patients by a pseudonym.
/// Each question is one entry of the ledger, appended before it is answered.
/// </summary>
/// <remarks>
/// Merges the chains of all patients by their newest events, so the first question after a start looks up the length of each chain once: seconds for each
/// ten thousand patients.
/// </remarks>
public sealed class AccessReview
{
    /// <summary>The most rows of one page.</summary>
    public const int MaxPage = 200;

    /// <summary>Events that one question looks at; a page that is not full by then says from where to go on.</summary>
    public const int MaxScan = 20_000;

    private const int ChainStep = 64;
    private readonly RecordVault _vault;
    private readonly LedgerLog _ledger;
    private readonly TimeProvider _time;
    private readonly byte[] _pseudonyms;

    /// <param name="vault">Knows the patients and their chains.</param>
    /// <param name="ledger">Is read, and records the question.</param>
    /// <param name="pseudonymKey">32 bytes, the same at every start, so that a patient keeps one pseudonym.</param>
    /// <param name="time">Tells when.</param>
    public AccessReview(RecordVault vault, LedgerLog ledger, ReadOnlySpan<byte> pseudonymKey, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pseudonymKey.Length, 32, nameof(pseudonymKey));
        (_vault, _ledger, _time, _pseudonyms) = (vault, ledger, time, pseudonymKey.ToArray());
    }

    /// <summary>Answers a regulator's question, after it is recorded.</summary>
    /// <exception cref="ArgumentException">The caller is no regulator: a bug of the page that asks.</exception>
    public async ValueTask<ReviewResult> Ask(Caller caller, string requestId, ReviewQuestion question, CancellationToken cancellation)
    {
        if (caller.Role != CallerRole.Regulator)
        {
            throw new ArgumentException("Only a regulator reviews.", nameof(caller));
        }

        // record
        var outcome = await Recorded<ReviewEntry>.Append(_ledger, Describe(caller, requestId, question), cancellation);
        if (outcome is not RecordOutcome<ReviewEntry>.Done { Recorded: var recorded })
        {
            return new ReviewResult.Unavailable();
        }

        // answer, from what came before the question
        var asked = recorded.Position.Indices[0];
        var rows = ImmutableArray.CreateBuilder<ReviewedAccess>();
        ulong? next = null;
        var scanned = 0;
        await foreach (var (index, chain) in NewestFirst(Math.Min(question.Before ?? asked, asked), cancellation))
        {
            if (scanned++ == MaxScan || rows.Count == question.Max)
            {
                next = index + 1;
                break;
            }

            var happened = PatientEvents.Open(_ledger, index, chain);
            if (question.Matches(happened))
            {
                rows.Add(Masked(happened));
            }
        }

        return new ReviewResult.Answered(rows.ToImmutable(), next, asked, scanned);
    }

    /// <summary>The events of all chains below an entry, merged.</summary>
    private async IAsyncEnumerable<(ulong Index, EventChain Chain)> NewestFirst(
        ulong before, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var queue = new PriorityQueue<ChainCursor, ulong>();
        void Enqueue(ChainCursor cursor)
        {
            if (cursor.Take(_ledger, before) is { } index)
            {
                queue.Enqueue(cursor, ulong.MaxValue - index);
            }
        }

        Enqueue(new ChainCursor(_vault.TenantChain));
        var patients = await _vault.Patients.PatientIds(cancellation);
        for (var i = 0; i < patients.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_vault.ChainOf(ShelfId.ForPatient(patients.Span[i])) is { } chain)
            {
                Enqueue(new ChainCursor(chain));
            }
        }

        foreach (var erased in _vault.Erasures.Chains)
        {
            Enqueue(new ChainCursor(erased));
        }

        while (queue.TryDequeue(out var cursor, out var rank))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return (ulong.MaxValue - rank, cursor.Chain);
            Enqueue(cursor);
        }
    }

    private ReviewEntry Describe(Caller caller, string requestId, ReviewQuestion question)
    {
        var fact = AccessFacts.Start(caller, PurposeOfUse.Compliance, "review", requestId, "review", Instants.Now(_time))
            .Set(FactField.Decision, "permit")
            .Set(FactField.Evidence, question.ToJson());
        return new ReviewEntry(new AppendRequest { Events = [AccessFacts.Finish(fact, _vault.TenantChain)] });
    }

    private ReviewedAccess Masked(FactEvent happened) => new(
        happened.Entry, happened.Kind, happened.Time, happened.Client, MaskedUser(happened.User), happened.Organization, happened.Purpose, happened.Interaction, happened.Refused, happened.Reason,
        happened.Patient is { } patient ? Pseudonym(patient) : null);

    /// <summary>A patient who looks at the own record is an actor too, and goes by the same pseudonym.</summary>
    private string? MaskedUser(string? user) => user is not null && ShelfId.Parse(user) is { IsPatient: true } ? Pseudonym(user) : user;

    private string Pseudonym(string patient) =>
        "P-" + Convert.ToHexStringLower(HMACSHA256.HashData(_pseudonyms, Encoding.UTF8.GetBytes("healthledger/review/pseudonym/1\n" + patient)).AsSpan(0, 5));

    /// <summary>Walks one chain from its newest event down.</summary>
    private sealed class ChainCursor(EventChain chain)
    {
        private readonly Queue<ulong> _ready = new();
        private ulong _seen;

        public EventChain Chain => chain;

        public ulong? Take(LedgerLog ledger, ulong before)
        {
            while (true)
            {
                while (_ready.TryDequeue(out var index))
                {
                    if (index < before)
                    {
                        return index;
                    }
                }

                // Events of one batch are shuffled among its entries, so a step is brought in order before it is walked.
                var step = ledger.EventsOf(chain, _seen, _seen == 0 ? 1 : ChainStep, newestFirst: true);
                if (step.Count == 0)
                {
                    return null;
                }

                _seen += (ulong)step.Count;
                foreach (var found in step.OrderByDescending(e => e.Index))
                {
                    _ready.Enqueue(found.Index);
                }
            }
        }
    }
}

/// <summary>A regulator's question about to be recorded.</summary>
internal sealed record ReviewEntry(AppendRequest Append) : IRecordable
{
    public AppendRequest ToAppend() => Append;
}

/// <summary>What a regulator wants to see.</summary>
/// <param name="Purpose">Only this purpose of use.</param>
/// <param name="Refused">True: only refused ones; false: only permitted ones.</param>
/// <param name="Client">Only this client, by its whole id, at most 200 characters.</param>
/// <param name="Since">Only at or after this instant.</param>
/// <param name="Until">Only before this instant.</param>
/// <param name="Before">Only entries before this one: where the page before ended.</param>
/// <param name="Max">Rows, 1 to <see cref="AccessReview.MaxPage"/>.</param>
public sealed record ReviewQuestion(
    PurposeOfUse? Purpose = null, bool? Refused = null, string? Client = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null, ulong? Before = null, int Max = 50)
{
    internal bool Matches(FactEvent happened) =>
        (Purpose is null || happened.Purpose == Purpose)
        && (Refused is null || happened.Refused == Refused)
        && (Client is null || happened.Client == Client)
        && (Since is null || happened.Time >= Since)
        && (Until is null || happened.Time < Until);

    internal string ToJson() => JsonSerializer.Serialize(new Dictionary<string, string?>
    {
        ["purpose"] = Purpose?.Code(),
        ["refused"] = Refused?.ToString(),
        ["client"] = Client,
        ["since"] = Since?.ToString("O", CultureInfo.InvariantCulture),
        ["until"] = Until?.ToString("O", CultureInfo.InvariantCulture),
        ["before"] = Before?.ToString(CultureInfo.InvariantCulture),
    }.Where(f => f.Value is not null).ToDictionary());
}

/// <summary>What became of a regulator's question.</summary>
public abstract record ReviewResult
{
    private ReviewResult()
    {
    }

    /// <summary>Recorded and answered.</summary>
    /// <param name="Rows">Newest first.</param>
    /// <param name="Next">What to give as <see cref="ReviewQuestion.Before"/> for the rows after these; null where there are none.</param>
    /// <param name="Entry">The entry that records the question.</param>
    /// <param name="Scanned">How many events were looked at.</param>
    public sealed record Answered(ImmutableArray<ReviewedAccess> Rows, ulong? Next, ulong Entry, int Scanned) : ReviewResult;

    /// <summary>The ledger takes no entry now, so nothing is answered.</summary>
    public sealed record Unavailable : ReviewResult;
}

/// <summary>What a regulator sees of an event: nothing that a record says, no record's id, and the patient by a pseudonym.</summary>
/// <param name="Entry">Its entry in the ledger.</param>
/// <param name="Kind">As <see cref="FactEvent.Kind"/>.</param>
/// <param name="Time">When.</param>
/// <param name="Client">The client that asked.</param>
/// <param name="User">The person behind it; a patient by the pseudonym.</param>
/// <param name="Organization">The organization that answers for it.</param>
/// <param name="Purpose">Why.</param>
/// <param name="Interaction">The FHIR interaction.</param>
/// <param name="Refused">True where it was refused.</param>
/// <param name="Reason">The reason's code.</param>
/// <param name="Patient">A pseudonym, the same for all events of one patient; null where the event concerns none.</param>
public sealed record ReviewedAccess(
    ulong Entry, string Kind, DateTimeOffset? Time, string? Client, string? User, string? Organization, PurposeOfUse? Purpose, string? Interaction, bool Refused, string? Reason,
    string? Patient);
