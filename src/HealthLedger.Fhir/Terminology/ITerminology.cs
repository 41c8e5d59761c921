namespace HealthLedger.Fhir.Terminology;

/// <summary>Whether a code is in a value set.</summary>
public enum Membership
{
    /// <summary>It cannot be told: the value set or one of its code systems is not known, not complete, or chosen by a filter that is not evaluated.</summary>
    Unknown,

    /// <summary>It is.</summary>
    Yes,

    /// <summary>It is not.</summary>
    No,
}

/// <summary>What validation asks of terminology. Implementations are safe for many threads, and answer in bounded time.</summary>
public interface ITerminology
{
    /// <summary>Whether the value set has the code.</summary>
    /// <param name="valueSet">Canonical URL, with a version behind '|' or without.</param>
    /// <param name="system">The code system's URL; null for a bare code, which then counts in any system of the value set.</param>
    /// <param name="code">The code.</param>
    Membership Contains(string valueSet, string? system, string code);
}
