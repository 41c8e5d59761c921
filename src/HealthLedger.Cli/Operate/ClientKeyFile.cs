using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Cli.Operate;

/// <summary>A client's key in two files: the private one that <c>--credentials</c> takes, for its owner alone, and the public one, a JWK Set (RFC 7517) that also names the client.</summary>
internal static class ClientKeyFile
{
    private const int MaxBytes = 64 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a key and writes it; what is to be printed: the public part where no file for it is named, else the key's thumbprint (RFC 7638).</summary>
    /// <param name="clientId">The client.</param>
    /// <param name="url">The gateway's address.</param>
    /// <param name="path">A new file for the private part.</param>
    /// <param name="publicPath">A new file for the public part; null for none.</param>
    /// <exception cref="UsageException">The id or the address is none, or a file is there already or cannot be written.</exception>
    public static string Create(string clientId, string url, string path, string? publicPath)
    {
        if (clientId.Length is 0 or > 128 || !clientId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '~' or '-'))
        {
            throw new UsageException("A client id has 1 to 128 letters, digits or . _ ~ -");
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            throw new UsageException("--url must be the gateway's http or https address, such as http://localhost:5080.");
        }

        if (publicPath is not null && File.Exists(publicPath))
        {
            throw new UsageException($"--public: {publicPath} exists already.");
        }

        var place = url.TrimEnd('/');
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var parameters = key.ExportParameters(includePrivateParameters: true);
        try
        {
            var kid = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(
                $$"""{"crv":"P-384","kty":"EC","x":"{{Base64Url.EncodeToString(parameters.Q.X)}}","y":"{{Base64Url.EncodeToString(parameters.Q.Y)}}"}""")));
            var credentials = new JsonObject
            {
                ["baseUrl"] = place,
                ["fhir"] = place + "/fhir",
                ["clients"] = new JsonArray(new JsonObject { ["clientId"] = clientId, ["kind"] = "backend", ["jwk"] = Jwk(parameters, kid, isPrivate: true) }),
            };
            Write(path, credentials, "--out", isPrivate: true);
            var open = new JsonObject { ["clientId"] = clientId, ["keys"] = new JsonArray(Jwk(parameters, kid, isPrivate: false)) };
            if (publicPath is null)
            {
                return open.ToJsonString();
            }

            Write(publicPath, open, "--public", isPrivate: false);
            return "thumbprint: " + kid;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    /// <summary>The keys of a JWK Set.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clientId">Whose keys they are to be; a file of new-key says whose they are.</param>
    /// <exception cref="UsageException">The file cannot be read or is none, is another client's, or holds a private key, which must not be sent.</exception>
    public static JsonArray ReadPublic(string path, string clientId)
    {
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length <= MaxBytes && JsonNode.Parse(stream) is JsonObject set && set["keys"] is JsonArray keys && keys.All(key => key is JsonObject))
            {
                if (set["clientId"] is JsonValue named && named.TryGetValue<string>(out var owner) && owner != clientId)
                {
                    throw new UsageException($"{path} holds the keys of the client {owner}, not of {clientId}.");
                }

                return keys.Any(key => key!.AsObject().ContainsKey("d") || key.AsObject().ContainsKey("k"))
                    ? throw new UsageException($"{path} holds a private key, which stays with its owner; give the public part.")
                    : (JsonArray)keys.DeepClone();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // Said below.
        }

        throw new UsageException($"{path} is no JWK Set, as clients new-key writes it.");
    }

    private static JsonObject Jwk(ECParameters key, string kid, bool isPrivate)
    {
        var jwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-384",
            ["x"] = Base64Url.EncodeToString(key.Q.X),
            ["y"] = Base64Url.EncodeToString(key.Q.Y),
            ["kid"] = kid,
            ["alg"] = "ES384",
            ["use"] = "sig",
        };
        if (isPrivate)
        {
            jwk["d"] = Base64Url.EncodeToString(key.D);
        }

        return jwk;
    }

    private static void Write(string path, JsonObject content, string option, bool isPrivate)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (isPrivate && !OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var file = new FileStream(path, options);
            file.Write(Encoding.UTF8.GetBytes(content.ToJsonString() + "\n"));
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }
}
