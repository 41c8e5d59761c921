namespace HealthLedger.Ledger;

/// <summary>
/// The time of batches: never goes back. A clock that is a little behind is waited out with the last time; one that jumped far is not believed, because
/// a time that is too late could never be taken back.
/// </summary>
internal sealed class LedgerClock(LedgerOptions options, DateTimeOffset last)
{
    private readonly DateTimeOffset _startWall = options.Time.GetUtcNow();
    private readonly long _startTicks = options.Time.GetTimestamp();
    private DateTimeOffset _last = last;

    /// <summary>The time for the next batch; null with a reason where the clock cannot be believed.</summary>
    public DateTimeOffset? Next(out string? reason)
    {
        var wall = options.Time.GetUtcNow();
        reason = Doubt(wall, _last);
        return reason is null ? (wall > _last ? wall : _last) : null;
    }

    /// <summary>Why a time cannot be believed behind a batch of the last one; null where it can. For any thread.</summary>
    public string? Doubt(DateTimeOffset wall, DateTimeOffset last) =>
        last - wall > options.MaxClockBack ? "The clock went back too far."
        : wall - (_startWall + options.Time.GetElapsedTime(_startTicks)) > options.MaxClockForward ? "The clock jumped ahead too far."
        : null;

    /// <summary>A batch of this time is committed.</summary>
    public void Commit(DateTimeOffset time) => _last = time;
}
