namespace HealthLedger.Risk.Features;

/// <summary>Why a record does not give a score's input. Stable codes; none carries a value of the patient.</summary>
public enum MissingReason
{
    /// <summary>The record has nothing of the kind.</summary>
    NotRecorded,

    /// <summary>The latest measurement is older than the scores may use.</summary>
    TooOld,

    /// <summary>The latest measurement has no usable value: only a bound (such as "&lt; 15"), no number, or "unknown".</summary>
    NoUsableValue,

    /// <summary>The latest measurement has a unit that is not among those converted.</summary>
    UnitNotUnderstood,

    /// <summary>The birth date is given only as a year or month, or lies after the day of the assessment.</summary>
    BirthDateNotExact,

    /// <summary>The record's gender is neither female nor male, for which alone the scores were fitted.</summary>
    SexNotCovered,

    /// <summary>What it is computed from lies outside the range of the formula.</summary>
    OutOfRange,
}

/// <summary>One input of a score as found in a record: its value with the references of the resources that it comes from, or why it is missing.</summary>
public abstract record Feature<T>
{
    private Feature() { }

    /// <param name="Sources">Version-specific references, such as <c>Observation/1/_history/2</c>. Empty where the value is that nothing was found (no diabetes).</param>
    public sealed record Known(T Value, IReadOnlyList<string> Sources) : Feature<T>;

    public sealed record Missing(MissingReason Reason) : Feature<T>;
}
