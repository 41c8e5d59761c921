using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>
/// The value set or code system that a call is about: known from the definitions and packages, sent with the call, or stored. What is published is read by every token with a
/// scope for the type and leaves no entry; a stored one is a record, and comes by the disclosure road alone.
/// </summary>
internal sealed class TerminologySource(ValueSets valueSets, ConformanceResources resources, Disclosure disclosure, SmartUrls urls, TimeProvider time)
{
    public ValueSets ValueSets => valueSets;

    public CodeSystems CodeSystems => valueSets.CodeSystems;

    /// <summary>What the call says, for who has a scope to read the type.</summary>
    /// <param name="call">The call.</param>
    /// <param name="parameters">Those that the operation takes.</param>
    /// <param name="type">The type that it is about.</param>
    /// <param name="body">The parameter that may be the whole body, a resource of the type; null for none.</param>
    public static async ValueTask<(OperationInput? Input, FhirFault? Fault)> Input(OperationCall call, IReadOnlyList<string> parameters, string type, string? body = null) =>
        call.Call.Covers(type, ScopeInteraction.Read)
            ? await OperationInput.Read(call, parameters, body is null ? null : (body, type))
            : (null, TerminologyFaults.NoScope);

    /// <summary>The value set by the call's id, or by <c>url</c> and <c>valueSetVersion</c>, or in <c>valueSet</c>.</summary>
    public async ValueTask<(ValueSet? Set, ReceiptId? Receipt, FhirFault? Fault)> FindValueSet(OperationCall call, OperationInput input)
    {
        var (url, version, inline, fault) = ValueSetNamed(call, input);
        if (fault is not null)
        {
            return (null, null, fault);
        }

        if (url is not null && valueSets.Find(Canonical(url, version)) is { } known)
        {
            return (known, null, null);
        }

        var (resource, receipt) = (inline, (ReceiptId?)null);
        if (resource is null)
        {
            (resource, receipt, fault) = await Stored(call, "ValueSet", call.Id, url, version);
            if (resource is null)
            {
                return (null, receipt, fault);
            }
        }

        var set = ValueSets.Read(resource.Value, out var why);
        return (set, receipt, set is null ? FhirFault.Of(422, IssueType.TooCostly, why) : null);
    }

    /// <summary>What is wrong with how the call names its value set; null where nothing is.</summary>
    public static FhirFault? ValueSetFault(OperationCall call, OperationInput input) => ValueSetNamed(call, input).Fault;

    /// <summary>The same of its concept map.</summary>
    public static FhirFault? ConceptMapFault(OperationCall call, OperationInput input) => ConceptMapNamed(call, input).Fault;

    /// <summary>The same of its code system.</summary>
    public static FhirFault? CodeSystemFault(OperationCall call, string? url, JsonElement? inline = null) =>
        inline is not null ? null : OneOf("the code system", "url, system, a Coding's system, or an id in the path", url is not null, call.Id is not null);

    /// <summary>The concept map by the call's id, or by <c>url</c> and <c>conceptMapVersion</c>, or in <c>conceptMap</c>.</summary>
    public async ValueTask<(ConceptMap? Map, ReceiptId? Receipt, FhirFault? Fault)> FindConceptMap(OperationCall call, OperationInput input)
    {
        var (url, version, inline, fault) = ConceptMapNamed(call, input);
        if (fault is not null)
        {
            return (null, null, fault);
        }

        if ((inline ?? (url is null ? null : resources.Find("ConceptMap", Canonical(url, version)))) is { } known)
        {
            return (new ConceptMap(known), null, null);
        }

        (var stored, var receipt, fault) = await Stored(call, "ConceptMap", call.Id, url, version);
        return (stored is { } resource ? new ConceptMap(resource) : null, receipt, fault);
    }

    /// <summary>The code system by the call's id, or by the URL and version that the operation's parameters name, or as it was sent.</summary>
    public async ValueTask<(CodeSystem? System, ReceiptId? Receipt, FhirFault? Fault)> FindCodeSystem(OperationCall call, string? url, string? version, JsonElement? inline = null)
    {
        if (inline is { } sent)
        {
            var given = CodeSystems.Read(sent);
            return given.HasConcepts ? (given, null, null) : (null, null, FhirFault.Of(422, IssueType.NotFound, $"The code system that was sent has no concepts: its content is {given.Content}."));
        }

        if (CodeSystemFault(call, url) is { } wrong)
        {
            return (null, null, wrong);
        }

        var found = url is null ? null : CodeSystems.Find(Canonical(url, version));
        ReceiptId? receipt = null;
        if (found is null)
        {
            var (resource, its, fault) = await Stored(call, "CodeSystem", call.Id, url, version);
            if (resource is null)
            {
                return (null, its, fault);
            }

            (found, receipt) = (CodeSystems.Read(resource.Value), its);
        }

        return found.HasConcepts ? (found, receipt, null)
            : (null, receipt, FhirFault.Of(422, IssueType.NotFound, $"The concepts of this code system are not held here: its content is {found.Content}."));
    }

    public static string Canonical(string url, string? version) => version is null ? url : $"{url}|{version}";

    private static (string? Url, string? Version, JsonElement? Inline, FhirFault? Fault) ValueSetNamed(OperationCall call, OperationInput input) =>
        Named(call, input, "the value set", "valueSetVersion", "valueSet");

    private static (string? Url, string? Version, JsonElement? Inline, FhirFault? Fault) ConceptMapNamed(OperationCall call, OperationInput input) =>
        Named(call, input, "the concept map", "conceptMapVersion", "conceptMap");

    private static (string? Url, string? Version, JsonElement? Inline, FhirFault? Fault) Named(OperationCall call, OperationInput input, string what, string versionName, string inlineName)
    {
        FhirFault? fault = null;
        var (url, version, inline) = (input.Text("url", ref fault), input.Text(versionName, ref fault), input.Object(inlineName, ref fault));
        return (url, version, inline, fault ?? OneOf(what, $"url, {inlineName} or an id in the path", url is not null, inline is not null, call.Id is not null));
    }

    private static FhirFault? OneOf(string what, string how, params ReadOnlySpan<bool> given)
    {
        var count = 0;
        foreach (var one in given)
        {
            count += one ? 1 : 0;
        }

        return count == 1 ? null : FhirFault.BadRequest($"Name {what} once: by {how}.", count == 0 ? IssueType.Required : IssueType.Invalid);
    }

    private async ValueTask<(JsonElement? Resource, ReceiptId? Receipt, FhirFault? Fault)> Stored(OperationCall call, string type, string? id, string? url, string? version)
    {
        Target? target = id is not null ? new Target.Record(type, id, null) : Criteria(call, type, url!, version);
        if (target is null)
        {
            return (null, null, NotKnown(type));
        }

        var request = new DisclosureRequest
        {
            Caller = call.Call.Caller,
            Purpose = call.Call.Purpose.Purpose,
            EmergencyReason = call.Call.Purpose.EmergencyReason,
            RequestId = call.Call.RequestId,
            Target = target,
        };
        using var result = await disclosure.Disclose(request, call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed { Records: [var record, ..] } found => (JsonDocument.Parse(record.Json.ToArray(), new JsonDocumentOptions { MaxDepth = 64 }).RootElement, found.Receipt, null),
            DisclosureResult.Disclosed none => (null, none.Receipt, NotKnown(type)),
            DisclosureResult.NotThere absent => (null, absent.Receipt, FhirFault.NotThere),
            DisclosureResult.Gone gone => (null, gone.Receipt, FhirFault.Gone),
            DisclosureResult.TooBroad => (null, null, FhirFault.TooManyPatients),
            _ => (null, null, FhirFault.LedgerUnavailable),
        };
    }

    /// <summary>The stored resource of that URL that was changed last; null where no scope covers searching the type.</summary>
    private Target.Criteria? Criteria(OperationCall call, string type, string url, string? version)
    {
        if (!call.Call.Covers(type, ScopeInteraction.Search))
        {
            return null;
        }

        var bar = url.LastIndexOf('|');
        var parameters = new List<KeyValuePair<string, string>> { new("url", Escaped(bar < 0 ? url : url[..bar])) };
        version ??= bar < 0 ? null : url[(bar + 1)..];
        if (version is not null)
        {
            parameters.Add(new("version", Escaped(version)));
        }

        parameters.AddRange([new("_sort", "-_lastUpdated"), new("_count", "1")]);
        var parsed = SearchQuery.Parse(type, parameters, new SearchOptions { Now = time.GetUtcNow(), LocalBase = urls.Fhir });
        return parsed.Query is { } query ? new Target.Criteria(type, query, QueryText.Join(parameters).TrimStart('?'), default) : null;
    }

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("$", "\\$", StringComparison.Ordinal);

    private static FhirFault NotKnown(string type) => FhirFault.Of(404, IssueType.NotFound,
        $"There is no {type} of this URL and version in the definitions or the loaded packages, and none that this client may see among the stored ones.");
}
