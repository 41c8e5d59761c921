using System.Collections.Concurrent;
using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Ledger;

/// <summary>
/// The ENROL entry of a chain (docs/formats/completeness.md): its fact names the patient and commits to the chain's tag key, so that nobody can be shown another
/// chain later. Made when the chain is first proven or challenged, and not with its first event: how far the ledger grows with a request must not tell whether a
/// patient was known.
/// </summary>
internal sealed class Enrolments(LedgerOptions options, LedgerParts parts, LedgerLog log)
{
    /// <summary>The value of <see cref="FactField.Event"/> in the fact of an enrolment.</summary>
    public const string Event = "enrol";

    private const int Step = 1_000;
    private readonly ConcurrentDictionary<UInt128, ChainEvent> _known = new();

    /// <summary>The chain's ENROL entry, made where there is none; null where the ledger takes no entries now.</summary>
    /// <remarks>Two that ask at once may both enrol it: both entries then say the same.</remarks>
    public async ValueTask<ChainEvent?> Ensure(EventChain chain, CancellationToken cancellation)
    {
        if (_known.TryGetValue(chain.KeyMark, out var known))
        {
            return known;
        }

        if (Find(chain) is null && await log.Append(new AppendRequest { Events = [Of(chain)] }, cancellation) is not AppendOutcome.Appended)
        {
            return null;
        }

        return Find(chain) is { } enrolled ? _known.GetOrAdd(chain.KeyMark, enrolled) : throw new InvalidDataException("An ENROL entry that was appended is not on its chain.");
    }

    private ChainEvent? Find(EventChain chain)
    {
        for (ulong from = 0; log.EventsOf(chain, from, Step) is { Count: > 0 } events; from += Step)
        {
            foreach (var each in events)
            {
                if (LedgerEntry.KindOf(log.ReadEntry(each.Index)) == EntryKind.Enrol)
                {
                    return each;
                }
            }
        }

        return null;
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
            .Set(FactField.Reason, "chain-bound")
            .Set(FactField.Evidence, JsonSerializer.Serialize(new Dictionary<string, string> { ["tagKey"] = key.Commitment.ToString() }))
            .Set(FactField.Binding, "")
            .Build(random);
        return new PendingEvent(chain, fact.Stored, fact.Commitment.ToArray(), Kind: EntryKind.Enrol);
    }
}
