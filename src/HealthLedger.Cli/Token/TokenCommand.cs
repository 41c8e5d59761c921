using System.CommandLine;
using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary><c>healthledger token</c>.</summary>
internal static class TokenCommand
{
    public const string Examples = """
          healthledger token --credentials demo-credentials.json --client demo-clinic --scope "system/*.rs"
          healthledger token --credentials demo-credentials.json --client demo-system --scope "system/*.cruds" --purpose TREAT --json
          curl -H "Authorization: Bearer $(healthledger token --credentials demo-credentials.json --client demo-clinic --scope "system/Patient.rs" --purpose TREAT)" \
               http://localhost:5080/fhir/Patient

        Exit codes: 0 a token was printed, 1 the server refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var credentials = new Option<string>("--credentials") { Description = "The file with the server's address and the client's private key.", HelpName = "FILE", Required = true };
        var client = new Option<string?>("--client") { Description = "The client id; may be left out where the file has one client.", HelpName = "ID" };
        var user = new Option<string?>("--user") { Description = "A person to act for. Backend clients act for nobody, and people sign in with a browser: so far this is always refused, with the reason.", HelpName = "NAME" };
        var scope = new Option<string>("--scope") { Description = "SMART scopes, separated by blanks.", HelpName = "SCOPES", Required = true };
        var purpose = new Option<string?>("--purpose") { Description = "The one purpose of use that the token is for, such as TREAT.", HelpName = "CODE" };
        var json = new Option<bool>("--json") { Description = "Writes the server's whole answer." };
        var command = new Command("token", "Gets an access token for a client (SMART backend services).") { credentials, client, user, scope, purpose, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var read = Credentials.Read(parsed.GetRequiredValue(credentials), parsed.GetValue(client));
            var wanted = new Wanted(parsed.GetValue(user), parsed.GetRequiredValue(scope), parsed.GetValue(purpose), parsed.GetValue(json));
            return Run(terminal, time, read, wanted, cancellationToken);
        });
        return command;
    }

    private static async Task<int> Run(Terminal terminal, TimeProvider time, Credentials credentials, Wanted wanted, CancellationToken cancellationToken)
    {
        if (wanted.User is not null && credentials.Kind == "backend")
        {
            throw new UsageException($"{credentials.ClientId} is a backend client: it acts on its own behalf only, so --user does not apply.");
        }

        if (credentials.Kind != "backend")
        {
            throw new UsageException("Only backend clients get tokens by this command: people sign in at the server's pages, in a browser.");
        }

        using var server = new TokenServer();
        var (status, body) = await server.Token(credentials, wanted.Scope, wanted.Purpose, time, cancellationToken);
        if (status == 200 && Text(body, "scope") is { } granted && granted != wanted.Scope)
        {
            await terminal.Error.WriteLineAsync($"note: the server granted {(granted.Length == 0 ? "no scope" : PlainLine.Of(granted))}, not all that was asked for.");
        }

        return status == 200 && TokenServer.AccessToken(body) is { } token
            ? await Print(terminal, wanted.Json ? JsonSerializer.Serialize(body) : token)
            : await Refuse(terminal, wanted.Json, status, body);
    }

    private static async Task<int> Print(Terminal terminal, string text)
    {
        await terminal.Out.WriteLineAsync(text);
        return (int)ExitCode.Ok;
    }

    private static async Task<int> Refuse(Terminal terminal, bool json, int status, JsonElement body)
    {
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(body));
        }

        await terminal.Error.WriteLineAsync($"refused ({status}): {PlainLine.Of(Text(body, "error") ?? "no reason given")}. {PlainLine.Of(Text(body, "error_description"))}".TrimEnd());
        return (int)ExitCode.Failed;
    }

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private sealed record Wanted(string? User, string Scope, string? Purpose, bool Json);
}
