using System.Buffers;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Json;

/// <summary>
/// The part of a resource that <c>_summary</c> or <c>_elements</c> asks for (R4 search.html#summary, search.html#elements). Whatever is asked for, resourceType, id,
/// meta and mandatory elements stay, and so do implicitRules and modifier extensions, which can change the meaning of all else; meta says SUBSETTED.
/// </summary>
public sealed class ResourceSubset
{
    /// <summary><c>_summary=true</c>: what the definitions mark as summary, at every level.</summary>
    public static readonly ResourceSubset Summary = new(element => element.IsSummary);

    /// <summary><c>_summary=text</c>: the narrative.</summary>
    public static readonly ResourceSubset Text = new(element => element.Name == "text");

    /// <summary><c>_summary=data</c>: all but the narrative.</summary>
    public static readonly ResourceSubset Data = new(element => element.Name != "text");

    private readonly Func<ElementDefinition, bool> _keeps;

    private ResourceSubset(Func<ElementDefinition, bool> keeps) => _keeps = keeps;

    /// <summary><c>_elements</c>: elements of the resource's own by their names without a type, such as <c>value</c>.</summary>
    /// <param name="resourceType">The type whose elements are meant: resources of other types stay whole. Null for all types.</param>
    /// <param name="names">The elements.</param>
    public static ResourceSubset OfElements(string? resourceType, IReadOnlySet<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return new(element => names.Contains(element.Name)) { ResourceType = resourceType };
    }

    /// <summary>The one type that the subset is of; null for all.</summary>
    private string? ResourceType { get; init; }

    /// <summary>The subset of a resource.</summary>
    /// <param name="resource">JSON that validation has accepted.</param>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is no resource.</exception>
    public byte[] Of(ReadOnlySpan<byte> resource)
    {
        var reader = new Utf8JsonReader(resource);
        var type = reader.Read() && reader.TokenType == JsonTokenType.StartObject ? ResourceJson.TypeAhead(reader) : null;
        if (type is null)
        {
            throw new ArgumentException("The JSON is no resource of FHIR R4.", nameof(resource));
        }

        if (ResourceType is not null && ResourceType != type.Name)
        {
            return resource.ToArray();
        }

        var output = new ArrayBufferWriter<byte>(resource.Length + 128);
        var sink = new JsonSink(output);
        sink.Open((byte)'{');
        sink.Name("resourceType"u8);
        sink.String(type.Name);
        Head(HeadPlaces.Find(resource), resource, ref sink);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resourceType"u8) || reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("meta"u8))
            {
                reader.Read();
                reader.Skip();
            }
            else
            {
                Property(ref reader, type, ref sink);
            }
        }

        sink.Close((byte)'}');
        sink.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static void Head(HeadPlaces places, ReadOnlySpan<byte> resource, ref JsonSink sink)
    {
        if (places.Id(resource) is { IsEmpty: false } id)
        {
            sink.Name("id"u8);
            sink.RawScalar(id);
        }

        sink.Name("meta"u8);
        sink.Open((byte)'{');
        var isTagged = false;
        var meta = new Utf8JsonReader(places.Meta(resource));
        while (!places.Meta(resource).IsEmpty && meta.Read())
        {
            if (meta.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            sink.Name(meta.ValueSpan);
            var isTag = meta.ValueTextEquals("tag"u8);
            meta.Read();
            if (isTag && meta.TokenType == JsonTokenType.StartArray)
            {
                isTagged = true;
                sink.Open((byte)'[');
                while (meta.Read() && meta.TokenType != JsonTokenType.EndArray)
                {
                    sink.Copy(ref meta);
                }

                Subsetted(ref sink);
                sink.Close((byte)']');
            }
            else
            {
                sink.Copy(ref meta);
            }
        }

        if (!isTagged)
        {
            sink.Name("tag"u8);
            sink.Open((byte)'[');
            Subsetted(ref sink);
            sink.Close((byte)']');
        }

        sink.Close((byte)'}');
    }

    private static void Subsetted(ref JsonSink sink)
    {
        sink.Open((byte)'{');
        sink.Name("system"u8);
        sink.RawString("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"u8);
        sink.Name("code"u8);
        sink.RawString("SUBSETTED"u8);
        sink.Close((byte)'}');
    }

    /// <summary>The property the reader stands on, or nothing; leaves the reader on the end of its value.</summary>
    private void Property(ref Utf8JsonReader reader, TypeDefinition type, ref JsonSink sink)
    {
        var name = reader.ValueSpan;
        var isCompanion = name.StartsWith("_"u8);
        var form = type.Element(isCompanion ? name[1..] : name);
        reader.Read();
        if (form is null || !Keeps(form.Definition))
        {
            reader.Skip();
            return;
        }

        sink.Name(name);
        if (this == Summary && !isCompanion)
        {
            Value(ref reader, form.Type, ref sink);
        }
        else
        {
            sink.Copy(ref reader);
        }
    }

    private bool Keeps(ElementDefinition element) =>
        element.Min > 0 || _keeps(element) || element.Name is "modifierExtension" or "implicitRules";

    /// <summary>A value of the summary, which may have parts that are not of it. A type of which nothing is marked, such as Extension, stays whole.</summary>
    private void Value(ref Utf8JsonReader reader, TypeDefinition type, ref JsonSink sink)
    {
        if (reader.TokenType == JsonTokenType.StartArray && !type.IsPrimitive)
        {
            sink.Open((byte)'[');
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Value(ref reader, type, ref sink);
            }

            sink.Close((byte)']');
        }
        else if (reader.TokenType != JsonTokenType.StartObject || type.Kind == TypeKind.Resource || !type.HasSummary || !KeepsAny(reader, type))
        {
            sink.Copy(ref reader);
        }
        else
        {
            sink.Open((byte)'{');
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                Property(ref reader, type, ref sink);
            }

            sink.Close((byte)'}');
        }
    }

    /// <summary>An object must not end up empty; the reader is a copy, at the object's start.</summary>
    private bool KeepsAny(Utf8JsonReader reader, TypeDefinition type)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            if (type.Element(name.StartsWith("_"u8) ? name[1..] : name) is { } form && Keeps(form.Definition))
            {
                return true;
            }

            reader.Read();
            reader.Skip();
        }

        return false;
    }
}
