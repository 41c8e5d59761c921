// The authorization server's stores on SQLite: durable across reopening, exclusive, bounded.
using HealthLedger.Smart.Clients;
using HealthLedger.Sqlite.Smart;

namespace HealthLedger.Sqlite.Tests.Smart;

public sealed class SmartStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hl-smart-").FullName;
    private readonly Clock time = new();

    private string File => Path.Combine(folder, "smart.db");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Clients_are_there_after_reopening_and_replaced_by_id()
    {
        using (var database = SmartDatabase.Open(File))
        {
            var store = new SqliteClientStore(database);
            await store.Put(new SealedClient("a", [1]), default);
            await store.Put(new SealedClient("b", [2]), default);
            await store.Put(new SealedClient("a", [3]), default);
        }

        using var again = SmartDatabase.Open(File);
        var rows = await new SqliteClientStore(again).ReadAll(default);
        Assert.Equal([("a", 3), ("b", 2)], rows.Select(row => (row.ClientId, (int)row.Content[0])).Order());
    }

    [Fact]
    public async Task An_assertion_is_used_once_even_across_a_restart_until_it_is_forgotten()
    {
        var key = Key(1);
        using (var database = SmartDatabase.Open(File))
        {
            var replay = new SqliteAssertionReplay(database, time);
            Assert.Equal(AssertionUse.First, await replay.Use(key, time.Now.AddSeconds(100), default));
            Assert.Equal(AssertionUse.Repeated, await replay.Use(key, time.Now.AddSeconds(100), default));
        }

        using var again = SmartDatabase.Open(File);
        var later = new SqliteAssertionReplay(again, time);
        time.Now = time.Now.AddSeconds(99);
        Assert.Equal(AssertionUse.Repeated, await later.Use(key, time.Now, default));
        time.Now = time.Now.AddSeconds(1);
        Assert.Equal(AssertionUse.First, await later.Use(key, time.Now.AddSeconds(1), default));
    }

    [Fact]
    public async Task Of_many_at_once_one_is_first()
    {
        using var database = SmartDatabase.Open(File);
        var replay = new SqliteAssertionReplay(database, time);
        var uses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => replay.Use(Key(7), time.Now.AddSeconds(9), default))));
        Assert.Single(uses, AssertionUse.First);
        Assert.Equal(49, uses.Count(use => use == AssertionUse.Repeated));
    }

    [Fact]
    public async Task A_full_memory_refuses_and_room_comes_back_with_time()
    {
        using var database = SmartDatabase.Open(File);
        var replay = new SqliteAssertionReplay(database, time, capacity: 3);
        for (byte i = 0; i < 3; i++)
        {
            Assert.Equal(AssertionUse.First, await replay.Use(Key(i), time.Now.AddSeconds(10 + i), default));
        }

        Assert.Equal(AssertionUse.Full, await replay.Use(Key(9), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.Repeated, await replay.Use(Key(1), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.Full, await new SqliteAssertionReplay(database, time, capacity: 3).Use(Key(9), time.Now.AddSeconds(10), default));
        time.Now = time.Now.AddSeconds(10);
        Assert.Equal(AssertionUse.First, await replay.Use(Key(9), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.Full, await replay.Use(Key(10), time.Now.AddSeconds(10), default));
    }

    [Fact]
    public async Task One_client_uses_up_its_own_share_and_leaves_the_others_theirs()
    {
        byte[] Of(byte client, byte number) => [.. Enumerable.Repeat(client, IAssertionReplay.ClientSize), .. Enumerable.Repeat(number, 32 - IAssertionReplay.ClientSize)];
        using var database = SmartDatabase.Open(File);
        var replay = new SqliteAssertionReplay(database, time, capacity: 100, share: 3);
        for (byte i = 0; i < 3; i++)
        {
            Assert.Equal(AssertionUse.First, await replay.Use(Of(5, i), time.Now.AddSeconds(10), default));
        }

        Assert.Equal(AssertionUse.Full, await replay.Use(Of(5, 255), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.Repeated, await replay.Use(Of(5, 2), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.First, await replay.Use(Of(4, 255), time.Now.AddSeconds(10), default));
        Assert.Equal(AssertionUse.First, await replay.Use(Of(6, 0), time.Now.AddSeconds(10), default));
        time.Now = time.Now.AddSeconds(10);
        Assert.Equal(AssertionUse.First, await replay.Use(Of(5, 3), time.Now.AddSeconds(10), default));
    }

    [Fact]
    public void What_is_no_database_of_ours_is_refused()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));
        Assert.Throws<InvalidDataException>(() => SmartDatabase.Open(File));
        Assert.Throws<InvalidDataException>(() => SmartDatabase.Open(Path.Combine(folder, "no", "such", "folder.db")));
    }

    [Fact]
    public void A_new_file_is_its_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var database = SmartDatabase.Open(File);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        using (var database = SmartDatabase.Open(File))
        {
            await database.Run(transaction => transaction.Change("PRAGMA user_version = 99"), default);
        }

        Assert.Throws<InvalidDataException>(() => SmartDatabase.Open(File));
    }

    private static byte[] Key(byte value) => [.. Enumerable.Repeat(value, 32)];

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
