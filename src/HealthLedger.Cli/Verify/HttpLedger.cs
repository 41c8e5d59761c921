using System.Net;

namespace HealthLedger.Cli.Verify;

/// <summary>A ledger over HTTP, as c2sp.org/tlog-tiles serves it.</summary>
internal sealed class HttpLedger : LedgerSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;

    public HttpLedger(Uri url)
    {
        var prefix = url.AbsolutePath == "/" ? "/ledger/" : url.AbsolutePath.TrimEnd('/') + "/";

        // No redirects: the pinned key makes them harmless, but a ledger that moved is something to be told.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(url, prefix), Timeout = Patience };
    }

    public override string Name => http.BaseAddress!.ToString();

    public override bool MayHoldEntries => false;

    public override async Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            {
                return null;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new UnreachableException($"{Name}{path} answers {(int)response.StatusCode}.");
            }

            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await Read(body, maxBytes, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{Name}{path}: {(e is TaskCanceledException ? "no answer within 30 seconds" : e.Message)}");
        }
    }

    public override void Dispose() => http.Dispose();
}
