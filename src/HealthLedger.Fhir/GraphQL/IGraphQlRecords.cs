using System.Text.Json;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>What a query may see. Who implements it decides on every record; what is refused is absent.</summary>
public interface IGraphQlRecords
{
    /// <summary>The address of this server: a reference that begins with it is one of its own.</summary>
    string LocalBase { get; }

    /// <summary>True where the caller may read records of this type at all.</summary>
    bool MayRead(string type);

    /// <summary>The records in the order they are asked for; null for what is absent. The elements are valid until the answer is written.</summary>
    /// <param name="addresses">Distinct.</param>
    ValueTask<IReadOnlyList<JsonElement?>> Read(IReadOnlyList<RecordAddress> addresses);

    /// <summary>The matches of a search, or why there is no answer.</summary>
    /// <param name="type">A resource type.</param>
    /// <param name="parameters">FHIR search parameters, <c>_count</c> among them; or <c>_cursor</c> alone, which carries on a search of this type.</param>
    ValueTask<GraphQlMatches> Search(string type, IReadOnlyList<KeyValuePair<string, string>> parameters);
}

/// <summary>A record that a query names.</summary>
/// <param name="Type">A resource type.</param>
/// <param name="Id">A well-formed id.</param>
/// <param name="Version">As the reference has it; null for the current version.</param>
public readonly record struct RecordAddress(string Type, string Id, string? Version = null);

/// <summary>What a search found.</summary>
/// <param name="Records">The matches of its first page, and what it included, in order.</param>
/// <param name="Total">Matches in all; null where not counted.</param>
/// <param name="Fault">Why there is no answer; null where there is one.</param>
/// <param name="Code">With a fault, a FHIR issue type.</param>
/// <param name="Next">What <c>_cursor</c> takes for the page after this one; null on the last.</param>
/// <param name="PageSize">The <c>_count</c> of the search; null where it has none.</param>
public sealed record GraphQlMatches(
    IReadOnlyList<(JsonElement Record, bool IsMatch)> Records, int? Total, string? Fault = null, string Code = "invalid", string? Next = null, int? PageSize = null);
