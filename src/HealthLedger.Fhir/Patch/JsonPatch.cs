using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Fhir.Patch;

/// <summary>JSON Patch (RFC 6902): add, remove, replace, move, copy, test, one after the other, all or none.</summary>
public sealed class JsonPatch : ResourcePatch
{
    /// <summary>The most values that one patch may copy or move, those inside of them counted.</summary>
    private const int MaxMoved = 1_000_000;

    private readonly Operation[] _operations;

    private JsonPatch(Operation[] operations) => _operations = operations;

    /// <summary>Reads a patch document.</summary>
    public static (JsonPatch? Patch, PatchFault? Fault) Parse(ReadOnlyMemory<byte> document)
    {
        try
        {
            return Read(document);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, "A JSON Patch is a JSON array of operations, nested at most 64 levels deep, no member twice, in whole characters."));
        }
    }

    private static (JsonPatch? Patch, PatchFault? Fault) Read(ReadOnlyMemory<byte> document)
    {
        if (JsonNode.Parse(document.Span, documentOptions: Reading) is not JsonArray { Count: <= MaxOperations } array)
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, $"A JSON Patch is a JSON array of at most {MaxOperations} operations."));
        }

        var operations = new Operation[array.Count];
        for (var i = 0; i < operations.Length; i++)
        {
            var (operation, fault) = Read(array[i]);
            if (operation is null)
            {
                return (null, new PatchFault(PatchFaultKind.Malformed, i, fault));
            }

            operations[i] = operation;
        }

        return (new JsonPatch(operations), null);
    }

    internal override JsonNode? Apply(JsonNode? resource, PatchTime time, ref int at)
    {
        var root = resource;
        var moved = 0;
        for (at = 0; at < _operations.Length; at++)
        {
            var (op, path, from, value) = _operations[at];
            switch (op)
            {
                case "add":
                    root = path.Add(root, value?.DeepClone());
                    break;
                case "remove":
                    (root, _) = path.Remove(root);
                    break;
                case "replace":
                    root = path.Replace(root, value?.DeepClone());
                    break;
                case "copy":
                    var copied = from!.Find(root);
                    Measure(copied, path.Depth, ref moved);
                    root = path.Add(root, copied?.DeepClone());
                    break;
                case "move":
                    Measure(from!.Find(root), path.Depth, ref moved);
                    (root, var taken) = from.Remove(root);
                    root = path.Add(root, taken);
                    break;
                default:
                    if (!JsonNode.DeepEquals(path.Find(root), value))
                    {
                        throw new PatchException(PatchFaultKind.NotApplicable, "what it tests for is not so.");
                    }

                    break;
            }
        }

        at = -1;
        return root;
    }

    private static (Operation? Operation, string Fault) Read(JsonNode? node)
    {
        if (node is not JsonObject members || Text(members, "op") is not { } op || Text(members, "path") is not { } path)
        {
            return (null, "an operation is an object with the strings op and path.");
        }

        if (op is not ("add" or "remove" or "replace" or "move" or "copy" or "test"))
        {
            return (null, "op is add, remove, replace, move, copy or test.");
        }

        if (JsonPointer.Parse(path) is not { } to)
        {
            return (null, $"path is a JSON Pointer of at most {JsonPointer.MaxSteps} steps, such as /name/0/family.");
        }

        JsonPointer? from = null;
        if (op is "move" or "copy" && (Text(members, "from") is not { } text || (from = JsonPointer.Parse(text)) is null))
        {
            return (null, "move and copy have a JSON Pointer from.");
        }

        if (op == "move" && from!.Holds(to))
        {
            return (null, "nothing is moved into itself.");
        }

        return op is "add" or "replace" or "test" && !members.ContainsKey("value")
            ? (null, "add, replace and test have a value.")
            : (new Operation(op, to, from, members["value"]), "");
    }

    private static string? Text(JsonObject members, string name) =>
        members[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Counts the values of a subtree that goes to another place, and refuses what would nest too deeply there.</summary>
    private static void Measure(JsonNode? node, int depth, ref int count)
    {
        if (++count > MaxMoved || depth > MaxDepth)
        {
            throw new PatchException(PatchFaultKind.TooCostly, "it copies too much, or too deeply.");
        }

        IEnumerable<JsonNode?> inner = node switch { JsonObject members => members.Select(m => m.Value), JsonArray items => items, _ => [] };
        foreach (var child in inner)
        {
            Measure(child, depth + 1, ref count);
        }
    }

    private sealed record Operation(string Op, JsonPointer Path, JsonPointer? From, JsonNode? Value);
}
