// SECURITY.md, "What stands against a storage insider": files put back, swapped or damaged while the gateway is stopped are noticed, or nothing of them is shown.
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using SQLitePCL;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class TamperedFilesTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClock _clock = new();

    [Fact]
    public async Task A_withdrawn_consent_does_not_come_back_with_an_old_copy_of_the_vault()
    {
        string consent;
        await using (var gateway = await TestGateway.Start(_directory, _clock))
        {
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Restored"))).Is(201);
            consent = (await gateway.Post(Hospital, "Consent", Records.Consent(null, "p", Records.Permit()))).Is(201).Id;
            (await gateway.Get(Clinic, "Patient/p")).Is(200);
        }

        var vault = Directory.GetFiles(_directory.Data, "*.db").Single(f => Path.GetFileName(f) is not ("smart.db" or "ledger-index.db"));
        var copy = await File.ReadAllBytesAsync(vault);
        await using (var gateway = await TestGateway.Start(_directory, _clock))
        {
            (await gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
            (await gateway.Get(Clinic, "Patient/p")).Is(404);
        }

        await using (var gateway = await TestGateway.Start(_directory, _clock))
        {
            (await gateway.Get(Clinic, "Patient/p")).Is(404);
        }

        Assert.False(File.Exists(vault + "-wal"));
        await File.WriteAllBytesAsync(vault + ".old", copy);
        Run(vault + ".old", $"ATTACH '{vault}' AS now; UPDATE main.applied SET size = (SELECT size FROM now.applied); DETACH now; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
        File.Move(vault + ".old", vault, overwrite: true);
        await using (var gateway = await TestGateway.Start(_directory, _clock))
        {
            var answer = await gateway.Get(Clinic, "Patient/p");
            Assert.True(answer.Status is 404 or 500, answer.Text);
            Assert.DoesNotContain("Restored", answer.Text, StringComparison.Ordinal);
        }
    }

    private static void Run(string file, string sql)
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(file, out var database));
        using (database)
        {
            Assert.True(raw.sqlite3_exec(database, sql) == raw.SQLITE_OK, raw.sqlite3_errmsg(database).utf8_to_string());
        }
    }

    public void Dispose() => _directory.Dispose();
}
