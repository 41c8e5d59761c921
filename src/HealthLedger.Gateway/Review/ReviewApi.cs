using HealthLedger.Access;
using HealthLedger.Gateway.Pages;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Review;

/// <summary>The regulator's pages: accesses across patients, and the ledger verified with one press.</summary>
internal static class ReviewApi
{
    /// <summary>One verification at a time: each reads the whole ledger.</summary>
    private static readonly SemaphoreSlim Turn = new(1, 1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/review", Show);
        routes.MapPost("/review/verify", Verify);
    }

    private static async Task Show(HttpContext http)
    {
        if (PageVisitor.Admit(http, CallerRole.Regulator) is not { } regulator)
        {
            return;
        }

        var filters = ReviewFilters.Of(http.Request.Query);
        if (!filters.Asked || filters.Question is not { } question)
        {
            await http.Page<ReviewPage>(new ReviewModel(PageVisitor.Of(http), filters, null), filters.Asked ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
            return;
        }

        switch (await http.RequestServices.GetRequiredService<AccessReview>().Ask(regulator, http.TraceIdentifier, question, http.RequestAborted))
        {
            case ReviewResult.Answered answered:
                await http.Page<ReviewPage>(new ReviewModel(PageVisitor.Of(http), filters, answered));
                break;
            default:
                await http.Unavailable();
                break;
        }
    }

    private static async Task Verify(HttpContext http)
    {
        if (PageVisitor.Admit(http, CallerRole.Regulator) is null || await http.Form() is null)
        {
            return;
        }

        await Turn.WaitAsync(http.RequestAborted);
        LedgerCheckResult result;
        var started = http.RequestServices.GetRequiredService<TimeProvider>().GetTimestamp();
        try
        {
            result = await Task.Run(() => http.RequestServices.GetRequiredService<LedgerCheck>().Run(http.RequestAborted));
        }
        finally
        {
            Turn.Release();
        }

        var took = http.RequestServices.GetRequiredService<TimeProvider>().GetElapsedTime(started);
        await http.Page<LedgerCheckPage>(new LedgerCheckModel(PageVisitor.Of(http), result, took));
    }
}

/// <summary>What the review shows.</summary>
public sealed record ReviewModel(PageVisitor Visitor, ReviewFilters Filters, ReviewResult.Answered? Answer);

/// <summary>What a press on "verify" came to.</summary>
public sealed record LedgerCheckModel(PageVisitor Visitor, LedgerCheckResult Result, TimeSpan Took);
