using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>Where in a resource's text the values of resourceType, id and meta are; an empty range where one is absent.</summary>
internal readonly struct HeadPlaces
{
    private readonly Range _type;
    private readonly Range _id;
    private readonly Range _meta;

    private HeadPlaces(Range type, Range id, Range meta)
    {
        _type = type;
        _id = id;
        _meta = meta;
    }

    public static HeadPlaces Find(ReadOnlySpan<byte> resource)
    {
        var (type, id, meta) = (default(Range), default(Range), default(Range));
        var left = 3;
        var reader = new Utf8JsonReader(resource);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        while (left > 0 && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("resourceType"u8);
            var isId = !isType && reader.ValueTextEquals("id"u8);
            var isMeta = !isType && !isId && reader.ValueTextEquals("meta"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = start..(int)reader.BytesConsumed;
            if (isType)
            {
                type = value;
            }
            else if (isId)
            {
                id = value;
            }
            else if (isMeta)
            {
                meta = value;
            }
            else
            {
                continue;
            }

            left--;
        }

        return new(type, id, meta);
    }

    public ReadOnlySpan<byte> Type(ReadOnlySpan<byte> resource) => resource[_type];

    public ReadOnlySpan<byte> Id(ReadOnlySpan<byte> resource) => resource[_id];

    public ReadOnlySpan<byte> Meta(ReadOnlySpan<byte> resource) => resource[_meta];
}
