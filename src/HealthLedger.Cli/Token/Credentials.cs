using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary>What getting a token needs of a credentials file: where the server is, one client's private key, and what the client may ask for.</summary>
internal sealed record Credentials(Uri Fhir, string ClientId, string Kind, JsonElement Jwk, string Scopes)
{
    private const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Reads the file and finds the client.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clientId">The client; null for the only one in the file, or of several the only one whose id ends in <c>auditor</c>.</param>
    /// <exception cref="UsageException">The file, the client or its key is not there or not of the right form.</exception>
    public static Credentials Read(string path, string? clientId)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes)
            {
                throw new UsageException($"{path} is larger than 16 MiB.");
            }

            using var document = JsonDocument.Parse(file);
            var root = document.RootElement;
            var clients = root.GetProperty("clients").EnumerateArray().ToList();
            var fitting = clients.FindAll(each => Fits(each.GetProperty("clientId").GetString()!, clientId, clients.Count));
            if (fitting is not [var client])
            {
                throw new UsageException($"{path} has {(clientId is null ? "several clients" : $"no client {clientId}")}; it has {string.Join(", ", clients.Select(each => each.GetProperty("clientId").GetString()))}.");
            }

            var jwk = client.TryGetProperty("jwk", out var key) && key.ValueKind == JsonValueKind.Object
                ? key.Clone()
                : throw new UsageException($"{path} has no private key for {clientId}.");
            return new Credentials(
                new Uri(root.GetProperty("fhir").GetString()!), client.GetProperty("clientId").GetString()!, client.GetProperty("kind").GetString() ?? "", jwk, ScopesOf(client));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or UriFormatException or ArgumentNullException)
        {
            throw new UsageException($"{path} is no credentials file.");
        }
    }

    private static bool Fits(string id, string? wanted, int clients) =>
        wanted is null ? clients == 1 || id.EndsWith("auditor", StringComparison.Ordinal) : id == wanted;

    private static string ScopesOf(JsonElement client) =>
        client.TryGetProperty("scopes", out var scopes) && scopes.ValueKind == JsonValueKind.Array ? string.Join(' ', scopes.EnumerateArray().Select(scope => scope.GetString())) : "";

    /// <summary>Everything but the key.</summary>
    public override string ToString() => ClientId;
}
