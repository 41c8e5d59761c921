using System.Collections.Immutable;
using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>What an append tells the event publisher: which patients' entries it makes, and of what kind.</summary>
internal static class Notices
{
    /// <summary>The notice of these events. One on no patient's chain is noted as nothing, so that absent and refused requests do the same work.</summary>
    /// <param name="events">The events of the append.</param>
    /// <param name="kind">What those without a consent operation are.</param>
    /// <param name="now">When it was decided.</param>
    public static ReadOnlyMemory<byte> Of(ImmutableArray<PendingEvent> events, NoticedKind kind, DateTimeOffset now) =>
        events is [var only] ? EventNotice.Write(now, [Noticed(only, kind)]) : EventNotice.Write(now, [.. events.Select(e => Noticed(e, kind))]);

    /// <summary>The notice of changes, with what was refused beside them and the reads that go with them: what their conditions found.</summary>
    public static ReadOnlyMemory<byte> Of(ImmutableArray<PendingEvent> changes, ImmutableArray<PendingEvent> refused, ImmutableArray<PendingEvent> reads, DateTimeOffset now) =>
        EventNotice.Write(now, [.. changes.Select(e => Noticed(e, NoticedKind.RecordChanged)), .. refused.Select(e => Noticed(e, NoticedKind.AccessRefused)), .. reads.Select(e => Noticed(e, NoticedKind.RecordAccessed))]);

    private static NoticedEvent Noticed(PendingEvent pending, NoticedKind kind)
    {
        var told = pending.Operation switch
        {
            { Withdraw: true } => NoticedKind.ConsentWithdrawn,
            { } => NoticedKind.ConsentGranted,
            null => kind,
        };
        return ShelfId.Parse(pending.Chain.Id)?.PatientId is { } patient
            ? new NoticedEvent(told, pending.Commitment, patient)
            : new NoticedEvent(NoticedKind.Nothing, pending.Commitment, "");
    }
}
