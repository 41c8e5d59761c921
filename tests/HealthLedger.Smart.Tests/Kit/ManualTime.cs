namespace HealthLedger.Smart.Tests.Kit;

/// <summary>A clock that moves only when told.</summary>
internal sealed class ManualTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public override DateTimeOffset GetUtcNow() => Now;

    public void Advance(double seconds) => Now = Now.AddSeconds(seconds);
}
