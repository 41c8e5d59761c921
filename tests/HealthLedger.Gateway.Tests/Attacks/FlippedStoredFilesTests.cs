// SECURITY.md, "What stands against a storage insider"; design, "A broken world fails closed": one flipped bit anywhere in the vault, the people's and clients' store, the index,
// the emergency journal or the keys is refused at the start in a sentence, or makes an error where it is read, or changes nothing. Never does anybody get another byte than was stored.
// The ledger's own files: HealthLedger.Faults, FlippedBitTests.
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class FlippedStoredFilesTests(ITestOutputHelper output) : IDisposable
{
    private static readonly int Random = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 12 : 1;

    private const string Permit = "--HealthLedger:EmergencyJournal:Reads=permit";
    private const string Slots = "--HealthLedger:EmergencyJournal:Slots=16";

    private readonly TestDirectory _whole = new();
    private readonly TestClients _clients = new();

    private enum Noticed
    {
        AtStart,
        WhenRead,
        NoEffect,
    }

    [Fact]
    public async Task A_flipped_bit_is_refused_or_makes_an_error_or_changes_nothing_but_never_an_answer()
    {
        var expected = await Fill();
        using (var copy = Copy())
        {
            Assert.Equal(Noticed.NoEffect, await Find(copy, expected));
        }

        foreach (var file in Directory.EnumerateFiles(_whole.Root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_whole.Root, path)).Where(IsOurs).Order(StringComparer.Ordinal))
        {
            var length = new FileInfo(Path.Combine(_whole.Root, file)).Length;
            var found = new int[3];
            foreach (var at in Places(length).Concat(PlacesInSlots(file)))
            {
                using var copy = Copy();
                Flip(Path.Combine(copy.Root, file), at);
                found[(int)await Find(copy, expected, $"byte {at} of {file}")]++;
            }

            output.WriteLine($"{file}, {length} bytes: start {found[0]}, reading {found[1]}, no effect {found[2]}");
        }
    }

    public void Dispose()
    {
        _clients.Dispose();
        _whole.Dispose();
    }

    /// <summary>The shared memory of SQLite's WAL is made anew at each start.</summary>
    private static bool IsOurs(string file) => !file.EndsWith("-shm", StringComparison.Ordinal) && !file.Contains($"{Path.DirectorySeparatorChar}ledger{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    private static IEnumerable<long> Places(long length) =>
        new[] { 0, length - 1 }.Concat(Enumerable.Range(0, Random).Select(_ => length == 0 ? 0 : System.Random.Shared.NextInt64(length))).Where(at => at >= 0 && at < length).Distinct();

    /// <summary>Of the emergency journal its header and the one slot that is in use: all others are zeros, and mean nothing.</summary>
    private static IEnumerable<long> PlacesInSlots(string file) =>
        file.EndsWith("slots", StringComparison.Ordinal) ? [10, 4096, 4096 + 100, 4096 + System.Random.Shared.NextInt64(32 * 1024)] : [];

    private static void Flip(string path, long at)
    {
        using var stream = File.Open(path, FileMode.Open);
        stream.Position = at;
        var flipped = (byte)(stream.ReadByte() ^ (1 << System.Random.Shared.Next(8)));
        stream.Position = at;
        stream.WriteByte(flipped);
    }

    /// <summary>What is asked, with the bytes that it is answered with.</summary>
    private async Task<Dictionary<string, byte[]>> Fill()
    {
        var expected = new Dictionary<string, byte[]>();
        await using var gateway = await TestGateway.Start(_whole, _clients, Permit, Slots);
        (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Flipped"))).Is(201);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "p", Records.Permit()))).Is(201);
        var paths = new List<string> { "Patient/p" };
        for (var i = 0; i < 20; i++)
        {
            paths.Add("Observation/" + (await gateway.Post(Hospital, "Observation", Records.Observation(null, "p", value: i))).Is(201).Id);
        }

        foreach (var path in paths)
        {
            var answer = (await gateway.Get(Clinic, path)).Is(200);
            expected[path] = answer.Body;
            var receipt = new Uri(answer.Receipt!).PathAndQuery;
            expected[receipt] = [];
        }

        // One read that is promised, and that each start has to record.
        gateway.Host.Storage.Ledger.Halt("It stands.");
        var promised = (await gateway.Get(Clinic, "Patient/p", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "a reason"))).Is(200);
        expected[new Uri(promised.Receipt!).PathAndQuery] = [];
        return expected;
    }

    private TestDirectory Copy()
    {
        var copy = new TestDirectory();
        foreach (var directory in Directory.EnumerateDirectories(_whole.Root, "*", SearchOption.AllDirectories))
        {
            var made = Directory.CreateDirectory(Path.Combine(copy.Root, Path.GetRelativePath(_whole.Root, directory)));
            if (!OperatingSystem.IsWindows())
            {
                made.UnixFileMode = new DirectoryInfo(directory).UnixFileMode;
            }
        }

        foreach (var path in Directory.EnumerateFiles(_whole.Root, "*", SearchOption.AllDirectories))
        {
            File.Copy(path, Path.Combine(copy.Root, Path.GetRelativePath(_whole.Root, path)));
        }

        return copy;
    }

    private async Task<Noticed> Find(TestDirectory directory, Dictionary<string, byte[]> expected, string where = "nothing")
    {
        ChildGateway child;
        try
        {
            child = await ChildGateway.Start(directory, Permit, Slots);
        }
        catch (InvalidOperationException refused)
        {
            Assert.True(refused.Message.Contains("healthledger: ", StringComparison.Ordinal) && !refused.Message.Contains("   at ", StringComparison.Ordinal), $"{where}: {refused.Message}");
            return Noticed.AtStart;
        }

        await using (child)
        {
            await using var gateway = TestGateway.Attach(child.Url, _clients);
            if ((await gateway.RequestToken(Clinic, Scopes(Clinic))).Status != 200)
            {
                return Noticed.WhenRead;
            }

            var noticed = Noticed.NoEffect;
            foreach (var (path, body) in expected)
            {
                var answer = await gateway.Get(Clinic, path);
                if (answer.Status != 200)
                {
                    noticed = Noticed.WhenRead;
                }
                else if (body.Length > 0)
                {
                    Assert.True(answer.Body.AsSpan().SequenceEqual(body), $"{where}: {path} was answered with other bytes than were stored.");
                }
            }

            return noticed;
        }
    }
}
