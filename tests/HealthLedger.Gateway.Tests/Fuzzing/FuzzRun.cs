using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Xunit.Abstractions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>How an input went.</summary>
/// <param name="IsAccepted">It was taken: it went on to where only what is right in itself comes.</param>
/// <param name="Wrong">What is wrong with the product; null where nothing is.</param>
internal readonly record struct Judged(bool IsAccepted, string? Wrong)
{
    public static Judged Refused => new(false, null);

    public static Judged By(string? wrong) => new(true, wrong);
}

/// <summary>
/// A number of inputs, each made from its own number alone, so that a failure names all that is needed to repeat it. One input may take a second and a bounded
/// amount of memory; what is slow is tried again, since the machine may be busy with something else. HEALTHLEDGER_FUZZ_INPUT=NUMBER tries that one alone.
/// </summary>
internal sealed class FuzzRun(string family, int inputs, ITestOutputHelper output)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly bool IsFull = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1";

    private static readonly int? Only = int.TryParse(Environment.GetEnvironmentVariable("HEALTHLEDGER_FUZZ_INPUT"), out var only) ? only : null;

    private readonly ConcurrentDictionary<int, long> _running = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private TimeSpan _slowest;
    private long _largest;
    private int _accepted;

    /// <summary>The largest memory that one input may allocate: this much, and as much again for each of its bytes.</summary>
    private static long Memory(int inputLength) => (96L << 20) + (4096L * inputLength);

    public int Inputs { get; } = IsFull ? inputs : inputs / 10;

    private IEnumerable<int> Numbers => Only is { } number ? [number] : Enumerable.Range(0, Inputs);

    /// <summary>The generator of an input's choices.</summary>
    public Random Random(int number) => new(unchecked((int)((uint)number * 0x9E3779B9u) ^ family.Aggregate(17, (hash, c) => (hash * 31) + c)));

    /// <summary>Tries all inputs on all processors. The check gives what is wrong, or null.</summary>
    public void Each(Func<Random, byte[]> make, Func<byte[], Judged> check)
    {
        using var watch = new Timer(_ => TellOfHanging(), null, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20));
        Parallel.ForEach(Numbers, number =>
        {
            if (_failures.Count >= 10)
            {
                return;
            }

            byte[] input = [];
            try
            {
                input = make(Random(number));
                _running[number] = Stopwatch.GetTimestamp();
                var (judged, took, allocated) = Try(input, check);
                Note(took, allocated, judged.IsAccepted);
                if (judged.Wrong is { } wrong)
                {
                    Fail(number, input, wrong);
                }
            }
            catch (Exception unforeseen)
            {
                Fail(number, input, unforeseen.ToString());
            }
            finally
            {
                _running.TryRemove(number, out _);
            }
        });
        End();
    }

    /// <summary>The same for inputs that are sent somewhere, several at a time.</summary>
    public async Task Each(int atOnce, Func<Random, Task<(Judged Judged, object Input)>> check)
    {
        await Parallel.ForEachAsync(Numbers, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (number, _) =>
        {
            if (_failures.Count >= 10)
            {
                return;
            }

            try
            {
                (object? input, var took, var accepted) = (null, Longest, false);
                for (var again = 0; again < 3 && took >= Longest; again++)
                {
                    var began = Stopwatch.GetTimestamp();
                    (var judged, input) = await check(Random(number));
                    took = Stopwatch.GetElapsedTime(began);
                    accepted = judged.IsAccepted;
                    if (judged.Wrong is { } wrong)
                    {
                        Fail(number, input, wrong);
                        return;
                    }
                }

                Note(took, 0, accepted);
                if (took >= Longest)
                {
                    Fail(number, input, $"takes {took.TotalSeconds:0.0} s");
                }
            }
            catch (Exception unforeseen)
            {
                Fail(number, null, unforeseen.ToString());
            }
        });
        End();
    }

    /// <summary>One input: what is said of it, or that it takes too much.</summary>
    public static (Judged Judged, TimeSpan Took, long Allocated) Try(byte[] input, Func<byte[], Judged> check)
    {
        for (var again = 0; ; again++)
        {
            var (began, worked, before) = (Stopwatch.GetTimestamp(), Worked(), GC.GetAllocatedBytesForCurrentThread());
            var judged = check(input);
            var (took, allocated) = (Stopwatch.GetElapsedTime(began), GC.GetAllocatedBytesForCurrentThread() - before);
            took = worked is { } from && Worked() is { } to && to - from < took ? to - from : took;
            if (judged.Wrong is not null || (took < Longest && allocated <= Memory(input.Length)))
            {
                return (judged, took, allocated);
            }

            if (again == 2)
            {
                return (Judged.By(took >= Longest ? $"takes {took.TotalSeconds:0.0} s" : $"allocates {allocated >> 20} MiB"), took, allocated);
            }
        }
    }

    /// <summary>How long this thread had a processor, where the system tells (Linux); null elsewhere.</summary>
    private static TimeSpan? Worked()
    {
        const string Told = "/proc/thread-self/schedstat";
        return File.Exists(Told) && long.TryParse(File.ReadAllText(Told).Split(' ')[0], out var nanoseconds) ? TimeSpan.FromMicroseconds(nanoseconds / 1000.0) : null;
    }

    private void Note(TimeSpan took, long allocated, bool accepted)
    {
        lock (_failures)
        {
            _slowest = took > _slowest ? took : _slowest;
            _largest = Math.Max(_largest, allocated);
            _accepted += accepted ? 1 : 0;
        }
    }

    private void Fail(int number, object? input, string wrong) => _failures.Enqueue(
        $"{family} {number}: {wrong[..Math.Min(wrong.Length, 1500)]}\n{(input is byte[] bytes ? bytes.Length <= 3000 ? Encoding.UTF8.GetString(bytes) : Convert.ToBase64String(bytes[..Math.Min(bytes.Length, 40_000)]) : input)}");

    /// <summary>An input that never ends would end the run without a word of which it was.</summary>
    private void TellOfHanging()
    {
        foreach (var (number, since) in _running)
        {
            if (Stopwatch.GetElapsedTime(since) is { TotalSeconds: > 10 } elapsed)
            {
                Console.WriteLine($"fuzzing: {family} {number} runs since {elapsed.TotalSeconds:0} s");
            }
        }
    }

    private void End()
    {
        output.WriteLine($"{family}: {Inputs} inputs, {_accepted} accepted, slowest {_slowest.TotalMilliseconds:0} ms, largest allocation {_largest >> 20} MiB, {_failures.Count} failures");
        Assert.True(_failures.IsEmpty, string.Join("\n\n", _failures));
        // Mutations that are all refused at the door try nothing behind it.
        Assert.True(Only is not null || (_accepted >= Inputs / 20 && _accepted <= Inputs * 19 / 20), $"{_accepted} of {Inputs} were accepted");
    }
}
