using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>
/// One run of a query (http://hl7.org/fhir/R4/graphql.html). It goes round by round: what a record in hand answers is written at once; the references and searches met on
/// the way are asked for together, then their records are gone through in turn.
/// </summary>
internal sealed partial class GraphQlRun(QueryDocument document, IReadOnlyDictionary<string, QueryValue> variables, IGraphQlRecords records)
{
    private const int MaxValues = 100_000;
    private const int MaxRecords = 500;
    private const int MaxSearches = 20;
    private const int MaxErrors = 50;

    /// <summary>The most matches of a list: as many as a page has.</summary>
    private const int MaxMatches = 500;

    private readonly List<GraphQlError> _errors = [];
    private readonly Dictionary<RecordAddress, JsonElement?> _read = [];
    private List<(RecordAddress Address, Action<JsonElement?> Then)> _links = [];
    private List<(string Type, List<KeyValuePair<string, string>> Parameters, Action<GraphQlMatches> Then)> _searches = [];
    private int _values;
    private int _searched;
    private string _root = GraphType.QueryName;
    private GraphQlIntrospection? _introspection;

    public IReadOnlyCollection<GraphQlError> Errors => _errors;

    /// <summary>The data of the answer.</summary>
    /// <exception cref="GraphQlException">The query asks for more than one request may.</exception>
    public async ValueTask<AnswerObject> Run(QueryOperation operation, JsonElement? resource)
    {
        var answer = new AnswerObject();
        if (resource is { } json && Focus.Of(json) is { } focus)
        {
            _root = focus.Type.Name;
            Fields(operation.Selections, focus, new Target(answer, null));
        }
        else Roots(operation.Selections, answer);
        while (_links.Count + _searches.Count > 0) await Round();
        return answer;
    }

    private async ValueTask Round()
    {
        var (links, searches) = (_links, _searches);
        (_links, _searches) = ([], []);
        var missing = links.Select(l => l.Address).Where(a => !_read.ContainsKey(a)).Distinct().ToList();
        if (_read.Count + missing.Count > MaxRecords) throw TooCostly($"A query follows references to at most {MaxRecords} records. Ask for fewer by _count.");
        if ((_searched += searches.Count) > MaxSearches) throw TooCostly($"A query makes at most {MaxSearches} searches, those within each record counted one by one.");
        if (missing.Count > 0)
        {
            var found = await records.Read(missing);
            for (var i = 0; i < missing.Count; i++) _read.Add(missing[i], found[i]);
        }

        foreach (var (address, then) in links) then(_read[address]);
        foreach (var (type, parameters, then) in searches) then(await records.Search(type, parameters));
    }

    /// <summary>The fields of a query to the system.</summary>
    private void Roots(IReadOnlyList<QuerySelection> selections, AnswerObject answer)
    {
        foreach (var (key, fields) in Collected(selections, null))
        {
            var (field, path) = (fields[0], new PathStep(null, key));
            var form = GraphField.Of(GraphType.Query, field.Name)!;
            switch (form.Kind)
            {
                case FieldKind.TypeName:
                    answer.Field(key).Values.Add(GraphType.QueryName);
                    break;
                case FieldKind.Schema:
                    Describe(fields, Output(field, new Target(answer, path), isList: false));
                    break;
                case FieldKind.Read:
                    Read(fields, form.Type.Type!.Name, Output(field, new Target(answer, path), isList: false), path);
                    break;
                default:
                    Search(fields, form, null, new Target(answer, path));
                    break;
            }
        }
    }

    private void Read(List<QueryField> fields, string type, Output output, PathStep path)
    {
        var field = fields[0];
        var id = Texts(field, "id").FirstOrDefault() ?? "";
        if (!FhirId.IsValid(id)) Wrong("An id has 1 to 64 letters, digits, '-' and '.'.", "value", field.Place, path);
        else if (!records.MayRead(type)) Wrong("No scope of this token covers reading this type.", "forbidden", field.Place, path);
        else
        {
            _links.Add((new(type, id), found => Resource(found, fields, output, () => Wrong("There is no such record here.", "not-found", field.Place, path))));
        }
    }

    /// <summary>The schema, or a type of it.</summary>
    private void Describe(List<QueryField> fields, Output output)
    {
        var selection = Described(Within(fields));
        _introspection ??= new(GraphQlSchema.R4, _root);
        output.Add(fields[0].Name == "__schema" ? _introspection.Schema(selection) : _introspection.Type(Texts(fields[0], "name").FirstOrDefault() ?? "", selection));
    }

    /// <summary>Puts a record into its place in the answer, or says that there is none.</summary>
    private void Resource(JsonElement? found, List<QueryField> fields, Output output, Action absent)
    {
        if (found is { } json && Focus.Of(json) is { } focus) Fields(Within(fields), focus, output.Next());
        else absent();
    }

    /// <summary>The fields of a resource or an element.</summary>
    private void Fields(IReadOnlyList<QuerySelection> selections, Focus focus, Target target)
    {
        foreach (var (key, fields) in Collected(selections, focus.Type))
        {
            var field = fields[0];
            if (++_values > MaxValues) throw TooCostly($"An answer has at most {MaxValues} values. Ask for fewer records or fields.");
            var at = target.Below(key);
            if (GraphField.Of(new(GraphKind.Known, focus.Type), field.Name) is not { } form)
            {
                Wrong($"{GraphField.NameOf(focus.Type)} has no field {field.Name}.", "invalid", field.Place, at.Path!);
                continue;
            }

            switch (form.Kind)
            {
                case FieldKind.TypeName:
                    Output(field, at, isList: false).Add(field.Name == "resourceType" ? focus.Type.Name : GraphField.NameOf(focus.Type));
                    break;
                case FieldKind.Schema:
                    Describe(fields, Output(field, at, isList: false));
                    break;
                case FieldKind.Link:
                    Link(fields, focus, at);
                    break;
                case FieldKind.List or FieldKind.Connection:
                    Search(fields, form, focus, at);
                    break;
                default:
                    Elements(fields, form, focus, at);
                    break;
            }
        }
    }

    private void Elements(List<QueryField> fields, GraphField form, Focus focus, Target target)
    {
        var field = fields[0];
        if ((form.Type.Kind == GraphKind.Leaf) != (Within(fields).Count == 0))
        {
            Wrong(form.Type.Kind == GraphKind.Leaf ? $"{field.Name} is a plain value: it has no fields to select." : $"{field.Name} has fields: select some in braces.", "invalid", field.Place, target.Path!);
            return;
        }

        var values = focus.Json.TryGetProperty(field.Name, out var json) ? json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().ToList() : [json] : [];
        if (form.IsRepeating) values = Filtered(values, field, form, focus, target.Path!);
        if (Has(field, "first")) values = values[..Math.Min(1, values.Count)];
        var output = Output(field, target, form.IsRepeating);
        for (var i = 0; i < values.Count; i++)
        {
            if (++_values > MaxValues) throw TooCostly($"An answer has at most {MaxValues} values. Ask for fewer records or fields.");
            var value = values[i];
            var slice = Slice(field, form, focus, value, i, target.Path!);
            if (form.Type.Kind == GraphKind.Leaf) (slice is null ? output : output.Sliced(slice)).Add(value.ValueKind == JsonValueKind.Null ? null : value);
            else if (focus.Of(value, form) is { } child) Fields(Within(fields), child, (slice is null ? output : output.Sliced(slice)).Next(form.IsRepeating ? i : null));
            else output.Add(null);
        }
    }

    /// <summary>A Reference's <c>resource</c>: one contained, or a record that is asked for like any other. What the caller may not see leads nowhere, like what is not there.</summary>
    private void Link(List<QueryField> fields, Focus focus, Target target)
    {
        var field = fields[0];
        var output = Output(field, target, isList: false);
        var (wanted, isOptional) = (Texts(field, "type").FirstOrDefault(), Texts(field, "optional").FirstOrDefault() == "true");
        var reference = LiteralReference.Parse(Encoding.UTF8.GetBytes(focus.Json.TryGetProperty("reference", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : ""));
        if (reference.Kind == ReferenceKind.Fragment)
        {
            var contained = focus.Contained(Encoding.UTF8.GetString(reference.Id));
            if (contained is null) Nowhere();
            else if (wanted is null || contained.Type.Name == wanted) Fields(Within(fields), contained, output.Next());
            return;
        }

        var isOurs = reference.Kind == ReferenceKind.Relative || (reference.Kind == ReferenceKind.Absolute && records.LocalBase.Length > 0 && Encoding.UTF8.GetString(reference.BaseUrl) == records.LocalBase);
        if (wanted is not null && reference.ResourceType is { } other && other != wanted) return;
        if (!isOurs || reference.ResourceType is not { } type || !records.MayRead(type))
        {
            Nowhere();
            return;
        }

        var address = new RecordAddress(type, Encoding.UTF8.GetString(reference.Id), reference.Version.IsEmpty ? null : Encoding.UTF8.GetString(reference.Version));
        _links.Add((address, found => Resource(found, fields, output, Nowhere)));

        void Nowhere()
        {
            if (!isOptional) Wrong("The reference leads to no record here.", "not-found", field.Place, target.Path!);
        }
    }

    /// <summary>A search, at the start of a query or for what refers to the resource in hand.</summary>
    private void Search(List<QueryField> fields, GraphField form, Focus? focus, Target target)
    {
        var field = fields[0];
        var type = form.Type.Type!.Name;
        var parameters = new List<KeyValuePair<string, string>>();
        foreach (var argument in field.Arguments.Where(a => a.Name != "fhirpath"))
        {
            // Values in an array are alternatives (http://hl7.org/fhir/R4/graphql.html#searching).
            var isReverse = focus is not null && argument.Name == "_reference";
            if (Texts(argument.Value) is { Count: > 0 } values) parameters.Add(isReverse ? new(Parameter(type, values[0]), focus!.Address ?? "") : new(Parameter(type, argument.Name), string.Join(',', values)));
        }

        if (parameters.Exists(p => p.Key == "_cursor") && (focus is not null || form.Kind == FieldKind.List))
        {
            Wrong("A cursor goes on with a connection where the query starts.", "invalid", field.Place, target.Path!);
            return;
        }

        // A list is everything or an error; who wants a part of it says how much (http://hl7.org/fhir/R4/graphql.html#list).
        var isWhole = form.Kind == FieldKind.List && !parameters.Exists(p => p.Key == "_count");
        if (isWhole) parameters.Add(new("_count", MaxMatches.ToString(CultureInfo.InvariantCulture)));
        var output = Output(field, target, form.Kind == FieldKind.List);
        _searches.Add((type, parameters, found =>
        {
            if (found.Fault is { } fault)
            {
                Wrong(fault, found.Code, field.Place, target.Path!);
                return;
            }

            var through = found with { Records = Matching(found.Records, field, target.Path!) };
            if (form.Kind == FieldKind.Connection)
            {
                Connection(Within(fields), form.Type.Type, through, parameters, output.Next());
                return;
            }

            if (isWhole && found.Next is not null)
            {
                Wrong($"More than {MaxMatches} records match: narrow the search, say how many by _count, or go through them by {type}Connection.", "too-costly", field.Place, target.Path!);
                return;
            }

            var matches = through.Records.Where(r => r.IsMatch).Select(r => r.Record).ToList();
            if (matches.Count == 0) output.Empty();
            for (var i = 0; i < matches.Count; i++)
                if (Focus.Of(matches[i]) is { } match) Fields(Within(fields), match, output.Next(i));
        }));
    }

    private void Connection(IReadOnlyList<QuerySelection> selections, TypeDefinition type, GraphQlMatches found, List<KeyValuePair<string, string>> parameters, Target target)
    {
        foreach (var (key, fields) in Collected(selections, null))
        {
            var (field, at) = (fields[0], target.Below(key));
            var output = Output(field, at, field.Name == "edges");
            switch (field.Name)
            {
                case "__typename": output.Add(type.Name + "Connection"); break;
                case "count": output.Add(found.Total); break;
                case "offset": output.Add(parameters.Exists(p => p.Key == "_cursor") ? null : 0); break;
                case "next": output.Add(found.Next); break;
                case "first" or "previous" or "last": output.Add(null); break;
                case "pagesize": output.Add(found.PageSize); break;
                default:
                    if (found.Records.Count == 0) output.Empty();
                    for (var i = 0; i < found.Records.Count; i++) Edge(Within(fields), type, found.Records[i].Record, found.Records[i].IsMatch, output.Next(i));
                    break;
            }
        }
    }

    private void Edge(IReadOnlyList<QuerySelection> selections, TypeDefinition type, JsonElement record, bool isMatch, Target target)
    {
        foreach (var (key, fields) in Collected(selections, null))
        {
            var output = Output(fields[0], target.Below(key), isList: false);
            switch (fields[0].Name)
            {
                case "__typename": output.Add(type.Name + "Edge"); break;
                case "mode": output.Add(isMatch ? "match" : "include"); break;
                case "score": break;
                default: Resource(record, fields, output, () => { }); break;
            }
        }
    }

    /// <summary>A search parameter by its GraphQL name: hyphens, which a name cannot have, are written as underscores.</summary>
    private static string Parameter(string type, string name) =>
        FhirDefinitions.R4.SearchParameter(type, name) is null && FhirDefinitions.R4.SearchParameter(type, name.Replace('_', '-')) is { } hyphened ? hyphened.Code : name;

    private void Wrong(string message, string code, Place place, PathStep path)
    {
        if (_errors.Count < MaxErrors) _errors.Add(new(message, code, place, path.ToList()));
    }

    private static GraphQlException TooCostly(string message) => new(message, default, "too-costly");
}
