using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger vault check</c>.</summary>
internal static class VaultCommand
{
    public const string Examples = """
          healthledger vault check --credentials demo-credentials.json --client demo-operator

        The running gateway reads every sealed row: heads and segments open and add up, each record's row is there and has the hash that was committed, no other row is there, each
        patient's head is the one that the ledger's newest change names. Nothing is opened for anybody; places are keyed names, which say nothing without the keys. A patient's
        writes wait while that patient's rows are read. Each part of some seconds is an entry of the ledger.

        Exit codes: 0 all rows are as they were committed, 1 some are not or the gateway refused, 2 usage, 4 unreachable.
        """;

    private const int Steps = 10_000;

    /// <summary>More parts than these are no vault's: a server that goes on for ever is left.</summary>
    private const int MaxParts = 1_000_000;

    private static readonly string[] Counts = ["shelves", "records", "versions", "rows", "bytes", "faults"];

    public static Command Make(Terminal terminal, TimeProvider time) => new("vault", "Checks the sealed records at rest.")
    {
        new OperatorCommand(terminal, time).Make("check", "Compares every sealed row with what was committed.", [], (_, requests, _) => Check(terminal, time, requests)),
    };

    private static async Task<int> Check(Terminal terminal, TimeProvider time, OperatorCommand.Requests requests)
    {
        var sums = Counts.ToDictionary(name => name, _ => 0L);
        var findings = new List<(string Place, string Finding)>();
        var began = time.GetTimestamp();
        using (var progress = new ProgressBar(terminal, time, "checking", Steps))
        {
            var next = "";
            for (var parts = 0; next is not null; parts++)
            {
                if (parts == MaxParts)
                {
                    throw new UnreachableException("The check does not come to an end.");
                }

                using var content = JsonContent.Create(new Dictionary<string, string> { ["from"] = next });
                var (status, body) = await requests.Send(HttpMethod.Post, "vault/check", content);
                if (status != 200)
                {
                    return await requests.Print(status, body);
                }

                next = Read(body, sums, findings, progress);
            }
        }

        await Write(terminal, requests.Json, sums, findings, time.GetElapsedTime(began));
        return (int)(sums["faults"] == 0 ? ExitCode.Ok : ExitCode.Failed);
    }

    private static string? Read(JsonElement part, Dictionary<string, long> sums, List<(string Place, string Finding)> findings, ProgressBar progress)
    {
        try
        {
            foreach (var name in Counts)
            {
                sums[name] += part.GetProperty(name).GetInt64();
            }

            findings.AddRange(part.GetProperty("findings").EnumerateArray().Select(finding => (finding.GetProperty("place").GetString() ?? "", finding.GetProperty("finding").GetString() ?? "")));
            progress.Report((ulong)(Math.Clamp(part.GetProperty("done").GetDouble(), 0, 1) * Steps));
            return part.GetProperty("next").GetString();
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new UnreachableException("The gateway does not answer with a part of a check.");
        }
    }

    private static async Task Write(Terminal terminal, bool json, Dictionary<string, long> sums, List<(string Place, string Finding)> findings, TimeSpan took)
    {
        var perSecond = (long)(sums["rows"] / Math.Max(took.TotalSeconds, 0.001));
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(new
            {
                whole = sums["faults"] == 0,
                shelves = sums["shelves"],
                records = sums["records"],
                versions = sums["versions"],
                rows = sums["rows"],
                bytes = sums["bytes"],
                rowsPerSecond = perSecond,
                faults = sums["faults"],
                findings = findings.Select(finding => new { place = finding.Place, finding = finding.Finding }),
            }));
            return;
        }

        foreach (var (place, finding) in findings)
        {
            await terminal.Out.WriteLineAsync(PlainLine.Of($"{place}: {finding}"));
        }

        await terminal.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{(sums["faults"] == 0 ? "whole" : $"not whole: {sums["faults"]} findings")}: {sums["rows"]} rows, {sums["versions"]} versions of {sums["records"]} records on {sums["shelves"]} shelves, {sums["bytes"]} bytes, {perSecond} rows/s"));
    }
}
