using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>What a Bundle's entry asks for (R4 Bundle.entry.request); null where absent.</summary>
public sealed record EntryRequest(string? Method, string? Url, string? IfMatch, string? IfNoneMatch, string? IfNoneExist, string? IfModifiedSince);

/// <summary>One entry of a Bundle.</summary>
/// <param name="Index">Its place, from 0.</param>
/// <param name="FullUrl">Bundle.entry.fullUrl; null where absent.</param>
/// <param name="Resource">The resource's text, a part of the Bundle's; empty where there is none.</param>
/// <param name="Request">Null where absent.</param>
/// <param name="SearchMode">Bundle.entry.search.mode; null where absent.</param>
public sealed record BundleEntry(int Index, string? FullUrl, ReadOnlyMemory<byte> Resource, EntryRequest? Request, string? SearchMode)
{
    /// <summary>Where the entry stands in the Bundle's text, in bytes.</summary>
    public Range Place { get; init; }
}

/// <summary>
/// Reads a Bundle's entries one after the other, without copying their resources. The text is well-formed JSON; what in it is not as validation wants it, half of a surrogate
/// pair or a request that is no object, is read as absent.
/// </summary>
public sealed class BundleReader
{
    private readonly ReadOnlyMemory<byte> _text;
    private readonly int _entriesStart;
    private JsonReaderState _state;
    private int _at;
    private int _index;

    /// <summary>Reads what stands beside the entries.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    public BundleReader(ReadOnlyMemory<byte> bundle)
    {
        _text = bundle;
        _entriesStart = -1;
        var reader = new Utf8JsonReader(bundle.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "type"u8))
            {
                Type = Text(ref reader);
            }
            else if (Is(ref reader, "resourceType"u8))
            {
                IsBundle = Text(ref reader) == "Bundle";
            }
            else if (Is(ref reader, "entry"u8) && _entriesStart < 0)
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartArray)
                {
                    _entriesStart = (int)reader.BytesConsumed;
                    _state = reader.CurrentState;
                    _at = _entriesStart;
                }

                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>True where the resource is a Bundle.</summary>
    public bool IsBundle { get; }

    /// <summary>Bundle.type; null where absent.</summary>
    public string? Type { get; }

    /// <summary>The next entry; null after the last.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    public BundleEntry? Next()
    {
        if (_entriesStart < 0)
        {
            return null;
        }

        var reader = new Utf8JsonReader(_text.Span[_at..], isFinalBlock: true, _state);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var begin = _at + (int)reader.TokenStartIndex;
        string? fullUrl = null;
        string? searchMode = null;
        EntryRequest? request = null;
        var resource = ReadOnlyMemory<byte>.Empty;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "fullUrl"u8))
            {
                fullUrl = Text(ref reader);
            }
            else if (Is(ref reader, "resource"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                resource = _text[(_at + start)..(_at + (int)reader.BytesConsumed)];
            }
            else if (Is(ref reader, "request"u8))
            {
                request = Request(ref reader);
            }
            else if (Is(ref reader, "search"u8))
            {
                searchMode = Members(ref reader, "mode")[0];
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        _at += (int)reader.BytesConsumed;
        _state = reader.CurrentState;
        return new(_index++, fullUrl, resource, request, searchMode) { Place = begin.._at };
    }

    /// <summary>All entries that are left.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    public IEnumerable<BundleEntry> Entries()
    {
        while (Next() is { } entry)
        {
            yield return entry;
        }
    }

    private static EntryRequest Request(ref Utf8JsonReader reader)
    {
        var members = Members(ref reader, "method", "url", "ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince");
        return new(members[0], members[1], members[2], members[3], members[4], members[5]);
    }

    /// <summary>The named strings of the object that comes next.</summary>
    private static string?[] Members(ref Utf8JsonReader reader, params ReadOnlySpan<string> names)
    {
        var values = new string?[names.Length];
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return values;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var place = -1;
            for (var i = 0; i < names.Length && place < 0; i++)
            {
                place = Is(ref reader, names[i]) ? i : -1;
            }

            var text = Text(ref reader);
            if (place >= 0)
            {
                values[place] = text;
            }
        }

        return values;
    }

    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => IsWhole(ref reader) && reader.ValueTextEquals(name);

    private static bool Is(ref Utf8JsonReader reader, string name) => IsWhole(ref reader) && reader.ValueTextEquals(name);

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return IsWhole(ref reader) ? reader.GetString() : null;
        }

        reader.Skip();
        return null;
    }

    /// <summary>False for the one thing that JSON allows and strings of the platform do not: half of a surrogate pair.</summary>
    private static bool IsWhole(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return true;
        }

        try
        {
            _ = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
