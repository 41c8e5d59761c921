// People's rows on SQLite: optimistic versions, unique names, and nothing readable in the files.
using System.Text;
using HealthLedger.Access;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.People;
using HealthLedger.Sqlite.Smart;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Sqlite.Tests.Smart;

public sealed class SqlitePersonStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hl-people-").FullName;

    private string File => Path.Combine(folder, "smart.db");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Rows_change_only_from_the_version_that_was_read()
    {
        using var database = SmartDatabase.Open(File);
        var store = new SqlitePersonStore(database);
        var person = new SealedPerson(Bytes(1), Bytes(2), 1, [7]);
        Assert.True(await store.Insert(person, default));
        Assert.False(await store.Insert(person, default));
        Assert.False(await store.Insert(person with { Key = Bytes(3) }, default));
        Assert.True(await store.Update(person with { Version = 2, Content = [8] }, default));
        Assert.False(await store.Update(person with { Version = 2, Content = [9] }, default));
        Assert.Equal(8, (await store.FindByName(Bytes(2), default))!.Content[0]);
        Assert.Equal(2, (await store.Find(Bytes(1), default))!.Version);
        Assert.True(await store.Insert(person with { Key = Bytes(4), NameKey = Bytes(5) }, default));
        Assert.False(await store.Update(person with { Key = Bytes(4), Version = 2 }, default));
        Assert.False(await store.Delete(Bytes(1), 1, default));
        Assert.True(await store.Delete(Bytes(1), 2, default));
        Assert.Null(await store.Find(Bytes(1), default));
    }

    [Fact]
    public async Task Rows_are_read_page_by_page_in_the_order_of_their_keys()
    {
        using var database = SmartDatabase.Open(File);
        var store = new SqlitePersonStore(database);
        foreach (byte key in new byte[] { 200, 3, 1, 2 })
        {
            Assert.True(await store.Insert(new SealedPerson(Bytes(key), Bytes((byte)(key + 10)), 1, [key]), default));
        }

        Assert.Equal([1, 2, 3], (await store.Read([], 3, default)).Select(person => person.Content[0]));
        Assert.Equal([200], (await store.Read(Bytes(3), 3, default)).Select(person => person.Content[0]));
        Assert.Empty(await store.Read(Bytes(200), 3, default));
    }

    [Fact]
    public async Task People_survive_and_their_files_hold_nothing_readable()
    {
        var secrets = new Secrets();
        using (var database = SmartDatabase.Open(File))
        {
            await using var services = Services(database, secrets);
            await using var scope = services.CreateAsyncScope();
            var people = scope.ServiceProvider.GetRequiredService<PeopleRegistry>();
            Assert.IsType<PersonRegistration.Done>(await people.Register(new NewPerson("anna.lindqvist", "correct horse battery", CallerRole.Patient, null, "Patient/k3jd82hs", "k3jd82hs")));
            await new SqliteClientStore(database).Put(new("planted-positive-control", [1]), default);

            // The write-ahead log is still there: it is searched too.
            var stored = string.Concat(Directory.GetFiles(folder).Order().Select(path => Encoding.Latin1.GetString(ReadShared(path))));
            Assert.Contains("planted-positive-control", stored);
            foreach (var word in new[] { "anna", "ANNA", "lindqvist", "LINDQVIST", "k3jd82hs", "correct horse", "Patient" })
            {
                Assert.DoesNotContain(word, stored);
            }
        }

        using var reopened = SmartDatabase.Open(File);
        await using var again = Services(reopened, secrets);
        await using var later = again.CreateAsyncScope();
        Assert.True(await later.ServiceProvider.GetRequiredService<PeopleRegistry>().Unlock("Anna.Lindqvist"));
    }

    private static ServiceProvider Services(SmartDatabase database, Secrets secrets)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<ISealedSecrets>(secrets);
        services.AddSingleton<IPersonStore>(new SqlitePersonStore(database));
        services.AddPeople();
        return services.BuildServiceProvider();
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static byte[] Bytes(byte value) => [.. Enumerable.Repeat(value, 32)];

    private sealed class Secrets : ISealedSecrets
    {
        private readonly Dictionary<string, byte[]> secrets = [];

        public byte[] GetOrCreate(string name, Func<byte[]> create)
        {
            secrets.TryAdd(name, create());
            return (byte[])secrets[name].Clone();
        }

        public void Replace(string name, ReadOnlySpan<byte> secret) => secrets[name] = secret.ToArray();
    }
}
