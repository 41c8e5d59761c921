using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Audit;
using HealthLedger.Gateway.Fhir.Export;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// The FHIR R4 RESTful API under <c>/fhir</c> (http://hl7.org/fhir/R4/http.html): one dispatcher from method and path to an interaction. What follows from token
/// and URL alone is answered here, before anything stored is looked at; the rest comes back from the three roads.
/// </summary>
internal sealed class FhirApi(
    AccessTokenValidator tokens, FhirReads reads, FhirSearches searches, FhirHistory history, FhirWrites writes, FhirPatches patches, FhirBundles bundles, FhirOperations operations,
    FhirExports exports, FhirAuditEvents auditEvents, FhirCapabilities capabilities)
{
    private const int MaximumPath = 512;

    /// <summary>Serves the whole group, but for the authorization server's words about itself below it. Before routing, for which every path here is the same.</summary>
    public static void Use(IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        var api = services.GetRequiredService<FhirApi>();
        app.Use((http, next) =>
        {
            if (!http.Request.Path.StartsWithSegments("/fhir", out var below) || IsDiscovery(http.Request.Method, below))
            {
                return next(http);
            }

            // All of it is there once for the process: no scope of services is made for a request.
            http.RequestServices = services;
            return api.Answer(http);
        });
    }

    private static bool IsDiscovery(string method, PathString below) =>
        (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)) && below.StartsWithSegments("/.well-known/smart-configuration", out var rest) && rest.Value is "" or "/";

    private async Task Answer(HttpContext http)
    {
        try
        {
            await Dispatch(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await http.Fault(FhirFault.BodyTooLarge);
        }
    }

    private Task Dispatch(HttpContext http)
    {
        // HEAD is GET without the body, which the server leaves out; the ledger does not tell them apart (RFC 9110 section 9.3.2).
        var method = HttpMethods.IsHead(http.Request.Method) ? HttpMethods.Get : http.Request.Method;
        var path = (http.Request.Path.Value ?? "").AsSpan("/fhir".Length).Trim('/').ToString();
        var segments = path.Length == 0 || path.Length > MaximumPath ? [] : path.Split('/');

        // What an export gave out has a form of its own: a manifest, and files of lines.
        var isExport = segments is [FhirExports.Segment, _, ..];
        var isNative = NativeBinary.IsWanted(http.Request, method, segments);
        if (!isExport && !isNative && AnswerForm.Choose(http) is { } noForm)
        {
            return http.Fault(noForm);
        }

        if (path == "metadata")
        {
            return HttpMethods.IsGet(method) ? capabilities.Answer(http) : http.MethodNotSupported("GET, HEAD");
        }

        if (http.Request.Headers.ContentEncoding is not ([] or [null or "" or "identity"]))
        {
            return http.Fault(FhirFault.EncodedBody);
        }

        if (Authenticate(http) is not { } caller)
        {
            return http.NotSignedIn();
        }

        var (choice, fault) = PurposeChoice.Of(caller, http.Request.Headers);
        if (choice is not { } purpose)
        {
            return http.Fault(fault!);
        }

        var asked = new FhirCall(http, caller, purpose);
        if (isExport)
        {
            return exports.Answer(asked, segments.AsSpan(1));
        }

        var isOperation = FhirOperations.IsNamedBy(segments);
        if (segments.Length > (isOperation ? 1 : 0) && segments is not ["_history" or "_search"] && FhirFault.OfType(segments[0]) is { } noType)
        {
            return http.Fault(noType);
        }

        if (segments.Length > (isOperation ? 2 : 1) && segments is not [_, "_search" or "_history"] && !FhirId.IsValid(segments[1]))
        {
            return http.Fault(FhirFault.BadRequest("An id has 1 to 64 letters, digits, '-' and '.'.", IssueType.Value));
        }

        if (isOperation)
        {
            return operations.Answer(asked, method, segments);
        }

        if (method is "POST" or "PUT" or "PATCH" or "DELETE" && segments is [_] or [_, not "_search"] && FhirConditions.Misplaced(http.Request, method, isConditional: segments.Length == 1 && method != "POST") is { } misplaced)
        {
            return http.Fault(misplaced);
        }

        if (auditEvents.Serves(asked, method, segments))
        {
            return auditEvents.Answer(asked, method, segments);
        }

        return (method, segments) switch
        {
            ("POST", []) => bundles.Answer(asked),
            ("GET", ["_history"]) => history.Answer(asked, null, null),
            ("GET", [var type, "_history"]) => history.Answer(asked, type, null),
            ("GET", [var type, var id, "_history"]) => history.Answer(asked, type, id),
            ("GET", [] or [_] or [_, _, _]) when SearchPlace.Of(segments) is { } place => searches.Answer(asked, place),
            ("POST", [.., "_search"]) when SearchPlace.Of(segments.AsSpan(..^1)) is { } place => searches.AnswerPosted(asked, place),
            (_, ["_history"] or [_, "_history"] or [.., "_search"]) => NotServed(http, segments),
            ("POST", [var type]) => writes.Create(asked, type),
            ("GET", [var type, var id]) => reads.Read(asked, type, id, null, isNative),
            ("GET", [var type, var id, "_history", var version]) => reads.Read(asked, type, id, version, isNative),
            ("PUT", [var type, var id]) => writes.Update(asked, type, id),
            ("PUT", [var type]) when http.Request.QueryString.HasValue => writes.UpdateWhere(asked, type),
            ("DELETE", [var type]) when http.Request.QueryString.HasValue => writes.DeleteWhere(asked, type),
            ("PATCH", [var type]) when http.Request.QueryString.HasValue => patches.Answer(asked, type, null),
            ("PATCH", [var type, var id]) => patches.Answer(asked, type, id),
            ("DELETE", [var type, var id]) => writes.Delete(asked, type, id),
            _ => NotServed(http, segments),
        };
    }

    /// <summary>405 where the path takes another method, else 404 (RFC 9110 section 15.5.5).</summary>
    private static Task NotServed(HttpContext http, string[] segments) =>
        Methods(segments, http.Request.QueryString.HasValue) is { Length: > 0 } methods ? http.MethodNotSupported(methods) : http.Fault(FhirFault.UnknownPath);

    /// <summary>What a path takes, for the Allow header of a 405 (RFC 9110 section 15.5.6); empty where it takes nothing.</summary>
    private static string Methods(string[] segments, bool hasQuery) => segments switch
    {
        [] => "GET, HEAD, POST",
        [.., "_search"] when SearchPlace.Of(segments.AsSpan(..^1)) is not null => "POST",
        ["_history"] or [_, "_history"] or [_, _, "_history"] => "GET, HEAD",
        [_] => hasQuery ? "GET, HEAD, POST, PUT, PATCH, DELETE" : "GET, HEAD, POST",
        [_, _] => "GET, HEAD, PUT, PATCH, DELETE",
        [_, _, "_history", _] => "GET, HEAD",
        [_, _, _] when SearchPlace.Of(segments) is not null => "GET, HEAD",
        _ => "",
    };

    private Caller? Authenticate(HttpContext http)
    {
        const string Scheme = "Bearer ";
        var header = http.Request.Headers.Authorization;
        return header.Count == 1 && header[0] is { } text && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && tokens.Validate(text.AsSpan(Scheme.Length).Trim()) is TokenValidation.Valid valid
            ? valid.Caller
            : null;
    }
}

/// <summary>One request that is signed in and has a purpose.</summary>
internal sealed record FhirCall(HttpContext Http, Caller Caller, PurposeChoice Purpose)
{
    public CancellationToken Aborted => Http.RequestAborted;

    public string RequestId => Http.TraceIdentifier;

    /// <summary>True where a scope covers it; else the refusal is written already.</summary>
    public bool Covers(string type, ScopeInteraction interaction) => Caller.Covers(type, interaction);
}
