using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Smart.Tokens;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// Keys: <c>GET /admin/keys</c>, <c>POST /admin/keys/wrapping</c> and <c>/admin/keys/tokens</c> to rotate, <c>POST /admin/keys/passphrase</c> with the new passphrase's bytes
/// (<c>application/octet-stream</c>), <c>POST /admin/keys/pkcs11</c> to move the master key to the configured PKCS#11 key.
/// </summary>
internal static class KeysApi
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/keys", Show);
        admin.MapPost("/keys/wrapping", RotateWrapping);
        admin.MapPost("/keys/tokens", RotateTokens);
        admin.MapPost("/keys/passphrase", ChangePassphrase);
        admin.MapPost("/keys/pkcs11", MoveToProvider);
    }

    private static async Task Show(HttpContext http, OperatorActs acts, KeyDirectory directory, KeyRing ring, TokenSigningKey tokens)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "keys-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        await http.Json(new
        {
            message = $"Wrapping keys are in epoch {ring.Epoch}; tokens are signed by {tokens.Public.KeyId}.",
            wrappingEpoch = ring.Epoch,
            tokenKeys = tokens.Published.Select(key => key.KeyId),
            passphraseLiesWithKeys = directory.PassphraseLiesWithKeys,
            masterKey = directory.IsWithProvider ? "pkcs11" : "passphrase",
        });
    }

    private static async Task RotateWrapping(HttpContext http, OperatorActs acts, KeyRing ring)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "wrapping-rotated", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var (epoch, keys) = await Task.Run(ring.RotateWrapping);
        await http.Json(new { message = $"All keys are wrapped in epoch {epoch}; no earlier copy of keys.db opens any more, but in a backup of the keys, which has its wrapping key.", wrappingEpoch = epoch, rewrapped = keys });
    }

    private static async Task RotateTokens(HttpContext http, OperatorActs acts, TokenSigningKey tokens)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "token-key-rotated", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        tokens.Rotate();
        await http.Json(new { message = $"Tokens are signed by {tokens.Public.KeyId} now; those in hand count until they end.", tokenKeys = tokens.Published.Select(key => key.KeyId) });
    }

    private static async Task MoveToProvider(HttpContext http, OperatorActs acts, KeyDirectory directory)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "master-key-moved", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        try
        {
            if (!await Task.Run(directory.MoveToProvider))
            {
                await http.Refuse(StatusCodes.Status409Conflict, "no-provider", "Set HealthLedger:KeyProvider:Uri and HealthLedger:KeyProvider:PinFile, and start the gateway again with both it and the passphrase.");
                return;
            }
        }
        catch (KeyProviderException unreachable)
        {
            await http.Refuse(StatusCodes.Status409Conflict, "provider-unusable", unreachable.Message);
            return;
        }

        await http.Json(new { message = "The master key is with the PKCS#11 key, and the next start needs it instead of the passphrase. A copy of the key directory from before still opens by the passphrase.", masterKey = "pkcs11" });
    }

    private static async Task ChangePassphrase(HttpContext http, OperatorActs acts, KeyDirectory directory)
    {
        var body = await http.ReadBody();
        try
        {
            if (body is null || body.Length is 0 or > Passphrase.MaxSize || body.AsSpan().ContainsAny((byte)'\r', (byte)'\n', (byte)0))
            {
                await http.Refuse(StatusCodes.Status400BadRequest, "invalid", $"Send the new passphrase as 1 to {Passphrase.MaxSize} bytes, without line ends.");
                return;
            }

            if (!await acts.Record(http.Operator(), http.TraceIdentifier, "passphrase-changed", null, http.RequestAborted))
            {
                await http.Unavailable();
                return;
            }

            using var passphrase = Passphrase.FromBytes(body);
            await Task.Run(() => directory.ChangePassphrase(passphrase));
            await http.Json(new { message = "The next start needs the new passphrase. A copy of the key directory from before still opens by what opened it." });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(body);
        }
    }
}
