using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Gateway.Pages;
using HealthLedger.Review;
using Microsoft.AspNetCore.WebUtilities;

namespace HealthLedger.Gateway.Review;

/// <summary>
/// What a regulator takes home, with a token under <c>/ledger/review</c> or from the page under <c>/review</c>; and for an operator whom pseudonyms stand for. By POST nothing
/// of the question stands in a URL.
/// </summary>
internal static class ReviewExportApi
{
    private const int MaxForm = 8 * 1024;
    private const int MaxPseudonyms = 1000;
    private const int MaxPseudonymBody = 64 * 1024;

    private delegate (ExportRequest? Request, string? Wrong) Reading(IReadOnlyDictionary<string, string> given);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (name, read) in new (string, Reading)[] { ("export", ExportRequest.Export), ("breach", ExportRequest.Breach) })
        {
            routes.MapGet("/ledger/review/" + name, http => WithToken(http, read));
            routes.MapPost("/ledger/review/" + name, http => WithToken(http, read));
            routes.MapPost("/review/" + name, http => FromPage(http, read));
        }

        routes.MapPost("/admin/pseudonyms", Resolve);
    }

    private static async Task WithToken(HttpContext http, Reading read)
    {
        if (LedgerApi.Caller(http) is not { } caller)
        {
            await http.NotSignedIn();
            return;
        }

        if (!caller.MayAudit || !caller.Purposes.Contains(PurposeOfUse.Compliance))
        {
            await http.Fault(FhirFault.Forbidden("This is for auditors with the scope healthledger/audit, for the purpose HCOMPL."));
            return;
        }

        var text = http.Request.QueryString.Value ?? "";
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (!http.Request.HasFormContentType || text.Length > 0 || await FhirBody.Read(http, MaxForm, http.RequestAborted) is not { } body)
            {
                await http.Fault(FhirFault.BadRequest($"By POST the parameters come as a form of at most {MaxForm} bytes."));
                return;
            }

            text = Encoding.UTF8.GetString(body.Span);
        }

        var given = QueryHelpers.ParseQuery(text);
        var (request, wrong) = given.Any(p => p.Value.Count != 1) ? (null, "Each parameter stands once.") : read(given.ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal));
        if (request is null)
        {
            await http.Fault(FhirFault.BadRequest(wrong!, IssueType.Value));
            return;
        }

        await http.RequestServices.GetRequiredService<ReviewExports>().Send(http, caller, request);
    }

    private static async Task FromPage(HttpContext http, Reading read)
    {
        if (PageVisitor.Admit(http, CallerRole.Regulator) is not { } regulator || await http.Form() is not { } form)
        {
            return;
        }

        var given = form.Where(f => !f.Key.StartsWith("__", StringComparison.Ordinal)).ToDictionary(f => f.Key, f => f.Value.ToString().Trim(), StringComparer.Ordinal);
        var (request, wrong) = read(given);
        if (request is null)
        {
            await http.Say(StatusCodes.Status422UnprocessableEntity, "The file was not made", wrong!);
            return;
        }

        await http.RequestServices.GetRequiredService<ReviewExports>().Send(http, regulator, request);
    }

    /// <summary>Whom pseudonyms of a report stand for: an operator, who sees no events, can tell the patients' custodians; recorded like a question.</summary>
    private static async Task Resolve(HttpContext http)
    {
        if (LedgerApi.Caller(http) is not { } caller)
        {
            await http.NotSignedIn();
            return;
        }

        if (!caller.MayOperate)
        {
            await http.Fault(FhirFault.Forbidden("This is for operators, with the scope healthledger/admin."));
            return;
        }

        if (await FhirBody.Read(http, MaxPseudonymBody, http.RequestAborted) is not { } body || Named(body.Span) is not { } pseudonyms)
        {
            await http.Fault(FhirFault.BadRequest($"Send {{\"pseudonyms\":[...]}} with 1 to {MaxPseudonyms} of them, each P- and 16 hex digits."));
            return;
        }

        if (await http.RequestServices.GetRequiredService<AuditTrail>().Resolve(caller, http.TraceIdentifier, pseudonyms, http.RequestAborted) is not { } found)
        {
            await http.Fault(FhirFault.LedgerUnavailable);
            return;
        }

        await http.Written(StatusCodes.Status200OK, "application/json", JsonSerializer.SerializeToUtf8Bytes(found.OrderBy(f => f.Key, StringComparer.Ordinal).ToDictionary()));
    }

    private static HashSet<string>? Named(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var json = JsonDocument.ParseValue(ref reader);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("pseudonyms", out var list) && list is { ValueKind: JsonValueKind.Array }
                && list.GetArrayLength() is > 0 and <= MaxPseudonyms && list.EnumerateArray().All(p => p.ValueKind == JsonValueKind.String && Pseudonyms.IsOne(p.GetString()!))
                ? list.EnumerateArray().Select(p => p.GetString()!).ToHashSet(StringComparer.Ordinal)
                : null;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
