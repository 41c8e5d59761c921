using System.Text.Json;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>
/// Answers <c>__schema</c> and <c>__type</c> (GraphQL, October 2021, section 4.2): written into the answer as it is gone through and held nowhere, since a whole schema has more than a million values. Nothing of any record is in it.
/// </summary>
internal sealed class GraphQlIntrospection(GraphQlSchema schema, string root)
{
    /// <summary>The most values that all descriptions of one answer may have. The whole schema, as the usual clients ask for it, has 1,260,000 (20 MB).</summary>
    private const int MaxValues = 2_000_000;

    private int _values;

    /// <summary>The fields that each type of the introspection has, with the type of their values; empty for plain ones.</summary>
    private static readonly Dictionary<string, Dictionary<string, string>> Forms = new(StringComparer.Ordinal)
    {
        ["__Schema"] = new() { ["description"] = "", ["types"] = "__Type", ["queryType"] = "__Type", ["mutationType"] = "__Type", ["subscriptionType"] = "__Type", ["directives"] = "__Directive" },
        ["__Type"] = new()
        {
            ["kind"] = "", ["name"] = "", ["description"] = "", ["specifiedByURL"] = "", ["fields"] = "__Field", ["interfaces"] = "__Type", ["possibleTypes"] = "__Type", ["enumValues"] = "__EnumValue",
            ["inputFields"] = "__InputValue", ["ofType"] = "__Type",
        },
        ["__Field"] = new() { ["name"] = "", ["description"] = "", ["args"] = "__InputValue", ["type"] = "__Type", ["isDeprecated"] = "", ["deprecationReason"] = "" },
        ["__InputValue"] = new() { ["name"] = "", ["description"] = "", ["type"] = "__Type", ["defaultValue"] = "", ["isDeprecated"] = "", ["deprecationReason"] = "" },
        ["__EnumValue"] = new() { ["name"] = "", ["description"] = "", ["isDeprecated"] = "", ["deprecationReason"] = "" },
        ["__Directive"] = new() { ["name"] = "", ["description"] = "", ["locations"] = "", ["args"] = "__InputValue", ["isRepeatable"] = "" },
    };

    /// <summary>The type of a field's value, empty for a plain one; null where there is no such field.</summary>
    public static string? FieldOf(string type, string name) => Forms[type].GetValueOrDefault(name);

    /// <summary>True for the fields whose lists leave out what is deprecated unless it is asked for: nothing is.</summary>
    public static bool TakesDeprecated(string type, string name) => (type, name) is ("__Type", "fields" or "enumValues" or "inputFields") or ("__Field" or "__Directive", "args");

    /// <summary>Writes the schema as the selection wants it, with the answer.</summary>
    public Action<Utf8JsonWriter> Schema(IReadOnlyList<Selected> selection) => json => Object(json, selection, Schema);

    /// <summary>The same of a type by its name; null where there is none.</summary>
    public Action<Utf8JsonWriter>? Type(string name, IReadOnlyList<Selected> selection) => schema.Find(name) is { } type ? json => Type(json, type, selection) : null;

    private void Object(Utf8JsonWriter json, IReadOnlyList<Selected> selection, Action<Utf8JsonWriter, Selected> value)
    {
        json.WriteStartObject();
        foreach (var field in selection)
        {
            if (++_values > MaxValues) throw new GraphQlException("The schema is asked for more often than once: ask for less of it.", field.Place, "too-costly");
            json.WritePropertyName(field.Key);
            value(json, field);
        }

        json.WriteEndObject();
    }

    private void Objects<T>(Utf8JsonWriter json, IEnumerable<T>? items, Action<Utf8JsonWriter, T> write)
    {
        if (items is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        foreach (var item in items) write(json, item);
        json.WriteEndArray();
    }

    private void Schema(Utf8JsonWriter json, Selected field)
    {
        switch (field.Name)
        {
            case "__typename": json.WriteStringValue("__Schema"); break;
            case "types": Objects(json, schema.Types, (j, t) => Type(j, t, field.Within)); break;
            case "queryType": Type(json, schema.Find(root), field.Within); break;
            case "directives": Objects(json, schema.Directives, (j, d) => Object(j, field.Within, (w, f) => Directive(w, d, f))); break;
            default: json.WriteNullValue(); break;
        }
    }

    private void Type(Utf8JsonWriter json, SchemaType? type, IReadOnlyList<Selected> selection)
    {
        if (type is null) json.WriteNullValue();
        else Object(json, selection, (j, f) => Type(j, type, f));
    }

    private void Type(Utf8JsonWriter json, SchemaType type, Selected field)
    {
        switch (field.Name)
        {
            case "__typename": json.WriteStringValue("__Type"); break;
            case "kind": json.WriteStringValue(type.Kind == SchemaKind.NonNull ? "NON_NULL" : type.Kind.ToString().ToUpperInvariant()); break;
            case "name" when type.Name.Length > 0: json.WriteStringValue(type.Name); break;
            case "fields": Objects(json, type.Fields?.Invoke(), (j, f) => Object(j, field.Within, (w, s) => Field(w, f, s))); break;
            case "interfaces": Objects(json, type.Fields is null ? null : schema.Interfaces(type), (j, t) => Type(j, t, field.Within)); break;
            case "possibleTypes": Objects(json, type.Kind == SchemaKind.Interface ? schema.Possible(type) : null, (j, t) => Type(j, t, field.Within)); break;
            case "ofType": Type(json, type.Of, field.Within); break;
            default: json.WriteNullValue(); break;
        }
    }

    private void Field(Utf8JsonWriter json, SchemaField described, Selected field)
    {
        switch (field.Name)
        {
            case "__typename": json.WriteStringValue("__Field"); break;
            case "name": json.WriteStringValue(described.Name); break;
            case "args": Arguments(json, described.Arguments, field); break;
            case "type": Type(json, described.Type, field.Within); break;
            case "isDeprecated": json.WriteBooleanValue(false); break;
            default: json.WriteNullValue(); break;
        }
    }

    private void Arguments(Utf8JsonWriter json, IEnumerable<SchemaArgument> arguments, Selected field) =>
        Objects(json, arguments, (j, a) => Object(j, field.Within, (w, f) =>
        {
            switch (f.Name)
            {
                case "__typename": w.WriteStringValue("__InputValue"); break;
                case "name": w.WriteStringValue(a.Name); break;
                case "type": Type(w, a.Type, f.Within); break;
                case "isDeprecated": w.WriteBooleanValue(false); break;
                default: w.WriteNullValue(); break;
            }
        }));

    private void Directive(Utf8JsonWriter json, SchemaDirective directive, Selected field)
    {
        switch (field.Name)
        {
            case "__typename": json.WriteStringValue("__Directive"); break;
            case "name": json.WriteStringValue(directive.Name); break;
            case "locations": Objects(json, directive.Places, (j, p) => j.WriteStringValue(p)); break;
            case "args": Arguments(json, directive.Arguments, field); break;
            case "isRepeatable": json.WriteBooleanValue(false); break;
            default: json.WriteNullValue(); break;
        }
    }
}

/// <summary>A field that is asked for, with fragments in place.</summary>
internal sealed record Selected(string Key, string Name, IReadOnlyList<Selected> Within, Place Place);
