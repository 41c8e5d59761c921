using System.Globalization;

namespace HealthLedger.Risk.Scores;

/// <summary>A score, or why there is none. A published score is never computed outside the range it was validated for, and never by moving an input into it.</summary>
public abstract record ScoreResult<T>
{
    private ScoreResult() { }

    public sealed record Scored(T Value) : ScoreResult<T>;

    public sealed record Refused(OutOfRange Reason) : ScoreResult<T>;
}

/// <summary>The input that lies outside its valid range. Carries no measured value, so that it may be shown and logged.</summary>
public sealed record OutOfRange(string Input, double Low, double High, string Unit)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Input} is outside the valid range {Low} to {High}{(Unit.Length == 0 ? "" : " " + Unit)}");

    /// <summary>Null when <paramref name="value"/> lies in [low, high]; NaN and infinities do not.</summary>
    internal static OutOfRange? Check(string input, double value, double low, double high, string unit) =>
        value >= low && value <= high ? null : new OutOfRange(input, low, high, unit);
}
