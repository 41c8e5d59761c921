using System.Globalization;
using System.Text.Json.Nodes;

namespace HealthLedger.Fhir.Patch;

/// <summary>A place in a JSON text (RFC 6901).</summary>
internal sealed class JsonPointer
{
    /// <summary>The most steps of one pointer.</summary>
    public const int MaxSteps = 64;

    private readonly string[] _steps;

    private JsonPointer(string[] steps) => _steps = steps;

    /// <summary>How deep it leads; 0 for the whole text.</summary>
    public int Depth => _steps.Length;

    /// <summary>Reads a pointer; null where the text is none (RFC 6901 section 3) or leads deeper than <see cref="MaxSteps"/>.</summary>
    public static JsonPointer? Parse(string text)
    {
        if (text.Length == 0)
        {
            return new JsonPointer([]);
        }

        if (text[0] != '/')
        {
            return null;
        }

        var steps = text[1..].Split('/', MaxSteps + 1);
        for (var i = 0; i < steps.Length; i++)
        {
            for (var tilde = steps[i].IndexOf('~'); tilde >= 0; tilde = steps[i].IndexOf('~', tilde + 1))
            {
                if (tilde + 1 == steps[i].Length || steps[i][tilde + 1] is not ('0' or '1'))
                {
                    return null;
                }
            }

            // In this order: ~01 means ~1, not a slash.
            steps[i] = steps[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        }

        return steps.Length > MaxSteps ? null : new JsonPointer(steps);
    }

    /// <summary>True where <paramref name="other"/> lies inside of what this one names.</summary>
    public bool Holds(JsonPointer other) => other.Depth > Depth && _steps.AsSpan().SequenceEqual(other._steps.AsSpan(0, Depth));

    /// <summary>What stands there, which may be a null.</summary>
    /// <exception cref="PatchException">Nothing stands there.</exception>
    public JsonNode? Find(JsonNode? root) => _steps.Aggregate(root, Step);

    /// <summary>Puts a value there: inserts into an array, sets a member of an object (RFC 6902 section 4.1). The new root.</summary>
    /// <exception cref="PatchException">There is no such place.</exception>
    public JsonNode? Add(JsonNode? root, JsonNode? value)
    {
        switch (Parent(root))
        {
            case null:
                return value;
            case JsonArray array:
                array.Insert(_steps[^1] == "-" ? array.Count : Index(_steps[^1], array.Count), value);
                break;
            case JsonObject members:
                members[_steps[^1]] = value;
                break;
            default:
                throw Nothing();
        }

        return root;
    }

    /// <summary>Takes out what stands there and gives it with the new root.</summary>
    /// <exception cref="PatchException">Nothing stands there.</exception>
    public (JsonNode? Root, JsonNode? Taken) Remove(JsonNode? root)
    {
        var taken = Find(root);
        switch (Parent(root))
        {
            case null:
                return (null, root);
            case JsonArray array:
                array.RemoveAt(Index(_steps[^1], array.Count - 1));
                break;
            case JsonObject members:
                members.Remove(_steps[^1]);
                break;
        }

        return (root, taken);
    }

    /// <summary>Puts a value in the place of what stands there. The new root.</summary>
    /// <exception cref="PatchException">Nothing stands there.</exception>
    public JsonNode? Replace(JsonNode? root, JsonNode? value)
    {
        _ = Find(root);
        switch (Parent(root))
        {
            case null:
                return value;
            case JsonArray array:
                array[Index(_steps[^1], array.Count - 1)] = value;
                break;
            case JsonObject members:
                members[_steps[^1]] = value;
                break;
        }

        return root;
    }

    private JsonNode? Parent(JsonNode? root) => _steps.Length == 0 ? null : _steps.AsSpan(0, _steps.Length - 1).ToArray().Aggregate(root, Step) ?? throw Nothing();

    private static JsonNode? Step(JsonNode? node, string step) => node switch
    {
        JsonObject members when members.TryGetPropertyValue(step, out var member) => member,
        JsonArray array => array[Index(step, array.Count - 1)],
        _ => throw Nothing(),
    };

    private static int Index(string step, int last) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= last && (step.Length == 1 || step[0] != '0') ? index : throw Nothing();

    private static PatchException Nothing() => new(PatchFaultKind.NotApplicable, "there is nothing at its path.");
}
