using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>One code of an expansion (R4 ValueSet.expansion.contains).</summary>
/// <param name="System">The code system's URL.</param>
/// <param name="Version">The version that the code was taken from; null where it was only listed, or there is none.</param>
/// <param name="Code">The code.</param>
/// <param name="Display">Text for people; null where nobody gives one.</param>
/// <param name="IsAbstract">True where it only groups others.</param>
/// <param name="IsInactive">True where it is no longer to be used.</param>
/// <param name="Designations">Other texts for it, as in ValueSet and CodeSystem.</param>
public sealed record ExpandedConcept(string? System, string? Version, string Code, string? Display, bool IsAbstract, bool IsInactive, IReadOnlyList<JsonElement> Designations);

/// <summary>What is asked of an expansion.</summary>
public sealed record ExpansionRequest
{
    /// <summary>Words that each must begin the code or a word of the display; null for no such condition.</summary>
    public string? Filter { get; init; }

    /// <summary>True where inactive codes are left out.</summary>
    public bool ActiveOnly { get; init; }

    /// <summary>Canonical URLs of code systems whose codes are left out, of any version or of the one that is named.</summary>
    public IReadOnlyCollection<string> ExcludedSystems { get; init; } = [];

    /// <summary>Canonical URLs with versions: a code system that has a say must be of the version that is named here, if it is.</summary>
    public IReadOnlyCollection<string> SystemVersions { get; init; } = [];

    /// <summary>How many codes come before the page; from 0.</summary>
    public int Offset { get; init; }

    /// <summary>The most codes of the page, from 0; null for all, which is refused where there are more than <see cref="ValueSets.MaximumPage"/>.</summary>
    public int? Count { get; init; }
}

/// <summary>What became of an expansion.</summary>
public abstract record ExpansionResult
{
    private ExpansionResult()
    {
    }

    /// <summary>It is made.</summary>
    /// <param name="Total">How many codes there are on all pages.</param>
    /// <param name="Page">The codes asked for.</param>
    /// <param name="Systems">Canonical URLs of the code systems that were looked into.</param>
    /// <param name="IsOpen">True where there are more codes than can be listed: a code system is held here only in part.</param>
    public sealed record Expanded(int Total, IReadOnlyList<ExpandedConcept> Page, IReadOnlyCollection<string> Systems, bool IsOpen) : ExpansionResult;

    /// <summary>It cannot be made.</summary>
    /// <param name="IsTooCostly">True where it is only too large.</param>
    /// <param name="Why">A sentence.</param>
    public sealed record Refused(bool IsTooCostly, string Why) : ExpansionResult;
}

/// <summary>Whether a value set has a code.</summary>
/// <param name="Membership">The answer.</param>
/// <param name="Found">The code as the value set has it; null where it has not, or that is not known.</param>
/// <param name="Why">A sentence where it cannot be told; else empty.</param>
public sealed record CodeAnswer(Membership Membership, ExpandedConcept? Found, string Why);
