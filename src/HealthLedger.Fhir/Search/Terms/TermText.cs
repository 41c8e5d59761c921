using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>Text of primitives through a pool, from the JSON bytes where nothing is escaped.</summary>
internal readonly struct TermText(TermPool pool)
{
    public string? Vocabulary(NodeItem? node) => Plain(node, out var utf8) ? pool.Vocabulary(utf8) : node?.Text is { } text ? pool.Vocabulary(text) : null;

    public string? Personal(NodeItem? node) => Plain(node, out var utf8) ? pool.Personal(utf8) : node?.Text is { } text ? pool.Personal(text) : null;

    private static bool Plain(NodeItem? node, out ReadOnlySpan<byte> utf8)
    {
        utf8 = default;
        if (node is null || node.Json.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)) return false;
        utf8 = JsonMarshal.GetRawUtf8Value(node.Json);
        if (node.Json.ValueKind == JsonValueKind.String)
        {
            utf8 = utf8[1..^1];
            if (utf8.Contains((byte)'\\')) return false;
        }
        return true;
    }

    /// <summary>The instants of a date, dateTime or instant.</summary>
    public static (long Low, long High)? Range(NodeItem node)
    {
        if (node.Json.ValueKind != JsonValueKind.String) return null;
        Span<char> text = stackalloc char[48];
        int length;
        if (Plain(node, out var utf8))
        {
            if (!Encoding.UTF8.TryGetChars(utf8, text, out length)) return null;
        }
        else
        {
            // Some writers escape the plus sign of an offset.
            var unescaped = JsonText.String(node.Json);
            length = unescaped.Length;
            if (!unescaped.TryCopyTo(text)) return null;
        }
        return Temporal.TryParse(text[..length], TemporalKind.DateTime, out var value) ? value.UtcRange() : null;
    }
}

/// <summary>Grows an array without a List per kind of term.</summary>
internal struct TermList<T>
    where T : struct
{
    private T[]? _items;
    private int _count;

    public void Add(T item)
    {
        if (_items is null) _items = new T[8];
        else if (_count == _items.Length) Array.Resize(ref _items, _count * 2);
        _items[_count++] = item;
    }

    public readonly T? Last => _count == 0 ? null : _items![_count - 1];

    public readonly T[] ToArray() => _count == 0 ? [] : _count == _items!.Length ? _items : _items.AsSpan(0, _count).ToArray();
}
