using System.CommandLine;
using System.Text.Json;
using HealthLedger.Cli.Token;

namespace HealthLedger.Cli.Operate;

/// <summary>What the operators' commands have in common: whose token, one request, and how the answer is printed.</summary>
internal sealed class OperatorCommand(Terminal terminal, TimeProvider time)
{
    private readonly Option<string> _credentials = new("--credentials") { Description = "The file with the server's address and the client's private key.", HelpName = "FILE", Required = true };
    private readonly Option<string> _client = new("--client") { Description = "The operator's client id.", HelpName = "ID", Required = true };
    private readonly Option<bool> _json = new("--json") { Description = "Writes the gateway's whole answer." };

    /// <summary>A subcommand that makes one request.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="parts">Its own arguments and options.</param>
    /// <param name="request">Method, path below /admin/ and body.</param>
    public Command Make(string name, string description, IReadOnlyList<Symbol> parts, Func<ParseResult, (HttpMethod Method, string Path, HttpContent? Content)> request)
    {
        var command = new Command(name, description) { _credentials, _client, _json };
        foreach (var part in parts)
        {
            if (part is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)part);
            }
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (method, path, content) = request(parsed);
            using (content)
            {
                using var gateway = await OperatorConnection.Open(Credentials.Read(parsed.GetRequiredValue(_credentials), parsed.GetRequiredValue(_client)), time, cancellationToken);
                var (status, body) = await gateway.Send(method, path, content, cancellationToken);
                return await Print(status, body, parsed.GetValue(_json));
            }
        });
        return command;
    }

    private async Task<int> Print(int status, JsonElement body, bool json)
    {
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(body));
        }

        if (status != 200)
        {
            await terminal.Error.WriteLineAsync($"refused ({status}): {PlainLine.Of(Text(body, "error") ?? "no reason given")}. {PlainLine.Of(Text(body, "message"))}".TrimEnd());
            return (int)ExitCode.Failed;
        }

        if (!json)
        {
            await Show(body, "");
        }

        return (int)ExitCode.Ok;
    }

    private async Task Show(JsonElement body, string indent)
    {
        foreach (var member in body.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    await Show(member.Value, indent);
                    break;
                case JsonValueKind.Array:
                    foreach (var item in member.Value.EnumerateArray())
                    {
                        if (item.ValueKind == JsonValueKind.Object)
                        {
                            await terminal.Out.WriteLineAsync();
                            await Show(item, indent + "  ");
                        }
                        else
                        {
                            await terminal.Out.WriteLineAsync($"{indent}{PlainLine.Of($"{member.Name}: {Words(item)}")}");
                        }
                    }

                    break;
                default:
                    await terminal.Out.WriteLineAsync(indent + PlainLine.Of(member.NameEquals("message") ? $"{member.Value}" : $"{member.Name}: {Words(member.Value)}"));
                    break;
            }
        }
    }

    private static string Words(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        _ => value.ToString(),
    };

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
