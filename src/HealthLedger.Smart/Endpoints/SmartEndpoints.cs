using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HealthLedger.Smart.Endpoints;

/// <summary>The authorization server's routes.</summary>
public static class SmartEndpoints
{
    private const string Json = "application/json";

    /// <summary>
    /// Maps <c>POST /auth/token</c>, <c>GET /auth/jwks</c>, <c>GET /.well-known/openid-configuration</c> and <c>GET /fhir/.well-known/smart-configuration</c>.
    /// Until <see cref="SmartUrls.Use"/> was called they answer 503.
    /// </summary>
    public static IEndpointRouteBuilder MapSmart(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").AddEndpointFilter(async (context, next) =>
            Find<SmartUrls>(context.HttpContext).Known ? await next(context) : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        group.MapPost("/auth/token", (Delegate)Token).DisableAntiforgery();
        group.MapGet("/auth/jwks", (HttpContext context) => Public(context, Results.Content(JsonWebKeySet.ToJson(Find<TokenSigningKey>(context).Published), Json)));
        group.MapGet("/.well-known/openid-configuration", (HttpContext context) => Public(context, Results.Json(Discovery.OpenId(Find<SmartUrls>(context)))));
        group.MapMethods("/fhir/.well-known/smart-configuration", [HttpMethods.Get, HttpMethods.Head], (HttpContext context) => Public(context, Results.Json(Discovery.Smart(Find<SmartUrls>(context)))));
        return routes;
    }

    private static async Task<IResult> Token(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Pragma = "no-cache";
        if (context.Request.Headers.ContainsKey("Authorization"))
        {
            return Write(new TokenAnswer.Refused(400, "invalid_client", "Authenticate with client_assertion only, without an Authorization header."));
        }

        var (form, error) = await SmallForm.Read(context.Request, context.RequestAborted);
        return Write(error is not null ? new TokenAnswer.Refused(error.Status, "invalid_request", error.Why) : await Find<TokenEndpoint>(context).Answer(form!, context.RequestAborted));
    }

    private static IResult Write(TokenAnswer answer) => answer switch
    {
        TokenAnswer.Granted { Token: var token } => Results.Json(new Dictionary<string, object>
        {
            ["access_token"] = token.Text,
            ["token_type"] = "Bearer",
            ["expires_in"] = token.LifetimeSeconds,
            ["scope"] = string.Join(' ', token.Scopes),
        }),
        TokenAnswer.Refused refused => Results.Json(
            new Dictionary<string, object> { ["error"] = refused.Error, ["error_description"] = refused.Description }, statusCode: refused.Status),
        _ => throw new ArgumentException("An unknown answer.", nameof(answer)),
    };

    /// <summary>These documents are for everybody, apps in a browser too.</summary>
    private static IResult Public(HttpContext context, IResult result)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        return result;
    }

    private static T Find<T>(HttpContext context)
        where T : notnull => (T)(context.RequestServices.GetService(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T).Name} is not registered: call AddSmart."));
}
