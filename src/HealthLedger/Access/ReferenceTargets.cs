using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Where the references of one transaction lead: <c>urn:uuid:</c> and other fullUrls to the records that the same transaction writes, conditional
/// references (<c>Practitioner?identifier=...</c>) to the one record that matches among directory records, which every caller may see, or those that <see cref="Conditions"/> found, as the
/// transaction leaves them: the specification resolves these references after deletes, creates and updates, so that they find what the transaction writes. A reference by this server's own
/// address is made relative, so that a record can never stand outside the compartment of the patient it names. Other literal references stay as they are, and are not
/// checked: whether a patient's record exists is not for a writer to learn. Source: http://hl7.org/fhir/R4/http.html#trules
/// </summary>
/// <param name="vault">For directory records.</param>
/// <param name="byFullUrl">What each fullUrl leads to.</param>
/// <param name="found">What is stored for conditional references to other types.</param>
/// <param name="written">What the transaction writes and deletes; empty where there is none.</param>
/// <param name="localBase">This server's address.</param>
/// <param name="isTransaction">Whether entries refer to each other.</param>
/// <param name="now">The time of the change.</param>
internal sealed class ReferenceTargets(
    RecordVault vault, IReadOnlyDictionary<string, string> byFullUrl, IReadOnlyDictionary<string, FoundTargets> found, IReadOnlyList<WrittenRecord> written, string localBase, bool isTransaction, DateTimeOffset now)
{
    private readonly byte[] _localPrefix = Encoding.UTF8.GetBytes(localBase.Length == 0 ? "" : localBase + "/");
    private readonly Dictionary<string, string> _conditional = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = [.. written.Select(w => w.Reference)];
    private readonly Dictionary<string, ResourceTerms?> _terms = new(StringComparer.Ordinal);

    /// <summary>Where the relative references of the resource at hand begin: the base of its entry's fullUrl (R4 bundle.html#references); null where it has none.</summary>
    private string? _base;

    /// <summary>Finds the targets of all references that need one; the first that leads nowhere, or null. Relative ones are read beside <paramref name="fullUrl"/>.</summary>
    public async ValueTask<(IssueType Type, string Reason, string Location)?> Resolve(ReadOnlyMemory<byte> resource, string? fullUrl, CancellationToken cancellation)
    {
        _base = BaseOf(fullUrl);
        HashSet<string>? within = null;
        foreach (var reference in ResourceReferences.Of(resource.Span))
        {
            switch (reference.Kind)
            {
                case ReferenceKind.Urn when !byFullUrl.ContainsKey(reference.Text) && !(within ??= EntriesOf(resource.Span)).Contains(reference.Text):
                    return (IssueType.NotFound, isTransaction ? "no entry has that fullUrl." : "outside a transaction there are no other entries to refer to. Send both records in one transaction, or refer by Type/id.", reference.Element);

                case ReferenceKind.Absolute when Local(reference.Text) is { } local && LiteralReference.Parse(Encoding.UTF8.GetBytes(local)).Kind != ReferenceKind.Relative:
                    return (IssueType.NotFound, "an address of this server ends in Type/id, with or without /_history/version.", reference.Element);

                case ReferenceKind.Conditional when !_conditional.ContainsKey(reference.Text):
                    var matches = await Find(reference.Text, cancellation);
                    if (matches is not [var target])
                    {
                        return (
                            matches.Count == 0 ? IssueType.NotFound : IssueType.MultipleMatches,
                            $"a conditional reference must match exactly one record that this client may see{(isTransaction ? ", or that the transaction writes" : "")}.",
                            reference.Element);
                    }

                    _conditional.Add(reference.Text, target);
                    break;
            }
        }

        return null;
    }

    /// <summary>What a link becomes; null to leave it. Only links that <see cref="Resolve"/> saw are known.</summary>
    public string? Rewrite(ReadOnlySpan<byte> link, LinkPlace place) => Rewrite(link, place, _base, _conditional);

    private string? Rewrite(ReadOnlySpan<byte> link, LinkPlace place, string? from, IReadOnlyDictionary<string, string> conditional)
    {
        var isLocal = place == LinkPlace.Reference && _localPrefix.Length > 0 && link.StartsWith(_localPrefix);
        if (byFullUrl.Count == 0 && conditional.Count == 0 && !isLocal)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(link);
        return byFullUrl.GetValueOrDefault(text)
            ?? (place == LinkPlace.Reference && from is not null ? byFullUrl.GetValueOrDefault(from + text) : null)
            ?? (place == LinkPlace.Reference ? conditional.GetValueOrDefault(text) : null)
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

    /// <summary>What a conditional reference leads to; of several, two.</summary>
    private async ValueTask<IReadOnlyList<string>> Find(string reference, CancellationToken cancellation)
    {
        var question = reference.IndexOf('?');
        var type = reference[..question];
        IEnumerable<string> stored = [];
        SearchQuery? query;
        if (found.TryGetValue(reference, out var targets))
        {
            if (targets.HasMore)
            {
                return [.. targets.Stored.Take(2)];
            }

            (query, stored) = (targets.Query, targets.Stored);
        }
        else
        {
            query = DirectoryQuery(type, reference[(question + 1)..]);
            if (query is not null && await vault.OpenShelf(ShelfId.ForDirectory(type), cancellation) is { } shelf)
            {
                stored = shelf.OfType(type).Where(entry => entry.Terms is not null && query.Matches(RecordView.Candidate(entry))).Select(entry => $"{type}/{entry.Key.Id}");
            }
        }

        // One that looks through other records is asked of the records as they are before the transaction.
        return query is not { IsLocal: true } ? [.. stored.Take(2)] : [.. stored.Where(r => !_changed.Contains(r)).Concat(Written(type, query, cancellation)).Take(2)];
    }

    /// <summary>What the transaction itself writes of what is sought.</summary>
    private IEnumerable<string> Written(string type, SearchQuery query, CancellationToken cancellation)
    {
        foreach (var record in written)
        {
            cancellation.ThrowIfCancellationRequested();
            if (record.Type == type && !record.IsDeleted && Terms(record) is { } terms && query.Matches(new SearchCandidate(terms, record.Id, now)))
            {
                yield return record.Reference;
            }
        }
    }

    /// <summary>What a record is found by, its conditional references aside: none of them is resolved before all records are written.</summary>
    private ResourceTerms? Terms(WrittenRecord record)
    {
        if (!_terms.TryGetValue(record.Reference, out var terms))
        {
            var from = BaseOf(record.FullUrl);
            var body = ResourceEditor.Edit(record.Body.Span, new ResourceEdit
            {
                Id = record.Id, VersionId = "1", LastUpdated = now, Links = (link, place) => Rewrite(link, place, from, ImmutableDictionary<string, string>.Empty),
            });
            _terms[record.Reference] = terms = SearchTermExtractor.Extract(body, vault.Vocabulary);
        }

        return terms;
    }

    /// <summary>A query over the directory records of one type; null where the type is no directory type, or the query says nothing or is not one of the type's.</summary>
    private SearchQuery? DirectoryQuery(string type, string query) =>
        query.Length > 0 && AccessPolicy.IsDirectory(type) && SearchQuery.Parse(type, QueryText.Split(query), new SearchOptions { Now = now }).Query is { IsLocal: true } parsed ? parsed : null;
}

/// <summary>A record that a transaction writes, or deletes.</summary>
internal sealed record WrittenRecord(string Type, string Id, Change Change)
{
    public string Reference { get; } = $"{Type}/{Id}";

    public bool IsDeleted => Change.Kind == ChangeKind.Delete;

    public string? FullUrl => Change.FullUrl;

    public ReadOnlyMemory<byte> Body => Change.Body;
}
