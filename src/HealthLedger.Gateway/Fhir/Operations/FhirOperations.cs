using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>All operations, by where and how they are called.</summary>
internal sealed class FhirOperations(IEnumerable<IFhirOperation> operations)
{
    private readonly IFhirOperation[] _all = [.. operations.OrderBy(o => o.Name, StringComparer.Ordinal).ThenBy(o => o.Definition, StringComparer.Ordinal)];

    /// <summary>True where a path names an operation: its last segment begins with <c>$</c>.</summary>
    public static bool IsNamedBy(string[] segments) => segments is [.., ['$', _, ..]];

    /// <summary>The operations of the system, or those of a resource type at any of its levels.</summary>
    public IEnumerable<IFhirOperation> Of(string? resourceType) => _all.Where(o => resourceType is null
        ? o.Levels.HasFlag(OperationLevels.System)
        : o.Levels != OperationLevels.System && o.IsOn(resourceType));

    /// <summary>Where and how an operation is called, as a sentence: its definition may have levels that are not served.</summary>
    public static string Called(IFhirOperation operation) => $"On {Said(operation.Levels)}, by {(operation.OnlyReads ? "GET or POST" : "POST")}.";

    private static string Said(OperationLevels levels) => string.Join(" or ", new[]
    {
        (OperationLevels.System, "the system"), (OperationLevels.Type, "the type"), (OperationLevels.Instance, "one record"), (OperationLevels.Version, "a version of one"),
    }.Where(l => levels.HasFlag(l.Item1)).Select(l => l.Item2));

    /// <summary>Answers a path whose type and id are well-formed; HEAD comes as GET.</summary>
    public Task Answer(FhirCall call, string method, string[] segments)
    {
        var (operation, fault) = Find(segments);
        return operation is null ? call.Http.Fault(fault!)
            : Takes(operation, method) ? operation.Answer(Called(call, segments))
            : call.Http.MethodNotSupported(operation.OnlyReads ? "GET, HEAD, POST" : "POST");
    }

    /// <summary>The operation that a path names, or that there is none.</summary>
    public (IFhirOperation? Operation, FhirFault? Fault) Find(string[] segments)
    {
        var (name, level) = (segments[^1][1..], LevelOf(segments));
        if (Array.Find(_all, o => o.Name == name && level != 0 && o.Levels.HasFlag(level) && (segments.Length == 1 || o.IsOn(segments[0]))) is { } operation)
        {
            return (operation, null);
        }

        var known = segments.Length > 1 ? Array.Find(_all, o => o.Name == name && o.Levels != OperationLevels.System && o.IsOn(segments[0])) : null;
        return (null, known is null ? FhirFault.UnknownOperation : FhirFault.Of(StatusCodes.Status404NotFound, IssueType.NotSupported,
            $"${known.Name} is not called here: on {segments[0]} it is called on {Said(known.Levels & ~OperationLevels.System)}."));
    }

    /// <summary>True where the operation may be called by that method.</summary>
    public static bool Takes(IFhirOperation operation, string method) => HttpMethods.IsPost(method) || (operation.OnlyReads && HttpMethods.IsGet(method));

    /// <summary>The call that a path is.</summary>
    public static OperationCall Called(FhirCall call, string[] segments) => LevelOf(segments) switch
    {
        OperationLevels.System => new(call, null, null, null),
        OperationLevels.Type => new(call, segments[0], null, null),
        OperationLevels.Instance => new(call, segments[0], segments[1], null),
        _ => new(call, segments[0], segments[1], segments[3]),
    };

    private static OperationLevels LevelOf(string[] segments) => segments switch
    {
        [_] => OperationLevels.System,
        [_, _] => OperationLevels.Type,
        [_, _, _] => OperationLevels.Instance,
        [_, _, "_history", _, _] => OperationLevels.Version,
        _ => 0,
    };
}
