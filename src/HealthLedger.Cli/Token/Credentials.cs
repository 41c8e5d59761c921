using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary>What the token command needs of a credentials file: where the server is, and one client's private key.</summary>
internal sealed record Credentials(Uri Fhir, string ClientId, string Kind, JsonElement Jwk)
{
    private const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Reads the file and finds the client.</summary>
    /// <exception cref="UsageException">The file, the client or its key is not there or not of the right form.</exception>
    public static Credentials Read(string path, string clientId)
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
            var client = clients.Find(each => each.GetProperty("clientId").GetString() == clientId);
            if (client.ValueKind == JsonValueKind.Undefined)
            {
                throw new UsageException($"{path} has no client {clientId}; it has {string.Join(", ", clients.Select(each => each.GetProperty("clientId").GetString()))}.");
            }

            var jwk = client.TryGetProperty("jwk", out var key) && key.ValueKind == JsonValueKind.Object
                ? key.Clone()
                : throw new UsageException($"{path} has no private key for {clientId}.");
            return new Credentials(new Uri(root.GetProperty("fhir").GetString()!), clientId, client.GetProperty("kind").GetString() ?? "", jwk);
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

    /// <summary>Everything but the key.</summary>
    public override string ToString() => ClientId;
}
