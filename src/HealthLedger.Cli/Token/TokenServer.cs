using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary>The authorization server, as far as getting a token goes.</summary>
internal sealed class TokenServer : IDisposable
{
    private const int MaxBytes = 1024 * 1024;

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MaxBytes };

    /// <summary>Asks for a client's token as SMART backend services do: the status and the JSON body, whatever they say.</summary>
    /// <param name="credentials">The client.</param>
    /// <param name="scope">Scopes, separated by blanks.</param>
    /// <param name="purpose">The one purpose of use that the token is for; null for all that the client has.</param>
    /// <param name="time">The clock of the client's assertion.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="UnreachableException">There is no such server, or it names no token endpoint.</exception>
    public async Task<(int Status, JsonElement Body)> Token(Credentials credentials, string scope, string? purpose, TimeProvider time, CancellationToken cancellationToken)
    {
        var configuration = await Discover(credentials.Fhir, cancellationToken);
        if (!configuration.TryGetProperty("token_endpoint", out var member) || member.ValueKind != JsonValueKind.String)
        {
            throw new UnreachableException("The server's SMART configuration names no token endpoint.");
        }

        var endpoint = member.GetString()!;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new UnreachableException("The server's SMART configuration names a token endpoint that is no http URL.");
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ["client_assertion"] = ClientAssertion.Make(credentials, endpoint, purpose, time.GetUtcNow().ToUnixTimeSeconds()),
                ["scope"] = scope,
            }),
        };
        return await Send(request, cancellationToken);
    }

    /// <summary>The access token of an answer; null where there is none, or one that is no bearer token (RFC 6750 section 2.1) and could not be sent.</summary>
    public static string? AccessToken(JsonElement body) =>
        body.TryGetProperty("access_token", out var member) && member.ValueKind == JsonValueKind.String && member.GetString() is { Length: > 0 } token && token.All(c => c is > ' ' and < '\x7f') ? token : null;

    public void Dispose() => http.Dispose();

    /// <summary>The SMART configuration under a FHIR base.</summary>
    private async Task<JsonElement> Discover(Uri fhir, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, fhir.ToString().TrimEnd('/') + "/.well-known/smart-configuration");
        var (status, body) = await Send(request, cancellationToken);
        return status == 200 ? body : throw new UnreachableException($"{request.RequestUri} answers {status}.");
    }

    private async Task<(int Status, JsonElement Body)> Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? ((int)response.StatusCode, document.RootElement.Clone())
                : throw new UnreachableException($"{request.RequestUri} does not answer with a JSON object.");
        }
        catch (JsonException)
        {
            throw new UnreachableException($"{request.RequestUri} does not answer with JSON.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{request.RequestUri}: {(e is TaskCanceledException ? "no answer within 30 seconds" : e.Message)}");
        }
    }
}
