namespace HealthLedger.Events;

/// <summary>A consent was granted to somebody.</summary>
/// <param name="Patient">Whose: a Patient id.</param>
/// <param name="Entry">Its entry in the ledger.</param>
/// <param name="Time">When it was decided, in UTC, to the millisecond.</param>
public sealed record ConsentGranted(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>A consent was withdrawn, or replaced by another version.</summary>
/// <inheritdoc cref="ConsentGranted"/>
public sealed record ConsentWithdrawn(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>Records of a patient were opened for somebody.</summary>
/// <inheritdoc cref="ConsentGranted"/>
public sealed record RecordAccessed(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>Somebody asked for a patient's record, or tried to change it, and was refused.</summary>
/// <inheritdoc cref="ConsentGranted"/>
public sealed record AccessRefused(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>Records of a patient were written.</summary>
/// <inheritdoc cref="ConsentGranted"/>
public sealed record RecordChanged(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>A patient's records were erased: their keys are destroyed, and nobody can open them any more.</summary>
/// <inheritdoc cref="ConsentGranted"/>
public sealed record RecordErased(string Patient, ulong Entry, DateTimeOffset Time);

/// <summary>A private release of the risk model was made. Concerns no single patient.</summary>
/// <param name="Run">The run that made it, as it is named on the ledger.</param>
/// <param name="Entry">Its entry in the ledger.</param>
/// <param name="Time">When it was recorded, in UTC, to the millisecond.</param>
public sealed record ReleaseMade(string Run, ulong Entry, DateTimeOffset Time);

/// <summary>
/// What one or more committed batches of the ledger told: the one message that is published, so that a busy gateway sends one message for hundreds of reads.
/// Comes after the commit, at least once, in the order of the ledger: whoever acts on it keeps the entries it has seen. Names patients, and nothing of what their
/// records say.
/// </summary>
/// <param name="Size">The ledger had this many entries, all of them durable and published.</param>
/// <param name="Granted">Consents granted.</param>
/// <param name="Withdrawn">Consents withdrawn.</param>
/// <param name="Accessed">Records opened.</param>
/// <param name="Refused">Attempts refused.</param>
/// <param name="Changed">Records written.</param>
/// <param name="Erased">Patients whose records were erased.</param>
/// <param name="Released">Private releases made.</param>
public sealed record LedgerEvents(
    ulong Size,
    IReadOnlyList<ConsentGranted> Granted,
    IReadOnlyList<ConsentWithdrawn> Withdrawn,
    IReadOnlyList<RecordAccessed> Accessed,
    IReadOnlyList<AccessRefused> Refused,
    IReadOnlyList<RecordChanged> Changed,
    IReadOnlyList<RecordErased> Erased,
    IReadOnlyList<ReleaseMade> Released)
{
    /// <summary>Each patient that is named, with the newest entry about them.</summary>
    public IEnumerable<(string Patient, ulong Entry)> Newest() =>
        Granted.Select(e => (e.Patient, e.Entry))
            .Concat(Withdrawn.Select(e => (e.Patient, e.Entry)))
            .Concat(Accessed.Select(e => (e.Patient, e.Entry)))
            .Concat(Refused.Select(e => (e.Patient, e.Entry)))
            .Concat(Changed.Select(e => (e.Patient, e.Entry)))
            .Concat(Erased.Select(e => (e.Patient, e.Entry)))
            .GroupBy(e => e.Patient, StringComparer.Ordinal)
            .Select(g => (g.Key, g.Max(e => e.Entry)));
}
