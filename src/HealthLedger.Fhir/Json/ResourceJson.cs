using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Json;

/// <summary>Reads the head of a resource without building a tree. The text is well-formed JSON: what validation has accepted, or what was stored.</summary>
public static class ResourceJson
{
    /// <summary>Reads type, id and meta, and stops where it has all three.</summary>
    /// <exception cref="JsonException">The text is not well-formed, as far as it was read.</exception>
    public static ResourceHeader ReadHeader(ReadOnlySpan<byte> resource)
    {
        var places = HeadPlaces.Find(resource);
        var (versionId, lastUpdated, security, profiles) = Meta(places.Meta(resource));
        return new(Text(places.Type(resource)), Text(places.Id(resource)), versionId, lastUpdated, security, profiles);
    }

    /// <summary>The resource type only; null where it is missing or is no type of R4.</summary>
    /// <exception cref="JsonException">The text is not well-formed, as far as it was read.</exception>
    public static string? ReadType(ReadOnlySpan<byte> resource)
    {
        var reader = new Utf8JsonReader(resource);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? TypeAhead(reader)?.Name : null;
    }

    /// <summary>The type that an object says it is; the reader is a copy, at the object's start.</summary>
    internal static TypeDefinition? TypeAhead(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueSpan.SequenceEqual("resourceType"u8);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped ? FhirDefinitions.R4.ResourceType(reader.ValueSpan) : null;
            }

            reader.Skip();
        }

        return null;
    }

    private static string? Text(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        return !value.IsEmpty && reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }

    private static (string? VersionId, string? LastUpdated, IReadOnlyList<CodingText> Security, IReadOnlyList<string> Profiles) Meta(ReadOnlySpan<byte> meta)
    {
        var reader = new Utf8JsonReader(meta);
        string? versionId = null;
        string? lastUpdated = null;
        List<CodingText>? security = null;
        List<string>? profiles = null;
        if (!meta.IsEmpty && reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("versionId"u8))
                {
                    versionId = StringOrSkip(ref reader);
                }
                else if (reader.ValueTextEquals("lastUpdated"u8))
                {
                    lastUpdated = StringOrSkip(ref reader);
                }
                else if (reader.ValueTextEquals("security"u8))
                {
                    Codings(ref reader, security ??= []);
                }
                else if (reader.ValueTextEquals("profile"u8))
                {
                    Strings(ref reader, profiles ??= []);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }

        return (versionId, lastUpdated, security ?? (IReadOnlyList<CodingText>)[], profiles ?? (IReadOnlyList<string>)[]);
    }

    private static string? StringOrSkip(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    private static void Strings(ref Utf8JsonReader reader, List<string> strings)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                strings.Add(reader.GetString()!);
            }

            reader.Skip();
        }
    }

    private static void Codings(ref Utf8JsonReader reader, List<CodingText> codings)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            string? system = null;
            string? code = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("system"u8))
                {
                    system = StringOrSkip(ref reader);
                }
                else if (reader.ValueTextEquals("code"u8))
                {
                    code = StringOrSkip(ref reader);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            codings.Add(new(system, code));
        }
    }
}
