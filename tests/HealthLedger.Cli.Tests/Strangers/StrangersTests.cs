// c2sp.org/tlog-tiles, tlog-checkpoint, tlog-cosignature, tlog-proof, signed-note; RFC 6962. A running gateway, checked by programs that share no code with it:
// golang.org/x/mod/sumdb (tests/strangers/go) and Node's own cryptography (tests/strangers/node); and by `healthledger audit` beside them.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Cli.Tests.Strangers;

public sealed class StrangersTests(DemoGateway gateway) : IClassFixture<DemoGateway>
{
    [Needs("go")]
    public async Task Go_audits_a_running_gateway_from_its_checkpoint_to_every_entry_and_again_after_it_grew()
    {
        var (token, seen) = (await gateway.AuditorsToken(), gateway.NewFile());
        var first = await StrangersTools.Go(gateway.Ledger, gateway.Vkeys[0], "-token", token, "-seen", seen);
        Assert.True(first.Code == 0, first.Out);
        Assert.Contains("entries hash to their places", first.Out, StringComparison.Ordinal);

        await gateway.Receipt("/fhir/Patient?name=nobody");
        var second = await StrangersTools.Go(gateway.Ledger, gateway.Vkeys[0], "-token", token, "-seen", seen);
        Assert.True(second.Code == 0, second.Out);
        Assert.Contains("append-only: the first", second.Out, StringComparison.Ordinal);
        Assert.NotEqual(first.Out.Split('\n')[0], second.Out.Split('\n')[0]);
    }

    [Needs("go")]
    public async Task Go_gets_no_entries_without_an_auditors_token_and_says_so()
    {
        var open = await StrangersTools.Go(gateway.Ledger, gateway.Vkeys[0]);
        Assert.Equal(0, open.Code);
        Assert.Contains("entries: not checked", open.Out, StringComparison.Ordinal);

        var clinic = gateway.NewFile();
        await File.WriteAllTextAsync(clinic, await gateway.Token("demo-clinic", "system/*.rs"));
        var refused = await StrangersTools.Go(gateway.Ledger, gateway.Vkeys[0], "-token", clinic);
        Assert.Equal(1, refused.Code);
        Assert.Contains("FAILED: tile/entries/000", refused.Out, StringComparison.Ordinal);
        Assert.Contains("answers 401", refused.Out, StringComparison.Ordinal);
    }

    [Needs("go")]
    public async Task Go_finds_a_changed_entry_a_wrong_length_a_changed_tile_and_another_key_on_a_copy()
    {
        var token = await gateway.AuditorsToken();
        var honest = await gateway.Copy();
        await using var server = await FileServer.Start(new Dictionary<string, byte[]>(honest));
        Assert.Equal(0, (await Audit()).Code);

        await Finds("tile/entries/", 2 + 40, "entry 0 in tile/entries/000");
        await Finds("tile/entries/", 1, "entry 0 in tile/entries/000");
        await Finds("tile/entries/", honest.First(file => file.Key.StartsWith("tile/entries/", StringComparison.Ordinal)).Value.Length - 257, "a length before an entry is wrong");
        await Finds("tile/0/", 5, "do not lead to the signed root");
        if (honest.Keys.FirstOrDefault(path => path.StartsWith("tile/1/", StringComparison.Ordinal)) is not null)
        {
            await Finds("tile/1/", 5, "do not lead to the signed root");
        }

        await Finds("checkpoint", 3, "checkpoint: ");
        var other = await StrangersTools.Go(server.Url + "/ledger", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "-token", token);
        Assert.Equal(1, other.Code);
        Assert.Contains("FAILED: checkpoint: ", other.Out, StringComparison.Ordinal);

        async Task Finds(string kind, int position, string says)
        {
            var path = honest.Keys.First(each => each.StartsWith(kind, StringComparison.Ordinal));
            server.Files[path] = [.. honest[path]];
            server.Files[path][position] ^= 1;
            var found = await Audit();
            Assert.Equal(1, found.Code);
            Assert.Contains("FAILED: ", found.Out, StringComparison.Ordinal);
            Assert.True(found.Out.Contains(says, StringComparison.Ordinal), found.Out);
            server.Files[path] = honest[path];
        }

        Task<(int Code, string Out)> Audit() => StrangersTools.Go(server.Url + "/ledger", gateway.Vkeys[0], "-token", token);
    }

    [Needs("go")]
    public async Task Go_shows_both_signed_checkpoints_of_a_log_that_was_rewritten_or_cut()
    {
        using var before = new GeneratedLog(300);
        using var rewritten = new GeneratedLog(700, "!", 299);
        using var other = new GeneratedLog(300, "!", 0);
        using var shorter = new GeneratedLog(299);
        using var grown = new GeneratedLog(700);
        foreach (var (after, code) in new[] { (rewritten, 1), (other, 1), (shorter, 1), (grown, 0) })
        {
            var seen = gateway.NewFile();
            await File.WriteAllBytesAsync(seen, before.Files["checkpoint"]);
            await using var server = await FileServer.Start(after);
            var outcome = await StrangersTools.Go(server.Url + "/ledger", after.Vkey, "-seen", seen);
            Assert.Equal(code, outcome.Code);
            if (code == 1)
            {
                Assert.Contains("FAILED: the log signed two histories", outcome.Out, StringComparison.Ordinal);
                Assert.Contains(Encoding.UTF8.GetString(before.Files["checkpoint"]), outcome.Out, StringComparison.Ordinal);
                Assert.Contains(Encoding.UTF8.GetString(after.Files["checkpoint"]), outcome.Out, StringComparison.Ordinal);
            }
        }
    }

    [Needs("node")]
    public async Task Node_verifies_receipts_of_a_permitted_and_a_refused_request_and_refuses_each_changed_byte()
    {
        foreach (var path in new[] { $"/fhir/Patient/{await PermittedPatient()}", "/fhir/Patient/none-of-this-id" })
        {
            var outcome = await StrangersTools.Node(await gateway.Receipt(path), gateway.Vkeys[0], gateway.Vkeys[1], "--mutate");
            Assert.True(outcome.Code == 0, outcome.Out);
            Assert.Contains("changes, all refused", outcome.Out, StringComparison.Ordinal);
        }
    }

    [Needs("node")]
    public async Task Node_verifies_what_is_opened_of_a_fact_and_refuses_another_facts_opening()
    {
        var (receipt, other) = (await gateway.Receipt("/fhir/Patient?name=nobody"), await gateway.Receipt("/fhir/Patient?name=somebody"));
        var opening = gateway.NewFile();
        foreach (var fields in new[] { FactFields.All, [FactField.Purpose, FactField.Client], [] })
        {
            await File.WriteAllBytesAsync(opening, FactOpening.Of(FactOf(receipt), fields).ToJson());
            var outcome = await StrangersTools.Node(receipt, gateway.Vkeys[0], "--opening", opening, "--mutate");
            Assert.True(outcome.Code == 0, outcome.Out);
            Assert.Contains($"opening: {fields.Count()} fields", outcome.Out, StringComparison.Ordinal);
            Assert.Equal(1, (await StrangersTools.Node(other, gateway.Vkeys[0], "--opening", opening)).Code);
        }
    }

    [Needs("node")]
    public async Task Node_verifies_a_promise_of_an_entry_and_the_receipt_that_keeps_it_and_refuses_each_changed_byte()
    {
        var promised = StrangersTools.Fixture("promised-receipt.json");
        var log = (await File.ReadAllLinesAsync(StrangersTools.Fixture("policy.txt"))).Single(line => line.StartsWith("log ", StringComparison.Ordinal))[4..];
        var outcome = await StrangersTools.Node(promised, log, "--mutate");
        Assert.True(outcome.Code == 0, outcome.Out);
        Assert.Contains("promised, not yet included", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("changes, all refused", outcome.Out, StringComparison.Ordinal);
        outcome = await StrangersTools.Node(promised, log, "--kept", StrangersTools.Fixture("receipt.json"));
        Assert.True(outcome.Code == 0, outcome.Out);
        Assert.Contains("kept: entry 21 is in the log", outcome.Out, StringComparison.Ordinal);

        // A receipt of the running gateway is of another log, so its signature is missing here.
        Assert.Equal(1, (await StrangersTools.Node(promised, log, "--kept", await gateway.Receipt("/fhir/Patient?name=nobody"))).Code);
        Assert.Equal(1, (await StrangersTools.Node(promised, gateway.Vkeys[0])).Code);
    }

    [Needs("node")]
    public async Task Node_refuses_another_logs_key_a_cosigner_that_did_not_sign_and_a_fact_of_another_receipt()
    {
        var receipt = await gateway.Receipt("/fhir/Patient?name=nobody");
        using var strange = new GeneratedLog(1);
        Assert.Contains("did not sign", (await StrangersTools.Node(receipt, strange.Vkey)).Out, StringComparison.Ordinal);
        Assert.Contains("did not sign", (await StrangersTools.Node(receipt, gateway.Vkeys[0], strange.WitnessVkey)).Out, StringComparison.Ordinal);

        var swapped = JsonNode.Parse(await File.ReadAllTextAsync(receipt))!;
        swapped["fact"] = JsonNode.Parse(await File.ReadAllTextAsync(await gateway.Receipt("/fhir/Patient?name=somebody")))!["fact"]!.DeepClone();
        var file = gateway.NewFile();
        await File.WriteAllTextAsync(file, swapped.ToJsonString());
        var outcome = await StrangersTools.Node(file, gateway.Vkeys[0]);
        Assert.Equal(1, outcome.Code);
        Assert.Contains("FAILED: the fact is not the one that the entry commits to", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_command_reads_a_running_gateway_as_its_auditor_and_as_nobody_else()
    {
        var seen = gateway.NewFile();
        foreach (var expected in new[] { "not-checked", "passed" })
        {
            var outcome = await Command.Run("audit", gateway.Url, "--client", gateway.Credentials, "--vkey", gateway.Vkeys[0], "--state", seen, "--json");
            Assert.True(outcome.Code == ExitCode.Ok, outcome.Out + outcome.Error);
            var parts = JsonDocument.Parse(outcome.Out).RootElement.GetProperty("parts").EnumerateArray()
                .ToDictionary(part => part.GetProperty("name").GetString()!, part => part.GetProperty("outcome").GetString());
            Assert.Equal(("passed", "passed", expected), (parts["inclusion"], parts["map-replay"], parts["append-only"]));
        }

        var clinic = await Command.Run("audit", gateway.Url, "--client", gateway.Credentials, "--as", "demo-clinic", "--vkey", gateway.Vkeys[0]);
        Assert.Equal(ExitCode.Unreachable, clinic.Code);
        Assert.Contains("may not read it (401)", clinic.Error, StringComparison.Ordinal);
    }

    private async Task<string> PermittedPatient()
    {
        using var credentials = JsonDocument.Parse(await File.ReadAllBytesAsync(gateway.Credentials));
        return credentials.RootElement.GetProperty("patients").EnumerateArray().First(patient => patient.GetProperty("consents").GetArrayLength() > 0).GetProperty("id").GetString()!;
    }

    private static Fact FactOf(string receipt)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(receipt));
        return Fact.Parse(json.RootElement.GetProperty("fact").GetBytesFromBase64()).Value;
    }
}
