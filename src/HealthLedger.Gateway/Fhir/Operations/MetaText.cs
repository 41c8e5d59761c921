using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Access;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>meta in resources and Parameters, as the meta operations read, change and answer it.</summary>
internal static class MetaText
{
    private static readonly string[] Lists = ["profile", "security", "tag"];

    /// <summary>As deep as a resource may be.</summary>
    public static readonly JsonDocumentOptions Depth = new() { MaxDepth = 128 };

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 };

    /// <summary>A Parameters resource whose <c>return</c> is the meta of this resource.</summary>
    public static ReadOnlyMemory<byte> Answer(JsonElement resource) => Answer(resource.GetProperty("meta").WriteTo);

    /// <summary>The same with the meta that many records have.</summary>
    public static ReadOnlyMemory<byte> Answer(UsedMeta used) => Answer(json =>
    {
        json.WriteStartObject();
        List("profile", used.Profiles, json.WriteStringValue);
        List("security", used.Labels, Coding);
        List("tag", used.Tags, Coding);
        json.WriteEndObject();

        void List<T>(string name, IReadOnlyCollection<T> items, Action<T> write)
        {
            if (items.Count > 0)
            {
                json.WriteStartArray(name);
                foreach (var item in items)
                {
                    write(item);
                }

                json.WriteEndArray();
            }
        }

        void Coding((string System, string Code) coding)
        {
            json.WriteStartObject();
            Text("system", coding.System);
            Text("code", coding.Code);
            json.WriteEndObject();
        }

        void Text(string name, string value)
        {
            if (value.Length > 0)
            {
                json.WriteString(name, value);
            }
        }
    });

    private static ReadOnlyMemory<byte> Answer(Action<Utf8JsonWriter> meta)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "Parameters");
            json.WriteStartArray("parameter");
            json.WriteStartObject();
            json.WriteString("name", "return");
            json.WritePropertyName("valueMeta");
            meta(json);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.WrittenMemory;
    }

    /// <summary>The resource with the profiles, labels and tags of <paramref name="meta"/> added or taken out; null where that changes nothing.</summary>
    public static byte[]? Change(ReadOnlyMemory<byte> resource, JsonObject meta, bool adds)
    {
        var root = JsonNode.Parse(resource.Span, null, Depth)!.AsObject();
        var own = root["meta"]!.AsObject();
        var changed = false;
        foreach (var name in Lists)
        {
            foreach (var item in meta[name] as JsonArray ?? [])
            {
                var list = own[name] as JsonArray;
                var at = list is null ? -1 : list.ToList().FindIndex(i => Same(i, item));
                if (adds && at < 0)
                {
                    if (list is null)
                    {
                        own[name] = list = [];
                    }

                    list.Add(item?.DeepClone());
                    changed = true;
                }
                else if (!adds && at >= 0)
                {
                    list!.RemoveAt(at);
                    changed = true;
                    if (list.Count == 0)
                    {
                        own.Remove(name);
                    }
                }
            }
        }

        return changed ? JsonSerializer.SerializeToUtf8Bytes(root, Relaxed) : null;
    }

    /// <summary>A profile by its URL, a label or tag by its system and code (http://hl7.org/fhir/R4/resource-operation-meta-add.html).</summary>
    private static bool Same(JsonNode? one, JsonNode? other) => (one, other) switch
    {
        (JsonObject a, JsonObject b) => Text(a, "system") == Text(b, "system") && Text(a, "code") == Text(b, "code"),
        (JsonValue a, JsonValue b) => a.ToString() == b.ToString(),
        _ => false,
    };

    private static string? Text(JsonObject coding, string name) => coding[name]?.ToString();
}
