using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using HealthLedger.Cli.Audit;

namespace HealthLedger.Cli.Breach;

/// <summary>Asks a gateway's <c>/ledger/review/breach</c>, page by page. By POST, so that nothing of the question stands in a URL.</summary>
internal sealed class BreachQuestions(Uri fhir, AuditorToken token) : IDisposable
{
    private const int MaxPage = 64 * 1024 * 1024;

    /// <summary>The most pages that are asked for: 20,000 events are looked at for each, so a report over more has to be split. A server that goes on for ever is left.</summary>
    internal const int MaxPages = 2_000;

    /// <summary>The most bytes of all pages together: they are in memory until the report is written.</summary>
    private const long MaxBytes = 1L << 30;

    private long bytes;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(10), MaxResponseContentBufferSize = MaxPage };
    private readonly string address = new Uri(fhir.ToString().TrimEnd('/') + "/../ledger/review/breach").ToString();

    /// <summary>Why the gateway refused, once <see cref="Ask"/> gave null.</summary>
    public string Refusal { get; private set; } = "";

    /// <summary>The whole report; null where the gateway refused.</summary>
    /// <exception cref="UnreachableException">There is no answer, or none that can be read.</exception>
    public async Task<BreachAnswer?> Ask(string client, string from, string to, CancellationToken cancellationToken)
    {
        var report = new BreachAnswer(client);
        ulong? before = null;
        var pages = 0;
        do
        {
            if (pages++ == MaxPages || bytes > MaxBytes)
            {
                throw new UnreachableException($"{address} does not come to an end within {MaxPages} pages and {MaxBytes >> 20} MiB. Ask for a shorter time.");
            }

            var fields = new Dictionary<string, string> { ["client"] = client, ["from"] = from, ["to"] = to, ["format"] = "json" };
            if (before is { } entry)
            {
                fields["before"] = entry.ToString(CultureInfo.InvariantCulture);
            }

            var (status, page) = await Send(fields, cancellationToken);
            if (status != 200)
            {
                Refusal = Why(status, page);
                return null;
            }

            var next = Add(report, page);
            if (next >= before)
            {
                throw new UnreachableException($"{address} does not come to an end: it goes on at entry {next} after entry {before}.");
            }

            before = next;
        }
        while (before is not null);
        return report;
    }

    public void Dispose() => http.Dispose();

    private ulong? Add(BreachAnswer report, JsonElement page)
    {
        try
        {
            return report.Add(page);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new UnreachableException($"{address} does not answer with a breach report.");
        }
    }

    private async Task<(int Status, JsonElement Body)> Send(Dictionary<string, string> fields, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(fields) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token.Get(cancellationToken));
            using var response = await http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            bytes += body.Length;
            using var document = JsonDocument.Parse(body);
            return ((int)response.StatusCode, document.RootElement.Clone());
        }
        catch (JsonException)
        {
            throw new UnreachableException($"{address} does not answer with JSON.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{address}: {(e is TaskCanceledException ? "no answer within 10 minutes" : e.Message)}");
        }
    }

    /// <summary>What an OperationOutcome says.</summary>
    private static string Why(int status, JsonElement outcome)
    {
        var said = outcome.ValueKind == JsonValueKind.Object && outcome.TryGetProperty("issue", out var issues) && issues.ValueKind == JsonValueKind.Array
            ? issues.EnumerateArray().Select(issue => issue.ValueKind == JsonValueKind.Object && issue.TryGetProperty("diagnostics", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null).FirstOrDefault()
            : null;
        return PlainLine.Of($"{said ?? "no reason given"} ({status})");
    }
}
