using HealthLedger.Gateway.Tests.Architecture;

namespace HealthLedger.Cli.Tests.Architecture;

/// <summary>The command line tool's own arrows (docs/architecture.md), kept by reading the compiled code.</summary>
public sealed class HouseRulesTests
{
    private const string Witness = "HealthLedger.Cli.Witness";

    [Fact]
    public void Of_our_projects_it_references_Proofs_alone() =>
        Assert.Equal(["HealthLedger.Proofs"], typeof(ExitCode).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(name => name.StartsWith("HealthLedger", StringComparison.Ordinal)));

    [Fact]
    public void Only_the_witness_knows_a_web_framework()
    {
        var namespaces = typeof(ExitCode).Assembly.GetTypes().Where(type => TypeUses.Of(type).Any(IsWeb)).Select(type => type.Namespace).Distinct();
        Assert.Equal([Witness], namespaces);
    }

    private static bool IsWeb(Type type) => type.Namespace?.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) == true;
}
