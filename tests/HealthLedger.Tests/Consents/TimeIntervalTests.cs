// FHIR R4 "Primitive Types" (date, dateTime, instant) and Period: an end counts to the last instant its precision leaves open.
using HealthLedger.Consents;

namespace HealthLedger.Tests.Consents;

public sealed class TimeIntervalTests
{
    [Theory]
    [InlineData("2026", "2026-01-01T00:00:00.0000000Z", "2027-01-01T00:00:00.0000000Z")]
    [InlineData("2026-11", "2026-11-01T00:00:00.0000000Z", "2026-12-01T00:00:00.0000000Z")]
    [InlineData("2026-12", "2026-12-01T00:00:00.0000000Z", "2027-01-01T00:00:00.0000000Z")]
    [InlineData("2024-02-29", "2024-02-29T00:00:00.0000000Z", "2024-03-01T00:00:00.0000000Z")]
    [InlineData("2026-11-20T10:30:00+02:00", "2026-11-20T08:30:00.0000000Z", "2026-11-20T08:30:01.0000000Z")]
    [InlineData("2026-11-20T10:30:00.12Z", "2026-11-20T10:30:00.1200000Z", "2026-11-20T10:30:00.1300000Z")]
    [InlineData("2026-11-20T10:30:00.1234567899Z", "2026-11-20T10:30:00.1234567Z", "2026-11-20T10:30:00.1234568Z")]
    [InlineData("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.0000000Z", "2017-01-01T00:00:00.0000000Z")]
    [InlineData("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00.0000000Z", "0001-01-01T00:00:00.0000000Z")]
    public void A_value_covers_what_its_precision_leaves_open(string text, string from, string until)
    {
        Assert.True(TimeInterval.TryParse(text, out var interval));
        Assert.Equal(from, interval.From.UtcDateTime.ToString("O"));
        Assert.Equal(until, interval.Until.UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("26")]
    [InlineData("0000")]
    [InlineData("2026-13")]
    [InlineData("2026-1")]
    [InlineData("2026-02-29")]
    [InlineData("2026-11-31")]
    [InlineData("2026/11/20")]
    [InlineData("2026-11-20T10")]
    [InlineData("2026-11-20T10:30")]
    [InlineData("2026-11-20T10:30:00")]
    [InlineData("2026-11-20T24:00:00Z")]
    [InlineData("2026-11-20T10:60:00Z")]
    [InlineData("2026-11-20T10:30:61Z")]
    [InlineData("2026-11-20T10:30:00.Z")]
    [InlineData("2026-11-20T10:30:00+14:01")]
    [InlineData("2026-11-20T10:30:00+15:00")]
    [InlineData("2026-11-20T10:30:00z")]
    [InlineData("2026-11-20 10:30:00Z")]
    [InlineData("+026-11-20")]
    [InlineData("2026-11-20T10:30:00Z ")]
    public void Anything_else_is_refused(string? text) => Assert.False(TimeInterval.TryParse(text, out _));

    [Fact]
    public void A_period_includes_both_its_ends()
    {
        Assert.True(TimeInterval.TryParsePeriod("2026-11-20", "2026-11", out var period));
        Assert.False(period.Contains(new(2026, 11, 19, 23, 59, 59, TimeSpan.Zero)));
        Assert.True(period.Contains(new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero)));
        Assert.True(period.Contains(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(-1)));
        Assert.False(period.Contains(new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)));
    }

    [Fact]
    public void Open_ends_have_no_edge()
    {
        Assert.True(TimeInterval.TryParsePeriod(null, "9999", out var period));
        Assert.True(period.Contains(DateTimeOffset.MaxValue) && period.Contains(DateTimeOffset.MinValue));
        Assert.True(TimeInterval.TryParsePeriod("2026", null, out period));
        Assert.True(period.Contains(DateTimeOffset.MaxValue));
    }

    [Fact]
    public void A_period_that_ends_before_it_begins_is_refused()
    {
        Assert.False(TimeInterval.TryParsePeriod("2026-11-21", "2026-11-20", out _));
        Assert.True(TimeInterval.TryParsePeriod("2026-11-20", "2026-11-20", out _));
    }
}
