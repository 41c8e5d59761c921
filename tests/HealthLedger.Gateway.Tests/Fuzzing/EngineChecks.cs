using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>What must hold of any input in the engine, without a server: no exception but the documented ones, and answers that are FHIR themselves.</summary>
internal static class EngineChecks
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TermPool Pool = new();
    private static readonly Lazy<JsonElement[]> Inputs = new(() => [.. Seeds.Resources.Take(60).Select(seed => JsonDocument.Parse(seed.Json).RootElement)]);
    private static readonly ProfileValidator Profiles = new(new ConformanceResources(R4Profiles.Resources), new ValueSets(new ConformanceResources(R4Terminology.Resources)));
    private static readonly Lazy<ILookup<string, string>> ByType = new(Profiles.ProfilesByType);
    private static readonly Lazy<ILookup<string, SearchCandidate>> Candidates = new(() => Seeds.Resources
        .Select((seed, i) => new SearchCandidate(SearchTermExtractor.Extract(seed.Json, Pool)!, ResourceJson.ReadHeader(seed.Json).Id ?? $"x{i}", Now))
        .ToLookup(candidate => candidate.Terms.ResourceType));

    public static Judged Json(byte[] input)
    {
        var outcome = ResourceValidator.Validate(input);
        if (Told(outcome.Issues) is { } wrong)
        {
            return Judged.By(wrong);
        }

        var compared = Profiles.Validate(input, profiles: outcome.ResourceType is { } type && ByType.Value[type].FirstOrDefault() is { } profile ? [profile] : [], withWarnings: true);
        if (Told(compared.Issues) is { } wrongly)
        {
            return Judged.By(wrongly);
        }

        if (compared.IsValid && !outcome.IsValid)
        {
            return Judged.By("is valid with profiles, and is not without");
        }

        var terms = SearchTermExtractor.Extract(input, Pool);
        if (!outcome.IsValid)
        {
            return Judged.Refused;
        }

        if (terms is null)
        {
            return Judged.By("is valid, but has no terms");
        }

        var header = ResourceJson.ReadHeader(input);
        if (header.ResourceType != outcome.ResourceType || ResourceJson.ReadType(input) != outcome.ResourceType)
        {
            return Judged.By("the head and the validator differ in the type");
        }

        PatientCompartment.PatientsOf(terms, "x");
        ResourceReferences.Of(input);
        var stored = ResourceEditor.Edit(input, new ResourceEdit { Id = "x", VersionId = "1", LastUpdated = Now, Links = (_, _) => null });
        if (ResourceValidator.Validate(stored) is { IsValid: false } edited)
        {
            return Judged.By($"is invalid once the server has added its own: {edited.Issues[0]}");
        }

        if (outcome.ResourceType == "Bundle")
        {
            var bundle = new BundleReader(input);
            while (bundle.Next() is not null)
            {
            }
        }

        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        terms.WriteTo(buffer);
        ResourceTerms.Read(buffer.WrittenSpan, Pool);
        return Judged.By(Written(XmlResource.Write(input)));
    }

    public static Judged Xml(byte[] input)
    {
        var reading = XmlResource.Read(input);
        if (Told(reading.Issues) is { } wrong)
        {
            return Judged.By(wrong);
        }

        if (reading.Issues.Count > 0)
        {
            return reading.Json.IsEmpty ? Judged.Refused : Judged.By("has issues and JSON");
        }

        var outcome = ResourceValidator.Validate(reading.Json);
        return Told(reading.InXml(outcome.Issues)) is { } wrongIssues ? Judged.By(wrongIssues) : outcome.IsValid ? Judged.By(Written(XmlResource.Write(reading.Json))) : Judged.Refused;
    }

    /// <summary>The input is an XML Patch.</summary>
    public static Judged XmlPatch(byte[] input)
    {
        if (HealthLedger.Fhir.Patch.XmlPatch.Parse(input).Patch is not { } patch)
        {
            return Judged.Refused;
        }

        foreach (var seed in Patched)
        {
            var (patched, fault) = patch.Apply(seed.Json);
            if (patched is null == fault is null)
            {
                return Judged.By("has neither a result nor a fault, or both");
            }

            if (patched is not null && ResourceValidator.Validate(patched).ResourceType is null)
            {
                return Judged.By("leaves no resource");
            }
        }

        return Judged.By(null);
    }

    /// <summary>With narrative, and without.</summary>
    private static readonly Seed[] Patched = [.. Seeds.Resources.Where(s => s.Type is "Patient" or "Observation").Take(6)];

    /// <summary>The input is TYPE?QUERY.</summary>
    public static Judged Query(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var question = text.IndexOf('?');
        var (type, parameters) = (text[..question], QueryText.Split(text[(question + 1)..]));
        var joined = QueryText.Split(QueryText.Join(parameters).TrimStart('?'));
        if (!joined.SequenceEqual(parameters))
        {
            return Judged.By("joined and split again it is another query");
        }

        var isAccepted = false;
        foreach (var isLenient in new[] { false, true })
        {
            var result = SearchQuery.Parse(type, parameters, new SearchOptions { Now = Now, LocalBase = "http://localhost/fhir", IsLenient = isLenient });
            if (result.Query is null == (result.Errors.Count == 0))
            {
                return Judged.By("has neither a query nor errors, or both");
            }

            if (result.Query is not { } query)
            {
                continue;
            }

            query.PatientIds();
            var candidates = Candidates.Value[type].ToArray();
            foreach (var candidate in candidates)
            {
                query.Matches(candidate, new AllRecords()).AsTask().GetAwaiter().GetResult();
                var (key, first) = (query.KeyOf(candidate), query.KeyOf(candidates[0]));
                if (Math.Sign(query.Compare(key, first)) != -Math.Sign(query.Compare(first, key)))
                {
                    return Judged.By("its order depends on which of two comes first");
                }

                if (query.Compare(SearchKey.Read(key.ToBytes())!, key) != 0)
                {
                    return Judged.By("its place in the order changes once it has been written");
                }
            }

            isAccepted |= !isLenient;
        }

        return isAccepted ? Judged.By(null) : Judged.Refused;
    }

    /// <summary>The input is an expression; it is evaluated over one of the seeds.</summary>
    public static Judged FhirPath(byte[] input) => FhirPath(Encoding.UTF8.GetString(input), Inputs.Value[input.Length % Inputs.Value.Length]);

    /// <summary>The same over one resource.</summary>
    public static Judged FhirPath(string text, byte[] resource)
    {
        using var document = JsonDocument.Parse(resource);
        return FhirPath(text, document.RootElement);
    }

    private static Judged FhirPath(string text, JsonElement resource)
    {
        FhirPathExpression expression;
        try
        {
            expression = FhirPathExpression.Parse(text);
        }
        catch (FhirPathSyntaxException fault)
        {
            return fault.Position < 0 || fault.Position > text.Length ? Judged.By($"the fault's place is {fault.Position}") : Judged.Refused;
        }

        try
        {
            expression.Evaluate(resource, TimeProvider.System);
            return Judged.By(null);
        }
        catch (FhirPathEvaluationException)
        {
            return Judged.Refused;
        }
    }

    /// <summary>Whatever is said of an input is an OperationOutcome, and short.</summary>
    private static string? Told(IReadOnlyList<ValidationIssue> issues)
    {
        if (issues.Count > ResourceValidator.MaxIssues)
        {
            return $"{issues.Count} issues";
        }

        var told = OperationOutcomeJson.From(issues);
        return ResourceValidator.Validate(told, "OperationOutcome") is { IsValid: false } wrong ? $"the OperationOutcome is wrong: {wrong.Issues[0]}: {Encoding.UTF8.GetString(told)}" : null;
    }

    /// <summary>What is valid and was written as XML can be read again, and is valid again.</summary>
    private static string? Written(byte[] xml)
    {
        var again = XmlResource.Read(xml);
        return again.Issues.Count > 0 ? $"its XML cannot be read: {again.Issues[0]}: {Encoding.UTF8.GetString(xml)}"
            : ResourceValidator.Validate(again.Json) is { IsValid: false } outcome ? $"through XML it is invalid: {outcome.Issues[0]}" : null;
    }

    /// <summary>All seeds, to be looked through by chains and their reverse; any record refers to any other.</summary>
    private sealed class AllRecords : IVisibleRecords
    {
        public ValueTask<SearchCandidate?> Find(string type, string id) =>
            ValueTask.FromResult<SearchCandidate?>(Candidates.Value[type].Where(c => c.Id == id).Select(c => (SearchCandidate?)c).FirstOrDefault());

        public async ValueTask<bool> Meets(string type, string id, SearchQuery condition) => await Find(type, id) is { } found && await condition.Matches(found, this);

        public async ValueTask<bool> IsReferredTo(string type, string id, string parameter, SearchQuery condition)
        {
            foreach (var candidate in Candidates.Value[condition.ResourceType])
            {
                if (await condition.Matches(candidate, this))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
