using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger clients</c>.</summary>
internal static class ClientsCommand
{
    public const string Examples = """
          healthledger clients new-key clinic --url http://localhost:5080 --out clinic.json --public clinic.jwks
          healthledger clients add clinic --keys clinic.jwks --name "Riverside clinic" --organization Organization/riverside --scope "system/*.rs" --purpose "TREAT ETREAT" --credentials operator.json
          healthledger clients list --credentials operator.json
          healthledger clients change clinic --scope "system/Observation.rs" --credentials operator.json
          healthledger clients keys clinic --keys clinic-2027.jwks --credentials operator.json
          healthledger clients disable clinic --credentials operator.json

        new-key needs no gateway: who owns the client runs it, keeps the file with the private key, and hands the public part to an operator.

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var id = new Argument<string>("id") { Description = "The client id: 1 to 128 letters, digits or . _ ~ -" };
        var keys = new Option<string>("--keys") { Description = "A file with the client's public keys (JWK Set), as new-key writes it.", HelpName = "FILE", Required = true };
        var role = new Option<string>("--role") { Description = "system (default), regulator or operator; it stays as it is.", HelpName = "ROLE" };
        role.AcceptOnlyFromAmong("system", "regulator", "operator");
        return new Command("clients", "Registers, shows, changes and disables a gateway's clients, and makes keys for them.")
        {
            NewKey(terminal),
            make.Make("add", "Registers a client (a SMART backend service).", [id, keys, Name(true), Organization(), Scope(true), Purpose(true), MayMigrate(), role], parsed =>
                (HttpMethod.Post, "clients", Body(parsed, id, new JsonObject { ["clientId"] = parsed.GetRequiredValue(id) }))),
            make.Make("list", "Lists the clients.", [], _ => (HttpMethod.Get, "clients", null)),
            make.Make("show", "Shows a client.", [id], parsed => (HttpMethod.Get, Path(parsed), null)),
            make.Make("change", "Changes what is given of a client, from the next request on.", [id, Name(false), Organization(), Scope(false), Purpose(false), MayMigrate()], parsed => (HttpMethod.Post, Path(parsed), Body(parsed, id, []))),
            make.Make("keys", "Puts these public keys in the place of all that the client has.", [id, keys], parsed => (HttpMethod.Post, Path(parsed), Body(parsed, id, []))),
            make.Make("disable", "Ends it: no more tokens, and tokens in hand stop counting.", [id], parsed => (HttpMethod.Post, Path(parsed) + "/disable", null)),
            make.Make("enable", "Lets it in again.", [id], parsed => (HttpMethod.Post, Path(parsed) + "/enable", null)),
        };

        string Path(ParseResult parsed) => "clients/" + Uri.EscapeDataString(parsed.GetRequiredValue(id));
    }

    private static Option<string> Name(bool required) => new("--name") { Description = "The name that people see.", HelpName = "NAME", Required = required };

    private static Option<string> Organization() => new("--organization") { Description = "The organization that answers for it.", HelpName = "Organization/ID" };

    private static Option<string> Scope(bool required) => new("--scope") { Description = "The most it may be granted: SMART scopes, healthledger/audit or healthledger/admin, separated by blanks.", HelpName = "SCOPES", Required = required };

    private static Option<string> Purpose(bool required) => new("--purpose") { Description = "The purposes of use that it may have, such as TREAT, separated by blanks.", HelpName = "CODES", Required = required };

    private static Option<string> MayMigrate()
    {
        var option = new Option<string>("--may-migrate") { Description = "Whether it may choose ids (update as create), to load data.", HelpName = "yes|no" };
        option.AcceptOnlyFromAmong("yes", "no");
        return option;
    }

    /// <summary>What was given of the options, by their names.</summary>
    private static StringContent Body(ParseResult parsed, Argument<string> id, JsonObject body)
    {
        string? Given(string option) => parsed.CommandResult.Command.Options.OfType<Option<string>>().FirstOrDefault(o => o.Name == option) is { } known ? parsed.GetValue(known) : null;
        static JsonArray Words(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => (JsonNode)word)];
        foreach (var (option, member) in new[] { ("--name", "name"), ("--organization", "organization"), ("--role", "role") })
        {
            if (Given(option) is { } text)
            {
                body[member] = text;
            }
        }

        if (Given("--scope") is { } scopes)
        {
            body["scopes"] = Words(scopes);
        }

        if (Given("--purpose") is { } purposes)
        {
            body["purposes"] = Words(purposes);
        }

        if (Given("--may-migrate") is { } mayMigrate)
        {
            body["mayMigrate"] = mayMigrate == "yes";
        }

        if (Given("--keys") is { } file)
        {
            body["keys"] = ClientKeyFile.ReadPublic(file, parsed.GetRequiredValue(id));
        }

        return new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
    }

    private static Command NewKey(Terminal terminal)
    {
        var id = new Argument<string>("id") { Description = "The client id that the key is for." };
        var url = new Option<string>("--url") { Description = "The gateway's address, such as http://localhost:5080.", HelpName = "URL", Required = true };
        var to = new Option<string>("--out") { Description = "The new file with the private key, which --credentials of other commands takes. Its owner alone may read it.", HelpName = "FILE", Required = true };
        var open = new Option<string?>("--public") { Description = "A new file for the public part, whose thumbprint is printed then; without it, the public part is printed.", HelpName = "FILE" };
        var command = new Command("new-key", "Makes a key for a client (ES384), here, without a gateway. The private part never leaves the file.") { id, url, to, open };
        command.SetAction(async (parsed, _) =>
        {
            await terminal.Out.WriteLineAsync(ClientKeyFile.Create(parsed.GetRequiredValue(id), parsed.GetRequiredValue(url), parsed.GetRequiredValue(to), parsed.GetValue(open)));
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
