using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Patch;

/// <summary>
/// FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): a Parameters resource whose parameters <c>operation</c> say type (add, insert, delete, replace, move), path, and
/// name, value, index, source, destination as the type needs them.
/// </summary>
public sealed class FhirPathPatch : ResourcePatch
{
    /// <summary>The most bytes that the operations of one patch may read of the resource together: each evaluates its path on what the ones before left.</summary>
    private const long MaxRead = 64 * 1024 * 1024;

    private const int MaxPath = 4096;

    private readonly Operation[] _operations;

    private FhirPathPatch(Operation[] operations) => _operations = operations;

    /// <summary>Reads a patch document.</summary>
    /// <param name="parameters">A valid Parameters resource, UTF-8 JSON.</param>
    public static (FhirPathPatch? Patch, PatchFault? Fault) Parse(ReadOnlyMemory<byte> parameters)
    {
        try
        {
            var entries = (JsonNode.Parse(parameters.Span, documentOptions: Reading) as JsonObject)?["parameter"] as JsonArray ?? [];
            if (entries.Count > MaxOperations)
            {
                return (null, new PatchFault(PatchFaultKind.Malformed, null, $"A FHIRPath Patch has at most {MaxOperations} operations."));
            }

            var operations = new Operation[entries.Count];
            for (var i = 0; i < operations.Length; i++)
            {
                var (operation, fault) = Read(entries[i] as JsonObject);
                if (operation is null)
                {
                    return (null, new PatchFault(PatchFaultKind.Malformed, i, fault));
                }

                operations[i] = operation;
            }

            return (new FhirPathPatch(operations), null);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, "A FHIRPath Patch is a Parameters resource in whole characters."));
        }
    }

    internal override JsonNode? Apply(JsonNode? resource, PatchTime time, ref int at)
    {
        using var running = time.Begin(out var deadline);
        var read = 0L;
        for (at = 0; at < _operations.Length; at++)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(resource, Writing);
            read += bytes.Length;
            if (read > MaxRead)
            {
                throw new PatchException(PatchFaultKind.TooCostly, $"all operations together read more than {MaxRead / 1024 / 1024} MiB of the resource: send fewer at once.");
            }

            using var text = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            var root = NodeItem.Resource(text.RootElement) ?? throw new PatchException(PatchFaultKind.NotApplicable, "what is left is no resource.");
            Apply(_operations[at], new PatchPlaces((JsonObject)resource!, root, FhirPathContext.DefaultBudget / _operations.Length, deadline));
        }

        at = -1;
        return resource;
    }

    private static void Apply(Operation operation, PatchPlaces places)
    {
        switch (operation.Type)
        {
            case "add":
                places.One(operation.Path).Add(operation.Name!, operation.Value!);
                break;
            case "insert":
                places.List(operation.Path).Insert(operation.Index, operation.Value!);
                break;
            case "delete":
                places.OneOrNone(operation.Path)?.Delete();
                break;
            case "replace":
                places.One(operation.Path).Replace(operation.Value!);
                break;
            default:
                places.List(operation.Path).Move(operation.Source, operation.Destination);
                break;
        }
    }

    private static (Operation? Operation, string Fault) Read(JsonObject? parameter)
    {
        if (Text(parameter, "name") != "operation" || parameter?["part"] is not JsonArray parts)
        {
            return (null, "each parameter is named operation and has parts.");
        }

        var named = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            if (part is not JsonObject members || Text(members, "name") is not { } name || name is not ("type" or "path" or "name" or "value" or "index" or "source" or "destination"))
            {
                return (null, "its parts are type, path, name, value, index, source and destination.");
            }

            if (!named.TryAdd(name, members))
            {
                return (null, "it has a part twice.");
            }
        }

        var type = Text(named.GetValueOrDefault("type"), "valueCode") ?? Text(named.GetValueOrDefault("type"), "valueString");
        if (type is not ("add" or "insert" or "delete" or "replace" or "move"))
        {
            return (null, "type is add, insert, delete, replace or move.");
        }

        if (Text(named.GetValueOrDefault("path"), "valueString") is not { Length: <= MaxPath } path)
        {
            return (null, $"path is a string of at most {MaxPath} characters.");
        }

        try
        {
            _ = FhirPathExpression.Parse(path);
        }
        catch (FhirPathSyntaxException syntax)
        {
            return (null, string.Create(CultureInfo.InvariantCulture, $"path is no FHIRPath expression (at character {syntax.Position})."));
        }

        var name_ = Text(named.GetValueOrDefault("name"), "valueString");
        if (type == "add" && name_ is null)
        {
            return (null, "add has a name.");
        }

        var value = named.TryGetValue("value", out var given) ? PatchValue.Read(given) : null;
        if (type is "add" or "insert" or "replace" && value is null)
        {
            return (null, "add, insert and replace have a value: value[x], resource, or parts for an element without a type of its own.");
        }

        var (index, source, destination) = (Number(named, "index"), Number(named, "source"), Number(named, "destination"));
        return (type == "insert" && index is null) || (type == "move" && (source is null || destination is null))
            ? (null, "insert has an index, move has source and destination: whole numbers from 0.")
            : (new Operation(type, path, name_, value, index ?? 0, source ?? 0, destination ?? 0), "");
    }

    private static string? Text(JsonObject? members, string name) =>
        members?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static int? Number(Dictionary<string, JsonObject> parts, string name) =>
        parts.TryGetValue(name, out var part) && (part["valueInteger"] ?? part["valueUnsignedInt"] ?? part["valuePositiveInt"]) is JsonValue value && value.TryGetValue<int>(out var number) && number >= 0 ? number : null;

    private sealed record Operation(string Type, string Path, string? Name, PatchValue? Value, int Index, int Source, int Destination);
}
