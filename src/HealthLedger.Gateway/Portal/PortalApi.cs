using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Gateway.Pages;
using HealthLedger.Ledger;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Portal;

/// <summary>The patient's pages: consents, events, withdrawing, granting. Every reading of a consent here is recorded like any other.</summary>
internal static class PortalApi
{
    private const int EventsShown = 20;
    private const int LongestConsent = 100;

    /// <summary>Patients whose file is being made or sent: it is held whole in memory, so there is one at a time for each.</summary>
    private static readonly ConcurrentDictionary<string, bool> BeingProven = new(StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/portal", (HttpContext http) => Show(http, null));
        routes.MapGet("/portal/events", Older);
        routes.MapGet("/portal/events/proof", Proof);
        routes.MapGet("/portal/changes", Changes);
        routes.MapGet("/portal/consents/{id}/withdraw", Confirm);
        routes.MapPost("/portal/consents/{id}/withdraw", Withdraw);
        routes.MapPost("/portal/consents", Grant);
    }

    private static async Task Show(HttpContext http, GrantFault? fault)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { Patient: { } id } patient)
        {
            return;
        }

        // First, so that nothing recorded while the page is made can be missed.
        var news = Service<PortalNews>(http);
        news.Listen(id);
        var names = await Service<OrganizationNames>(http).Get(patient, http.TraceIdentifier, http.RequestAborted);
        if (await Service<PortalConsents>(http).List(patient, http.TraceIdentifier, http.RequestAborted) is not { } consents)
        {
            await http.Unavailable();
            return;
        }

        var now = Service<TimeProvider>(http).GetUtcNow();
        var all = Service<PatientEvents>(http).Of(id, 0, PatientEvents.MaxPage);
        var shown = all with { Events = [.. all.Events.Take(EventsShown)] };
        news.Watched(id, all.Newest);
        var ledger = Service<LedgerLog>(http);
        var words = consents.Select(c => ConsentWords.Of(c, names, all.Events, now)).Select(w => w with { IsFinal = w.WithdrawnEntry is { } entry ? ledger.IsFinal(entry) : null }).ToImmutableArray();
        var done = words.FirstOrDefault(w => w.Id == http.Request.Query["withdrawn"] && w.WithdrawnEntry is not null);
        await http.Page<PortalPage>(
            new PortalModel(PageVisitor.Of(http), words, shown, all.Newest, names, done, http.Request.Query.ContainsKey("granted"), DateOnly.FromDateTime(now.UtcDateTime), fault),
            fault is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task Older(HttpContext http)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { Patient: { } id } patient)
        {
            return;
        }

        var names = await Service<OrganizationNames>(http).Get(patient, http.TraceIdentifier, http.RequestAborted);
        _ = ulong.TryParse(http.Request.Query["skip"], NumberStyles.None, CultureInfo.InvariantCulture, out var skip);
        await http.Page<EventsPage>(new EventsModel(PageVisitor.Of(http), Service<PatientEvents>(http).Of(id, skip, EventsShown), names));
    }

    /// <summary>All events as a file that <c>healthledger my-events</c> verifies: that there are no others.</summary>
    private static async Task Proof(HttpContext http)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { Patient: { } id })
        {
            return;
        }

        if (!BeingProven.TryAdd(id, true))
        {
            await http.Say(StatusCodes.Status429TooManyRequests, "Please wait", "Your file is being made already. Try again when it has arrived.");
            return;
        }

        try
        {
            if (await Service<PatientCompleteness>(http).Of(id, http.RequestAborted) is not { } proof)
            {
                await http.NotFoundPage();
                return;
            }

            http.PageHeaders();
            http.Response.ContentType = "application/json";
            http.Response.Headers.ContentDisposition = "attachment; filename=\"my-events.json\"";
            await http.Response.Body.WriteAsync(proof.ToJson(), http.RequestAborted);
        }
        finally
        {
            BeingProven.TryRemove(id, out _);
        }
    }

    private static Task Changes(HttpContext http)
    {
        http.PageHeaders();
        if (Smart.People.Session.Caller(http.User) is not { Role: CallerRole.Patient, Patient: { } id })
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        }

        if (!ulong.TryParse(http.Request.Query["since"], NumberStyles.None, CultureInfo.InvariantCulture, out var since))
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(HasNews(http, id, since) ? "{\"changed\":true}" : "{\"changed\":false}", http.RequestAborted);
    }

    private static bool HasNews(HttpContext http, string id, ulong since)
    {
        var news = Service<PortalNews>(http);
        if (news.HasSince(id, since) is { } known)
        {
            return known;
        }

        // A page that slept: it is watched again first, so that nothing is missed between what was recorded meanwhile and what is told from now on.
        news.Listen(id);
        var newest = Service<PatientEvents>(http).Of(id, 0, 1).Newest;
        news.Watched(id, newest);
        return newest > since;
    }

    private static async Task Confirm(HttpContext http, string id)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { } patient || await Own(http, patient, id) is not { } consent)
        {
            return;
        }

        if (!consent.Directive.IsActive)
        {
            http.SeeOther($"/portal?withdrawn={id}");
            return;
        }

        var names = await Service<OrganizationNames>(http).Get(patient, http.TraceIdentifier, http.RequestAborted);
        await http.Page<WithdrawPage>(new WithdrawModel(PageVisitor.Of(http), ConsentWords.Of(consent, names, [], Service<TimeProvider>(http).GetUtcNow())));
    }

    private static async Task Withdraw(HttpContext http, string id)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { } patient || await http.Form() is null || await Own(http, patient, id) is not { } consent)
        {
            return;
        }

        if (!consent.Directive.IsActive)
        {
            http.SeeOther($"/portal?withdrawn={id}");
            return;
        }

        switch (await Service<PortalConsents>(http).Withdraw(patient, consent, http.TraceIdentifier, http.RequestAborted))
        {
            case ChangeResult.Changed:
                http.SeeOther($"/portal?withdrawn={id}");
                break;
            case ChangeResult.Unavailable:
                await http.Unavailable();
                break;
            case ChangeResult.Refused { Fault: ChangeFault.VersionConflict }:
                await http.Say(StatusCodes.Status409Conflict, "The consent has changed", "It was changed while you looked at it, and is not withdrawn. Go back to your portal and look at it again.");
                break;
            default:
                await http.NotFoundPage();
                break;
        }
    }

    private static async Task Grant(HttpContext http)
    {
        if (PageVisitor.Admit(http, CallerRole.Patient) is not { } patient || await http.Form() is not { } form)
        {
            return;
        }

        var names = await Service<OrganizationNames>(http).Get(patient, http.TraceIdentifier, http.RequestAborted);
        var today = DateOnly.FromDateTime(Service<TimeProvider>(http).GetUtcNow().UtcDateTime);
        var organization = form["organization"].ToString();
        var purpose = PurposeOfUseCodes.Parse(form["purpose"]);
        var readable = DateOnly.TryParseExact(form["until"], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var until);
        var fault = new GrantFault(
            !names.ContainsKey(organization),
            purpose is not { } stated || !NewConsent.Purposes.Contains(stated),
            !readable || until < today || until > today.AddYears(LongestConsent));
        if (fault.Any)
        {
            await Show(http, fault);
            return;
        }

        switch (await Service<PortalConsents>(http).Grant(patient, new NewConsent(organization, purpose!.Value, until), http.TraceIdentifier, http.RequestAborted))
        {
            case ChangeResult.Changed:
                http.SeeOther("/portal?granted=1");
                break;
            case ChangeResult.Unavailable:
                await http.Unavailable();
                break;
            default:
                await http.Say(StatusCodes.Status422UnprocessableEntity, "Not stored", "The consent could not be stored. Nothing has changed.");
                break;
        }
    }

    /// <summary>The patient's own consent; null where it is not there or somebody else's, and the answer is written.</summary>
    private static async Task<StoredConsent?> Own(HttpContext http, Caller patient, string id)
    {
        if (!FhirId.IsValid(id))
        {
            await http.NotFoundPage();
            return null;
        }

        var (consent, unavailable) = await Service<PortalConsents>(http).Find(patient, id, http.TraceIdentifier, http.RequestAborted);
        if (consent is null)
        {
            await (unavailable ? http.Unavailable() : http.NotFoundPage());
        }

        return consent;
    }

    private static T Service<T>(HttpContext http)
        where T : notnull => http.RequestServices.GetRequiredService<T>();
}

/// <summary>What the portal shows.</summary>
/// <param name="Visitor">The patient.</param>
/// <param name="Consents">Newest first.</param>
/// <param name="Events">The newest events.</param>
/// <param name="Newest">The newest entry about the patient.</param>
/// <param name="Names">Names of organizations.</param>
/// <param name="Done">The consent that was just withdrawn.</param>
/// <param name="Granted">True where one was just given.</param>
/// <param name="Today">For the form.</param>
/// <param name="Fault">What was wrong with the form.</param>
public sealed record PortalModel(
    PageVisitor Visitor, ImmutableArray<ConsentWords> Consents, PatientEventPage Events, ulong Newest, IReadOnlyDictionary<string, string> Names, ConsentWords? Done, bool Granted, DateOnly Today,
    GrantFault? Fault);

/// <summary>Older events.</summary>
public sealed record EventsModel(PageVisitor Visitor, PatientEventPage Events, IReadOnlyDictionary<string, string> Names);

/// <summary>The consent that is about to be withdrawn.</summary>
public sealed record WithdrawModel(PageVisitor Visitor, ConsentWords Consent);

/// <summary>Which fields of the form for a new consent are not filled in well.</summary>
public sealed record GrantFault(bool Organization, bool Purpose, bool Until)
{
    public bool Any => Organization || Purpose || Until;
}
