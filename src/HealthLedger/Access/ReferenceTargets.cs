using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Where the references of one transaction lead: <c>urn:uuid:</c> and other fullUrls to the records that the same transaction writes, conditional
/// references (<c>Practitioner?identifier=...</c>) to directory records, which every caller may see, or to the one record that <see cref="Conditions"/> found. A reference by this server's own
/// address is made relative, so that a record can never stand outside the compartment of the patient it names. Other literal references stay as they are, and are not
/// checked: whether a patient's record exists is not for a writer to learn. Source: http://hl7.org/fhir/R4/http.html#trules
/// </summary>
internal sealed class ReferenceTargets(
    RecordVault vault, IReadOnlyDictionary<string, string> byFullUrl, IReadOnlyDictionary<string, string> found, string localBase, bool isTransaction, DateTimeOffset now)
{
    private readonly byte[] _localPrefix = Encoding.UTF8.GetBytes(localBase.Length == 0 ? "" : localBase + "/");
    private readonly Dictionary<string, string> _conditional = new(found, StringComparer.Ordinal);

    /// <summary>Where the relative references of the resource at hand begin: the base of its entry's fullUrl (R4 bundle.html#references); null where it has none.</summary>
    private string? _base;

    /// <summary>Finds the targets of all references that need one; the first that leads nowhere, or null. Relative ones are read beside <paramref name="fullUrl"/>.</summary>
    public async ValueTask<(string Reason, string Location)?> Resolve(ReadOnlyMemory<byte> resource, string? fullUrl, CancellationToken cancellation)
    {
        _base = BaseOf(fullUrl);
        HashSet<string>? within = null;
        foreach (var reference in ResourceReferences.Of(resource.Span))
        {
            switch (reference.Kind)
            {
                case ReferenceKind.Urn when !byFullUrl.ContainsKey(reference.Text) && !(within ??= EntriesOf(resource.Span)).Contains(reference.Text):
                    return (isTransaction ? "no entry has that fullUrl." : "outside a transaction there are no other entries to refer to. Send both records in one transaction, or refer by Type/id.", reference.Element);

                case ReferenceKind.Absolute when Local(reference.Text) is { } local && LiteralReference.Parse(Encoding.UTF8.GetBytes(local)).Kind != ReferenceKind.Relative:
                    return ("an address of this server ends in Type/id, with or without /_history/version.", reference.Element);

                case ReferenceKind.Conditional when !_conditional.ContainsKey(reference.Text):
                    if (await Find(reference.Text, cancellation) is not { } target)
                    {
                        return ("a conditional reference must match exactly one record that this client may see.", reference.Element);
                    }

                    _conditional.Add(reference.Text, target);
                    break;
            }
        }

        return null;
    }

    /// <summary>What a link becomes; null to leave it. Only links that <see cref="Resolve"/> saw are known.</summary>
    public string? Rewrite(ReadOnlySpan<byte> link, LinkPlace place)
    {
        var isLocal = place == LinkPlace.Reference && _localPrefix.Length > 0 && link.StartsWith(_localPrefix);
        if (byFullUrl.Count == 0 && _conditional.Count == 0 && !isLocal)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(link);
        return byFullUrl.GetValueOrDefault(text)
            ?? (place == LinkPlace.Reference && _base is not null ? byFullUrl.GetValueOrDefault(_base + text) : null)
            ?? (place == LinkPlace.Reference ? _conditional.GetValueOrDefault(text) : null)
            ?? (isLocal ? text[localBase.Length..].TrimStart('/') : null);
    }

    /// <summary>The fullUrls in a resource that is a Bundle itself: what its entries say of each other stays as it is (http://hl7.org/fhir/R4/bundle.html#references).</summary>
    private static HashSet<string> EntriesOf(ReadOnlySpan<byte> resource)
    {
        var urls = new HashSet<string>(StringComparer.Ordinal);
        var json = new Utf8JsonReader(resource);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("fullUrl"u8) && json.Read() && json.TokenType == JsonTokenType.String)
            {
                urls.Add(json.GetString()!);
            }
        }

        return urls;
    }

    private static string? BaseOf(string? fullUrl) =>
        fullUrl is not null && LiteralReference.Parse(Encoding.UTF8.GetBytes(fullUrl)) is { Kind: ReferenceKind.Absolute, Version.IsEmpty: true } parts ? Encoding.UTF8.GetString(parts.BaseUrl) + "/" : null;

    /// <summary>What follows this server's address; null for any other.</summary>
    private string? Local(string reference) =>
        localBase.Length > 0 && reference.StartsWith(localBase + "/", StringComparison.Ordinal) ? reference[(localBase.Length + 1)..] : null;

    private async ValueTask<string?> Find(string reference, CancellationToken cancellation)
    {
        var question = reference.IndexOf('?');
        var type = reference[..question];
        return DirectoryQuery.Parse(type, reference[(question + 1)..], now) is { } query
            && await vault.OpenShelf(ShelfId.ForDirectory(type), cancellation) is { } shelf
            && query.First(shelf, 2) is [var found]
            ? $"{type}/{found.Key.Id}"
            : null;
    }
}

/// <summary>A query over the directory records of one type, which every caller may see: for conditional references.</summary>
internal sealed class DirectoryQuery
{
    private readonly SearchQuery _query;
    private readonly string _type;

    private DirectoryQuery(string type, SearchQuery query) => (_type, _query) = (type, query);

    /// <summary>Null where the type is no directory type, or the query says nothing or is not one of the type's.</summary>
    public static DirectoryQuery? Parse(string type, string query, DateTimeOffset now) =>
        query.Length > 0 && AccessPolicy.IsDirectory(type) && SearchQuery.Parse(type, QueryText.Split(query), new SearchOptions { Now = now }).Query is { IsLocal: true } parsed
            ? new DirectoryQuery(type, parsed)
            : null;

    /// <summary>The first matching records, at most <paramref name="count"/>.</summary>
    public IReadOnlyList<ShelfEntry> First(Shelf shelf, int count) => [.. shelf.OfType(_type).Where(entry => entry.Terms is not null && _query.Matches(RecordView.Candidate(entry))).Take(count)];
}
