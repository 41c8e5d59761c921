// docs/operations.md, "Putting one back" with "A key holder": the data and the gateway's own keys are put back, the holder's state never is. What it unwrapped once it does not unwrap
// again, though the restored ledger gives the same numbers to other entries.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Tests.Keys;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class RestoreWithKeyHolderTests : IDisposable
{
    private const int Read = 3;
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Restored_records_open_through_the_holder_again_and_no_entrys_number_opens_anything_twice()
    {
        await ChildKeyHolder.Init(_world.Directory);
        var held = ChildKeyHolder.Settings(_world.Directory);
        string vkey;
        await using (var gateway = await _world.Start(held))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
        }

        ulong size;
        int unwrapped;
        await using (await ChildKeyHolder.Start(_world.Directory, "--log", vkey))
        {
            await using var gateway = await _world.Start(held);
            await gateway.AddPatient("held");
            size = (await BackedUp.Make(gateway, "data", "before")).Is(200).Json["backup"]!["ledgerSize"]!.GetValue<ulong>();
            (await BackedUp.Make(gateway, "keys", "before")).Is(200);
            for (var i = 0; i < Read; i++)
            {
                (await gateway.Get(Clinic, "Observation/pulse-held")).Is(200);
            }

            unwrapped = Uses(await ChildKeyHolder.Report(_world.Directory)).Count;
            Assert.InRange(unwrapped, Read, 2 * Read);
        }

        _world.PutBackData("before");
        _world.PutBackKeys("before");
        await using var holder = await ChildKeyHolder.Start(_world.Directory, "--log", vkey);
        await using (var restored = await _world.Start([.. held, $"--HealthLedger:AcceptRollback={size}"]))
        {
            // Entries that have the numbers of those before open nothing; each asking is an entry, so that they pass by.
            var answers = new List<int>();
            for (var i = 0; i < 2 * Read; i++)
            {
                answers.Add((await restored.Get(Clinic, "Observation/pulse-held")).Status);
            }

            var refused = answers.Count(status => status == 503);
            Assert.InRange(refused, 1, Read);
            Assert.Equal(answers.Count - refused, answers.Count(status => status == 200));
            Assert.Equal(200, answers[^1]);
            Assert.Equal(refused, holder.Lines.Count(line => line.Contains("target-used", StringComparison.Ordinal)));

            (await restored.Put(Hospital, "Patient/after", Records.Patient("after", "After"))).Is(201);
            Assert.Contains("After", (await restored.Get(Hospital, "Patient/after")).Is(200).Text, StringComparison.Ordinal);

            var uses = Uses(await ChildKeyHolder.Report(_world.Directory));
            Assert.Equal(unwrapped + answers.Count - refused + 1, uses.Count);
            Assert.All(uses, versions => Assert.Equal(1, versions));
            restored.AssertReplays();
        }
    }

    /// <summary>How many versions were unwrapped under each number.</summary>
    private static List<int> Uses(JsonNode report) => [.. report["unwrapped"]!.AsArray().Select(use => use!["versions"]!.GetValue<int>())];
}
