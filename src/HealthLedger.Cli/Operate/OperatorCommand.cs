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
    public Command Make(string name, string description, IReadOnlyList<Symbol> parts, Func<ParseResult, (HttpMethod Method, string Path, HttpContent? Content)> request) =>
        Make(name, description, parts, async (parsed, send, _) =>
        {
            var (method, path, content) = request(parsed);
            using (content)
            {
                return await send(method, path, content, true);
            }
        });

    /// <summary>A subcommand that makes one request or several.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="parts">Its own arguments and options.</param>
    /// <param name="run">Makes the requests, each of which prints its answer; the exit code. Whatever is wrong with the command line, it says before the first one.</param>
    public Command Make(string name, string description, IReadOnlyList<Symbol> parts, Func<ParseResult, SendAndPrint, CancellationToken, Task<int>> run)
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
            OperatorConnection? gateway = null;
            try
            {
                return await run(parsed, async (method, path, content, isLast) =>
                {
                    gateway ??= await OperatorConnection.Open(Credentials.Read(parsed.GetRequiredValue(_credentials), parsed.GetRequiredValue(_client)), time, cancellationToken);
                    var (status, body) = await gateway.Send(method, path, content, cancellationToken);
                    return await Print(status, body, isLast && parsed.GetValue(_json));
                }, cancellationToken);
            }
            finally
            {
                gateway?.Dispose();
            }
        });
        return command;
    }

    /// <summary>Sends a request to an address below /admin/ and prints the answer; the exit code.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Below /admin/.</param>
    /// <param name="content">The body.</param>
    /// <param name="isLast">True for the answer that is the command's own, which <c>--json</c> is about.</param>
    internal delegate Task<int> SendAndPrint(HttpMethod method, string path, HttpContent? content, bool isLast);

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
