using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>An object of the answer, while it is made.</summary>
internal sealed class AnswerObject
{
    private readonly List<AnswerField> _fields = [];
    private readonly Dictionary<string, AnswerField> _byName = new(StringComparer.Ordinal);

    /// <summary>The field of this name, made where there is none yet.</summary>
    public AnswerField Field(string name)
    {
        if (!_byName.TryGetValue(name, out var field))
        {
            _byName.Add(name, field = new AnswerField(name));
            _fields.Add(field);
        }

        return field;
    }

    /// <summary>Takes out a field that got no values.</summary>
    public void Drop(AnswerField field)
    {
        if (field.Values.Count == 0 && _byName.Remove(field.Name)) _fields.Remove(field);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var field in _fields)
        {
            json.WritePropertyName(field.Name);
            field.Write(json);
        }

        json.WriteEndObject();
    }
}

/// <summary>A field of the answer. It is null without values, and a list where it repeats or several values came together by <c>@flatten</c>.</summary>
internal sealed class AnswerField(string name)
{
    public string Name { get; } = name;

    public bool IsList { get; set; }

    /// <summary>True for <c>@singleton</c> and <c>@first</c>: the first value alone.</summary>
    public bool IsSingle { get; set; }

    /// <summary>True where it is a list that is known to have nothing in it.</summary>
    public bool IsEmptyList { get; set; }

    /// <summary>JsonElement, text, number, <see cref="AnswerObject"/>, what writes itself, or null.</summary>
    public List<object?> Values { get; } = [];

    public void Write(Utf8JsonWriter json)
    {
        if (IsSingle || (!IsList && Values.Count <= 1) || (Values.Count == 0 && !IsEmptyList))
        {
            Value(json, Values.Count == 0 ? null : Values[0]);
            return;
        }

        json.WriteStartArray();
        foreach (var value in Values) Value(json, value);
        json.WriteEndArray();
    }

    private static void Value(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case JsonElement element:
                element.WriteTo(json);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case AnswerObject content:
                content.Write(json);
                break;
            case Action<Utf8JsonWriter> described:
                described(json);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}

/// <summary>Writes the response of GraphQL, October 2021, section 7.</summary>
internal static class GraphQlAnswer
{
    /// <param name="data">Null where the query did not run.</param>
    public static void Write(System.Buffers.IBufferWriter<byte> output, AnswerObject? data, IReadOnlyCollection<GraphQlError> errors, bool ran)
    {
        using var json = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 });
        json.WriteStartObject();
        if (errors.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var error in errors) Error(json, error);
            json.WriteEndArray();
        }

        if (ran)
        {
            json.WritePropertyName("data");
            if (data is null) json.WriteNullValue();
            else data.Write(json);
        }

        json.WriteEndObject();
    }

    private static void Error(Utf8JsonWriter json, GraphQlError error)
    {
        json.WriteStartObject();
        json.WriteString("message", error.Message);
        if (error.Place.Line > 0)
        {
            json.WriteStartArray("locations");
            json.WriteStartObject();
            json.WriteNumber("line", error.Place.Line);
            json.WriteNumber("column", error.Place.Column);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        if (error.Path.Count > 0)
        {
            json.WriteStartArray("path");
            foreach (var step in error.Path)
            {
                if (step is int index) json.WriteNumberValue(index);
                else json.WriteStringValue((string)step);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("extensions");
        json.WriteString("code", error.Code);

        // Each error should carry its outcome (http://hl7.org/fhir/R4/graphql.html#errors).
        json.WriteStartObject("resource");
        json.WriteString("resourceType", "OperationOutcome");
        json.WriteStartArray("issue");
        json.WriteStartObject();
        json.WriteString("severity", "error");
        json.WriteString("code", error.Code);
        json.WriteString("diagnostics", error.Message);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
