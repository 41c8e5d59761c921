using System.Text.Json;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>What is asked beyond the definitions.</summary>
/// <param name="RefuseUnknownExtensions">Whether an extension without a loaded definition is an error. FHIR leaves that to the receiver; by default it is not.</param>
/// <param name="KnownPrefixes">Beginnings of extension URLs that count as known all the same.</param>
/// <param name="RefuseMarkup">Whether strings and markdown that hold what looks like an HTML tag are an error (R4 security.html#narrative).</param>
public sealed record ProfilePolicy(bool RefuseUnknownExtensions, IReadOnlyList<string> KnownPrefixes, bool RefuseMarkup = false)
{
    /// <summary>Unknown extensions are accepted.</summary>
    public static ProfilePolicy Default { get; } = new(false, []);
}

/// <summary>
/// Validates resources against R4 and against profiles, R4's own and those of loaded packages (R4 profiling.html): those that the caller names, those that meta.profile claims, and the
/// definitions of extensions. Safe for many threads. A text takes a bounded number of steps, whatever it and the profiles say.
/// </summary>
public sealed class ProfileValidator(ConformanceResources resources, ITerminology terminology, ProfilePolicy? policy = null)
{
    private readonly ProfileStore _store = new(resources);
    private readonly AdvisedCodes _advised = new(terminology);
    private readonly ProfilePolicy _policy = policy ?? ProfilePolicy.Default;

    /// <summary>Whether this profile is loaded, or is a type of R4 itself.</summary>
    public bool Knows(string canonical) => ProfileStore.CoreType(canonical) is not null || _store.Find(canonical) is not null;

    /// <summary>The canonical URLs, without versions, of the profiles known here, by the resource type they constrain. Reads them all.</summary>
    public ILookup<string, string> ProfilesByType() => _store.ByResourceType();

    /// <summary>The canonical URLs, without versions, of the loaded implementation guides.</summary>
    public IEnumerable<string> Guides() => resources.Urls("ImplementationGuide").Order(StringComparer.Ordinal);

    /// <summary>Validates one resource.</summary>
    /// <param name="utf8Json">The JSON text. Its size is the caller's to limit.</param>
    /// <param name="expectedType">The resource type it must be; null for any.</param>
    /// <param name="profiles">Canonical URLs of profiles that it must meet beside those it claims; one that is not known is an error.</param>
    /// <param name="withWarnings">Whether warnings and remarks are listed.</param>
    public ValidationOutcome Validate(ReadOnlyMemory<byte> utf8Json, string? expectedType = null, IReadOnlyList<string>? profiles = null, bool withWarnings = false)
    {
        var outcome = ResourceValidator.Validate(utf8Json, expectedType, withWarnings, withWarnings ? _advised : null);
        if (outcome.ResourceType is null || outcome.Issues.Any(i => i.Severity == IssueSeverity.Fatal) || !(withWarnings || profiles is { Count: > 0 } || MayClaim(utf8Json.Span)))
        {
            return outcome;
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8Json, new JsonDocumentOptions { MaxDepth = ResourceValidator.MaxDepth });
        }
        catch (JsonException)
        {
            return outcome;
        }

        using (document)
        {
            var issues = outcome.Issues.ToList();
            try
            {
                return Compare(document.RootElement, outcome, issues, profiles ?? [], withWarnings);
            }
            catch (InvalidOperationException) when (!outcome.IsValid)
            {
                // A string that is none (half a surrogate pair) ends the comparison; the base validation has named it.
                return outcome with { Issues = issues };
            }
        }
    }

    /// <summary>False where a text surely holds nothing that is compared with a profile: most records do not, and are not walked a second time. Names with escapes are no valid names.</summary>
    private bool MayClaim(ReadOnlySpan<byte> text) =>
        _policy.RefuseMarkup || _store.HasGlobals || text.IndexOf("\"profile\""u8) >= 0 || text.IndexOf("xtension\""u8) >= 0;

    private ValidationOutcome Compare(JsonElement resource, ValidationOutcome outcome, List<ValidationIssue> issues, IReadOnlyList<string> profiles, bool withWarnings)
    {
        if (NodeItem.Resource(resource) is not { } root)
        {
            return outcome;
        }

        var run = new ProfileRun(_store, terminology, _policy, root, issues, withWarnings ? _advised : null);
        foreach (var profile in profiles)
        {
            run.Against(profile);
        }

        run.Claims();
        run.NoteMissed();
        if (run.IsExhausted)
        {
            issues.Add(new(IssueSeverity.Error, IssueType.TooCostly, "Comparing this with its profiles takes too many steps. Send less at once.", outcome.ResourceType!));
        }

        return outcome with { Issues = issues };
    }
}
