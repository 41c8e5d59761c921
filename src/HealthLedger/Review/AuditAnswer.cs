using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Review;

/// <summary>The answer to a recorded question. Events are opened as they are gone through, so that a long answer takes little memory.</summary>
public sealed class AuditAnswer
{
    private readonly AuditTrail _trail;
    private readonly OpenedTo _role;
    private readonly EventChain _askedOn;
    private readonly ImmutableArray<(ulong Entry, EventChain Chain)> _found;

    internal AuditAnswer(AuditTrail trail, OpenedTo role, EventChain askedOn, ImmutableArray<(ulong, EventChain)> found, ulong? next, ulong asked, int scanned, int? total)
    {
        (_trail, _role, _askedOn, _found) = (trail, role, askedOn, found);
        (Next, Asked, Scanned, Total) = (next, asked, scanned, total);
    }

    /// <summary>How many events there are in this answer.</summary>
    public int Count => _found.Length;

    /// <summary>What to give as <see cref="ReviewQuestion.Before"/> for what comes after this answer; null where nothing does.</summary>
    public ulong? Next { get; }

    /// <summary>The entry that records the question.</summary>
    public ulong Asked { get; }

    /// <summary>The chain that entry is on.</summary>
    public string AskedOn => _askedOn.Id;

    /// <summary>How many events were looked at.</summary>
    public int Scanned { get; }

    /// <summary>How many events match in all; null where they were not all looked at.</summary>
    public int? Total { get; }

    /// <summary>The events, newest first, each as far as the role may see it.</summary>
    /// <exception cref="InvalidDataException">A stored fact is not the one that was recorded.</exception>
    public IEnumerable<FoundEvent> Events() => _found.Select(f => _trail.Open(f.Entry, f.Chain, _role));

    /// <summary>The answer as the lines of a signed bundle (docs/formats/evidence.md), all under one checkpoint.</summary>
    public IEnumerable<byte[]> Evidence()
    {
        var published = _trail.Ledger.Published;
        using var writer = new EvidenceWriter();
        yield return writer.Begin(_trail.Ledger.Origin, published.Signed, _trail.Question(Asked, _askedOn, published.Size));
        foreach (var happened in Events())
        {
            yield return writer.Item(happened.ToEvidence(published.Size));
        }

        yield return writer.End(Next, _trail.Ledger.SignEvidence);
    }
}
