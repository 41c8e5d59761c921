using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Where a record stands in the order of a search: its values for <c>_sort</c>, then its type and id, so that the order is total. Pages go on after a key, so that a record
/// that goes away between two pages moves no other.
/// </summary>
public sealed class SearchKey
{
    private readonly SortValue[] _values;

    internal SearchKey(SortValue[] values, string type, string id) => (_values, Type, Id) = (values, type, id);

    /// <summary>The key of a record in an order by nothing but types and ids.</summary>
    public static SearchKey OfRecord(string type, string id) => new([], type, id);

    /// <summary>The record's type.</summary>
    public string Type { get; }

    /// <summary>The record's id.</summary>
    public string Id { get; }

    internal ReadOnlySpan<SortValue> Values => _values;

    /// <summary>The key as bytes; holds personal data: seal it.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write((byte)_values.Length);
        foreach (var value in _values) value.Write(writer);
        writer.Write(Type);
        writer.Write(Id);
        return bytes.ToArray();
    }

    /// <summary>Reads <see cref="ToBytes"/> back; null where it is none.</summary>
    public static SearchKey? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()), Encoding.UTF8);
            var values = new SortValue[reader.ReadByte()];
            for (var i = 0; i < values.Length; i++) values[i] = SortValue.Read(reader);
            return new SearchKey(values, reader.ReadString(), reader.ReadString());
        }
        catch (Exception e) when (e is IOException or ArgumentException or FormatException)
        {
            return null;
        }
    }
}

/// <summary>A record's value for one key of <c>_sort</c>: a time, a number, a text, or none.</summary>
internal readonly record struct SortValue(SortKind Kind, long Time = 0, decimal Number = 0, string Text = "")
{
    /// <summary>Texts are ordered by so many UTF-16 units at most.</summary>
    private const int MaxText = 128;

    public static SortValue Of(string? text) =>
        text is null ? default
        : text.Length <= MaxText ? new SortValue(SortKind.Text, Text: text)
        : new SortValue(SortKind.Text, Text: text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)]);

    public static SortValue Of(long? time) => time is { } known ? new SortValue(SortKind.Time, Time: known) : default;

    public static SortValue Of(decimal? number) => number is { } known ? new SortValue(SortKind.Number, Number: known) : default;

    /// <summary>What has no value comes last either way.</summary>
    public int CompareTo(in SortValue other, bool isDescending)
    {
        if (Kind == SortKind.None || other.Kind == SortKind.None) return (Kind == SortKind.None).CompareTo(other.Kind == SortKind.None);
        var order = Kind != other.Kind ? Kind.CompareTo(other.Kind) : Kind switch
        {
            SortKind.Time => Time.CompareTo(other.Time),
            SortKind.Number => Number.CompareTo(other.Number),
            _ => string.CompareOrdinal(Text, other.Text),
        };
        return isDescending ? -order : order;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write((byte)Kind);
        switch (Kind)
        {
            case SortKind.Time: writer.Write(Time); break;
            case SortKind.Number: writer.Write(Number); break;
            case SortKind.Text: writer.Write(Text); break;
        }
    }

    public static SortValue Read(BinaryReader reader) => (SortKind)reader.ReadByte() switch
    {
        SortKind.None => default,
        SortKind.Time => Of(reader.ReadInt64()),
        SortKind.Number => Of(reader.ReadDecimal()),
        SortKind.Text => Of(reader.ReadString()),
        _ => throw new FormatException("No such kind of sort value."),
    };
}

internal enum SortKind : byte
{
    None = 0,
    Time = 1,
    Number = 2,
    Text = 3,
}
