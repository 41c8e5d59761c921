using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger keys offline-make</c> and <c>offline-sign</c>: what the holder of the offline key does, on a machine that no gateway reaches.</summary>
internal static class OfflineCommands
{
    private const int MaxPassphrase = 1024;

    public static Command Make(Terminal terminal)
    {
        var name = new Option<string>("--name") { Description = "The key's name, another than the log's, such as ledger.example.org/offline.", HelpName = "NAME", Required = true };
        var path = new Option<string>("--out") { Description = "The file to write (mode 0600); it is never overwritten.", HelpName = "FILE", Required = true };
        var passphrase = Passphrase();
        var command = new Command("offline-make", "Makes an offline key, sealed under a passphrase, and prints its verifier key: what verifiers pin.") { name, path, passphrase };
        command.SetAction(async (parsed, _) =>
        {
            var secret = ReadPassphrase(parsed.GetRequiredValue(passphrase));
            try
            {
                var (file, verifier) = OfflineKey.Create(parsed.GetRequiredValue(name), secret);
                OfflineFiles.WriteNew(parsed.GetRequiredValue(path), file, secret: true);
                await terminal.Out.WriteLineAsync(verifier.ToString());
                return (int)ExitCode.Ok;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(secret);
            }
        });
        return command;
    }

    public static Command Sign(Terminal terminal)
    {
        var key = new Option<string>("--key") { Description = "The offline key's file.", HelpName = "FILE", Required = true };
        var passphrase = Passphrase();
        var request = new Option<string>("--request") { Description = "The statement that the gateway asks for.", HelpName = "FILE", Required = true };
        var path = new Option<string>("--out") { Description = "The file for the signed statement.", HelpName = "FILE", Required = true };
        var json = new Option<bool>("--json") { Description = "Writes what is signed as JSON." };
        var command = new Command("offline-sign", "Shows a statement that a gateway asks for, and signs it.") { key, passphrase, request, path, json };
        command.SetAction(async (parsed, _) =>
        {
            if (!SignedSuccession.Asked(OfflineFiles.Read("--request", parsed.GetRequiredValue(request))).TryGet(out var asked, out var fault))
            {
                throw new UsageException($"--request: {fault.Detail}");
            }

            var secret = ReadPassphrase(parsed.GetRequiredValue(passphrase));
            try
            {
                using var signer = OfflineKey.Open(OfflineFiles.Read("--key", parsed.GetRequiredValue(key)), secret);
                if (signer.Verifier.ToString() != asked.Statement.Offline.ToString())
                {
                    throw new UsageException("--request: the statement names another offline key.");
                }

                OfflineFiles.WriteNew(parsed.GetRequiredValue(path), asked.SignedBy(signer).Note.ToBytes(), secret: false);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(secret);
            }

            await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? Json(asked.Statement) : Text(asked.Statement));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static string Text(Succession statement) => statement.Number == 0
        ? $"Signed: {PlainLine.Of(statement.Origin)} has the key {statement.Successor}, and names this offline key."
        : $"""
            Signed: succession {statement.Number} of {PlainLine.Of(statement.Origin)}, {Succession.Word(statement.Reason)}.
            From   {statement.Retiring}
            To     {statement.Successor}
            Frozen at {statement.Size} entries, root {statement.Root}
            """;

    private static string Json(Succession statement) => JsonSerializer.Serialize(
        new
        {
            origin = statement.Origin,
            number = statement.Number,
            reason = Succession.Word(statement.Reason),
            retiring = statement.Retiring?.ToString(),
            successor = statement.Successor.ToString(),
            size = statement.Size,
            root = statement.Root.ToString(),
        },
        new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static Option<string> Passphrase() => new("--passphrase-file") { Description = "A file with the passphrase, 1 to 1,024 bytes without line ends but at its end.", HelpName = "FILE", Required = true };

    private static byte[] ReadPassphrase(string path)
    {
        var bytes = OfflineFiles.Read("--passphrase-file", path);
        var passphrase = bytes.AsSpan().TrimEnd("\r\n"u8).ToArray();
        CryptographicOperations.ZeroMemory(bytes);
        return passphrase.Length is > 0 and <= MaxPassphrase ? passphrase : throw new UsageException($"--passphrase-file: 1 to {MaxPassphrase} bytes.");
    }
}
