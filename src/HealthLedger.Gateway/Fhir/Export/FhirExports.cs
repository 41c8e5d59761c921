using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>
/// Status, files and end of an export. Nothing is prepared: the status names a file for each type that was asked for, whatever is stored, and a file is read while it is
/// sent, patient by patient, through the disclosure road. Whoever did not ask for the export gets what is said of one that never was.
/// </summary>
internal sealed class FhirExports(Disclosure disclosure, ExportJobs jobs, ExportCohorts cohorts, ExportParameters parameters, SmartUrls urls, ILogger<FhirExports> logger)
{
    /// <summary>The first segment of every path below the FHIR base.</summary>
    public const string Segment = "$export";

    /// <summary>Files that a client may read at once.</summary>
    public const int MaximumDownloads = 5;

    public static readonly FhirFault TooManyOpen = FhirFault.Of(StatusCodes.Status429TooManyRequests, IssueType.Throttled,
        $"A client has at most {ExportJobs.MaximumOpen} exports open. End one with DELETE, or wait until one expires.");

    private static readonly FhirFault TooManyDownloads = FhirFault.Of(StatusCodes.Status429TooManyRequests, IssueType.Throttled,
        $"A client reads at most {MaximumDownloads} files at once. Ask again when one is done.");

    private static readonly FhirFault NoSuchExport = FhirFault.Of(StatusCodes.Status404NotFound, IssueType.NotFound,
        "There is no such export, or none of this client and purpose; it may have expired, or have been ended.");

    private const string ErrorFile = "errors";
    private const string DeletedFile = "deleted-";
    private const string FileEnding = ".ndjson";
    private const string FileType = "application/fhir+ndjson";
    private const int FlushAt = 64 * 1024;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _downloads = new(StringComparer.Ordinal);

    /// <summary>Answers what lies below <see cref="Segment"/>.</summary>
    /// <param name="call">Who asks.</param>
    /// <param name="path">The segments after the first.</param>
    public Task Answer(FhirCall call, ReadOnlySpan<string> path)
    {
        var method = call.Http.Request.Method;
        if (jobs.Find(path[0], ExportJob.OwnerOf(call.Caller, call.Purpose.Purpose)) is not { } job)
        {
            return call.Http.Fault(NoSuchExport);
        }

        if (path.Length == 1)
        {
            return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Status(call, job)
                : HttpMethods.IsDelete(method) ? End(call, job)
                : call.Http.MethodNotSupported("GET, HEAD, DELETE");
        }

        var type = path[1].EndsWith(FileEnding, StringComparison.Ordinal) ? path[1][..^FileEnding.Length] : "";
        if (path.Length == 2 && type == ErrorFile && job.Asked.LeftOut.Length > 0)
        {
            return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Errors(call.Http, job) : call.Http.MethodNotSupported("GET, HEAD");
        }

        var isDeleted = job.Asked.Since is not null && type.StartsWith(DeletedFile, StringComparison.Ordinal);
        type = isDeleted ? type[DeletedFile.Length..] : type;
        return path.Length != 2 || !job.Asked.Types.Contains(type) ? call.Http.Fault(NoSuchExport)
            : !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) ? call.Http.MethodNotSupported("GET, HEAD")
            : !call.Covers(type, DisclosureRequest.Everything) ? call.Http.Fault(FhirFault.Forbidden("No scope of this token covers reading and searching this type."))
            : HttpMethods.IsHead(method) ? Head(call, job)
            : Download(call, job, type, isDeleted);
    }

    /// <summary>Whole seconds, as Retry-After takes them.</summary>
    public static string Seconds(TimeSpan time) => ((long)Math.Ceiling(Math.Max(time.TotalSeconds, 1))).ToString(CultureInfo.InvariantCulture);

    private Task Status(FhirCall call, ExportJob job)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("transactionTime", job.TransactionTime.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            json.WriteString("request", job.RequestUrl);
            json.WriteBoolean("requiresAccessToken", true);
            json.WriteStartArray("output");
            foreach (var type in job.Asked.Types)
            {
                File(json, type, $"{urls.Fhir}/{job.Path}/{type}{FileEnding}");
            }

            json.WriteEndArray();

            // Offered for each type too, whatever was deleted.
            json.WriteStartArray("deleted");
            foreach (var type in job.Asked.Since is null ? [] : job.Asked.Types)
            {
                File(json, "Bundle", $"{urls.Fhir}/{job.Path}/{DeletedFile}{type}{FileEnding}");
            }

            json.WriteEndArray();
            json.WriteStartArray("error");
            if (job.Asked.LeftOut.Length > 0)
            {
                File(json, "OperationOutcome", $"{urls.Fhir}/{job.Path}/{ErrorFile}{FileEnding}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        var response = call.Http.Response;
        Expires(call.Http, job);
        response.ContentType = "application/json";
        response.ContentLength = buffer.WrittenCount;
        return response.BodyWriter.WriteAsync(buffer.WrittenMemory, call.Aborted).AsTask();
    }

    private static void File(Utf8JsonWriter json, string type, string url)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("url", url);
        json.WriteEndObject();
    }

    /// <summary>What was left out of the request, one outcome to a line. It is of the request alone, so nothing is recorded.</summary>
    private static Task Errors(HttpContext http, ExportJob job)
    {
        Expires(http, job);
        var lines = job.Asked.LeftOut.SelectMany(message => (byte[])[.. OperationOutcomeJson.From(IssueSeverity.Warning, IssueType.NotSupported, message), (byte)'\n']).ToArray();
        return http.Written(StatusCodes.Status200OK, FileType, lines);
    }

    /// <summary>What a download would begin with: nothing of any patient is read for it, only the Group that an export is of.</summary>
    private async Task Head(FhirCall call, ExportJob job)
    {
        var (cohort, fault, receipt) = job.Asked.Level == ExportLevel.Group ? await cohorts.Of(call, job.Asked) : (Cohort.Nobody, null, null);
        if (cohort is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        call.Http.Receipt(receipt);
        Expires(call.Http, job);
        call.Http.Response.ContentType = FileType;
    }

    private Task End(FhirCall call, ExportJob job)
    {
        jobs.Remove(job);
        call.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        call.Http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private async Task Download(FhirCall call, ExportJob job, string type, bool isDeleted)
    {
        var turn = _downloads.GetOrAdd(job.Client, _ => new SemaphoreSlim(MaximumDownloads));
        if (!await turn.WaitAsync(0, call.Aborted))
        {
            call.Http.Response.Headers.RetryAfter = "5";
            await call.Http.Fault(TooManyDownloads);
            return;
        }

        try
        {
            await Send(call, job, type, isDeleted);
        }
        catch (Exception broken) when (call.Http.Response.HasStarted && broken is not OperationCanceledException)
        {
            // Half a file must not look like a whole one.
            logger.LogError("Export {RequestId} broke: {Type}", call.RequestId, broken.GetType().Name);
            call.Http.Abort();
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task Send(FhirCall call, ExportJob job, string type, bool isDeleted)
    {
        var (http, asked) = (call.Http, job.Asked);
        var (cohort, fault, receipt) = await cohorts.Of(call, asked);
        if (cohort is null)
        {
            await http.Fault(fault!, receipt);
            return;
        }

        var file = new Target.Population(
            $"{job.Path}/{(isDeleted ? DeletedFile : "")}{type}", type, cohort, asked.Level == ExportLevel.System, [.. parameters.Filters(job, type)], asked.Since, job.Until, default)
        {
            Deleted = isDeleted,
        };
        var subset = ExportParameters.Subset(job, type);
        for (CohortPosition? from = default(CohortPosition); from is { } at;)
        {
            using var result = await disclosure.Disclose(FhirReads.Request(call, file with { From = at }), call.Aborted);
            if (result is not DisclosureResult.Streamed page)
            {
                await Stop(http, FhirFault.LedgerUnavailable);
                return;
            }

            if (!http.Response.HasStarted)
            {
                http.Receipt(page.Receipt);
                Expires(http, job);
                http.Response.ContentType = FileType;
                await http.Response.StartAsync(call.Aborted);
            }

            await Write(http, page, subset, call.Aborted);
            from = page.Onward;
            if (from is not null && jobs.Find(job.Id, job.Owner) is null)
            {
                await Stop(http, NoSuchExport);
                return;
            }
        }
    }

    /// <summary>One record to a line; stored JSON has no line breaks.</summary>
    private static async Task Write(HttpContext http, DisclosureResult.Streamed page, ResourceSubset? subset, CancellationToken cancellation)
    {
        var (output, waiting) = (http.Response.BodyWriter, 0);
        await foreach (var record in page.Records.WithCancellation(cancellation))
        {
            using (record)
            {
                var json = record.Json.IsEmpty ? Deletion(record) : record.Part(subset);
                output.Write(json.Span);
                output.Write("\n"u8);
                waiting += json.Length + 1;
            }

            if (waiting >= FlushAt)
            {
                await output.FlushAsync(cancellation);
                cancellation.ThrowIfCancellationRequested();
                waiting = 0;
            }
        }

        await output.FlushAsync(cancellation);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>A transaction that deletes the record, as a file of deletions has it.</summary>
    private static ReadOnlyMemory<byte> Deletion(DisclosedRecord record) => Encoding.UTF8.GetBytes(
        $$$"""{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"{{{record.Key.Type}}}/{{{record.Key.Id}}}"}}]}""");

    /// <summary>Says why, where nothing was sent yet; else the connection ends without the end of the file, so that nobody takes a part for the whole.</summary>
    private static Task Stop(HttpContext http, FhirFault fault)
    {
        if (!http.Response.HasStarted)
        {
            return http.Fault(fault);
        }

        http.Abort();
        return Task.CompletedTask;
    }

    private static void Expires(HttpContext http, ExportJob job) =>
        http.Response.Headers.Expires = job.Expires.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
}
