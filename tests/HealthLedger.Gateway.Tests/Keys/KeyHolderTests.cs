// docs/operations.md, "A key holder": a real gateway and a real key holder in a process of its own. Issue: "a separate key-holder process that unwraps only against a valid receipt
// and counts what it unwrapped".
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Keys;

public sealed class KeyHolderTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Records_open_through_the_holder_alone_and_it_counts_what_the_ledger_recorded()
    {
        await ChildKeyHolder.Init(_directory);
        await using var gateway = await TestGateway.Start(_directory, _clients, ChildKeyHolder.Settings(_directory));
        var refused = await gateway.Put(Hospital, "Patient/held", Records.Patient("held", "Held"));
        Assert.Equal((503, true), (refused.Status, refused.Codes.Contains("transient")));

        var vkey = gateway.Host.Storage.Ledger.VerifierKey;
        var before = gateway.LedgerSize;
        await using (var holder = await ChildKeyHolder.Start(_directory, "--log", vkey))
        {
            (await gateway.Put(Hospital, "Practitioner/doctor", Records.Practitioner("doctor", "Doctor"))).Is(201);
            (await gateway.Put(Hospital, "Patient/other", Records.Patient("other", "Other"))).Is(201);
            await gateway.AddPatient("held");
            (await gateway.Put(Hospital, "Appointment/both", Records.Shared("both", "held", "other"))).Is(201);
            Assert.Contains("80", (await gateway.Get(Clinic, "Observation/pulse-held")).Is(200).Text, StringComparison.Ordinal);
            Assert.Equal(2, (await gateway.Get(Hospital, "Observation?_include=Observation:subject")).Is(200).Entries.Length);
            Assert.Contains("booked", (await gateway.Get(Hospital, "Appointment/both")).Is(200).Text, StringComparison.Ordinal);
            Assert.Contains("Doctor", (await gateway.Get(Clinic, "Practitioner/doctor")).Is(200).Text, StringComparison.Ordinal);
            (await gateway.Get(Clinic, "Observation/none")).Is(404);
            (await gateway.Get(Hospital, "Observation/pulse-held/_history")).Is(200);
            (await gateway.Get(Hospital, "Patient/held/$everything")).Is(200);
            Assert.DoesNotContain(holder.Lines, line => !line.Contains("granted", StringComparison.Ordinal));
        }

        var report = await ChildKeyHolder.Report(_directory);
        Assert.Equal(Disclosed(gateway, before), report["versions"]!.GetValue<int>());
        Assert.Equal(0, report["withoutEntry"]!.GetValue<int>());
        foreach (var entry in report["unwrapped"]!.AsArray())
        {
            Assert.InRange(entry!["index"]!.GetValue<ulong>(), before, gateway.LedgerSize - 1);
        }

        Assert.Equal(503, (await gateway.Get(Clinic, "Observation/pulse-held")).Status);
        gateway.AssertReplays();
    }

    [Fact]
    public async Task A_holder_that_pins_another_ledger_or_has_another_link_gives_nothing()
    {
        await ChildKeyHolder.Init(_directory);
        await using var gateway = await TestGateway.Start(_directory, _clients, ChildKeyHolder.Settings(_directory));
        using var stranger = new NoteSigner(gateway.Host.Storage.Ledger.Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        await using (await ChildKeyHolder.Start(_directory, "--log", stranger.Verifier.ToString()))
        {
            (await gateway.Put(Hospital, "Patient/held", Records.Patient("held", "Held"))).Is(201);
            Assert.Equal(503, (await gateway.Get(Hospital, "Patient/held")).Status);
        }

        Assert.Equal(2, (await ChildKeyHolder.Run("init", "--state", Path.Combine(_directory.Root, "holder"), "--link", Path.Combine(_directory.Root, "again"))).ExitCode);
        File.Delete(ChildKeyHolder.Link(_directory));
        using (var other = HealthLedger.Vault.Keys.Holding.HolderLink.Random())
        {
            other.WriteTo(ChildKeyHolder.Link(_directory));
        }

        await using var holder = await ChildKeyHolder.Start(_directory, "--log", gateway.Host.Storage.Ledger.VerifierKey);
        Assert.Equal(503, (await gateway.Get(Hospital, "Patient/held")).Status);
        Assert.Contains(holder.Lines, line => line.Contains("link-foreign", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_holder_that_wants_cosignatures_is_given_receipts_that_the_quorum_covers_and_nothing_opens_without()
    {
        await ChildKeyHolder.Init(_directory);
        string[] settings = [.. ChildKeyHolder.Settings(_directory), "--HealthLedger:KeyHolder:TimeoutSeconds=3"];
        string vkey;
        await using (var gateway = await TestGateway.Start(_directory, _clients, settings))
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
        }

        var policy = Path.Combine(_directory.Root, "policy.txt");
        var witness = await ChildWitness.Start(_directory, "plain", vkey);
        await File.WriteAllTextAsync(policy, $"log {vkey}\nwitness plain {witness.Vkey} {witness.Url}\nquorum plain\n");
        await using var holder = await ChildKeyHolder.Start(_directory, "--policy", policy);
        await using var witnessed = await TestGateway.Start(_directory, _clients, [.. settings, $"--HealthLedger:Witnesses:PolicyFile={policy}", "--HealthLedger:Witnesses:IntervalMilliseconds=50"]);
        await using (witness)
        {
            (await witnessed.Put(Hospital, "Patient/held", Records.Patient("held", "Held"))).Is(201);
            (await witnessed.Get(Hospital, "Patient/held")).Is(200);
            Assert.Contains(holder.Lines, line => line.Contains("checkpoint-quorum", StringComparison.Ordinal));
        }

        Assert.Equal(503, (await witnessed.Get(Hospital, "Patient/held")).Status);
    }

    [Fact]
    public async Task A_key_directory_begins_with_a_holder_or_without_and_stays_so()
    {
        await ChildKeyHolder.Init(_directory);
        await using (await TestGateway.Start(_directory, _clients))
        {
        }

        Assert.Contains("began without", (await Assert.ThrowsAsync<ConfigurationException>(() => TestGateway.Start(_directory, _clients, ChildKeyHolder.Settings(_directory)))).Message, StringComparison.Ordinal);
        using var fresh = new TestDirectory();
        await using (await TestGateway.Start(fresh, _clients, ChildKeyHolder.Settings(_directory)))
        {
        }

        Assert.Contains("are with a key holder", (await Assert.ThrowsAsync<ConfigurationException>(() => TestGateway.Start(fresh, _clients))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Erasure_and_rotation_work_on_held_keys_and_the_gateways_own_files_hold_no_data_key()
    {
        await ChildKeyHolder.Init(_directory);
        await using var gateway = await TestGateway.Start(_directory, _clients, ChildKeyHolder.Settings(_directory));
        await using var holder = await ChildKeyHolder.Start(_directory, "--log", gateway.Host.Storage.Ledger.VerifierKey);
        await gateway.AddPatient("gone");
        await gateway.AddPatient("stays");
        var kept = 0;
        gateway.Host.Storage.Keys.ExposeToLeakSearch(ShelfId.ForPatient("gone"), _ => kept++);
        Assert.Equal(3, kept); // row, terms, audit
        (await gateway.Admin("keys/wrapping")).Is(200);
        (await gateway.Get(Clinic, "Observation/pulse-gone")).Is(200);
        (await gateway.Erase("gone")).Is(200);
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
        (await gateway.Get(Clinic, "Observation/pulse-stays")).Is(200);
        (await gateway.Put(Hospital, "Patient/gone", Records.Patient("gone", "Returned"))).Is(201);
        Assert.Contains("Returned", (await gateway.Get(Hospital, "Patient/gone")).Is(200).Text, StringComparison.Ordinal);
    }

    /// <summary>Record versions that permitted accesses name, on whichever chain: what a regulator's count comes to.</summary>
    private static int Disclosed(TestGateway gateway, ulong from)
    {
        var (ledger, vault) = (gateway.Host.Storage.Ledger, gateway.Host.Storage.Vault);
        var names = new HashSet<string>();
        var twice = 0;
        foreach (var chain in new[] { vault.TenantChain, vault.ChainOf(ShelfId.ForPatient("held"))!, vault.ChainOf(ShelfId.ForPatient("other"))! })
        {
            foreach (var recorded in ledger.EventsOf(chain, 0, 10_000).Where(recorded => recorded.Index >= from))
            {
                var fact = Fact.Parse(ledger.OpenFact(recorded.Index, chain)!).Value;
                if (fact[FactField.Event] is "access" or "request" && fact[FactField.Decision] == "permit" && fact[FactField.Targets] is { } targets)
                {
                    foreach (var target in JsonNode.Parse(targets)!.AsArray())
                    {
                        // A record of two patients is in the facts of both and opened once.
                        twice += names.Add($"{fact[FactField.Request]} {target!["ref"]}") ? 0 : 1;
                    }
                }
            }
        }

        Assert.True(twice > 0);
        return names.Count;
    }
}
