using System.CommandLine;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger keys</c>.</summary>
internal static class KeysCommand
{
    public const string Examples = """
          healthledger keys show --credentials demo-credentials.json --client demo-operator
          healthledger keys rotate-wrapping --credentials demo-credentials.json --client demo-operator
          healthledger keys passphrase --file new-passphrase --credentials demo-credentials.json --client demo-operator
          healthledger keys pkcs11 --credentials demo-credentials.json --client demo-operator

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    private const int MaxPassphrase = 1024;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var file = new Option<string>("--file") { Description = "A file with the new passphrase, without line ends but at its end.", HelpName = "FILE", Required = true };
        return new Command("keys", "Shows and rotates a gateway's keys.")
        {
            make.Make("show", "Which keys are in use.", [], _ => (HttpMethod.Get, "keys", null)),
            make.Make("rotate-wrapping", "Wraps all keys under a fresh one: no earlier copy of keys.db opens any more.", [], _ => (HttpMethod.Post, "keys/wrapping", null)),
            make.Make("rotate-tokens", "Signs access tokens with a fresh key; those in hand count until the next rotation.", [], _ => (HttpMethod.Post, "keys/tokens", null)),
            make.Make("passphrase", "Changes the passphrase of the key directory; takes the master key back from a PKCS#11 key too.", [file], parsed => (HttpMethod.Post, "keys/passphrase", new ByteArrayContent(Read(parsed.GetRequiredValue(file))))),
            make.Make("pkcs11", "Moves the master key from the passphrase to the PKCS#11 key that the gateway is configured with.", [], _ => (HttpMethod.Post, "keys/pkcs11", null)),
        };
    }

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
