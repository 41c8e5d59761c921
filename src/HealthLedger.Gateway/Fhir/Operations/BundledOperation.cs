using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using Microsoft.AspNetCore.Http.Features;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// An operation as an entry of a Bundle (http://hl7.org/fhir/R4/http.html#transaction): the same call as on its own, with the entry's method, URL, version and resource, and the
/// Bundle's caller, purpose and Prefer. What it answers becomes the entry's answer.
/// </summary>
/// <param name="Operation">The operation.</param>
/// <param name="Method">GET or POST.</param>
/// <param name="Segments">The path below the server's address.</param>
/// <param name="Query">Without its question mark.</param>
/// <param name="Body">The entry's resource; empty where it has none.</param>
/// <param name="IfMatch">The entry's ifMatch; null where it has none.</param>
internal sealed record BundledOperation(IFhirOperation Operation, string Method, string[] Segments, string Query, ReadOnlyMemory<byte> Body, string? IfMatch)
{
    /// <summary>Reads it: what is wrong with the call is known then, and nothing stored was looked at.</summary>
    public async ValueTask<ReadOperation> Read(FhirCall call)
    {
        var output = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = call.Http.RequestServices, RequestAborted = call.Aborted, TraceIdentifier = call.RequestId };
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(output));
        var request = http.Request;
        (request.Method, request.Path) = (Method, "/fhir/" + string.Join('/', Segments));
        request.QueryString = Query.Length == 0 ? default : new QueryString("?" + Query);
        request.Headers["Prefer"] = call.Http.Request.Headers["Prefer"];
        if (IfMatch is not null)
        {
            request.Headers.IfMatch = IfMatch;
        }

        if (HttpMethods.IsPost(Method))
        {
            request.ContentLength = Body.Length;
            if (!Body.IsEmpty)
            {
                request.ContentType = FhirHeaders.Json;
                request.Body = new MemoryStream(Body.ToArray(), writable: false);
            }
        }

        return new ReadOperation(http, output, await Operation.Read(FhirOperations.Called(call with { Http = http }, Segments)));
    }
}

/// <summary>An operation of a Bundle that has been read.</summary>
internal sealed class ReadOperation(HttpContext http, MemoryStream output, AskedOperation asked)
{
    /// <summary>What is wrong with the call; null where nothing is.</summary>
    public FhirFault? Fault => asked.Fault;

    /// <summary>Runs it, once, and gives its answer with its receipt.</summary>
    public async ValueTask<(EntryToWrite Answer, ReceiptId? Receipt)> Run(CancellationToken cancellation)
    {
        await asked.Answer(http);
        await http.Response.BodyWriter.FlushAsync(cancellation);
        var (status, headers, body) = (http.Response.StatusCode, http.Response.Headers, output.ToArray());
        ReceiptId? receipt = headers.TryGetValue(FhirHeaders.Receipt, out var url) ? new ReceiptId(url.ToString().Split('/')[^1]) : null;
        var isGood = status < StatusCodes.Status300MultipleChoices;
        return (new EntryToWrite(Resource: isGood ? body : default, Response: new EntryResponse(
            isGood ? "200 OK" : FhirFault.Text(status), ETag: headers.ETag.Count == 0 ? null : headers.ETag.ToString(), Outcome: isGood ? default : body)), receipt);
    }
}
