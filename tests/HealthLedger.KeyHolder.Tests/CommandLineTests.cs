// docs/operations.md, "A key holder": init, and what report says before and after anything was unwrapped.
namespace HealthLedger.KeyHolder.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("healthledger-").FullName;

    private string State => Path.Combine(root, "holder");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task A_new_holder_reports_that_nothing_was_unwrapped_and_one_that_is_none_is_refused()
    {
        Assert.Equal(2, (await Run("report", "--state", State)).Code);
        Assert.Equal(0, (await Run("init", "--state", State, "--link", Path.Combine(root, "link"))).Code);
        var (code, output) = await Run("report", "--state", State);
        Assert.Equal(0, code);
        Assert.StartsWith("0 versions were unwrapped under 0 entries", output, StringComparison.Ordinal);

        using (var list = UnwrapList.Open(Path.Combine(State, "unwrapped"), 0))
        {
            list.Add([new Unwrapped(7, 0, 60), new Unwrapped(7, 1, 60)], 0);
        }

        (code, output) = await Run("report", "--state", State, "--entries");
        Assert.Equal(0, code);
        Assert.StartsWith("2 versions were unwrapped under 1 entries", output, StringComparison.Ordinal);
        Assert.EndsWith("7 2", output.TrimEnd(), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        return (await CommandLine.Run(arguments, output, errors, TimeProvider.System, CancellationToken.None), output.ToString());
    }
}
