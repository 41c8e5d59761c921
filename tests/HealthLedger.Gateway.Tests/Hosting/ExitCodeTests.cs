// docs/surfaces.md: exit codes 2 configuration, 3 wrong passphrase, 4 directory in use, 5 port in use, 6 ledger refuses to start; a line `listening URL`; /health.
// Every way not to start ends in one sentence on the error stream, never in a stack trace. Real processes.
using HealthLedger.Gateway.Hosting;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class ExitCodeTests
{
    public static TheoryData<string, string> BadConfigurations => new()
    {
        { "--zebedee", "--zebedee" },
        { "stray", "stray" },
        { "--once", "--demo" },
        { "--patients=0", "--patients" },
        { "--seed=first", "--seed" },
        { "--HealthLedger:ScryptLogN=3", "ScryptLogN" },
        { "--HealthLedger:ScryptLogN=many", "ScryptLogN" },
        { "--HealthLedger:Consents:ImplicitPolicy=permit-nobody", "ImplicitPolicy" },
        { "--HealthLedger:Consents:Emergency=maybe", "Emergency" },
        { "--HealthLedger:Origin=two words", "Origin" },
        { "--HealthLedger:PublicUrl=nowhere", "PublicUrl" },
        { "--HealthLedger:Proxy=localhost", "HealthLedger:Proxy" },
        { "--HealthLedger:PassphraseFile=/nonexistent/file", "passphrase" },
        { "--HealthLedger:Cors:Origins:0=*", "Cors" },
        { "--HealthLedger:Cors:Origins:0=null", "Cors" },
        { "--HealthLedger:Cors:Origins:0=https://*.example.org", "Cors" },
        { "--HealthLedger:Cors:Origins:0=https://app.example.org/", "Cors" },
        { "--HealthLedger:Cors:Origins:0=http://app.example.org", "Cors" },
        { "--urls=nonsense", "urls" },
        { "--urls=https://127.0.0.1:0", "https" },
    };

    [Theory]
    [MemberData(nameof(BadConfigurations))]
    public async Task A_bad_setting_ends_with_2_and_names_it(string argument, string named)
    {
        using var directory = new TestDirectory();
        string[] arguments = argument.StartsWith("--urls", StringComparison.Ordinal) ? [.. ChildGateway.Arguments(directory)[1..], argument] : [.. ChildGateway.Arguments(directory), argument];
        var (code, _, errors) = await ChildGateway.Run(arguments);
        Refused(ExitCode.Configuration, code, errors);
        Assert.Contains(named, errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Directories_that_cannot_be_used_end_with_2()
    {
        using var directory = new TestDirectory();
        var file = Path.Combine(directory.Root, "file");
        await File.WriteAllTextAsync(file, "");
        var inside = await ChildGateway.Run(["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={directory.Data}", $"--HealthLedger:Keys={directory.Data}/keys"]);
        Refused(ExitCode.Configuration, inside.ExitCode, inside.Errors);
        var notADirectory = await ChildGateway.Run(["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={file}", $"--HealthLedger:Keys={directory.Keys}", "--HealthLedger:ScryptLogN=15"]);
        Refused(ExitCode.Configuration, notADirectory.ExitCode, notADirectory.Errors);
    }

    [Fact]
    public async Task Packages_that_are_none_end_with_2()
    {
        using var directory = new TestDirectory();
        var empty = Directory.CreateDirectory(Path.Combine(directory.Root, "empty")).FullName;
        var text = Path.Combine(directory.Root, "notes.txt");
        await File.WriteAllTextAsync(text, "{}");
        var list = Path.Combine(directory.Root, "list.json");
        await File.WriteAllTextAsync(list, "[]");
        var record = Path.Combine(directory.Root, "patient.json");
        await File.WriteAllTextAsync(record, """{"resourceType":"Patient"}""");
        var broken = Path.Combine(directory.Root, "broken.tgz");
        await File.WriteAllTextAsync(broken, "no archive");
        foreach (var path in new[] { empty, text, list, record, broken, Path.Combine(directory.Root, "absent") })
        {
            var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(directory), "--HealthLedger:Packages:0=" + path]);
            Refused(ExitCode.Configuration, code, errors);
            Assert.Contains("HealthLedger:Packages: " + path, errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_tells_how_to_use_it_and_ends_with_0()
    {
        var (code, output, errors) = await ChildGateway.Run(["--help"]);
        Assert.Equal(0, code);
        Assert.Empty(errors);
        foreach (var told in new[] { "Usage", "--demo", "--urls", "HEALTHLEDGER_PASSPHRASE", "Exit codes", "Examples" })
        {
            Assert.Contains(told, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_passphrase_ends_with_3()
    {
        using var directory = new TestDirectory();
        var file = Path.Combine(directory.Root, "passphrase");
        await File.WriteAllTextAsync(file, "the right passphrase\n");
        await using (await TestGateway.Start(directory, TimeProvider.System, $"--HealthLedger:PassphraseFile={file}"))
        {
        }

        var (code, _, errors) = await ChildGateway.Run(ChildGateway.Arguments(directory), "another passphrase");
        Refused(ExitCode.WrongPassphrase, code, errors);
        Assert.DoesNotContain("another passphrase", errors, StringComparison.Ordinal);
        var again = await ChildGateway.Start(directory, $"--HealthLedger:PassphraseFile={file}");
        await again.DisposeAsync();
    }

    [Fact]
    public async Task A_second_process_on_the_same_directory_ends_with_4_and_does_not_disturb_the_first()
    {
        using var directory = new TestDirectory();
        await using var first = await TestGateway.Start(directory);
        var (code, _, errors) = await ChildGateway.Run(ChildGateway.Arguments(directory));
        Refused(ExitCode.DirectoryInUse, code, errors);
        (await first.Put(TestClients.Hospital, "Patient/still", Fhir.Records.Patient("still", "Still"))).Is(201);
        (await first.Get(TestClients.Hospital, "Patient/still")).Is(200);
    }

    [Fact]
    public async Task A_port_in_use_ends_with_5()
    {
        using var directory = new TestDirectory();
        await using var first = await TestGateway.Start();
        var (code, _, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(directory)[1..], "--urls=http://127.0.0.1:" + new Uri(first.Host.Url).Port]);
        Refused(ExitCode.PortInUse, code, errors);
    }

    [Theory]
    [InlineData("lock", "flipped")]
    [InlineData("lock", "gone")]
    [InlineData("level-0.dat", "flipped")]
    [InlineData("level-0.dat", "cut")]
    [InlineData("entries.dat", "cut")]
    public async Task A_ledger_that_was_tampered_with_ends_with_6(string file, string how)
    {
        using var directory = new TestDirectory();
        await using (var gateway = await TestGateway.Start(directory))
        {
            for (var i = 0; i < 5; i++)
            {
                (await gateway.Post(TestClients.Hospital, "Patient", Fhir.Records.Patient(null, "Tampered"))).Is(201);
            }
        }

        var path = Path.Combine(directory.Data, "ledger", file);
        var bytes = await File.ReadAllBytesAsync(path);
        switch (how)
        {
            case "flipped":
                // In both slots of the lock, and in the first entry or hash.
                for (var at = 40; at < bytes.Length; at += 4096)
                {
                    bytes[at] ^= 1;
                }

                await File.WriteAllBytesAsync(path, bytes);
                break;
            case "cut":
                await File.WriteAllBytesAsync(path, bytes[..(bytes.Length / 2)]);
                break;
            default:
                File.Delete(path);
                break;
        }

        // A file that the journal can still restore may be mended instead of refused; then the ledger is whole again.
        var (code, output, errors) = await RunBriefly(directory);
        if (code is not null)
        {
            Refused(ExitCode.LedgerRefuses, code.Value, errors);
        }
        else
        {
            Assert.True(file != "lock", output);
            await using var gateway = await TestGateway.Start(directory);
            var ledger = gateway.Host.Storage.Ledger;
            for (var i = 0UL; i < ledger.Published.Size; i++)
            {
                Assert.True(ledger.ReceiptOf(i, null).Verify(Policy(ledger.VerifierKey)).Holds, $"entry {i}");
            }
        }
    }

    [Fact]
    public async Task A_gateway_says_where_it_listens_and_is_live_and_ready()
    {
        using var directory = new TestDirectory();
        await using var gateway = await ChildGateway.Start(directory);
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Url) };
        Assert.Equal(200, (int)(await http.GetAsync("/health/live")).StatusCode);
        var deadline = DateTime.UtcNow.AddMinutes(1);
        while ((int)(await http.GetAsync("/health/ready")).StatusCode != 200)
        {
            Assert.True(DateTime.UtcNow < deadline, "never ready");
        }

        Assert.Equal(404, (int)(await http.GetAsync("/zebedee")).StatusCode);
    }

    private static Proofs.Notes.LogPolicy Policy(string verifierKey) =>
        Proofs.Notes.NoteVerifier.Parse(verifierKey).TryGet(out var key, out _) ? Proofs.Notes.LogPolicy.ForLog(key) : throw new InvalidDataException("No verifier key.");

    /// <summary>Runs until it listens (then null) or ends by itself.</summary>
    private static async Task<(int? ExitCode, string Output, string Errors)> RunBriefly(TestDirectory directory)
    {
        try
        {
            await using var child = await ChildGateway.Start(directory);
            return (null, child.Url, "");
        }
        catch (InvalidOperationException)
        {
            var (code, output, errors) = await ChildGateway.Run(ChildGateway.Arguments(directory));
            return (code, output, errors);
        }
    }

    private static void Refused(int expected, int code, string errors)
    {
        Assert.True(expected == code, $"expected {expected}, got {code}: {errors}");
        Assert.Contains("healthledger: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", errors, StringComparison.Ordinal);
    }
}
