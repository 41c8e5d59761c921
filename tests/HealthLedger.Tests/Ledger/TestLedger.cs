using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

/// <summary>Small ledgers for tests: fixed keys, chains by name, appends in one line.</summary>
internal static class TestLedger
{
    public const string Origin = "ledger.example/test";

    public static LedgerKeys Keys(byte seed = 1)
    {
        var cosigner = "cosigner.example/test"u8;
        byte[] secrets = [.. Enumerable.Repeat(seed, 32), .. Enumerable.Repeat((byte)(seed + 100), 32), .. Enumerable.Repeat((byte)(seed + 200), 32)];
        return LedgerKeys.Import([1, 0, (byte)Origin.Length, .. Encoding.UTF8.GetBytes(Origin), 0, (byte)cosigner.Length, .. cosigner, .. secrets]);
    }

    public static LedgerOptions Options(string directory) => new()
    {
        Directory = directory,
        Keys = Keys(),
        Fatal = new RecordedFatal(),
        MinFreeBytes = 0,
        SegmentBytes = 16 * 1024,
        PreallocateBytes = 4096,
    };

    public static EventChain Chain(string name) => new(name, SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    /// <summary>An event whose fact is the text; its commitment is the hash of the text.</summary>
    public static PendingEvent Event(string chain, string fact, ConsentOperation? operation = null)
    {
        var bytes = Encoding.UTF8.GetBytes(fact);
        return new PendingEvent(Chain(chain), bytes, SHA256.HashData(bytes), operation);
    }

    public static AppendRequest Request(params PendingEvent[] events) => new() { Events = [.. events] };

    public static async Task<AppendOutcome.Appended> Appended(this LedgerLog log, params PendingEvent[] events) =>
        Assert.IsType<AppendOutcome.Appended>(await log.Append(Request(events), CancellationToken.None));

    public static Task<AppendOutcome.Appended> Appended(this LedgerLog log, string chain, string fact) => log.Appended(Event(chain, fact));

    public static ConsentOperation Grant(byte handle) => new(false, Handle(handle), long.MaxValue, new byte[32]);

    public static ConsentOperation Withdraw(byte handle) => new(true, Handle(handle), long.MaxValue, new byte[32]);

    public static byte[] Handle(byte handle) => SHA256.HashData([handle]);
}

/// <summary>Writes down that the ledger wanted the process stopped.</summary>
internal sealed class RecordedFatal : IFatal
{
    private readonly TaskCompletionSource<Exception?> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsStopped => _stopped.Task.IsCompleted;

    public Task<Exception?> Stopped => _stopped.Task;

    public void Stop(string reason, Exception? cause) => _stopped.TrySetResult(cause);
}

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("healthledger-test-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
