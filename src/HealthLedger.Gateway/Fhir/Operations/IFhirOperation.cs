namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>What an operation is called on (http://hl7.org/fhir/R4/operations.html).</summary>
[Flags]
internal enum OperationLevels
{
    /// <summary><c>/fhir/$name</c></summary>
    System = 1,

    /// <summary><c>/fhir/Type/$name</c></summary>
    Type = 2,

    /// <summary><c>/fhir/Type/id/$name</c></summary>
    Instance = 4,

    /// <summary><c>/fhir/Type/id/_history/version/$name</c></summary>
    Version = 8,
}

/// <summary>
/// One operation of the FHIR API. Registered as a service it is reached by its name and told in <c>/fhir/metadata</c>. It checks scopes itself, and discloses or changes
/// only through the roads of Access.
/// </summary>
internal interface IFhirOperation
{
    /// <summary>Without the <c>$</c>.</summary>
    string Name { get; }

    /// <summary>The canonical URL of its OperationDefinition.</summary>
    string Definition { get; }

    /// <summary>Where it is called.</summary>
    OperationLevels Levels { get; }

    /// <summary>True where it only reads, so that GET may call it; POST always may.</summary>
    bool OnlyReads { get; }

    /// <summary>Why it cannot be an entry of a Bundle, as a sentence; null where it can.</summary>
    string? NotInBundles => null;

    /// <summary>True where it is called on this resource type; of no meaning for the system level.</summary>
    bool IsOn(string resourceType);

    /// <summary>What the call asks, told from the call alone: nothing stored is looked at, and nothing recorded.</summary>
    ValueTask<AskedOperation> Read(OperationCall call);

    /// <summary>Reads the call and answers it.</summary>
    async Task Answer(OperationCall call) => await (await Read(call)).Answer(call.Http);
}

/// <summary>An operation that has been read: the fault of its call, or the rest of it, to be run once.</summary>
internal sealed class AskedOperation
{
    private readonly Func<Task>? _rest;

    private AskedOperation(FhirFault? fault, Func<Task>? rest) => (Fault, _rest) = (fault, rest);

    /// <summary>What is wrong with the call; null where nothing is.</summary>
    public FhirFault? Fault { get; }

    /// <summary>A call that is good, and what answers it.</summary>
    public static AskedOperation Good(Func<Task> rest) => new(null, rest);

    /// <summary>A call that is not.</summary>
    public static AskedOperation Wrong(FhirFault fault) => new(fault, null);

    /// <summary>Writes the answer, or the fault.</summary>
    public Task Answer(HttpContext http) => Fault is { } fault ? http.Fault(fault) : _rest!();
}

/// <summary>One call of an operation.</summary>
/// <param name="Call">Who asks, and why.</param>
/// <param name="Type">The resource type it was called on; null on the system.</param>
/// <param name="Id">The record's id; null on the system or a type. Whether there is such a record is not known yet.</param>
/// <param name="Version">The version in the URL, as it stands there; null where the URL names none.</param>
internal sealed record OperationCall(FhirCall Call, string? Type, string? Id, string? Version)
{
    public HttpContext Http => Call.Http;

    public CancellationToken Aborted => Call.Aborted;
}
