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

    private static string Said(OperationLevels levels) => string.Join(" or ", new[]
    {
        (OperationLevels.Type, "the type"), (OperationLevels.Instance, "one record"), (OperationLevels.Version, "a version of one"),
    }.Where(l => levels.HasFlag(l.Item1)).Select(l => l.Item2));

    /// <summary>Answers a path whose type and id are well-formed; HEAD comes as GET.</summary>
    public Task Answer(FhirCall call, string method, string[] segments)
    {
        (OperationLevels Level, OperationCall Called)? path = segments switch
        {
            [_] => (OperationLevels.System, new(call, null, null, null)),
            [var type, _] => (OperationLevels.Type, new(call, type, null, null)),
            [var type, var id, _] => (OperationLevels.Instance, new(call, type, id, null)),
            [var type, var id, "_history", var version, _] => (OperationLevels.Version, new(call, type, id, version)),
            _ => null,
        };
        var name = segments[^1].AsSpan(1);
        foreach (var operation in _all)
        {
            if (path is { } at && name.SequenceEqual(operation.Name) && operation.Levels.HasFlag(at.Level) && (at.Called.Type is null || operation.IsOn(at.Called.Type)))
            {
                return HttpMethods.IsPost(method) || (operation.OnlyReads && HttpMethods.IsGet(method))
                    ? operation.Answer(at.Called)
                    : call.Http.MethodNotSupported(operation.OnlyReads ? "GET, HEAD, POST" : "POST");
            }
        }

        var known = segments.Length > 1 ? Array.Find(_all, o => o.Name == segments[^1][1..] && o.Levels != OperationLevels.System && o.IsOn(segments[0])) : null;
        return call.Http.Fault(known is null ? FhirFault.UnknownOperation : FhirFault.Of(StatusCodes.Status404NotFound, IssueType.NotSupported,
            $"${known.Name} is not called here: on {segments[0]} it is called on {Said(known.Levels)}."));
    }
}
