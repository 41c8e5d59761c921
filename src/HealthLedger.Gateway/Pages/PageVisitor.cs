using System.Security.Claims;
using HealthLedger.Access;
using HealthLedger.Smart.People;
using Microsoft.AspNetCore.Antiforgery;

namespace HealthLedger.Gateway.Pages;

/// <summary>Who looks at a page, and the token that its forms carry back.</summary>
/// <param name="Caller">The signed-in person; null for a stranger.</param>
/// <param name="Name">The name they signed in with.</param>
/// <param name="FormField">The form field of the antiforgery token.</param>
/// <param name="FormToken">The antiforgery token, bound to the session.</param>
/// <remarks>Public, like all models of pages, because compiled components are.</remarks>
public sealed record PageVisitor(Caller? Caller, string Name, string FormField, string FormToken)
{
    internal static PageVisitor Of(HttpContext http)
    {
        // As the antiforgery service wants it, which otherwise says so in the log for each page.
        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers.Pragma = "no-cache";
        var tokens = http.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(http);
        return new PageVisitor(Session.Caller(http.User), http.User.FindFirstValue(ClaimTypes.Name) ?? "", tokens.FormFieldName, tokens.RequestToken!);
    }

    /// <summary>The page of a role.</summary>
    internal static string HomeOf(CallerRole role) => role switch
    {
        CallerRole.Patient => "/portal",
        CallerRole.Regulator => "/review",
        _ => "/",
    };

    /// <summary>The caller, where they have this role; else null, and the answer is written: strangers go to sign in, others to their own page.</summary>
    internal static Caller? Admit(HttpContext http, CallerRole role)
    {
        var caller = Session.Caller(http.User);
        if (caller?.Role == role)
        {
            return caller;
        }

        http.SeeOther(caller is not null ? HomeOf(caller.Role) : HttpMethods.IsGet(http.Request.Method) ? $"/?returnUrl={HomeOf(role)}" : "/");
        return null;
    }
}
