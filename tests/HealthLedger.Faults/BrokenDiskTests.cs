// EIO from the real kernel interface, injected by strace: the process aborts, never asks the same file again, and the next start loses nothing acknowledged
// (docs/architecture.md, "One commit"). After a failed fsync the page cache lies: asked again, it says that all is well.
using HealthLedger.Ledger;
using HealthLedger.Tests.Ledger;
using Xunit.Abstractions;

namespace HealthLedger.Faults;

public sealed class BrokenDiskTests(ITestOutputHelper output)
{
    /// <summary>The system call that fails, and at which of its calls on the ledger's thread: with two flushes to a batch, one hits the journal and one the lock.</summary>
    [Theory]
    [InlineData("fdatasync", 40)]
    [InlineData("fdatasync", 41)]
    [InlineData("pwrite64", 100)]
    [InlineData("pwrite64", 101)]
    [InlineData("pwrite64", 102)]
    public async Task An_error_of_the_disk_ends_the_process_and_a_start_has_everything_acknowledged(string call, int at)
    {
        using var directory = new TemporaryDirectory();
        if (TracedLoad.Start(directory, 2, output, "-qq", "-e", $"trace={call}", "-e", $"inject={call}:error=EIO:when={at}+") is not { } process)
        {
            return;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n');
            await process.WaitForExitAsync();
            if (lines[0] != "ready")
            {
                TracedLoad.NotPermitted(output);
                return;
            }

            Assert.NotEqual(0, process.ExitCode);
            Assert.Contains("storage failed", await errors, StringComparison.Ordinal);
            Assert.Equal(1, (await File.ReadAllLinesAsync(directory["trace"])).Count(line => line.Contains("EIO", StringComparison.Ordinal)));

            using var store = new RowStore(Path.Combine(directory["data"], "store.db"));
            await using var log = LedgerLog.Open(AppendLoad.Options(directory["data"], store));
            var entries = LogCheck.Check(log);
            var acknowledged = lines[1..^1];
            Assert.True(acknowledged.Length > 5, "The disk broke before anything was acknowledged.");
            foreach (var parts in acknowledged.Select(line => line.Split(' ')))
            {
                Assert.Equal(TestLedger.Event($"chain {parts[1]}", parts[3]).Commitment.ToArray(), entries[int.Parse(parts[0])].Commitment.ToArray());
            }

            await log.Appended("patient", "goes on");
        }
    }
}
