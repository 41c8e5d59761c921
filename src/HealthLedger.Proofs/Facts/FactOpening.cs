using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Facts;

/// <summary>One field of an opening: its value and salt where it is opened, else its leaf hash.</summary>
/// <param name="Opened">True where the value is shown.</param>
/// <param name="Value">The value; null where it is absent or not shown.</param>
/// <param name="Salt">The salt of an opened field.</param>
/// <param name="Leaf">The leaf hash of a field that is not shown.</param>
public readonly record struct OpenedField(bool Opened, string? Value, Hash Salt, Hash Leaf);

/// <summary>Some or all fields of a fact, with what it takes to check them against the entry's commitment.</summary>
/// <remarks>
/// JSON: <c>{"suite":1,"fields":[{"name":"event","value":"access","salt":"BASE64"},{"name":"time","leaf":"BASE64"},...]}</c>, all sixteen in
/// order; a null value is an absent field. A partial opening tells nothing of the other fields, whether they are present included.
/// </remarks>
public sealed class FactOpening
{
    private readonly OpenedField[] _fields;

    private FactOpening(OpenedField[] fields) => _fields = fields;

    /// <summary>A field of the opening.</summary>
    public OpenedField this[FactField field] => _fields[(int)field];

    /// <summary>The shown value of a field; null where it is absent or not shown.</summary>
    public string? ValueOf(FactField field) => _fields[(int)field].Value;

    /// <summary>True where every field is opened.</summary>
    public bool IsFull => Array.TrueForAll(_fields, each => each.Opened);

    /// <summary>Opens every field.</summary>
    public static FactOpening Full(Fact fact) => Of(fact, FactFields.All);

    /// <summary>Opens the chosen fields.</summary>
    public static FactOpening Of(Fact fact, IEnumerable<FactField> chosen)
    {
        ArgumentNullException.ThrowIfNull(fact);
        var open = chosen.ToHashSet();
        return new FactOpening([.. FactFields.All.Select(field => open.Contains(field)
            ? new OpenedField(true, fact[field], fact.SaltOf(field), default)
            : new OpenedField(false, null, default, fact.LeafOf(field)))]);
    }

    /// <summary>Verifies that the opened fields are those of the fact behind a commitment.</summary>
    public Verdict Verify(in Hash commitment)
    {
        Span<Hash> leaves = stackalloc Hash[FactFields.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            var field = _fields[i];
            leaves[i] = field.Opened
                ? FactHash.Leaf(field.Salt, field.Value is not null, Encoding.UTF8.GetBytes(field.Value ?? ""))
                : field.Leaf;
        }

        return MerkleHash.Root(leaves) == commitment
            ? Verdict.Valid
            : Verdict.Refused("opening-commitment", "The opened fields are not those that the entry commits to.");
    }

    /// <summary>The opening as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("suite", Fact.Suite);
            json.WriteStartArray("fields");
            foreach (var field in FactFields.All)
            {
                var opened = this[field];
                json.WriteStartObject();
                json.WriteString("name", field.Name());
                if (opened.Opened)
                {
                    json.WriteString("value", opened.Value);
                    json.WriteString("salt", opened.Salt.ToBase64());
                }
                else
                {
                    json.WriteString("leaf", opened.Leaf.ToBase64());
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads an opening strictly: exactly the sixteen fields in order, no member twice or unknown.</summary>
    public static Parsed<FactOpening> Parse(ReadOnlySpan<byte> json)
    {
        if (!StrictJson.Parse(json, 2 * Fact.MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.HasExactly(root, "suite", "fields")
                || root.GetProperty("suite") is not { ValueKind: JsonValueKind.Number } suite || !suite.TryGetInt32(out var number) || number != Fact.Suite
                || root.GetProperty("fields") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() != FactFields.Count)
            {
                return new Fault("opening-shape", "Not an opening of a known suite with sixteen fields.");
            }

            var fields = new OpenedField[FactFields.Count];
            foreach (var field in FactFields.All)
            {
                if (ParseField(list[(int)field], field.Name()) is not { } opened)
                {
                    return new Fault("opening-field", $"Field {(int)field} is not '{field.Name()}' with a value and salt, or a leaf.");
                }

                fields[(int)field] = opened;
            }

            return new FactOpening(fields);
        }
    }

    private static OpenedField? ParseField(JsonElement element, string name)
    {
        if (StrictJson.HasExactly(element, "name", "leaf"))
        {
            return StrictJson.String(element, "name") == name && Hash.TryParseBase64(StrictJson.String(element, "leaf"), out var leaf)
                ? new OpenedField(false, null, default, leaf)
                : null;
        }

        if (!StrictJson.HasExactly(element, "name", "value", "salt") || StrictJson.String(element, "name") != name
            || !Hash.TryParseBase64(StrictJson.String(element, "salt"), out var salt))
        {
            return null;
        }

        return element.GetProperty("value").ValueKind is JsonValueKind.Null
            ? new OpenedField(true, null, salt, default)
            : StrictJson.String(element, "value") is { } value ? new OpenedField(true, value, salt, default) : null;
    }
}
