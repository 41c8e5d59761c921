using HealthLedger.Gateway.Hosting;

namespace HealthLedger.Gateway.Tests.Hosting;

// docs/surfaces.md, exit codes: every way not to start ends in one sentence that names what to change, and exit code 2 where that is a setting.
public sealed class StartupRefusalTests
{
    [Theory]
    [InlineData("--frob", "'--frob' is no option here")]
    [InlineData("--once", "--once goes with --demo")]
    [InlineData("--urls=nowhere", "--urls is 'nowhere'")]
    [InlineData("--HealthLedger:Dat=/tmp/elsewhere", "'Dat'")]
    [InlineData("--HealthLedger:ScryptLogN=many", "ScryptLogN")]
    [InlineData("--HealthLedger:Consents:ImplicitPolicy=allow", "use deny, permit-treatment or permit-all")]
    [InlineData("--HealthLedger:EmergencyJournal:Reads=maybe", "use off or permit")]
    [InlineData("--HealthLedger:EmergencyJournal:Slots=5", "use 16 to 8192")]
    [InlineData("--HealthLedger:EmergencyJournal:Reads=permit --HealthLedger:KeyHolder:Address=unix:/tmp/none --HealthLedger:KeyHolder:LinkFile=/tmp/none", "a promise is none")]
    [InlineData("--HealthLedger:Data=/proc/none/data", "cannot be used as a directory")]
    [InlineData("--seed=7", "--seed goes with --demo")]
    [InlineData("--demo-data /proc/none", "--demo-data goes with --demo")]
    [InlineData("--demo --demo-data=/proc/none", "is no folder")]
    [InlineData("--demo --demo-credentials=/proc/none/credentials.json", "there is no folder /proc/none")]
    public async Task What_cannot_be_used_is_said_in_one_sentence(string arguments, string said)
    {
        using var directory = new TestDirectory();
        using var errors = new StringWriter();
        string[] own = arguments.Contains("HealthLedger:Data=", StringComparison.Ordinal) ? [] : [$"--HealthLedger:Data={directory.Data}"];
        var code = await Startup.Run([.. arguments.Split(' '), .. own], TextWriter.Null, errors);
        Assert.Equal(ExitCode.Configuration, code);
        Assert.StartsWith("healthledger: ", errors.ToString());
        Assert.Contains(said, errors.ToString());
        Assert.Single(errors.ToString().TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(directory.Data));
    }

    [Theory]
    [InlineData("--HealthLedger:Keys=", "HealthLedger:Keys cannot be used as a directory")]
    [InlineData("--HealthLedger:EmergencyJournal:Reads=permit --HealthLedger:EmergencyJournal:Directory=", "HealthLedger:EmergencyJournal:Directory cannot be used as a directory")]
    public async Task A_directory_that_cannot_be_made_is_named_by_its_setting(string arguments, string said)
    {
        using var directory = new TestDirectory();
        var file = Path.Combine(directory.Root, "a-file");
        await File.WriteAllTextAsync(file, "");
        foreach (var path in new[] { file, Path.Combine(file, "below") })
        {
            using var errors = new StringWriter();
            var code = await Startup.Run([.. (arguments + path).Split(' '), $"--HealthLedger:Data={directory.Data}", "--HealthLedger:ScryptLogN=15"], TextWriter.Null, errors);
            Assert.Equal(ExitCode.Configuration, code);
            Assert.Contains("healthledger: " + said, errors.ToString(), StringComparison.Ordinal);
        }
    }
}
