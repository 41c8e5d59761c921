using System.Net.Http.Headers;
using System.Text.Json;

namespace HealthLedger.Gateway.Demo;

/// <summary>The demo's clients at work: everything goes over HTTP, as any FHIR client would do it.</summary>
internal sealed class DemoHttp(string baseUrl, DemoClients clients, TimeProvider time) : IDisposable
{
    private static readonly HashSet<string> PerRequest = new(StringComparer.OrdinalIgnoreCase) { "Date", "X-Request-Id", "X-Ledger-Receipt" };

    private readonly HttpClient _http = new() { BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>An access token for a client, with all its scopes.</summary>
    public async Task<string> Token(string clientId, CancellationToken cancellation)
    {
        var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = DemoClients.ScopesOf(clientId),
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = clients.Key(clientId).Assertion(clientId, baseUrl + "/auth/token", time.GetUtcNow()),
        });
        using var response = await _http.PostAsync("/auth/token", form, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        using var json = JsonDocument.Parse(body);
        return response.IsSuccessStatusCode
            ? json.RootElement.GetProperty("access_token").GetString()!
            : throw new InvalidOperationException($"The token endpoint answered {(int)response.StatusCode} {json.RootElement.GetProperty("error").GetString()} to {clientId}.");
    }

    /// <summary>One request with a token; the body is FHIR JSON.</summary>
    public async Task<DemoAnswer> Send(HttpMethod method, string path, string token, ReadOnlyMemory<byte> body, CancellationToken cancellation, string? purpose = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (purpose is not null)
        {
            request.Headers.Add("X-Purpose-Of-Use", purpose);
        }

        if (!body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/fhir+json");
        }

        using var response = await _http.SendAsync(request, cancellation);
        var receipt = response.Headers.TryGetValues("X-Ledger-Receipt", out var values) ? values.Single() : null;
        var headers = response.Headers.Concat(response.Content.Headers)
            .Where(h => !PerRequest.Contains(h.Key))
            .Select(h => $"{h.Key}: {string.Join(", ", h.Value)}")
            .Order(StringComparer.Ordinal);
        return new DemoAnswer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation), receipt, string.Join('\n', headers), response.Headers.Location);
    }

    public Task<DemoAnswer> Get(string path, string token, CancellationToken cancellation, string? purpose = null) =>
        Send(HttpMethod.Get, path, token, default, cancellation, purpose);

    /// <summary>A public resource, without a token.</summary>
    public Task<byte[]> Fetch(string path, CancellationToken cancellation) => _http.GetByteArrayAsync(path, cancellation);

    public void Dispose() => _http.Dispose();
}

/// <summary>What came back.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">As it came.</param>
/// <param name="Receipt">The receipt's URL; null where there is none.</param>
/// <param name="Headers">All headers but date, request id and receipt, sorted.</param>
/// <param name="Location">Location, where given.</param>
internal sealed record DemoAnswer(int Status, byte[] Body, string? Receipt, string Headers, Uri? Location)
{
    public JsonDocument Json() => JsonDocument.Parse(Body);
}
