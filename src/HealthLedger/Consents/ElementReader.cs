using System.Text.Json;
using System.Text.RegularExpressions;

namespace HealthLedger.Consents;

/// <summary>Reads FHIR elements out of JSON and keeps what is wrong (<see cref="Issues"/>) and what is not understood (<see cref="Remarks"/>).</summary>
internal sealed partial class ElementReader(string? serverBase)
{
    private const int MaxText = 4096;

    public List<ConsentIssue> Issues { get; } = [];

    public List<ConsentIssue> Remarks { get; } = [];

    public void Issue(string place, string message) => Issues.Add(new ConsentIssue(place, message));

    public void Remark(string place, string message) => Remarks.Add(new ConsentIssue(place, message));

    /// <summary>Complains about members that are none of <paramref name="known"/>; a leading underscore is FHIR's extension of a primitive.</summary>
    public void OnlyKnown(JsonElement element, string place, HashSet<string> known)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name) && !(member.Name.StartsWith('_') && known.Contains(member.Name[1..])))
            {
                Issue(place, "holds a member that R4 does not define there");
            }
        }
    }

    /// <summary>True where the element carries a modifierExtension; none is understood.</summary>
    public static bool HasModifier(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("modifierExtension", out _);

    /// <summary>The object member, or null where it is absent or (with an issue) no object.</summary>
    public JsonElement? Object(JsonElement parent, string name, string place)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return value;
        }

        Issue($"{place}.{name}", "must be an object");
        return null;
    }

    /// <summary>The members of an array of objects, each with its place.</summary>
    public List<(JsonElement Value, string Place)> Each(JsonElement parent, string name, string place)
    {
        var found = new List<(JsonElement, string)>();
        if (!parent.TryGetProperty(name, out var array))
        {
            return found;
        }

        var path = $"{place}.{name}";
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() is 0 or > ConsentCompiler.MaxValues)
        {
            Issue(path, $"must be an array of 1 to {ConsentCompiler.MaxValues} values");
            return found;
        }

        var index = 0;
        foreach (var value in array.EnumerateArray())
        {
            var at = $"{path}[{index++}]";
            if (value.ValueKind == JsonValueKind.Object)
            {
                found.Add((value, at));
            }
            else
            {
                Issue(at, "must be an object");
            }
        }

        return found;
    }

    /// <summary>The string member, or null where it is absent or (with an issue) no string.</summary>
    public string? Text(JsonElement parent, string name, string place)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= MaxText } text)
        {
            return text;
        }

        Issue($"{place}.{name}", $"must be a string of 1 to {MaxText} characters");
        return null;
    }

    /// <summary>Reads a Coding; null where system or code is missing.</summary>
    public (string System, string Code)? Coding(JsonElement coding, string place)
    {
        var system = Text(coding, "system", place);
        var code = Text(coding, "code", place);
        return system is null || code is null ? null : (system, code);
    }

    /// <summary>The codings of a CodeableConcept that have system and code.</summary>
    public List<(string System, string Code)> Concept(JsonElement concept, string place)
    {
        var codings = new List<(string, string)>();
        foreach (var (coding, at) in Each(concept, "coding", place))
        {
            if (Coding(coding, at) is { } read)
            {
                codings.Add(read);
            }
        }

        return codings;
    }

    /// <summary>Reads a Period; null where it is wrong (with an issue).</summary>
    public TimeInterval? Period(JsonElement parent, string name, string place)
    {
        if (Object(parent, name, place) is not { } period)
        {
            return null;
        }

        var path = $"{place}.{name}";
        var start = Text(period, "start", path);
        var end = Text(period, "end", path);
        if (TimeInterval.TryParsePeriod(start, end, out var interval))
        {
            return interval;
        }

        Issue(path, "must have a start and an end that are FHIR dateTimes, the start not after the end");
        return null;
    }

    /// <summary>
    /// The literal reference <c>Type/id</c> of a Reference; null where it has none that can be matched (a logical, contained or foreign reference, one
    /// to a version).
    /// </summary>
    public string? Reference(JsonElement reference, string place)
    {
        var text = Text(reference, "reference", place);
        if (text is not null && serverBase is not null && text.StartsWith(serverBase, StringComparison.Ordinal)
            && text.Length > serverBase.Length && text[serverBase.Length] == '/')
        {
            text = text[(serverBase.Length + 1)..];
        }

        return text is not null && Literal().IsMatch(text) ? text : null;
    }

    [GeneratedRegex(@"\A[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Literal();
}
