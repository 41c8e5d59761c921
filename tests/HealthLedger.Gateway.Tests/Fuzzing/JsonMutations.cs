using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>Resources in JSON that are wrong in ways that resources are: keys twice, other types, trees grafted, numbers and texts at the edges, nesting, circles.</summary>
internal static class JsonMutations
{
    /// <summary>What no tree can hold stands in it as a mark until the text is written.</summary>
    private const string Mark = "~raw~";

    private static readonly JsonSerializerOptions Written = new() { MaxDepth = 1000, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] RawValues =
    [
        "\"\\ud800\"", "\"\\udfff\\ud800\"", "\"\\u0000\"", "1e999999999", "-1E+400", "0.00000000000000000000000000000000000000000000000001", "1e-999999999", "123456789012345678901234567890", "1.00", "-0", "-0.0",
        "{\"a\":1,\"a\":2}", "[[[[[[[[]]]]]]]]", "[null]", "[null,null]", "{}", "[]", "[{}]", "null", "\"\"", "\" \"", "true", "01", "+1", ".5", "'a'", "undefined",
    ];

    private static readonly string[] Keys =
    [
        "id", "extension", "resourceType", "contained", "meta", "text", "value", "valueString", "valueQuantity", "reference", "_id", "_value", "url", "", "$ref", "__proto__", "div", "status", "fhir_comments",
        "modifierExtension", "implicitRules", "language", "identifier", "subject", "entry", "resource", "request", "coding", "system", "code", "type",
    ];

    /// <summary>Names that are written with escapes, some of which no string can hold.</summary>
    private static readonly string[] RawKeys = ["\"\\ud800\"", "\"\\udc00id\"", "\"i\\u0064\"", "\"resourceTyp\\u0065\"", "\"\\u0000\"", "\"_\\ud800\"", "\"cod\\u0069ng\""];

    public static byte[] Mutate(Seed seed, Random random)
    {
        if (random.Next(4) == 0)
        {
            return TextMutations.Mutate(seed.Json, random);
        }

        JsonNode root = JsonNode.Parse(seed.Json)!.AsObject();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            Once(root, random);
        }

        var text = Unmark(root.ToJsonString(Written));
        return random.Next(6) == 0 ? TextMutations.Mutate(Encoding.UTF8.GetBytes(text), random) : Encoding.UTF8.GetBytes(text);
    }

    private static void Once(JsonNode root, Random random)
    {
        var node = random.Pick(Nodes(root));
        switch (random.Next(13))
        {
            case 0:
                Replace(node, Raw(random.Pick(RawValues)));
                break;
            case 1:
                Replace(node, JsonValue.Create(random.Pick(TextMutations.Values)));
                break;
            case 2:
                Replace(node, random.Pick(Nodes(JsonNode.Parse(random.Pick(Seeds.Resources).Json)!)).DeepClone());
                break;
            case 3:
                Replace(node, random.Pick(Nodes(root)).DeepClone());
                break;
            case 4 when node.Parent is JsonObject parent:
                parent.Remove(node.GetPropertyName());
                break;
            case 5 when node.Parent is JsonObject parent:
                var name = node.GetPropertyName();
                parent.Remove(name);
                parent[random.Next(3) == 0 ? "_" + name : random.Pick(Keys)] = node;
                break;
            case 6 when node.Parent is JsonObject parent:
                parent[Mark + random.Next(1000) + Mark + node.GetPropertyName()] = random.Next(2) == 0 ? node.DeepClone() : null;
                break;
            case 7 when node is JsonArray { Count: > 0 } array:
                var item = array[random.Next(array.Count)];
                for (var times = 1 << random.Next(9); times > 0; times--)
                {
                    array.Add(item?.DeepClone());
                }

                break;
            case 8:
                Nest(node, random.Next(2) == 0 ? random.Next(4) : random.Next(120), random);
                break;
            case 9 when node is JsonObject named:
                named[random.Pick(Keys)] = random.Next(2) == 0 ? Raw(random.Pick(RawValues)) : random.Pick(Nodes(root)).DeepClone();
                break;
            case 10 when node is JsonObject named:
                var (rawName, members) = (Raw(random.Pick(RawKeys)).GetValue<string>(), named.ToList());
                named.Clear();
                named[rawName] = random.Next(2) == 0 ? null : new JsonObject();
                members.ForEach(named.Add);
                break;
            case 11:
                (node as JsonObject ?? root.AsObject())["resourceType"] = random.Pick(FhirDefinitions.R4.ResourceTypes);
                break;
            case 12 when node is JsonValue value && value.GetValueKind() == JsonValueKind.String:
                Replace(node, JsonValue.Create(TextMutations.Mutate(value.GetValue<string>(), random)));
                break;
        }
    }

    private static void Nest(JsonNode node, int depth, Random random)
    {
        var (inner, shape) = (node.DeepClone(), random.Next(4));
        for (; depth > 0; depth--)
        {
            inner = shape switch
            {
                0 => new JsonObject { ["url"] = "urn:x", ["extension"] = new JsonArray(inner) },
                1 => new JsonObject { ["resourceType"] = "Basic", ["contained"] = new JsonArray(inner) },
                2 => new JsonArray(inner),
                _ => new JsonObject { ["resourceType"] = "Bundle", ["type"] = "collection", ["entry"] = new JsonArray(new JsonObject { ["resource"] = inner }) },
            };
        }

        Replace(node, inner);
    }

    private static void Replace(JsonNode node, JsonNode? by)
    {
        if (node.Parent is not null)
        {
            node.ReplaceWith(by);
        }
    }

    private static JsonValue Raw(string text) => JsonValue.Create(Mark + Convert.ToHexString(Encoding.UTF8.GetBytes(text)) + Mark);

    private static string Unmark(string text)
    {
        var parts = text.Split(Mark);
        var result = new StringBuilder(parts[0]);
        for (var i = 1; i + 1 < parts.Length; i += 2)
        {
            if (parts[i].All(char.IsAsciiDigit) && parts[i].Length < 4 && !parts[i + 1].StartsWith('"'))
            {
                // A key that is there twice: the number kept it apart.
                result.Append(parts[i + 1]);
                continue;
            }

            if (parts[i].Length % 2 == 1 || !parts[i].All(char.IsAsciiHexDigitUpper) || result[^1] != '"' || !parts[i + 1].StartsWith('"'))
            {
                // Another mutation went over the mark.
                result.Append(parts[i]).Append(parts[i + 1]);
                continue;
            }

            // The quotation marks around the mark go with it.
            result.Length--;
            result.Append(Encoding.UTF8.GetString(Convert.FromHexString(parts[i]))).Append(parts[i + 1].AsSpan(1));
        }

        return result.ToString();
    }

    private static List<JsonNode> Nodes(JsonNode root)
    {
        var nodes = new List<JsonNode> { root };
        for (var i = 0; i < nodes.Count; i++)
        {
            switch (nodes[i])
            {
                case JsonObject members:
                    nodes.AddRange(members.Select(m => m.Value).OfType<JsonNode>());
                    break;
                case JsonArray items:
                    nodes.AddRange(items.OfType<JsonNode>());
                    break;
            }
        }

        return nodes;
    }
}
