// docs/operations.md, "Rotating keys": token keys, the passphrase and wrapping keys are rotated, and the old still verify; RFC 7517 section 5 for the published set; docs/formats/keys.md.
using System.Net.Http.Headers;
using System.Text;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Vault.Keys;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class KeyRotationTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task While_the_wrapping_key_is_rotated_records_are_read_and_written_and_after_a_restart_too()
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("one");
            using var done = new CancellationTokenSource();
            var load = Task.WhenAll(Enumerable.Range(0, 3).Select(n => Task.Run(async () =>
            {
                for (var i = 0; !done.IsCancellationRequested; i++)
                {
                    (await gateway.Put(Hospital, $"Patient/new-{n}-{i}", Records.Patient($"new-{n}-{i}", "Newly"))).Is(201);
                    (await gateway.Get(Clinic, "Observation/pulse-one")).Is(200);
                }
            })));
            for (var epoch = 2; epoch <= 6; epoch++)
            {
                var rotated = (await gateway.Admin("keys/wrapping")).Is(200);
                Assert.Equal(epoch, rotated.Json["wrappingEpoch"]!.GetValue<int>());
                Assert.NotEqual(0, rotated.Json["rewrapped"]!.GetValue<int>());
                Assert.Equal<string?>([$"wrapping-{epoch}.json"], Directory.GetFiles(_directory.Keys, "wrapping-*").Select(Path.GetFileName));
            }

            await done.CancelAsync();
            await load;
            (await gateway.Get(Hospital, "Patient/new-0-0")).Is(200);
        }

        await using var again = await TestGateway.Start(_directory, _clients);
        (await again.Get(Clinic, "Observation/pulse-one")).Is(200);
        (await again.Get(Hospital, "Patient/new-0-0")).Is(200);
        again.AssertReplays();
    }

    [Fact]
    public async Task After_a_rotation_of_the_token_key_tokens_in_hand_count_until_the_next_one()
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("one");
            var first = await gateway.Token(Hospital);
            (await gateway.Admin("keys/tokens")).Is(200);
            gateway.ForgetTokens();
            var second = await gateway.Token(Hospital);
            Assert.Equal((200, 200), (await Read(gateway, first), await Read(gateway, second)));
            var set = (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/auth/jwks"))).Is(200);
            Assert.Equal(2, set.Json["keys"]!.AsArray().Count);

            (await gateway.Admin("keys/tokens")).Is(200);
            gateway.ForgetTokens();
            var third = await gateway.Token(Hospital);
            Assert.Equal(401, await Read(gateway, first)); // two rotations ago
            Assert.Equal(2, (await gateway.Admin("keys", method: "GET")).Is(200).Json["tokenKeys"]!.AsArray().Count);
            Assert.Equal((200, 200), (await Read(gateway, second), await Read(gateway, third)));
        }

        await using var again = await TestGateway.Start(_directory, _clients);
        Assert.Equal(2, (await again.Send(new HttpRequestMessage(HttpMethod.Get, "/auth/jwks"))).Json["keys"]!.AsArray().Count);
        (await again.Get(Hospital, "Patient/one")).Is(200);
    }

    [Fact]
    public async Task A_changed_passphrase_opens_the_keys_and_the_old_one_does_not()
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("one");
            Assert.True((await gateway.Admin("keys", method: "GET")).Json["passphraseLiesWithKeys"]!.GetValue<bool>());
            var changed = await gateway.SendBytes(Operator, "POST", "/admin/keys/passphrase", "the new passphrase"u8.ToArray(), "application/octet-stream");
            Assert.Equal(2UL, changed.Is(200).Growth);
            foreach (var bad in new[] { "", "two\nlines", new string('x', 1025) })
            {
                (await gateway.SendBytes(Operator, "POST", "/admin/keys/passphrase", Encoding.UTF8.GetBytes(bad), "application/octet-stream")).Is(400);
            }

            (await gateway.Get(Clinic, "Observation/pulse-one")).Is(200);
        }

        Assert.False(File.Exists(Path.Combine(_directory.Keys, "passphrase")));
        await Assert.ThrowsAsync<WrongPassphraseException>(() => GatewayHost.Build(Line("the old passphrase"), TextWriter.Null));
        await using var again = await TestGateway.Start(_directory, _clients, "--HealthLedger:PassphraseFile=" + PassphraseFile("the new passphrase"));
        (await again.Get(Clinic, "Observation/pulse-one")).Is(200);
    }

    private static async Task<int> Read(TestGateway gateway, string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fhir/Patient/one");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return (await gateway.Send(request)).Status;
    }

    private CommandLine Line(string passphrase) => CommandLine.Parse(
        ["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={_directory.Data}", $"--HealthLedger:Keys={_directory.Keys}", "--HealthLedger:PassphraseFile=" + PassphraseFile(passphrase)], out _)!;

    private string PassphraseFile(string passphrase)
    {
        var file = Path.Combine(_directory.Root, "passphrase");
        File.WriteAllText(file, passphrase);
        return file;
    }
}
