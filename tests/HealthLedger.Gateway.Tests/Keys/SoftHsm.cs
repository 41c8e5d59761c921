using System.Diagnostics;
using System.Security.Cryptography;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Keys;

/// <summary>A PKCS#11 token in files (SoftHSM), with RSA keys in it. Reached by other processes alone: what a token's library keeps must not stay in this one.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class SoftHsm
{
    public const string Pin = "59131807";
    private const string Tool = "softhsm2-util";
    private readonly string _root;

    private SoftHsm(string root) => _root = root;

    /// <summary>Whether the token's tool and OpenSSL's engine are there.</summary>
    public static bool IsInstalled =>
        File.Exists("/usr/bin/" + Tool) && Directory.Exists("/usr/lib") && Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Any(folder => File.Exists(Path.Combine(folder, "engines-3", "pkcs11.so")));

    /// <summary>A new token; processes that are started from now on see it.</summary>
    public static async Task<SoftHsm> Make(TestDirectory directory)
    {
        var hsm = new SoftHsm(Directory.CreateDirectory(Path.Combine(directory.Root, "hsm")).FullName);
        var tokens = Directory.CreateDirectory(Path.Combine(hsm._root, "tokens")).FullName;
        var configuration = Path.Combine(hsm._root, "softhsm2.conf");
        await File.WriteAllTextAsync(configuration, $"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", configuration);
        await Run("--init-token", "--free", "--label", "gateway", "--so-pin", "1807591318", "--pin", Pin);
        return hsm;
    }

    public static string Uri(string label) => $"pkcs11:token=gateway;object={label};type=private";

    /// <summary>Puts a key pair into the token.</summary>
    public async Task AddKey(string label, string id, int bits)
    {
        using var key = RSA.Create(bits);
        var file = Path.Combine(_root, label + ".pem");
        await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem());
        await Run("--import", file, "--token", "gateway", "--label", label, "--id", id, "--pin", Pin);
        File.Delete(file);
    }

    /// <summary>A file with a PIN.</summary>
    public string PinFile(string pin)
    {
        var file = Path.Combine(_root, pin == Pin ? "pin" : "wrong-pin");
        File.WriteAllText(file, pin);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private static async Task Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, said);
    }
}
