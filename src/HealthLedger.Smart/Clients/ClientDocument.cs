using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Clients;

/// <summary>
/// A registration as operators send it: one JSON object of known members, each at most once. Public keys alone: a private one that is sent is refused, and said to be spent.
/// </summary>
public sealed class ClientDocument
{
    /// <summary>The most bytes of one: eight of the largest keys and 200 scopes.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string PrivateKey = "A private key was sent. It is not taken, and since it has left its owner it is spent: make another one, and send its public part.";
    private static readonly string[] Members = ["clientId", "name", "role", "organization", "scopes", "purposes", "mayMigrate", "keys"];

    private readonly Dictionary<string, JsonElement> given;

    private ClientDocument(Dictionary<string, JsonElement> given) => this.given = given;

    /// <summary>Reads one; null where it is none, and <paramref name="fault"/> says what is wrong.</summary>
    /// <param name="utf8">The bytes.</param>
    /// <param name="isChange">True for a change, which has some of the members and neither <c>clientId</c> nor <c>role</c>; false for a whole registration.</param>
    /// <param name="fault">What is wrong, in plain words, with nothing of what was sent.</param>
    public static ClientDocument? Parse(ReadOnlyMemory<byte> utf8, bool isChange, out string? fault)
    {
        fault = null;
        if (StrictJson.ParseObject(utf8, MaxBytes) is not { } json)
        {
            fault = "Send one JSON object, each member once.";
            return null;
        }

        var members = json.EnumerateObject().ToDictionary(member => member.Name, member => member.Value);
        var known = isChange ? Members[1..].Where(member => member != "role").ToArray() : Members;
        string[] needed = isChange ? [] : ["clientId", "name", "scopes", "purposes", "keys"];
        fault = members.Keys.Any(member => !known.Contains(member)) || needed.Any(member => !members.ContainsKey(member)) || members.Count == 0
            ? $"Send {(isChange ? "some of" : "clientId, name, scopes, purposes and keys, and where they apply of")} {string.Join(", ", known)}, and nothing else."
            : members.Select(member => Fault(member.Key, member.Value)).FirstOrDefault(wrong => wrong is not null);
        return fault is null ? new ClientDocument(members) : null;
    }

    /// <summary>The client that it registers: a backend service.</summary>
    public Client ToClient() => Change(new Client
    {
        ClientId = given["clientId"].GetString()!,
        Kind = ClientKind.Backend,
        Name = "",
        Role = given.TryGetValue("role", out var role) ? Role(role.GetString())!.Value : CallerRole.System,
        Scopes = [],
        Purposes = [],
    });

    /// <summary>The client with what it states.</summary>
    public Client Change(Client client) => client with
    {
        Name = given.TryGetValue("name", out var name) ? name.GetString()! : client.Name,
        Organization = given.TryGetValue("organization", out var organization) ? organization.GetString() : client.Organization,
        Scopes = given.TryGetValue("scopes", out var scopes) ? [.. Texts(scopes)] : client.Scopes,
        Purposes = given.TryGetValue("purposes", out var purposes) ? [.. Texts(purposes).Select(code => PurposeOfUseCodes.Parse(code)!.Value)] : client.Purposes,
        MayMigrate = given.TryGetValue("mayMigrate", out var mayMigrate) ? mayMigrate.GetBoolean() : client.MayMigrate,
        Keys = given.TryGetValue("keys", out var keys) ? Keys(keys)!.Value : client.Keys,
    };

    private static string? Fault(string member, JsonElement value) => member switch
    {
        "organization" when value.ValueKind == JsonValueKind.Null => null,
        "clientId" or "name" or "organization" => value.ValueKind == JsonValueKind.String ? null : $"{member} must be a text.",
        "role" => value.ValueKind == JsonValueKind.String && Role(value.GetString()) is not null ? null : "role must be system, regulator or operator.",
        "mayMigrate" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "mayMigrate must be true or false.",
        "scopes" => IsTexts(value) ? null : "scopes must be a list of texts.",
        "purposes" => IsTexts(value) && Texts(value).All(code => PurposeOfUseCodes.Parse(code) is not null) ? null : "purposes must be a list of codes: " + string.Join(", ", Enum.GetValues<PurposeOfUse>().Select(purpose => purpose.Code())) + ".",
        "keys" when value.ValueKind == JsonValueKind.Array && value.EnumerateArray().Any(JsonWebKey.IsPrivate) => PrivateKey,
        _ => Keys(value) is not null ? null : "keys must be 1 to 8 public keys (JWK) for signatures, EC P-384 or RSA of 2,048 to 4,096 bits, each with a kid of its own.",
    };

    private static ImmutableArray<JsonWebKey>? Keys(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is < 1 or > JsonWebKeySet.MaxKeys)
        {
            return null;
        }

        var keys = value.EnumerateArray().Select(JsonWebKey.Parse).ToList();
        return keys.All(key => key is not null) && keys.DistinctBy(key => key!.KeyId).Count() == keys.Count ? [.. keys!] : null;
    }

    private static CallerRole? Role(string? code) => CallerRoleCodes.Parse(code) is { } role and (CallerRole.System or CallerRole.Regulator or CallerRole.Operator) ? role : null;

    private static bool IsTexts(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String);

    private static IEnumerable<string> Texts(JsonElement value) => value.EnumerateArray().Select(text => text.GetString()!);
}
