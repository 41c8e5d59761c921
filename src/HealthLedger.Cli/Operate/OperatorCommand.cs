using System.CommandLine;
using System.Text.Json;
using HealthLedger.Cli.Token;

namespace HealthLedger.Cli.Operate;

/// <summary>What the operators' commands have in common: whose token, one request, and how the answer is printed.</summary>
internal sealed class OperatorCommand(Terminal terminal, TimeProvider time)
{
    /// <summary>A signed note in an answer: for a file, not for the eye.</summary>
    private const string Note = "statement";

    private readonly Option<string> _credentials = new("--credentials") { Description = "The file with the server's address and the client's private key.", HelpName = "FILE", Required = true };
    private readonly Option<string?> _client = new("--client") { Description = "The operator's client id; may be left out where the file has one client.", HelpName = "ID" };
    private readonly Option<bool> _json = new("--json") { Description = "Writes the gateway's whole answer." };

    /// <summary>Where a command that has this option puts the signed note of an answer; it is never overwritten.</summary>
    public Option<string> StatementFile { get; } = new("--out") { Description = "The file for the statement that the offline key is to sign.", HelpName = "FILE", Required = true };

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
                return await send.AndPrint(method, path, content);
            }
        });

    /// <summary>A subcommand that makes one request or several.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="parts">Its own arguments and options.</param>
    /// <param name="run">Makes the requests; the exit code. Whatever is wrong with the command line, it says before the first one.</param>
    public Command Make(string name, string description, IReadOnlyList<Symbol> parts, Func<ParseResult, Requests, CancellationToken, Task<int>> run)
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
            using var requests = new Requests(
                this,
                async () => await OperatorConnection.Open(Credentials.Read(parsed.GetRequiredValue(_credentials), parsed.GetValue(_client)), time, cancellationToken),
                parsed.GetValue(_json),
                parsed.GetValue(StatementFile),
                cancellationToken);
            return await run(parsed, requests, cancellationToken);
        });
        return command;
    }

    private static void WriteNew(string path, string text)
    {
        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The gateway answered, and its answer cannot be written: {e.Message} Ask again with another --out: the answer is the same.");
        }
    }

    private async Task<int> Print(int status, JsonElement body, bool json)
    {
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(body));
        }

        if (status != 200)
        {
            foreach (var name in new[] { "inForce", "refused" })
            {
                if (Text(body, name) is { } note)
                {
                    await terminal.Error.WriteLineAsync(string.Join('\n', note.Split('\n').Select(PlainLine.Of)));
                }
            }

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
        foreach (var member in body.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null && !member.NameEquals(Note)))
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

    /// <summary>The requests of one command, over a connection that the first of them opens.</summary>
    internal sealed class Requests(OperatorCommand command, Func<Task<OperatorConnection>> open, bool json, string? statementFile, CancellationToken cancellationToken) : IDisposable
    {
        private OperatorConnection? gateway;

        /// <summary>True where the answer is wanted as JSON.</summary>
        public bool Json => json;

        /// <summary>Sends a request to an address below /admin/: the status and the answer.</summary>
        public async Task<(int Status, JsonElement Body)> Send(HttpMethod method, string path, HttpContent? content)
        {
            gateway ??= await open();
            return await gateway.Send(method, path, content, cancellationToken);
        }

        /// <summary>The same, printed; the exit code.</summary>
        /// <param name="method">The method.</param>
        /// <param name="path">Below /admin/.</param>
        /// <param name="content">The body.</param>
        /// <param name="isLast">True for the answer that is the command's own, which <c>--json</c> is about.</param>
        public async Task<int> AndPrint(HttpMethod method, string path, HttpContent? content, bool isLast = true)
        {
            var (status, body) = await Send(method, path, content);
            if (status == 200 && statementFile is not null && Text(body, Note) is { } statement)
            {
                WriteNew(statementFile, statement);
            }

            return await command.Print(status, body, isLast && json);
        }

        /// <summary>Prints an answer; the exit code.</summary>
        public Task<int> Print(int status, JsonElement body) => command.Print(status, body, json);

        public void Dispose() => gateway?.Dispose();
    }
}
