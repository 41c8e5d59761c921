// docs/operations.md, "The master key in an HSM": the built gateway, OpenSSL's engine and a SoftHSM token. Issue: "PKCS#11 (SoftHSM in tests, through OpenSSL's engine)".
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Keys;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class Pkcs11Tests(ITestOutputHelper output) : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_directory_moves_from_its_passphrase_to_a_token_and_back()
    {
        if (!SoftHsm.IsInstalled)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "softhsm2 or libengine-pkcs11-openssl is not installed, and tests/run installs them in CI.");
            output.WriteLine("SKIPPED: softhsm2 and libengine-pkcs11-openssl are not installed here.");
            return;
        }

        var hsm = await SoftHsm.Make(_directory);
        await hsm.AddKey("master", "01", 2048);
        await hsm.AddKey("other", "02", 2048);
        await hsm.AddKey("short", "03", 1024);
        var passphrase = "--HealthLedger:PassphraseFile=" + Written("a passphrase");
        await using (var gateway = await TestGateway.Start(_directory, _clients, passphrase))
        {
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Tokened"))).Is(201);
            Assert.Equal("no-provider", (await gateway.Admin("keys/pkcs11")).Is(409).Error());
        }

        string[] Key(string label, string pin = SoftHsm.Pin) => [$"--HealthLedger:KeyProvider:Uri={SoftHsm.Uri(label)}", $"--HealthLedger:KeyProvider:PinFile={hsm.PinFile(pin)}"];

        // A key that is not taken changes nothing.
        await With([passphrase, .. Key("short")], async gateway => Assert.Equal("provider-unusable", (await gateway.Admin("keys/pkcs11")).Is(409).Error()));
        await With([passphrase, .. Key("master")], async gateway =>
        {
            Assert.Equal("passphrase", (await gateway.Admin("keys", method: "GET")).Json["masterKey"]!.GetValue<string>());
            (await gateway.Admin("keys/pkcs11")).Is(200);
            Assert.Equal("pkcs11", (await gateway.Admin("keys", method: "GET")).Json["masterKey"]!.GetValue<string>());
        });

        foreach (var (arguments, why) in new[] { (new[] { passphrase }, "KeyProvider:Uri"), (Key("other"), "another"), (Key("master", "00000000"), "cannot be used"), (Key("absent"), "cannot be used") })
        {
            var (code, said, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. arguments]);
            Assert.True(code == 3 && errors.Contains(why, StringComparison.Ordinal), $"{code}: {errors}");
            Assert.DoesNotContain(SoftHsm.Pin, said + errors, StringComparison.Ordinal);
        }

        string[] open = [.. Key("master")];
        File.SetUnixFileMode(Path.Combine(_directory.Root, "hsm", "pin"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var (refused, _, because) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), .. open]);
        Assert.True(refused == 3 && because.Contains("chmod 600", StringComparison.Ordinal), because);

        await With(Key("master"), async gateway =>
        {
            Assert.Contains("Tokened", (await gateway.Get(Hospital, "Patient/p")).Is(200).Text, StringComparison.Ordinal);
            (await gateway.SendBytes(Operator, "POST", "/admin/keys/passphrase", "back again"u8.ToArray(), "application/octet-stream")).Is(200);
        });
        await With(["--HealthLedger:PassphraseFile=" + Written("back again")], async gateway =>
            Assert.Contains("Tokened", (await gateway.Get(Hospital, "Patient/p")).Is(200).Text, StringComparison.Ordinal));

        // A directory can begin with a token as well.
        using var fresh = new TestDirectory();
        await using (await ChildGateway.Start(fresh, Key("master")))
        {
            Assert.False(File.Exists(Path.Combine(fresh.Keys, "passphrase")));
        }

        Assert.Equal(3, (await ChildGateway.Run(ChildGateway.Arguments(fresh))).ExitCode);
    }

    private async Task With(string[] settings, Func<TestGateway, Task> act)
    {
        await using var child = await ChildGateway.Start(_directory, settings);
        await using var gateway = TestGateway.Attach(child.Url, _clients);
        await act(gateway);
    }

    private string Written(string passphrase)
    {
        var file = Path.Combine(_directory.Root, "passphrase");
        File.WriteAllText(file, passphrase);
        return file;
    }
}
