using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Xml;

/// <summary>A resource that was read from XML.</summary>
public sealed class XmlReading
{
    private readonly IReadOnlyList<JsonPlace> _places;

    internal XmlReading(ReadOnlyMemory<byte> json, IReadOnlyList<ValidationIssue> issues, IReadOnlyList<JsonPlace> places)
    {
        Json = json;
        Issues = issues;
        _places = places;
    }

    /// <summary>The resource as JSON on one line; empty where there are issues.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>What keeps the XML from being a resource; empty for what can be read. The content is not validated.</summary>
    public IReadOnlyList<ValidationIssue> Issues { get; }

    /// <summary>Issues of the JSON with the lines and columns of the XML it was made from.</summary>
    public IReadOnlyList<ValidationIssue> InXml(IReadOnlyList<ValidationIssue> issuesOfJson)
    {
        ArgumentNullException.ThrowIfNull(issuesOfJson);
        return [.. issuesOfJson.Select(i => i.Line != 1 ? i : Find(i.Column - 1) is var place ? i with { Line = place.Line, Column = place.Column } : i)];
    }

    /// <summary>The last place at or before the offset.</summary>
    private JsonPlace Find(int offset)
    {
        var (low, high) = (0, _places.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _places[middle].Offset <= offset ? (middle, high) : (low, middle - 1);
        }

        return _places.Count == 0 ? new(0, 1, 1) : _places[low];
    }
}

/// <summary>Where in the XML the JSON from an offset on comes from.</summary>
internal readonly record struct JsonPlace(int Offset, int Line, int Column);
