namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>A directory of its own for one test's data and keys; gone afterwards.</summary>
internal sealed class TestDirectory : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("healthledger-gateway-tests-");

    public string Root => _root.FullName;

    public string Data => Path.Combine(Root, "data");

    public string Keys => Path.Combine(Root, "keys");

    public void Dispose() => _root.Delete(recursive: true);
}
