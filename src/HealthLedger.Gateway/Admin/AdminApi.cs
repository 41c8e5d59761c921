using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// The operators' addresses, below <c>/admin</c>: for a token of role operator with the scope <c>healthledger/admin</c> alone. Who has none hears 401, who has another 403, before anything is looked at. Each
/// request that is understood makes at least one entry, whatever becomes of it.
/// </summary>
internal static class AdminApi
{
    /// <summary>The most bytes of a body, where nothing else is said.</summary>
    public const int MaxBody = 4096;

    private const int MaxText = 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin");
        admin.AddEndpointFilter(Operators);
        ErasureApi.Map(admin);
        KeysApi.Map(admin);
        LogKeyApi.Map(admin);
        BackupsApi.Map(admin);
        VaultApi.Map(admin);
        ClientsApi.Map(admin);
        UsersApi.Map(admin);
        OrganizationsApi.Map(admin);
    }

    /// <summary>Who asks; only called behind <see cref="Operators"/>.</summary>
    public static Caller Operator(this HttpContext http) => (Caller)http.Items[typeof(AdminApi)]!;

    /// <summary>An instant as answers say it, in UTC to the second.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The body's bytes in an array of their own; null where there are more than <paramref name="most"/>.</summary>
    public static async Task<byte[]?> ReadBody(this HttpContext http, int most = MaxBody)
    {
        var buffer = GC.AllocateArray<byte>(most + 1, pinned: true);
        var length = 0;
        try
        {
            while (length < buffer.Length && await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted) is var read and > 0)
            {
                length += read;
            }

            return length > most ? null : buffer[..length];
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>The texts of a body that is one JSON object with these members and no others, which may be empty; null where it is something else.</summary>
    public static async Task<string[]?> ReadTexts(this HttpContext http, params string[] names) =>
        await ReadMembers(http) is { } texts && texts.Count == names.Length && names.All(texts.ContainsKey) ? [.. names.Select(name => texts[name])] : null;

    /// <summary>The texts of a body that is one JSON object with all the members needed and any of the others, of 1 to 1,024 characters; null where it is something else.</summary>
    public static async Task<Dictionary<string, string>?> ReadTexts(this HttpContext http, string[] needed, string[] others) =>
        await ReadMembers(http) is { } texts && needed.All(texts.ContainsKey)
        && texts.All(member => (needed.Contains(member.Key) || others.Contains(member.Key)) && member.Value.Length is > 0 and <= MaxText)
            ? texts
            : null;

    /// <summary>The members of a body that is one JSON object of texts, each once; one that is null counts as empty.</summary>
    private static async Task<Dictionary<string, string>?> ReadMembers(HttpContext http)
    {
        if (await http.ReadBody() is not { } body)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 2, AllowDuplicateProperties = false });
            return json.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetString() ?? "");
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async ValueTask<object?> Operators(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.Request.Headers.Authorization is not [{ } text] || !text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            || http.RequestServices.GetRequiredService<AccessTokenValidator>().Validate(text.AsSpan(7).Trim()) is not TokenValidation.Valid { Caller: var caller })
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            await http.Refuse(StatusCodes.Status401Unauthorized, "login", "A valid access token is needed: Authorization: Bearer TOKEN, of a client with the scope healthledger/admin.");
            return Results.Empty;
        }

        if (!caller.MayOperate)
        {
            await http.Refuse(StatusCodes.Status403Forbidden, "forbidden", "This is for operators: a client of role operator with the scope healthledger/admin.");
            return Results.Empty;
        }

        http.Items[typeof(AdminApi)] = caller;
        return await next(context);
    }
}
