using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Backups;

/// <summary>A gateway's directories with a place for its backups, and how an operator puts one back.</summary>
internal sealed class BackedUp : IDisposable
{
    public TestDirectory Directory { get; } = new();

    public TestClients Clients { get; } = new();

    public string DataPlace => Path.Combine(Directory.Root, "backups-of-data");

    public string KeysPlace => Path.Combine(Directory.Root, "backups-of-keys");

    public string[] Settings =>
        [$"--HealthLedger:Backups:Data={DataPlace}", $"--HealthLedger:Backups:Keys={KeysPlace}", $"--HealthLedger:PassphraseFile={PassphraseFile}"];

    private string PassphraseFile
    {
        get
        {
            var file = Path.Combine(Directory.Root, "passphrase");
            File.WriteAllText(file, "kept elsewhere\n");
            return file;
        }
    }

    public Task<TestGateway> Start(params string[] more) => TestGateway.Start(Directory, Clients, [.. Settings, .. more]);

    public Task<TestGateway> Start(TimeProvider time, params string[] more) => TestGateway.Start(Directory, time, [.. Settings, .. more]);

    public static async Task<Answer> Make(TestGateway gateway, string kind, string name) => await gateway.Admin("backups/" + kind, new JsonObject { ["name"] = name });

    /// <summary>As docs/operations.md says: the directory is put away and the copy put in its place.</summary>
    public void PutBackData(string name) => PutBack(Path.Combine(DataPlace, name, "data"), Directory.Data);

    public void PutBackKeys(string name) => PutBack(Path.Combine(KeysPlace, name, "keys"), Directory.Keys);

    public void Dispose()
    {
        Clients.Dispose();
        Directory.Dispose();
    }

    private static void PutBack(string copy, string place)
    {
        if (System.IO.Directory.Exists(place))
        {
            System.IO.Directory.Move(place, place + "." + Guid.NewGuid().ToString("n"));
        }

        foreach (var file in System.IO.Directory.GetFiles(copy, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(place, Path.GetRelativePath(copy, file));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
