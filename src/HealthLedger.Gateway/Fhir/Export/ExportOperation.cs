using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>
/// The kick-off of an export on one level (http://hl7.org/fhir/uv/bulkdata, version 2). It is recorded before it is answered and opens nothing but, for a Group, the Group.
/// </summary>
internal sealed class ExportOperation(ExportLevel level, Disclosure disclosure, ExportParameters parameters, ExportCohorts cohorts, ExportJobs jobs, SmartUrls urls, TimeProvider time)
    : IFhirOperation
{
    /// <summary>
    /// A change has its time before it is committed. Whoever goes on from <see cref="ExportJob.TransactionTime"/> must not miss one that was on its way, so that instant lies this much back.
    /// </summary>
    private static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(5);

    public string Name => "export";

    public string Definition => "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/" + level switch
    {
        ExportLevel.Patient => "patient-export",
        ExportLevel.Group => "group-export",
        _ => "export",
    };

    public OperationLevels Levels => level switch
    {
        ExportLevel.Patient => OperationLevels.Type,
        ExportLevel.Group => OperationLevels.Instance,
        _ => OperationLevels.System,
    };

    public bool OnlyReads => true;

    public string? NotInBundles => "An export is answered later and not in a Bundle: call $export on its own, with Prefer: respond-async.";

    public bool IsOn(string resourceType) => resourceType == level.ToString();

    public ValueTask<AskedOperation> Read(OperationCall call) => ValueTask.FromResult(AskedOperation.Good(() => KickOff(call)));

    private async Task KickOff(OperationCall called)
    {
        var (call, http) = (called.Call, called.Http);
        if (HttpMethods.IsHead(http.Request.Method))
        {
            await http.MethodNotSupported("GET, POST");
            return;
        }

        if (FaultOf(call) is { } refused)
        {
            await http.Fault(refused);
            return;
        }

        var (given, fault) = await ExportParameters.Given(called);
        var asked = default(ExportRequest);
        if (fault is null)
        {
            (asked, fault) = parameters.Read(call.Caller, level, called.Id, given, FhirSearches.IsLenient(http.Request));
        }

        if (asked is null)
        {
            await http.Fault(fault!);
            return;
        }

        if (jobs.WaitOf(call.Caller.ClientId) is { } wait)
        {
            await TooMany(http, wait);
            return;
        }

        if (level == ExportLevel.Group && await cohorts.Of(call, asked) is { Fault: { } absent, Receipt: var attempt })
        {
            await http.Fault(absent, attempt);
            return;
        }

        await Open(call, asked);
    }

    private async Task Open(FhirCall call, ExportRequest asked)
    {
        var http = call.Http;
        var now = time.GetUtcNow();
        var job = new ExportJob
        {
            Id = RandomNumberGenerator.GetHexString(32, lowercase: true),
            Client = call.Caller.ClientId,
            Owner = ExportJob.OwnerOf(call.Caller, call.Purpose.Purpose),
            RequestUrl = urls.Fhir + http.Request.Path.Value!["/fhir".Length..] + http.Request.QueryString.Value,
            TransactionTime = now - OnTheWay,
            Until = now,
            Expires = now + ExportJobs.Lifetime,
            Asked = asked,
        };
        var nothing = new Target.Population(job.Path, asked.Types[0], Cohort.Nobody, WithDirectory: false, [], null, now, default);
        using var result = await disclosure.Disclose(FhirReads.Request(call, nothing), call.Aborted);
        if (result is not DisclosureResult.Streamed { Receipt: var receipt })
        {
            await http.Fault(FhirFault.LedgerUnavailable);
            return;
        }

        bool isOpen;
        try
        {
            isOpen = jobs.Add(job);
        }
        catch (IOException)
        {
            await http.Fault(FhirFault.StorageFull, receipt);
            return;
        }

        http.Receipt(receipt);
        if (!isOpen)
        {
            await TooMany(http, ExportJobs.Lifetime);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status202Accepted;
        http.Response.Headers.ContentLocation = $"{urls.Fhir}/{job.Path}";
        http.Response.ContentLength = 0;
    }

    private static FhirFault? FaultOf(FhirCall call) =>
        !call.Http.Request.Headers["Prefer"].ToString().Split(',', ';').Any(p => p.Trim().Equals("respond-async", StringComparison.OrdinalIgnoreCase))
            ? FhirFault.BadRequest("An export is answered later: send Prefer: respond-async.", IssueType.Required)
        : call.Purpose.Purpose.IsEmergency()
            ? FhirFault.Forbidden("An emergency is about one patient: an export takes no emergency purpose. Read what is needed.")
        : null;

    private static Task TooMany(HttpContext http, TimeSpan wait)
    {
        http.Response.Headers.RetryAfter = FhirExports.Seconds(wait);
        return http.Fault(FhirExports.TooManyOpen);
    }
}
