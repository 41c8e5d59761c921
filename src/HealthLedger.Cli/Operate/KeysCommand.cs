using System.CommandLine;
using System.Text.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger keys</c>.</summary>
internal static class KeysCommand
{
    public const string Examples = """
          healthledger keys show --credentials demo-credentials.json --client demo-operator
          healthledger keys rotate-wrapping --credentials demo-credentials.json --client demo-operator
          healthledger keys passphrase --file new-passphrase --credentials demo-credentials.json --client demo-operator
          healthledger keys pkcs11 --credentials demo-credentials.json --client demo-operator

        The log's own key (docs/operations.md, "Rotating the log's key"); offline-make and offline-sign on a machine of their own:
          healthledger keys offline-make --name ledger.example.org/offline --out offline.key --passphrase-file F
          healthledger keys log-request --offline-key "$(cat offline.vkey)" --out request --credentials demo-credentials.json --client demo-operator
          healthledger keys offline-sign --key offline.key --passphrase-file F --request request --out statement
          healthledger keys log-install --statement statement --credentials demo-credentials.json --client demo-operator
          healthledger keys log-show --credentials demo-credentials.json --client demo-operator

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    private const int MaxPassphrase = 1024;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var file = new Option<string>("--file") { Description = "A file with the new passphrase, without line ends but at its end.", HelpName = "FILE", Required = true };
        var offline = new Option<string?>("--offline-key") { Description = "The offline key's verifier key. Needed the first time, when the log names it for good.", HelpName = "KEY" };
        var revoke = new Option<bool>("--revoke") { Description = "The log's key is lost or in others' hands: it does not sign, and ends with the installation." };
        var statement = new Option<string>("--statement") { Description = "The statement that the offline key signed.", HelpName = "FILE", Required = true };
        return new Command("keys", "Shows and rotates a gateway's keys, and makes and uses the offline key that its log's key cannot be rotated without.")
        {
            make.Make("show", "Which keys are in use.", [], _ => (HttpMethod.Get, "keys", null)),
            make.Make("rotate-wrapping", "Wraps all keys under a fresh one: no earlier copy of keys.db opens any more, but in a backup of the keys, which has its wrapping key.", [], _ => (HttpMethod.Post, "keys/wrapping", null)),
            make.Make("rotate-tokens", "Signs access tokens with a fresh key; those in hand count until the next rotation.", [], _ => (HttpMethod.Post, "keys/tokens", null)),
            make.Make("passphrase", "Changes the passphrase of the key directory; takes the master key back from a PKCS#11 key too.", [file], parsed => (HttpMethod.Post, "keys/passphrase", new ByteArrayContent(Read(parsed.GetRequiredValue(file))))),
            make.Make("log-show", "Which keys the log has and had.", [], _ => (HttpMethod.Get, "keys/log", null)),
            make.Make(
                "log-request", "Makes a successor of the log's key, and the statement that the offline key is to sign; the first time one that names the offline key.", [offline, revoke, make.StatementFile],
                parsed => (HttpMethod.Post, "keys/log/request", Json(parsed.GetValue(offline), parsed.GetValue(revoke)))),
            make.Make("log-install", "Installs what the offline key signed: from then on the successor is the log's key.", [statement], parsed => (HttpMethod.Post, "keys/log/install", new ByteArrayContent(OfflineFiles.Read("--statement", parsed.GetRequiredValue(statement))))),
            make.Make("log-retire", "Destroys the retired key of the log before its time.", [], _ => (HttpMethod.Post, "keys/log/retire", null)),
            OfflineCommands.Make(terminal),
            OfflineCommands.Sign(terminal),
            make.Make("pkcs11", "Moves the master key from the passphrase to the PKCS#11 key that the gateway is configured with.", [], _ => (HttpMethod.Post, "keys/pkcs11", null)),
        };
    }

    private static ByteArrayContent Json(string? offlineKey, bool revoke) =>
        new(JsonSerializer.SerializeToUtf8Bytes(new { offlineKey = offlineKey?.Trim() ?? "", reason = revoke ? "revoked" : "rotated" }));

    private static byte[] Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[MaxPassphrase + 3];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return bytes.AsSpan(0, length).TrimEnd("\r\n"u8).ToArray();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {unreadable.Message}");
        }
    }
}
