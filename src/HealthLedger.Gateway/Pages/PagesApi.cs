using HealthLedger.Gateway.Portal;
using HealthLedger.Gateway.Review;
using HealthLedger.Smart.People;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace HealthLedger.Gateway.Pages;

/// <summary>Everything that people see in a browser: the start page, the portal, the review, one style sheet, one script.</summary>
internal static class PagesApi
{
    private const int MaxReturnUrl = 200;

    public static IServiceCollection AddPages(this IServiceCollection services)
    {
        services.AddRazorComponents();

        // A page that asks for news by itself is nobody at the keyboard: it must not keep a session alive.
        services.Configure<CookieAuthenticationOptions>(Session.Scheme, cookie => cookie.Events.OnCheckSlidingExpiration = context =>
        {
            context.ShouldRenew &= context.Request.Path != "/portal/changes";
            return Task.CompletedTask;
        });
        services.AddSingleton<OrganizationNames>();
        services.AddSingleton<PortalConsents>();
        return services;
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", Start);
        routes.MapGet("/enrol", (HttpContext http) => http.Page<EnrolPage>(new EnrolModel(
            PageVisitor.Of(http), http.Request.Query["failed"].ToString() switch { "" => null, "password" => "password", "repeated" => "repeated", _ => "code" })));
        Asset(routes, "healthledger.css", "text/css; charset=utf-8");
        Asset(routes, "healthledger.js", "text/javascript; charset=utf-8");
        PortalApi.Map(routes);
        ReviewApi.Map(routes);
        routes.MapFallback("{**path}", Otherwise);
    }

    private static Task Start(HttpContext http)
    {
        var returnUrl = http.Request.Query["returnUrl"].ToString();
        return http.Page<StartPage>(new StartModel(PageVisitor.Of(http), http.Request.Query.ContainsKey("failed"), http.Request.Query.ContainsKey("enrolled"), returnUrl is { Length: > 0 and <= MaxReturnUrl } and ['/', ..] ? returnUrl : null));
    }

    private static Task Otherwise(HttpContext http)
    {
        if (http.Request.Path.StartsWithSegments("/fhir") || http.Request.Path.StartsWithSegments("/ledger") || http.Request.Path.StartsWithSegments("/auth") || http.Request.Path.StartsWithSegments("/admin"))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return http.NotFoundPage();
    }

    private static void Asset(IEndpointRouteBuilder routes, string name, string type)
    {
        using var stream = typeof(PagesApi).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        routes.MapGet("/assets/" + name, (HttpContext http) =>
        {
            http.Response.Headers.CacheControl = "public, max-age=300";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            http.Response.ContentType = type;
            http.Response.ContentLength = bytes.Length;
            return http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask();
        });
    }
}

/// <summary>What the start page shows.</summary>
public sealed record StartModel(PageVisitor Visitor, bool Failed, bool Enrolled, string? ReturnUrl);

/// <summary>What the page shows where a password is set.</summary>
/// <param name="Visitor">Who looks.</param>
/// <param name="Failed">What was wrong: <c>code</c>, <c>password</c> or <c>repeated</c>; null before anything was sent.</param>
public sealed record EnrolModel(PageVisitor Visitor, string? Failed);

/// <summary>A page that says one thing.</summary>
public sealed record Message(PageVisitor Visitor, string Title, string Text);
