using System.Collections.Immutable;
using System.Text.Json;

namespace HealthLedger.Smart.Jose;

/// <summary>Reads and writes a JWK Set (RFC 7517 section 5) of public keys.</summary>
public static class JsonWebKeySet
{
    /// <summary>The most keys a set may hold.</summary>
    public const int MaxKeys = 8;

    /// <summary>
    /// The keys; null where the set is empty, holds more than 8 keys, a key that is not accepted, or a <c>kid</c> twice. Strict on purpose: a registration that
    /// holds a key which would be ignored is a mistake that its author wants to hear of.
    /// </summary>
    public static ImmutableArray<JsonWebKey>? Parse(ReadOnlyMemory<byte> utf8)
    {
        if (StrictJson.ParseObject(utf8, MaxKeys * JsonWebKey.MaxBytes) is not { } set || !set.TryGetProperty("keys", out var members)
            || members.ValueKind != JsonValueKind.Array || members.GetArrayLength() is < 1 or > MaxKeys)
        {
            return null;
        }

        var keys = ImmutableArray.CreateBuilder<JsonWebKey>();
        foreach (var member in members.EnumerateArray())
        {
            if (JsonWebKey.Parse(member) is not { } key || keys.Any(k => k.KeyId == key.KeyId))
            {
                return null;
            }

            keys.Add(key);
        }

        return keys.ToImmutable();
    }

    /// <summary>The set as JSON.</summary>
    public static string ToJson(IEnumerable<JsonWebKey> keys) => $$"""{"keys":[{{string.Join(',', keys.Select(key => key.ToJson()))}}]}""";
}
