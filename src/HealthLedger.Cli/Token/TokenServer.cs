using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary>The authorization server, as far as getting a token goes.</summary>
internal sealed class TokenServer : IDisposable
{
    private const int MaxBytes = 1024 * 1024;

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MaxBytes };

    /// <summary>The SMART configuration under a FHIR base.</summary>
    public async Task<JsonElement> Discover(Uri fhir, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, fhir.ToString().TrimEnd('/') + "/.well-known/smart-configuration");
        var (status, body) = await Send(request, cancellationToken);
        return status == 200 ? body : throw new UnreachableException($"{request.RequestUri} answers {status}.");
    }

    /// <summary>Asks for a token: the status and the JSON body, whatever they say.</summary>
    public async Task<(int Status, JsonElement Body)> Ask(string tokenEndpoint, IReadOnlyDictionary<string, string> form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, tokenEndpoint) { Content = new FormUrlEncodedContent(form) };
        return await Send(request, cancellationToken);
    }

    public void Dispose() => http.Dispose();

    private async Task<(int Status, JsonElement Body)> Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return ((int)response.StatusCode, document.RootElement.Clone());
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
