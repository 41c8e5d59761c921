using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Promises;

namespace HealthLedger.Tests.Ledger;

/// <summary>A ledger, its emergency journal and the anchor, on three disks.</summary>
internal sealed class PromiseWorld
{
    /// <summary>The journal's slots.</summary>
    internal const int SlotCount = 16;

    internal const string Patient = "patient";

    public ForgetfulDisk Disk { get; init; } = new();

    public ForgetfulDisk Slots { get; init; } = new();

    public ForgetfulDisk Seen { get; set; } = new();

    public Func<string, string, Fault> Decide
    {
        set => Disk.Decide = Slots.Decide = Seen.Decide = value;
    }

    public LedgerLog Open(Func<PromiseOptions, PromiseOptions>? promises = null, Func<LedgerOptions, LedgerOptions>? ledger = null)
    {
        var options = TestLedger.Options("unused");
        var journal = new PromiseOptions { Directory = "unused", SeenDirectory = "unused", Key = SHA256.HashData("journal"u8), Permits = true, Slots = SlotCount };
        journal = promises?.Invoke(journal) ?? journal;
        options = (ledger?.Invoke(options) ?? options) with { Promises = journal };
        return LedgerLog.Open(options, Disk, () => EmergencyJournal.Open(journal, options.Keys.Verifiers, Slots, Seen));
    }

    public void Fail(string file, string operation, Fault fault) => Decide = (name, what) => name == file && what == operation ? fault : Fault.None;

    /// <summary>What is there after a kill, or after the power failed and took what was not flushed.</summary>
    public PromiseWorld After(bool cut) => cut
        ? new PromiseWorld { Disk = Disk.CutPower(() => -1), Slots = Slots.CutPower(() => -1), Seen = Seen.CutPower(() => -1) }
        : new PromiseWorld { Disk = Disk.Kill(), Slots = Slots.Kill(), Seen = Seen.Kill() };

    internal static AppendRequest Request(string fact) => TestLedger.Request(TestLedger.Event(Patient, fact)) with { MayBePromised = true };

    internal static async Task<PromiseOutcome> Promise(LedgerLog log, string fact) => await log.Promise(_ => Request(fact), CancellationToken.None);

    internal static async Task<ulong> Promised(LedgerLog log, string fact, ulong before = 0)
    {
        var given = Assert.IsType<PromiseOutcome.Promised>(await Promise(log, fact)).Given;
        Assert.Equal(before, given.Before);
        return given.Number;
    }

    internal static string[] Facts(LedgerLog log) =>
        [.. log.EventsOf(TestLedger.Chain(Patient), 0, 100).Select(e => Encoding.UTF8.GetString(log.OpenFact(e.Index, TestLedger.Chain(Patient))!))];
}
