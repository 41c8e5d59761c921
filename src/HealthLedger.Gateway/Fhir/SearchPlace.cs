using HealthLedger.Access;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Gateway.Fhir;

/// <summary>What the address of a search says: a type, all types, and perhaps the compartment it stays within (http://hl7.org/fhir/R4/http.html#search).</summary>
/// <param name="Type">Null: all types, or those that <c>_type</c> names.</param>
/// <param name="Compartment">The resource whose compartment it is; null for none.</param>
internal sealed record SearchPlace(string? Type, (string Type, string Id)? Compartment = null)
{
    /// <summary>All types, everywhere.</summary>
    public static readonly SearchPlace Everything = new((string?)null);

    /// <summary>For <c>$lastn</c>: how many of each code; null for a plain search.</summary>
    public int? Latest { get; init; }

    /// <summary>As in the address, without the server's: empty for all types.</summary>
    public string Path => Latest is not null ? $"{Type}/$lastn" : Compartment is { } within ? $"{within.Type}/{within.Id}/{Type ?? "*"}" : Type ?? "";

    /// <summary>The place that a path names; null where it names none.</summary>
    public static SearchPlace? Of(ReadOnlySpan<string> segments) => segments switch
    {
        [] or [""] => Everything,
        [var type] when IsType(type) => new SearchPlace(type),
        [var focus, var id, "*"] when IsFocus(focus, id) => new SearchPlace(null, (focus, id)),
        [var focus, var id, var type] when IsFocus(focus, id) && IsType(type) => new SearchPlace(type, (focus, id)),
        _ => null,
    };

    /// <summary>The types that can be found here; empty where a type is never in the compartment.</summary>
    public IEnumerable<string> Types => Type is not null
        ? IsMember(Type) ? [Type] : []
        : FhirDefinitions.R4.RecordTypes.Where(IsMember);

    /// <summary>True where a scope covers searching any of the types.</summary>
    public bool IsCovered(Caller caller) => Type is not null ? caller.Covers(Type, ScopeInteraction.Search) : Types.Any(type => caller.Covers(type, ScopeInteraction.Search));

    private bool IsMember(string type) =>
        Compartment is not { } within || within.Type == type || (within.Type == "Patient"
            ? PatientCompartment.KindOf(type) == CompartmentKind.Clinical
            : FhirDefinitions.R4.Compartment(within.Type)!.Parameters(type).Count > 0);

    private static bool IsType(string type) => FhirDefinitions.R4.RecordType(type) is not null;

    private static bool IsFocus(string type, string id) => FhirDefinitions.R4.Compartment(type) is not null && FhirId.IsValid(id);
}
