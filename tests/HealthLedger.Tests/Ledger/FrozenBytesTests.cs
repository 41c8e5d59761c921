// What the ledger writes is frozen: with fixed keys, clock and random source it is the same bytes for ever (docs/formats/ledger-files.md, entry.md).
// A change here is a new format: it needs a new magic or suite, and a reader for the old one.
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class FrozenBytesTests
{
    [Fact]
    public async Task Files_and_checkpoint_of_a_fixed_history_are_the_same_bytes_for_ever()
    {
        var disk = new ForgetfulDisk();
        var options = TestLedger.Options("unused") with { Time = new StoppedClock(), Random = new CountingRandom(), Index = new VolatileLedgerIndex(), PreallocateBytes = 4096 };
        var log = LedgerLog.Open(options, disk);

        // Without facts: a sealed fact has a random salt, and its envelope is frozen by tests of its own.
        await log.Appended([.. Enumerable.Range(0, 5).Select(i => TestLedger.Event("patient", $"{i}") with { Fact = default })]);
        await log.Appended(TestLedger.Event("other", "grant", TestLedger.Grant(1)) with { Fact = default });
        await log.Append(
            TestLedger.Request(TestLedger.Event("patient", "withdraw", TestLedger.Withdraw(1)) with { Fact = default }) with { Redo = "redo"u8.ToArray() },
            CancellationToken.None);
        var killed = disk.Kill();
        var note = Encoding.UTF8.GetString(log.Published.Note.Span);
        await log.DisposeAsync();

        Assert.Equal(FrozenNote, note);
        Assert.Equal(Frozen, string.Join('\n', killed.List().Where(name => name is not "checkpoint").Order(StringComparer.Ordinal).Select(name => $"{name} {killed[name].Length} {Convert.ToHexStringLower(SHA256.HashData(killed[name]))[..16]}")));
    }

    private const string FrozenNote = """
        ledger.example/test
        11
        Ub+Uk4QXK7DNV77KeG5YKHJMm09TBMH2R+mrL7fSxrQ=

        — ledger.example/test 5UmZF/Cn664ulzewVVcRkB7VOXESm36QOCXn6IVYkOTsFXvXN+YxpCcfw+Af3DWwUcckuT6iYv47tBNuZCV3PKwOLQI=
        — cosigner.example/test XT08jAAAAABpVzWltxYy/Fn9wuXLAPUaAOB1musIou77flc6Ssc2pUvCPDyW+uuCBg28JGT3t01BLf0yx2ioLBVbpXswI+FjfcfECQ==

        """;

    private const string Frozen = """
        entries.dat 2816 f3bc148385022823
        facts.dat 0 e3b0c44298fc1c14
        facts.idx 176 86d2cf5b090f43ee
        journal-00000001.log 4096 93f439e5776833c0
        level-0.dat 352 94de38f996bb6e88
        level-1.dat 0 e3b0c44298fc1c14
        level-2.dat 0 e3b0c44298fc1c14
        level-3.dat 0 e3b0c44298fc1c14
        level-4.dat 0 e3b0c44298fc1c14
        level-5.dat 0 e3b0c44298fc1c14
        level-6.dat 0 e3b0c44298fc1c14
        level-7.dat 0 e3b0c44298fc1c14
        lock 8192 3641c9487ac6d837
        """;

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }

    private sealed class CountingRandom : RandomNumberGenerator
    {
        private byte _next;

        public override void GetBytes(byte[] data)
        {
            for (var i = 0; i < data.Length; i++)
            {
                data[i] = _next += 37;
            }
        }
    }
}
