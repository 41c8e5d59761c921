// What the kernel is really asked to do: journal flushed, then lock flushed, then the answer. A ledger can look fast because a flush is missing.
using System.Text.RegularExpressions;
using HealthLedger.Tests.Ledger;
using Xunit.Abstractions;

namespace HealthLedger.Faults;

public sealed partial class SystemCallTests(ITestOutputHelper output)
{
    private const int Acknowledgements = 50;

    [Fact]
    public async Task No_append_is_acknowledged_before_the_kernel_flushed_its_journal_record_and_its_lock()
    {
        using var directory = new TemporaryDirectory();
        if (TracedLoad.Start(directory, 1, output, "-y", "-s", "64", "-e", "trace=fsync,fdatasync,write") is not { } process)
        {
            return;
        }

        using (process)
        {
            // One line says that it is ready, each other one acknowledges an append.
            for (var line = 0; line <= Acknowledgements; line++)
            {
                if (await process.StandardOutput.ReadLineAsync() is null)
                {
                    TracedLoad.NotPermitted(output);
                    return;
                }
            }

            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        var seen = Events(await File.ReadAllLinesAsync(directory["trace"]));
        var acknowledged = 0;

        // The first flushes, of the new ledger and its first checkpoint, answer nobody.
        for (int at = 0, last = seen.IndexOf("lock", seen.IndexOf("journal")); at < seen.Count; at++)
        {
            if (seen[at] != "ack")
            {
                continue;
            }

            var journal = seen.IndexOf("journal", last + 1);
            var @lock = journal < 0 ? -1 : seen.IndexOf("lock", journal + 1);
            Assert.True(journal > last && @lock > journal && @lock < at, $"Acknowledgement {acknowledged} came before its flushes: {string.Join(' ', seen.Skip(last + 1).Take(at - last))}");
            (last, acknowledged) = (at, acknowledged + 1);
        }

        Assert.True(acknowledged >= Acknowledgements);
    }

    /// <summary>The flushes that returned and the answers that were begun, in order; a call that was interrupted counts where it ended.</summary>
    private static List<string> Events(string[] lines)
    {
        var seen = new List<string>();
        var unfinished = new Dictionary<string, string>();
        foreach (var line in lines)
        {
            var thread = line[..line.IndexOf(' ')];
            if (line.Contains("sync resumed>", StringComparison.Ordinal))
            {
                seen.Add(unfinished.Remove(thread, out var file) ? file : "other");
            }
            else if (Flush().Match(line) is { Success: true } flush)
            {
                var file = flush.Groups[1].Value.StartsWith("journal-0", StringComparison.Ordinal) ? "journal" : flush.Groups[1].Value;
                if (line.Contains("<unfinished", StringComparison.Ordinal))
                {
                    unfinished[thread] = file;
                }
                else
                {
                    seen.Add(file);
                }
            }
            else if (Answer().IsMatch(line))
            {
                seen.Add("ack");
            }
        }

        return seen;
    }

    [GeneratedRegex(@"f(?:data)?sync\(\d+<[^>]*/([^/>]+)>")]
    private static partial Regex Flush();

    [GeneratedRegex("""write\(\d+<[^>]*>, "\d+ 0 \d+ [0-9A-F]{8}/0/""")]
    private static partial Regex Answer();
}
