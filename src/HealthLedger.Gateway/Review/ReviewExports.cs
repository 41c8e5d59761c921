using System.Buffers;
using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Review;

/// <summary>
/// Sends what a regulator takes home. The question is recorded and its events are found before the first byte goes out, so that the headers can say how many there are and
/// where the rest begins; each is opened only as it is sent.
/// </summary>
internal sealed class ReviewExports(AuditTrail trail, ReceiptIds receipts, ILogger<ReviewExports> logger) : IDisposable
{
    /// <summary>Events that one export looks at.</summary>
    public const int MaxScan = 100_000;

    /// <summary>How many events there are in the answer.</summary>
    public const string CountHeader = "X-Ledger-Count";

    /// <summary>The value of <c>before</c> with which the answer goes on; absent where it is whole.</summary>
    public const string NextHeader = "X-Ledger-Next";

    private const int FlushAt = 64 * 1024;
    private static readonly FhirFault Busy = FhirFault.Of(429, HealthLedger.Fhir.Validation.IssueType.Throttled, "Another export is being made. Try again when it has ended.");
    private readonly SemaphoreSlim _turn = new(2);

    public void Dispose() => _turn.Dispose();

    /// <summary>Takes one of the two turns; false where both are taken. Who got one gives it back by <see cref="Leave"/>.</summary>
    internal bool TryEnter() => _turn.Wait(0);

    internal void Leave() => _turn.Release();

    public async Task Send(HttpContext http, Caller regulator, ExportRequest asked)
    {
        if (!TryEnter())
        {
            http.Response.Headers.RetryAfter = "5";
            await http.Fault(Busy);
            return;
        }

        try
        {
            if (await trail.Ask(regulator, http.TraceIdentifier, asked.Question, new AuditScope(MaxScan), null, http.RequestAborted) is not { } answer)
            {
                await http.Fault(FhirFault.LedgerUnavailable);
                return;
            }

            Headers(http, regulator, asked, answer);
            await Write(http, Lines(asked, answer));
        }
        catch (Exception broken) when (http.Response.HasStarted && broken is not OperationCanceledException)
        {
            // Half a file must not look like a whole one.
            logger.LogError("Export {RequestId} broke: {Type}", http.TraceIdentifier, broken.GetType().Name);
            http.Abort();
        }
        finally
        {
            Leave();
        }
    }

    private void Headers(HttpContext http, Caller regulator, ExportRequest asked, AuditAnswer answer)
    {
        var (type, name) = asked.Format switch
        {
            ExportFormat.Ndjson => ("application/fhir+ndjson", "events.ndjson"),
            ExportFormat.Csv => ("text/csv; charset=utf-8; header=present", asked.Question.Report == "breach" ? "breach.csv" : "events.csv"),
            ExportFormat.Bundle => ("application/jsonl", "evidence.jsonl"),
            _ => ("application/json", "breach.json"),
        };
        var headers = http.Response.Headers;
        http.Receipt(receipts.Seal(answer.Asked, answer.AskedOn, regulator.ClientId));
        http.Response.ContentType = type;
        headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        headers.XContentTypeOptions = "nosniff";
        headers[CountHeader] = answer.Count.ToString(CultureInfo.InvariantCulture);
        if (answer.Next is { } next)
        {
            headers[NextHeader] = next.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static IEnumerable<byte[]> Lines(ExportRequest asked, AuditAnswer answer) => asked.Format switch
    {
        ExportFormat.Ndjson => answer.Events().Select(found => (byte[])[.. found.ToAuditEvent(withProof: true), (byte)'\n']),
        ExportFormat.Csv => answer.Events().Select(EventCsv.Row).Prepend(EventCsv.Header),
        ExportFormat.Bundle => answer.Evidence(),
        _ => [BreachReport.ToJson(asked.Question.Client!, asked.Question.Since!.Value, asked.Question.Until!.Value, answer)],
    };

    private static async Task Write(HttpContext http, IEnumerable<byte[]> lines)
    {
        var (output, waiting) = (http.Response.BodyWriter, 0);
        foreach (var line in lines)
        {
            output.Write(line);
            waiting += line.Length;
            if (waiting >= FlushAt)
            {
                await output.FlushAsync(http.RequestAborted);
                http.RequestAborted.ThrowIfCancellationRequested();
                waiting = 0;
            }
        }

        await output.FlushAsync(http.RequestAborted);
    }
}
