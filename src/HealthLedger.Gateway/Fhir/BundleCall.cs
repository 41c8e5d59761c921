using System.Globalization;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Patch;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Operations;

namespace HealthLedger.Gateway.Fhir;

/// <summary>One entry of a batch or transaction, read from its request alone: a change, a patch, a read, or what is wrong with it.</summary>
internal sealed record BundleCall(string Interaction, string Type, string? Id = null)
{
    /// <summary>For a vread: which version.</summary>
    public int? Version { get; private init; }

    /// <summary>For a search or a history: the query without its question mark.</summary>
    public string? Query { get; private init; }

    /// <summary>For a search: where.</summary>
    public SearchPlace? Place { get; private init; }

    /// <summary>For a read: the part of the record that is asked for; null for all of it.</summary>
    public ResourceSubset? Subset { get; private init; }

    /// <summary>For a create, update or delete.</summary>
    public Change? Change { get; private init; }

    /// <summary>For a patch.</summary>
    public PatchCall? Patch { get; private init; }

    /// <summary>For an operation.</summary>
    public BundledOperation? Operation { get; private init; }

    /// <summary>What is wrong with the entry, or that the caller's scopes do not cover it.</summary>
    public FhirFault? Fault { get; private init; }

    /// <summary>For a read: the ETags that the client knows.</summary>
    public string? IfNoneMatch { get; private init; }

    /// <summary>For a read: the instant as of which the client knows the record.</summary>
    public string? IfModifiedSince { get; private init; }

    /// <summary>True where the answer has no resource.</summary>
    public bool IsHead { get; private init; }

    /// <summary>True where it changes a record.</summary>
    public bool Changes => Change is not null || Patch is not null;

    /// <summary>Reads an entry.</summary>
    public static BundleCall Of(BundleEntry entry, Caller caller, FhirConditions conditions, FhirOperations operations, PatchTime time, string fhirBase)
    {
        if (entry.Request is not { Method: { } method, Url: { } url } request)
        {
            return Wrong(FhirFault.BadRequest("An entry needs request.method and request.url.", IssueType.Required));
        }

        if (url.StartsWith(fhirBase + "/", StringComparison.Ordinal))
        {
            url = url[(fhirBase.Length + 1)..];
        }

        var question = url.IndexOf('?');
        var query = question < 0 ? null : url[(question + 1)..];
        var segments = (question < 0 ? url : url[..question]).Trim('/').Split('/');
        if (FhirOperations.IsNamedBy(segments))
        {
            return Operated(entry, request, method, segments, query ?? "", operations);
        }

        if (method is "GET" or "HEAD" && SearchPlace.Of(segments) is { } place)
        {
            return place.IsCovered(caller) ? new BundleCall("search", place.Path) { Place = place, Query = query ?? "", IsHead = method == "HEAD" } : Wrong(NotCovered);
        }

        if (segments is [.., "_search"])
        {
            return method != "POST" || SearchPlace.Of(segments.AsSpan(..^1)) is not { } within ? Wrong(FhirFault.MethodNotSupported)
                : !entry.Resource.IsEmpty ? Wrong(FhirFault.BadRequest("A search by POST has no resource in its entry: put its parameters into the url, as in Patient/_search?gender=female.", IssueType.Value))
                : within.IsCovered(caller) ? new BundleCall("search", within.Path) { Place = within, Query = query ?? "" }
                : Wrong(NotCovered);
        }

        if (segments is ["metadata"])
        {
            return Wrong(FhirFault.BadRequest("The CapabilityStatement is no entry of a Bundle: GET metadata on its own.", IssueType.NotSupported));
        }

        var type = segments[0];
        if (segments is not ["_history"] && FhirFault.OfType(type) is { } noType)
        {
            return Wrong(noType);
        }

        if (segments.Length > 1 && segments is not [_, "_history"] && !FhirId.IsValid(segments[1]))
        {
            return Wrong(FhirFault.BadRequest("An id has 1 to 64 letters, digits, '-' and '.'.", IssueType.Value));
        }

        return method is "GET" or "HEAD"
            ? Read(segments, query ?? "", caller) with { IfNoneMatch = request.IfNoneMatch, IfModifiedSince = request.IfModifiedSince, IsHead = method == "HEAD" }
            : Write(entry, request, method, segments, query, caller, conditions, time);
    }

    private static BundleCall Operated(BundleEntry entry, EntryRequest request, string method, string[] segments, string query, FhirOperations operations)
    {
        if (segments.Length > 1 && FhirFault.OfType(segments[0]) is { } noType)
        {
            return Wrong(noType);
        }

        if (segments.Length > 2 && !FhirId.IsValid(segments[1]))
        {
            return Wrong(FhirFault.BadRequest("An id has 1 to 64 letters, digits, '-' and '.'.", IssueType.Value));
        }

        var called = method == "HEAD" ? "GET" : method;
        var (operation, unknown) = operations.Find(segments);
        return operation is null ? Wrong(unknown!)
            : operation.NotInBundles is { } why ? Wrong(FhirFault.BadRequest(why, IssueType.NotSupported))
            : !FhirOperations.Takes(operation, called) ? Wrong(FhirFault.MethodNotSupported)
            : new BundleCall("operation", segments.Length > 1 ? segments[0] : "") { Operation = new BundledOperation(operation, called, segments, query, entry.Resource, request.IfMatch), IsHead = method == "HEAD" };
    }

    private static BundleCall Read(string[] segments, string query, Caller caller)
    {
        var (interaction, call) = segments switch
        {
            // Their scopes are looked at where they are answered.
            ["_history"] => (ScopeInteraction.None, new BundleCall("history-system", "") { Query = query }),
            [var type, "_history"] => (ScopeInteraction.None, new BundleCall("history-type", type) { Query = query }),
            [var type, var id, "_history"] => (ScopeInteraction.None, new BundleCall("history-instance", type, id) { Query = query }),
            [var type, var id] => (ScopeInteraction.Read, new BundleCall("read", type, id)),
            [var type, var id, "_history", var version] when int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 =>
                (ScopeInteraction.Read, new BundleCall("vread", type, id) { Version = number }),
            _ => (ScopeInteraction.None, Wrong(FhirFault.MethodNotSupported)),
        };
        if (interaction == ScopeInteraction.None)
        {
            return call;
        }

        var (subset, fault) = FhirReads.Subset(call.Type, query);
        return !caller.Covers(call.Type, interaction) ? Wrong(NotCovered) : fault is not null ? Wrong(fault) : call with { Subset = subset };
    }

    private static BundleCall Write(BundleEntry entry, EntryRequest request, string method, string[] segments, string? query, Caller caller, FhirConditions conditions, PatchTime time)
    {
        if (segments is [_, "_history", ..] or not ([_] or [_, _]) || (method == "POST" && segments.Length > 1) || (query is null && method is not "POST" && segments.Length == 1))
        {
            return Wrong(FhirFault.MethodNotSupported);
        }

        var (type, id) = (segments[0], segments.Length > 1 ? segments[1] : null);
        if (query is not null && (id is not null || method == "POST"))
        {
            return Wrong(FhirFault.NoQueryHere);
        }

        int? ifMatch = null;
        var (condition, badCondition) = conditions.Read(caller, type, method == "POST" ? request.IfNoneExist : query);
        if (badCondition is not null)
        {
            return Wrong(badCondition);
        }

        if ((FhirConditions.Misplaced(method, condition is not null, request.IfMatch is not null, request.IfNoneMatch is not null, request.IfNoneExist is not null) ?? FhirWrites.IfMatch(request.IfMatch, request.IfNoneMatch, out ifMatch)) is { } badMatch)
        {
            return Wrong(badMatch);
        }

        switch (method)
        {
            case "POST" when Resource(entry, type) is { }:
                return Covered(ScopeInteraction.Create, new BundleCall("create", type) { Change = new Change(ChangeKind.Create, type, null, entry.Resource, entry.FullUrl, Condition: condition) });
            case "PUT" when Resource(entry, type) is { } header:
                return id is not null && header.Id != id
                    ? Wrong(FhirFault.BadRequest("The resource's id must be there and be the id in the URL.", IssueType.Value))
                    : Covered(ScopeInteraction.Update, new BundleCall("update", type, id) { Change = new Change(ChangeKind.Update, type, header.Id, entry.Resource, entry.FullUrl, ifMatch, condition) });
            case "DELETE":
                return Covered(ScopeInteraction.Delete, new BundleCall("delete", type, id) { Change = new Change(ChangeKind.Delete, type, id, default, null, ifMatch, condition) });
            case "PATCH":
                if (FhirPatches.Forbidden(caller, type) is { } forbidden)
                {
                    return Wrong(forbidden);
                }

                var (contentType, document) = PatchDocument(entry.Resource);
                var (patch, malformed) = FhirPatches.Parse(contentType, document);
                return patch is null ? Wrong(malformed!) : new BundleCall("patch", type, id) { Patch = new PatchCall(type, id, condition, patch, ifMatch, entry.FullUrl, time) };
            case "POST" or "PUT":
                return Wrong(FhirFault.BadRequest("The entry needs a resource of the type in its URL.", IssueType.Value));
            default:
                return Wrong(FhirFault.MethodNotSupported);
        }

        BundleCall Covered(ScopeInteraction interaction, BundleCall call) => caller.Covers(type, interaction) ? call : Wrong(NotCovered);
    }

    /// <summary>The head of the entry's resource; null where there is none of that type.</summary>
    private static ResourceHeader? Resource(BundleEntry entry, string type) =>
        !entry.Resource.IsEmpty && ResourceJson.ReadHeader(entry.Resource.Span) is { } header && header.ResourceType == type ? header : null;

    /// <summary>The patch of an entry (http://hl7.org/fhir/R4/http.html#patch): a Binary that holds it, or for FHIRPath Patch the Parameters themselves.</summary>
    private static (string? ContentType, ReadOnlyMemory<byte> Document) PatchDocument(ReadOnlyMemory<byte> resource)
    {
        if (resource.IsEmpty || ResourceJson.ReadType(resource.Span) != "Binary")
        {
            return (FhirHeaders.Json, resource);
        }

        using var binary = JsonDocument.Parse(resource);
        var type = binary.RootElement.TryGetProperty("contentType"u8, out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
        return binary.RootElement.TryGetProperty("data"u8, out var data) && data.ValueKind == JsonValueKind.String && data.TryGetBytesFromBase64(out var bytes) ? (type, bytes) : (type, default(ReadOnlyMemory<byte>));
    }

    private static readonly FhirFault NotCovered = FhirFault.Forbidden("No scope of this token covers this entry.");

    /// <summary>An entry that is answered with a fault alone.</summary>
    public static BundleCall Wrong(FhirFault fault) => new("", "") { Fault = fault };
}
