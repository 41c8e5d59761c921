using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Gateway.Portal;

/// <summary>
/// Names of organizations, for people: read on the disclosure road as any caller may, at most once a minute, and kept. They describe the care system, not a patient.
/// </summary>
internal sealed class OrganizationNames(Disclosure disclosure, TimeProvider time)
{
    private const int Most = 500;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    private volatile Known? _known;

    /// <summary>Names by reference, <c>Organization/id</c>; what was known before, or nothing, where the ledger takes no entries.</summary>
    public async ValueTask<IReadOnlyDictionary<string, string>> Get(Caller caller, string requestId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_known is { } known && now < known.Until)
        {
            return known.Names;
        }

        var query = $"_count={Most}";
        var parsed = SearchQuery.Parse("Organization", QueryText.Split(query), new SearchOptions { Now = now });
        var request = new DisclosureRequest
        {
            Caller = caller,
            Purpose = caller.Purposes[0],
            RequestId = requestId,
            Target = new Target.Criteria("Organization", parsed.Query!, query, default),
        };
        using var result = await disclosure.Disclose(request, cancellation);
        if (result is not DisclosureResult.Disclosed { Records: var records })
        {
            return _known?.Names ?? None;
        }

        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var record in records)
        {
            using var json = JsonDocument.Parse(record.Json);
            if (json.RootElement.TryGetProperty("name", out var name) && name.GetString() is { Length: > 0 } text)
            {
                names[$"Organization/{record.Key.Id}"] = text;
            }
        }

        _known = new Known(names, now + Lifetime);
        return names;
    }

    private sealed record Known(IReadOnlyDictionary<string, string> Names, DateTimeOffset Until);
}
