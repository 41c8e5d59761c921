using System.Net;
using System.Net.Http.Headers;

namespace HealthLedger.Cli.Verify;

/// <summary>A ledger over HTTP, as c2sp.org/tlog-tiles serves it.</summary>
internal sealed class HttpLedger : LedgerSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;

    private readonly TimeSpan patience;

    private readonly Func<CancellationToken, ValueTask<string>>? token;

    /// <param name="url">The ledger, or the host that serves it under <c>/ledger/</c>.</param>
    /// <param name="token">Gives the bearer token with which entries are asked for; null where entries are not.</param>
    /// <param name="patience">How long one file may take, to its last byte; null for 30 seconds.</param>
    public HttpLedger(Uri url, Func<CancellationToken, ValueTask<string>>? token = null, TimeSpan? patience = null)
    {
        (this.token, this.patience) = (token, patience ?? Patience);
        var prefix = url.AbsolutePath == "/" ? "/ledger/" : url.AbsolutePath.TrimEnd('/') + "/";

        // No redirects: the pinned key makes them harmless, but a ledger that moved is something to be told.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(url, prefix), Timeout = Timeout.InfiniteTimeSpan };
    }

    public override string Name => http.BaseAddress!.ToString();

    public override bool MayHoldEntries => false;

    public override async Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken)
    {
        // The client's own limit would end with the headers, and a body that never ends would be waited for.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (token is not null && path.StartsWith("tile/entries/", StringComparison.Ordinal))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token(cancellationToken));
            }

            limit.CancelAfter(patience);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            {
                return null;
            }

            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw new UnreachableException($"{Name}{path}: this client may not read it ({(int)response.StatusCode}).");
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new UnreachableException($"{Name}{path} answers {(int)response.StatusCode}.");
            }

            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            return await Read(body, maxBytes, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{Name}{path}: {(e is OperationCanceledException ? $"no whole answer within {patience.TotalSeconds:0.###} seconds" : e.Message)}");
        }
    }

    public override void Dispose() => http.Dispose();
}
