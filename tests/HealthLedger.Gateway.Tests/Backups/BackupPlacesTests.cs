// docs/operations.md, "Backups": two directories, neither the same nor one in the other, nor in or around data and keys. The gateway does not start otherwise.
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class BackupPlacesTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("one", "one")]
    [InlineData("one", "one/")]
    [InlineData("one", "one/two")]
    [InlineData("one/two", "one")]
    [InlineData("one", "x/../one")]
    [InlineData("data", "two")]
    [InlineData("data/backups", "two")]
    [InlineData("one", "data/backups")]
    [InlineData("keys", "two")]
    [InlineData("one", "keys/backups")]
    [InlineData("", "two")]
    [InlineData(".", null)]
    [InlineData(null, ".")]
    [InlineData("/", null)]
    [InlineData(null, " ")]
    [InlineData("link-to-keys/in", "two")]
    [InlineData("one", "link-to-data")]
    public void Places_that_are_not_apart_are_refused(string? data, string? keys)
    {
        Directory.CreateDirectory(_directory.Data);
        Directory.CreateDirectory(_directory.Keys);
        Directory.CreateSymbolicLink(Path.Combine(_directory.Root, "link-to-data"), _directory.Data);
        Directory.CreateSymbolicLink(Path.Combine(_directory.Root, "link-to-keys"), _directory.Keys);
        Assert.Contains(Options(data, keys).Faults(), fault => fault.Contains("HealthLedger:Backups:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("one", "two")]
    [InlineData("one", null)]
    [InlineData(null, "two")]
    [InlineData(null, null)]
    [InlineData("data-backups", "keys-backups")]
    [InlineData("backups/data", "backups/keys")]
    public void Places_that_are_apart_are_taken(string? data, string? keys) => Assert.Empty(Options(data, keys).Faults());

    [Fact]
    public async Task The_gateway_ends_with_2_and_says_which_setting()
    {
        var both = Path.Combine(_directory.Root, "both");
        var same = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), $"--HealthLedger:Backups:Data={both}", $"--HealthLedger:Backups:Keys={both}"]);
        Assert.Equal(ExitCode.Configuration, same.ExitCode);
        Assert.Contains("HealthLedger:Backups:Data and HealthLedger:Backups:Keys", same.Errors, StringComparison.Ordinal);

        await File.WriteAllTextAsync(both, "a file");
        var file = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), $"--HealthLedger:Backups:Data={both}"]);
        Assert.Equal(ExitCode.Configuration, file.ExitCode);
        Assert.Contains("HealthLedger:Backups:Data cannot be used", file.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", file.Errors, StringComparison.Ordinal);
    }

    private GatewayOptions Options(string? data, string? keys)
    {
        var options = new GatewayOptions { Data = _directory.Data, Keys = _directory.Keys };
        options.Backups.Data = Below(data);
        options.Backups.Keys = Below(keys);
        return options;
    }

    private string? Below(string? path) => string.IsNullOrWhiteSpace(path) ? path : Path.Combine(_directory.Root, path);
}
