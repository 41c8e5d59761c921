using System.Text.Json;

namespace HealthLedger.Proofs.Completeness;

/// <summary>Entries with their proofs as members of a JSON object: <c>index</c>, <c>entry</c>, <c>path</c> (base64 of the sibling hashes one after the other), <c>fact</c>.</summary>
internal static class ProofJson
{
    public static void Write(Utf8JsonWriter json, ProvenEntry entry)
    {
        json.WriteNumber("index", entry.Index);
        json.WriteBase64String("entry", entry.Entry);
        Write(json, entry.Path);
        if (entry.Fact is not null)
        {
            json.WriteBase64String("fact", entry.Fact);
        }
    }

    public static void Write(Utf8JsonWriter json, string name, TagNeighbour? neighbour)
    {
        if (neighbour is null)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("position", neighbour.Position);
        json.WriteString("tag", neighbour.Row.Tag.ToBase64());
        json.WriteNumber("index", neighbour.Row.Index);
        Write(json, neighbour.Path);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<Hash> path)
    {
        var bytes = new byte[path.Count * Hash.Length];
        for (var i = 0; i < path.Count; i++)
        {
            path[i].CopyTo(bytes.AsSpan(i * Hash.Length));
        }

        json.WriteBase64String("path", bytes);
    }

    /// <summary>Reads each member of an array by <paramref name="one"/>.</summary>
    /// <param name="array">The array.</param>
    /// <param name="one">Reads one; null where it is none.</param>
    /// <param name="at">Where that was.</param>
    /// <returns>What was read; null where one is none.</returns>
    public static List<T>? All<T>(JsonElement array, Func<JsonElement, T?> one, out int at)
        where T : class
    {
        var read = new List<T>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            if (one(element) is not { } value)
            {
                at = read.Count;
                return null;
            }

            read.Add(value);
        }

        at = read.Count;
        return read;
    }

    public static ProvenEntry? Entry(JsonElement element)
    {
        byte[]? fact = null;
        return StrictJson.Number(element, "index") is { } index && StrictJson.Base64(element, "entry") is { } entry && Path(element) is { } path
            && (!element.TryGetProperty("fact", out _) || (fact = StrictJson.Base64(element, "fact")) is not null)
                ? new ProvenEntry(index, entry, path, fact)
                : null;
    }

    public static bool Neighbour(JsonElement epoch, string name, out TagNeighbour? neighbour)
    {
        neighbour = null;
        if (!epoch.TryGetProperty(name, out var element))
        {
            return true;
        }

        if (!StrictJson.HasExactly(element, "position", "tag", "index", "path") || StrictJson.Number(element, "position") is not { } position
            || StrictJson.String(element, "tag") is not { } tag || !Hash.TryParseBase64(tag, out var hash)
            || StrictJson.Number(element, "index") is not { } index || Path(element) is not { } path)
        {
            return false;
        }

        neighbour = new TagNeighbour(position, new TagRow(hash, index), path);
        return true;
    }

    private static Hash[]? Path(JsonElement element)
    {
        if (StrictJson.Base64(element, "path") is not { } bytes || bytes.Length % Hash.Length != 0 || bytes.Length > 63 * Hash.Length)
        {
            return null;
        }

        var path = new Hash[bytes.Length / Hash.Length];
        for (var i = 0; i < path.Length; i++)
        {
            path[i] = new Hash(bytes.AsSpan(i * Hash.Length, Hash.Length));
        }

        return path;
    }
}
