namespace HealthLedger.Access;

/// <summary>Instants as FHIR and facts carry them.</summary>
internal static class Instants
{
    /// <summary>Now, in UTC, cut to the millisecond that meta.lastUpdated shows, so that what is stored and what is compared are one.</summary>
    public static DateTimeOffset Now(TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }
}
