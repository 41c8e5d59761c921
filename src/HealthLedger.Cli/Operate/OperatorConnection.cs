using System.Net.Http.Headers;
using System.Text.Json;
using HealthLedger.Cli.Token;

namespace HealthLedger.Cli.Operate;

/// <summary>A running gateway's operators' addresses, with a token of an operator's client. A running gateway holds its directory, so what changes it goes through it.</summary>
internal sealed class OperatorConnection : IDisposable
{
    private const string Scope = "healthledger/admin";
    private const int MaxBytes = 16 * 1024 * 1024;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(10), MaxResponseContentBufferSize = MaxBytes };
    private readonly string admin;

    private OperatorConnection(string admin, string token)
    {
        this.admin = admin;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Gets a token and remembers it.</summary>
    /// <exception cref="UnreachableException">The gateway cannot be read.</exception>
    /// <exception cref="RefusedException">It gives this client no operator's token.</exception>
    public static async Task<OperatorConnection> Open(Credentials credentials, TimeProvider time, CancellationToken cancellationToken)
    {
        using var server = new TokenServer();
        var (status, body) = await server.Token(credentials, Scope, null, time, cancellationToken);
        if (status == 200 && TokenServer.AccessToken(body) is { } token)
        {
            return new OperatorConnection(new Uri(credentials.Fhir.ToString().TrimEnd('/') + "/../admin/").ToString(), token);
        }

        if (status is >= 400 and < 500)
        {
            throw new RefusedException(status, $"{credentials.ClientId} gets no operator's token: it needs the role operator and the scope {Scope}.");
        }

        throw new UnreachableException($"{credentials.ClientId} gets no operator's token ({status}).");
    }

    /// <summary>Sends one request: the status and the JSON answer, whatever they say.</summary>
    /// <exception cref="UnreachableException">There is no answer, or none in JSON.</exception>
    public async Task<(int Status, JsonElement Body)> Send(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, admin + path) { Content = content };
            using var response = await http.SendAsync(request, cancellationToken);
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? ((int)response.StatusCode, document.RootElement.Clone())
                : throw new UnreachableException($"{admin}{path} does not answer with a JSON object.");
        }
        catch (JsonException)
        {
            throw new UnreachableException($"{admin}{path} does not answer with JSON.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{admin}{path}: {(e is TaskCanceledException ? "no answer within 10 minutes; what was asked for may go on" : e.Message)}");
        }
    }

    public void Dispose() => http.Dispose();
}
