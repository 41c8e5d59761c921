using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Ledger;

/// <summary>
/// The ENROL entry that every chain begins with (docs/formats/completeness.md): its fact names the patient and commits to the chain's tag key, so that nobody
/// can be shown another chain later.
/// </summary>
/// <remarks>Two requests that begin a chain at once may both enrol it: both entries then say the same.</remarks>
internal sealed class Enrolments(LedgerOptions options, LedgerParts parts)
{
    /// <summary>The value of <see cref="FactField.Event"/> in the fact of an enrolment.</summary>
    public const string Event = "enrol";

    /// <summary>The events of a request, with the enrolment of each chain that has no event yet before them.</summary>
    public ImmutableArray<PendingEvent> Before(ImmutableArray<PendingEvent> events)
    {
        List<PendingEvent>? enrolments = null;
        foreach (var pending in events)
        {
            if (parts.Chains.Load(pending.Chain).Count == 0 && enrolments?.Exists(e => e.Chain.Id == pending.Chain.Id) is not true)
            {
                (enrolments ??= []).Add(Of(pending.Chain));
            }
        }

        return enrolments is null ? events : [.. enrolments, .. events];
    }

    private PendingEvent Of(EventChain chain)
    {
        using var key = parts.Tags.KeyOf(chain);
        var random = new byte[Fact.RandomLength];
        options.Random.GetBytes(random);
        var fact = new FactBuilder()
            .Set(FactField.Event, Event)
            .At(options.Time.GetUtcNow())
            .Set(FactField.Interaction, Event)
            .Set(FactField.Patient, chain.Patient)
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, "chain-begun")
            .Set(FactField.Evidence, JsonSerializer.Serialize(new Dictionary<string, string> { ["tagKey"] = key.Commitment.ToString() }))
            .Set(FactField.Binding, "")
            .Build(random);
        return new PendingEvent(chain, fact.Stored, fact.Commitment.ToArray(), Kind: EntryKind.Enrol);
    }
}
