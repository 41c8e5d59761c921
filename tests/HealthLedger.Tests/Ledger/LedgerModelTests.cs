// Random histories of appends, failures, kills, power cuts and restarts against a model that knows only what was acknowledged.
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class LedgerModelTests
{
    /// <summary>One step of a history, with a number that it makes its choices from.</summary>
    public enum Step
    {
        Append,
        AppendMany,
        Grant,
        Withdraw,
        Redo,
        Fail,
        Fill,
        Kill,
        CutPower,
        Restart,
    }

    private static readonly string[] s_files = ["journal-", "lock", "level-0.dat", "facts.dat", "facts.idx", "entries.dat"];

    [Fact]
    public void Whatever_happens_every_acknowledged_entry_is_there_and_the_log_verifies()
    {
        var step = Gen.Elements(Enum.GetValues<Step>()).SelectMany(_ => Gen.Choose(0, int.MaxValue - 1), (what, choice) => (Step: what, Choice: choice));
        var histories = step.ListOf().Resize(40).ToArbitrary();
        var runs = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 2000 : 150;
        Prop.ForAll(histories, history => Task.Run(() => Play([.. history])).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(runs));
    }

    private static async Task<bool> Play(IReadOnlyList<(Step Step, int Choice)> history)
    {
        await using var model = new Model();
        foreach (var (step, choice) in history)
        {
            await model.Do(step, choice);
        }

        await model.Do(Step.Kill, 0);
        return true;
    }

    private sealed class Model : IAsyncDisposable
    {
        private readonly Dictionary<ulong, string> _acknowledged = [];
        private readonly List<string> _redo = [];
        private readonly RecordingParticipant _store = new();
        private readonly HashSet<byte> _granted = [];
        private readonly HashSet<byte> _used = [];
        private ForgetfulDisk _disk = new();
        private LedgerLog _log;
        private ulong _size;
        private int _next;

        public Model() => _log = Open();

        public async Task Do(Step step, int choice)
        {
            var random = new Random(choice);
            switch (step)
            {
                case Step.Append:
                    await Append(1, random, null);
                    break;
                case Step.AppendMany:
                    await Append(1 + random.Next(40), random, null);
                    break;
                case Step.Grant:
                    var fresh = (byte)_used.Count;
                    if (_used.Count < 200 && await Append(1, random, TestLedger.Grant(fresh)) is not null)
                    {
                        _granted.Add(fresh);
                    }

                    break;
                case Step.Withdraw when _granted.Count > 0:
                    var handle = _granted.Order().ElementAt(random.Next(_granted.Count));
                    _granted.Remove(handle); // in doubt, it may be withdrawn after all: never touched again
                    await Append(1, random, TestLedger.Withdraw(handle));
                    break;
                case Step.Redo:
                    await Append(1, random, null, $"redo {_next}");
                    break;
                case Step.Fill:
                    await AppendWith(random, Fault.Full, "journal-", "write");
                    break;
                case Step.Fail:
                    await AppendWith(
                        random, random.Next(2) == 0 ? Fault.NotDone : Fault.DoneButFailed, s_files[random.Next(s_files.Length)], random.Next(2) == 0 ? "write" : "flush");
                    break;
                case Step.Kill:
                    await Reopen(_disk.Kill());
                    break;
                case Step.CutPower:
                    await Reopen(_disk.CutPower(() => random.Next(3) switch { 0 => -1, 1 => 0, _ => random.Next(1, 600) }));
                    break;
                case Step.Restart:
                    await _log.DisposeAsync();
                    await Reopen(_disk.Kill());
                    break;
            }
        }

        public async ValueTask DisposeAsync() => await _log.DisposeAsync();

        private LedgerLog Open() =>
            LedgerLog.Open(
                TestLedger.Options("unused") with
                {
                    Fatal = new RecordedFatal(), Index = new VolatileLedgerIndex(), Participants = [_store], SegmentBytes = 8192,
                },
                _disk);

        private async Task AppendWith(Random random, Fault fault, string file, string operation)
        {
            var failed = false;
            _disk.Decide = (name, what) =>
            {
                // Only what the sequencer does: a failure of the keeper has its own test.
                if (failed || what != operation || !name.StartsWith(file, StringComparison.Ordinal) || Thread.CurrentThread.Name != "ledger sequencer")
                {
                    return Fault.None;
                }

                failed = true;
                return fault;
            };
            await Append(1 + random.Next(3), random, null);
            _disk.Decide = (_, _) => Fault.None;
        }

        private async Task<AppendOutcome.Appended?> Append(int events, Random random, ConsentOperation? operation, string? redo = null)
        {
            var facts = Enumerable.Range(0, events).Select(_ => $"{_next++}:{new string('f', random.Next(300))}").ToArray();
            var request = TestLedger.Request([.. facts.Select(fact => TestLedger.Event("patient", fact, operation))]) with
            {
                Redo = Encoding.UTF8.GetBytes(redo ?? ""),
            };
            if (operation is { Withdraw: false })
            {
                _used.Add((byte)_used.Count);
            }

            try
            {
                if (await _log.Append(request, CancellationToken.None) is not AppendOutcome.Appended appended)
                {
                    return null;
                }

                for (var i = 0; i < events; i++)
                {
                    _acknowledged.Add(appended.Indices[i], facts[i]);
                }

                if (redo is not null)
                {
                    _redo.Add(redo);
                }

                _size = appended.CheckpointSize;
                return appended;
            }
            catch (LedgerStoppedException)
            {
                return null;
            }
        }

        private async Task Reopen(ForgetfulDisk disk)
        {
            await _log.DisposeAsync();
            _disk = disk;
            _log = Open();
            Assert.True(_log.Published.Size >= _size);
            LogCheck.Check(_log);
            var chain = TestLedger.Chain("patient");
            Assert.All(_acknowledged, entry => Assert.Equal(entry.Value, Encoding.UTF8.GetString(_log.OpenFact(entry.Key, chain)!)));
            var events = _log.EventsOf(chain, 0, 10_000).Select(e => e.Index).ToHashSet();
            Assert.True(events.IsSupersetOf(_acknowledged.Keys));

            // What was acknowledged to the store is a part, in order, of what it applied; each once.
            Assert.Equal(_redo, _store.Applied.Where(_redo.Contains));
        }
    }
}
