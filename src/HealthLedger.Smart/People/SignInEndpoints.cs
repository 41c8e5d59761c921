using HealthLedger.Access;
using HealthLedger.Smart.Endpoints;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.People;

/// <summary>The routes that sign people in and out. The page with the form is the host's.</summary>
public static class SignInEndpoints
{
    /// <summary>
    /// Maps <c>POST /account/sign-in</c> (form: <c>username</c>, <c>password</c>, optional <c>returnUrl</c>, antiforgery token) and <c>POST /account/sign-out</c>
    /// (form: antiforgery token). Both answer 303: to the local <c>returnUrl</c>, else to the role's page; failed attempts to the sign-in page with <c>?failed=1</c>.
    /// Maps <c>POST /account/enrol</c> (form: <c>username</c>, <c>code</c>, <c>password</c>, <c>repeated</c>, antiforgery token): 303 to the sign-in page with <c>?enrolled=1</c>, or to
    /// <c>/enrol</c> with <c>?failed=code</c>, <c>password</c> or <c>repeated</c>.
    /// </summary>
    public static IEndpointRouteBuilder MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/account/sign-in", (Delegate)Enter).DisableAntiforgery();
        routes.MapPost("/account/enrol", (Delegate)Enrol).DisableAntiforgery();
        routes.MapPost("/account/sign-out", (Delegate)Leave).DisableAntiforgery();
        return routes;
    }

    private static async Task<IResult> Enter(HttpContext context)
    {
        var (form, refusal) = await ReadForm(context);
        if (form is null)
        {
            return refusal!;
        }

        var services = context.RequestServices;
        if (TooMany(context) is { } tooMany)
        {
            return tooMany;
        }

        var returnUrl = form.GetValueOrDefault("returnUrl") is { } asked && IsLocal(asked) ? asked : null;
        var user = await services.GetRequiredService<SignIn>().Attempt(form.GetValueOrDefault("username") ?? "", form.GetValueOrDefault("password") ?? "", context.RequestAborted);
        if (user is null)
        {
            var page = services.GetRequiredService<IOptions<PeopleOptions>>().Value.SignInPage;
            return See(context, page + "?failed=1" + (returnUrl is null ? "" : "&returnUrl=" + Uri.EscapeDataString(returnUrl)));
        }

        await context.SignInAsync(Session.Scheme, Session.Principal(user));
        return See(context, returnUrl ?? HomeOf(user.Role));
    }

    private static async Task<IResult> Enrol(HttpContext context)
    {
        var (form, refusal) = await ReadForm(context);
        if (form is null)
        {
            return refusal!;
        }

        if (TooMany(context) is { } tooMany)
        {
            return tooMany;
        }

        var enrolment = context.RequestServices.GetRequiredService<Enrolment>();
        var page = context.RequestServices.GetRequiredService<IOptions<PeopleOptions>>().Value.SignInPage;
        var password = form.GetValueOrDefault("password") ?? "";
        if (password != form.GetValueOrDefault("repeated"))
        {
            return See(context, "/enrol?failed=repeated");
        }

        return See(context, await enrolment.SetPassword(form.GetValueOrDefault("username") ?? "", form.GetValueOrDefault("code") ?? "", password, context.RequestAborted) switch
        {
            EnrolmentResult.Done => page + "?enrolled=1",
            EnrolmentResult.WeakPassword => "/enrol?failed=password",
            _ => "/enrol?failed=code",
        });
    }

    /// <summary>The answer to an address that has tried too often; null where it may try.</summary>
    private static IResult? TooMany(HttpContext context)
    {
        if (context.RequestServices.GetRequiredService<SignInGate>().Admits(context.Connection.RemoteIpAddress))
        {
            return null;
        }

        context.Response.Headers.RetryAfter = "60";
        return Results.Text("Too many attempts. Try again in a minute.", statusCode: StatusCodes.Status429TooManyRequests);
    }

    private static async Task<IResult> Leave(HttpContext context)
    {
        var (form, refusal) = await ReadForm(context);
        if (form is null)
        {
            return refusal!;
        }

        await context.SignOutAsync(Session.Scheme);
        return See(context, "/");
    }

    /// <summary>The form of a page of ours; or the answer to one that is not. The antiforgery check is made here, whatever middleware the host has.</summary>
    private static async Task<(IReadOnlyDictionary<string, string>? Form, IResult? Refusal)> ReadForm(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (form, error) = await SmallForm.Read(context.Request, context.RequestAborted);
        if (error is not null)
        {
            return (null, Results.Text(error.Why, statusCode: error.Status));
        }

        return await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)
            ? (form, null)
            : (null, Results.Text("The form has expired. Go back, load the page again, and repeat.", statusCode: StatusCodes.Status400BadRequest));
    }

    /// <summary>A path on this server: one slash, and nothing that a browser might read as another host.</summary>
    internal static bool IsLocal(string url) =>
        url is ['/', ..] && url.Length <= 1024 && url is not ['/', '/' or '\\', ..] && !url.Any(c => char.IsControl(c) || c == '\\');

    private static string HomeOf(CallerRole role) => role switch
    {
        CallerRole.Patient => "/portal",
        CallerRole.Regulator => "/review",
        _ => "/",
    };

    private static IResult See(HttpContext context, string location)
    {
        context.Response.Headers.Location = location;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }
}
