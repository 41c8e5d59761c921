// Design, "No entry, no disclosure" and the commit order: what the kernel is really asked to do between two answers of a running gateway. The journal is flushed, then the
// lock, and only then does the first byte of the answer go into the socket.
using System.Text.RegularExpressions;
using HealthLedger.Gateway.Tests.Fhir;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed partial class FlushedBeforeAnswerTests(ITestOutputHelper output)
{
    private const int Reads = 30;

    private enum Call
    {
        Journal,
        Lock,
        Answer,
    }

    [Fact]
    public async Task No_byte_of_an_answer_leaves_before_the_kernel_flushed_the_entry_and_its_checkpoint()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Flushed"))).Is(201);
        }

        var trace = Path.Combine(directory.Root, "trace");
        await using (var child = await ChildGateway.StartTraced(directory, trace, "fsync,fdatasync,sendto,sendmsg,write,writev"))
        {
            if (child is null)
            {
                output.WriteLine("SKIPPED: strace is not installed here, or may not trace.");
                return;
            }

            await using var gateway = TestGateway.Attach(child.Url, clients);
            for (var i = 0; i < Reads; i++)
            {
                // A permitted read, then a refused one.
                (await gateway.Get(Hospital, "Patient/p")).Is(200);
                (await gateway.Get(Stranger, "Patient/p")).Is(404);
            }

            await child.Kill();
        }

        var seen = Seen(await File.ReadAllLinesAsync(trace));
        var answers = 0;
        for (int at = 0, last = -1; at < seen.Count; at++)
        {
            if (seen[at] != Call.Answer)
            {
                continue;
            }

            var journal = seen.IndexOf(Call.Journal, last + 1);
            var @lock = journal < 0 ? -1 : seen.IndexOf(Call.Lock, journal + 1);
            Assert.True(journal > last && @lock > journal && @lock < at, $"Answer {answers} left before its flushes: {string.Join(' ', seen.Skip(last + 1).Take(at - last))}");
            (last, answers) = (at, answers + 1);
        }

        Assert.Equal(2 * Reads, answers);
    }

    /// <summary>Flushes in the order of their return, answers that carry a receipt in the order in which their sending began.</summary>
    private static List<Call> Seen(string[] lines)
    {
        var seen = new List<Call>();
        var unfinished = new Dictionary<string, Call>();
        foreach (var line in lines)
        {
            var thread = line[..line.IndexOf(' ')];
            if (line.Contains("sync resumed>", StringComparison.Ordinal))
            {
                if (unfinished.Remove(thread, out var flushed))
                {
                    seen.Add(flushed);
                }
            }
            else if (Flush().Match(line) is { Success: true } flush)
            {
                var call = flush.Groups[1].Value == "lock" ? Call.Lock : Call.Journal;
                if (line.Contains("<unfinished", StringComparison.Ordinal))
                {
                    unfinished[thread] = call;
                }
                else
                {
                    seen.Add(call);
                }
            }
            else if (line.Contains("HTTP/1.1 ", StringComparison.Ordinal) && line.Contains("X-Ledger-Receipt", StringComparison.Ordinal))
            {
                seen.Add(Call.Answer);
            }
        }

        return seen;
    }

    [GeneratedRegex(@"f(?:data)?sync\(\d+<[^>]*/ledger/(lock|journal-0[^/>]+)>")]
    private static partial Regex Flush();
}
