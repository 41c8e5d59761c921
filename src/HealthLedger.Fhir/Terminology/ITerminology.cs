using HealthLedger.Fhir.Definitions;

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

/// <summary>How two codes of one code system stand to each other (R4 valueset-concept-subsumption-outcome.html).</summary>
public enum Subsumption
{
    /// <summary>It cannot be told: the code system is not known or not complete, has no such code, or a hierarchy that is not of kinds.</summary>
    Unknown,

    /// <summary>They are the same concept.</summary>
    Equivalent,

    /// <summary>The first is above the second.</summary>
    Subsumes,

    /// <summary>The first is below the second.</summary>
    SubsumedBy,

    /// <summary>Neither is above the other.</summary>
    NotSubsumed,
}

/// <summary>
/// What validation and search ask of terminology. Code systems and value sets are named by their canonical URL, with a version behind '|' or without.
/// Implementations are safe for many threads, and answer in bounded time.
/// </summary>
public interface ITerminology
{
    /// <summary>Whether the value set has the code.</summary>
    /// <param name="valueSet">The value set.</param>
    /// <param name="system">The code system's URL; null for a bare code, which then counts in any system of the value set.</param>
    /// <param name="code">The code.</param>
    Membership Contains(string valueSet, string? system, string code);

    /// <summary>How <paramref name="first"/> stands to <paramref name="second"/>.</summary>
    Subsumption Compare(string system, string first, string second);

    /// <summary>All codes of a value set; null where they cannot be told in full.</summary>
    /// <param name="valueSet">The value set.</param>
    /// <param name="why">A sentence that says why there are none; empty where there are. It names nothing but code systems, value sets and limits.</param>
    CodeList? CodesOf(string valueSet, out string why);

    /// <summary>The code and all codes below it; null where they cannot be told in full.</summary>
    /// <param name="system">The code system.</param>
    /// <param name="code">The code.</param>
    /// <param name="why">As in <see cref="CodesOf"/>.</param>
    IReadOnlyCollection<string>? CodesBelow(string system, string code, out string why);

    /// <summary>The code and all codes above it; null where they cannot be told in full.</summary>
    /// <param name="system">The code system.</param>
    /// <param name="code">The code.</param>
    /// <param name="why">As in <see cref="CodesOf"/>.</param>
    IReadOnlyCollection<string>? CodesAbove(string system, string code, out string why);
}
