using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace HealthLedger.Gateway.Pages;

/// <summary>How pages are answered: rendered on the server as they are, no script needed, nothing from elsewhere.</summary>
internal static class PageAnswers
{
    private const int MaxForm = 16 * 1024;

    /// <summary>No inline script or style, nothing from other hosts, no framing, forms only to this host.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly FormOptions FormLimits = new() { BufferBody = false, ValueCountLimit = 16, KeyLengthLimit = 64, ValueLengthLimit = 4096 };

    /// <summary>Renders a component whose one parameter is called <c>Model</c>.</summary>
    public static Task Page<TPage>(this HttpContext http, object model, int status = StatusCodes.Status200OK)
        where TPage : IComponent
    {
        http.PageHeaders();
        return new RazorComponentResult<TPage>(new Dictionary<string, object?> { ["Model"] = model }) { StatusCode = status }.ExecuteAsync(http);
    }

    /// <summary>The one page for what is not there, and for what is somebody else's: from outside the two are one.</summary>
    public static Task NotFoundPage(this HttpContext http) => http.Say(
        StatusCodes.Status404NotFound, "Page not found", "There is no such page, or it is not yours to see.");

    /// <summary>A page that says one thing.</summary>
    public static Task Say(this HttpContext http, int status, string title, string text) => http.Page<MessagePage>(new Message(PageVisitor.Of(http), title, text), status);

    public static Task Unavailable(this HttpContext http) => http.Say(
        StatusCodes.Status503ServiceUnavailable, "Not available now", "The ledger takes no entries at the moment, and without an entry nothing is shown or changed. Please try again later.");

    public static void SeeOther(this HttpContext http, string location)
    {
        http.PageHeaders();
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = location;
    }

    public static void PageHeaders(this HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
    }

    /// <summary>The fields of a form that came from a page of ours; null where it did not, and the answer is written.</summary>
    public static async Task<IFormCollection?> Form(this HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxForm;
        }

        try
        {
            if (http.Request.HasFormContentType && await http.Request.ReadFormAsync(FormLimits, http.RequestAborted) is { Files.Count: 0 } form
                && await http.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(http))
            {
                return form;
            }
        }
        catch (Exception unreadable) when (unreadable is BadHttpRequestException or InvalidDataException)
        {
            // Too large or malformed: answered like any form that is not ours.
        }

        await http.Say(StatusCodes.Status400BadRequest, "Please try again", "The form has expired or did not come from this page. Go back, load the page again, and repeat.");
        return null;
    }
}
