// Registrations: what is refused, that they survive, and that nobody who can write to the storage can change one.
using System.Collections.Immutable;
using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Tests.Kit;

namespace HealthLedger.Smart.Tests.Clients;

public class ClientRegistryTests
{
    private static readonly ClientKey Key = ClientKey.Es384();

    private static Client Good => new()
    {
        ClientId = "app",
        Kind = ClientKind.Confidential,
        Name = "Café – an app",
        Organization = "Organization/1",
        Keys = [Key.Public(), ClientKey.Rs384().Public()],
        RedirectUris = ["https://app.example/back", "http://127.0.0.1:8080/back"],
        Scopes = ["system/*.rs", "patient/Observation.rs"],
        Purposes = [PurposeOfUse.Treatment, PurposeOfUse.Research],
        MayMigrate = true,
        Disabled = true,
    };

    public static TheoryData<string, Func<object, object>> Faults() => new()
    {
        { "empty id", c => (Client)c with { ClientId = "" } },
        { "blank in id", c => (Client)c with { ClientId = "a b" } },
        { "long id", c => (Client)c with { ClientId = new string('a', 129) } },
        { "no name", c => (Client)c with { Name = " " } },
        { "control in name", c => (Client)c with { Name = "a\nb" } },
        { "dots as id", c => (Client)c with { ClientId = ".." } },
        { "organization with a path", c => (Client)c with { Organization = "Organization/a/b" } },
        { "organization without type", c => (Client)c with { Organization = "1" } },
        { "a person's role", c => (Client)c with { Role = CallerRole.Clinician } },
        { "no key", c => (Client)c with { Keys = [] } },
        { "key twice", c => (Client)c with { Keys = [Key.Public(), Key.Public()] } },
        { "ES256 key", c => (Client)c with { Keys = [ClientKey.Es256().Public()] } },
        { "public with key", c => (Client)c with { Kind = ClientKind.Public, Scopes = ["user/*.rs"] } },
        { "public with system scope", c => (Client)c with { Kind = ClientKind.Public, Keys = [] } },
        { "backend with redirect", c => (Client)c with { Kind = ClientKind.Backend } },
        { "http redirect", c => (Client)c with { RedirectUris = ["http://app.example/"] } },
        { "redirect with fragment", c => (Client)c with { RedirectUris = ["https://app.example/#x"] } },
        { "relative redirect", c => (Client)c with { RedirectUris = ["/back"] } },
        { "no scope", c => (Client)c with { Scopes = [] } },
        { "no real scope", c => (Client)c with { Scopes = ["openid"] } },
        { "admin for a system", c => (Client)c with { Scopes = [ServiceScopes.Admin] } },
        { "audit for an operator", c => (Client)c with { Scopes = [ServiceScopes.Audit], Role = CallerRole.Operator } },
        { "no purpose", c => (Client)c with { Purposes = [] } },
        { "purpose twice", c => (Client)c with { Purposes = [PurposeOfUse.Treatment, PurposeOfUse.Treatment] } },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_faulty_registration_is_refused_and_not_stored(string what, Func<object, object> spoil)
    {
        var store = new MemoryClientStore();
        using var registry = new ClientRegistry(store, new MemorySecrets());
        Assert.IsType<Registration.Refused>(await registry.Register((Client)spoil(Good), default));
        Assert.True(store.Rows.IsEmpty, what);
        Assert.Empty(registry.All);
    }

    [Fact]
    public async Task A_registration_survives_whole()
    {
        var (store, secrets) = (new MemoryClientStore(), new MemorySecrets());
        using (var registry = new ClientRegistry(store, secrets))
        {
            Assert.IsType<Registration.Done>(await registry.Register(Good, default));
        }

        using var again = new ClientRegistry(store, secrets);
        Assert.Null(again.Find("app"));
        await again.Load(default);
        var read = again.Find("app")!;
        Assert.Equal((Good.Kind, Good.Name, Good.Organization, Good.Role, Good.MayMigrate, Good.Disabled), (read.Kind, read.Name, read.Organization, read.Role, read.MayMigrate, read.Disabled));
        Assert.Equal<IEnumerable<string>>(Good.Scopes, read.Scopes);
        Assert.Equal<IEnumerable<string>>(Good.RedirectUris, read.RedirectUris);
        Assert.Equal<IEnumerable<PurposeOfUse>>(Good.Purposes, read.Purposes);
        Assert.Equal(["k1", "r1"], read.Keys.Select(key => key.KeyId));
        Assert.Equal(Key.Public().Thumbprint(), read.Keys[0].Thumbprint());
    }

    [Fact]
    public async Task An_altered_or_moved_row_or_another_key_directory_stops_the_start()
    {
        var (store, secrets) = (new MemoryClientStore(), new MemorySecrets());
        using var registry = new ClientRegistry(store, secrets);
        await registry.Register(Good, default);
        var row = store.Rows["app"];

        store.Rows["app"] = row with { Content = [.. row.Content[..^1], (byte)(row.Content[^1] ^ 1)] };
        await Refused(store, secrets);
        store.Rows.Clear();
        store.Rows["other"] = row with { ClientId = "other" };
        await Refused(store, secrets);
        store.Rows.Clear();
        store.Rows["app"] = row;
        await Refused(store, new MemorySecrets());
    }

    [Fact]
    public async Task A_client_is_added_once_and_what_cannot_be_recorded_is_not_done()
    {
        var store = new MemoryClientStore();
        using var registry = new ClientRegistry(store, new MemorySecrets());
        var told = new List<Registration>();
        ValueTask<bool> Record(Registration decided, bool recorded)
        {
            // What is recorded is not done yet.
            Assert.True(decided is Registration.Refused || !Equals(registry.Find("app"), ((Registration.Done)decided).Client));
            told.Add(decided);
            return ValueTask.FromResult(recorded);
        }

        Assert.IsType<Registration.Unrecorded>(await registry.Add(Good, decided => Record(decided, false), default));
        Assert.Empty(store.Rows);
        Assert.IsType<Registration.Done>(await registry.Add(Good, decided => Record(decided, true), default));
        Assert.Equal(RegistrationFault.Exists, Assert.IsType<Registration.Refused>(await registry.Add(Good with { Name = "Another" }, decided => Record(decided, true), default)).Fault);
        Assert.Equal(RegistrationFault.Absent, Assert.IsType<Registration.Refused>(await registry.Change("other", client => client, decided => Record(decided, true), default)).Fault);
        Assert.IsType<Registration.Unrecorded>(await registry.Change("app", client => client with { Disabled = false }, decided => Record(decided, false), default));
        Assert.True(registry.Find("app")!.Disabled);
        Assert.IsType<Registration.Done>(await registry.Change("app", client => client with { Disabled = false, ClientId = "robbed", Role = CallerRole.Operator }, decided => Record(decided, true), default));
        Assert.Equal(("app", CallerRole.System, false), (registry.Find("app")!.ClientId, registry.Find("app")!.Role, registry.Find("app")!.Disabled));
        Assert.Equal(6, told.Count);
    }

    [Fact]
    public async Task Of_two_operators_that_disable_each_other_at_once_one_stays()
    {
        for (var round = 0; round < 20; round++)
        {
            using var registry = new ClientRegistry(new MemoryClientStore(), new MemorySecrets());
            Client Operator(string id) => Good with { ClientId = id, Role = CallerRole.Operator, Scopes = [ServiceScopes.Admin], Purposes = [PurposeOfUse.Operations], Disabled = false };
            await registry.Register(Operator("one"), default);
            await registry.Register(Operator("two"), default);
            var results = await Task.WhenAll(new[] { "one", "two" }.Select(id => Task.Run(() => registry.Change(
                id,
                client => client with { Disabled = true },
                async _ =>
                {
                    await Task.Yield();
                    return true;
                },
                default))));
            Assert.Equal(RegistrationFault.LastOperator, Assert.Single(results.OfType<Registration.Refused>()).Fault);
            Assert.Single(registry.All, client => !client.Disabled);
        }
    }

    private static async Task Refused(MemoryClientStore store, MemorySecrets secrets)
    {
        using var registry = new ClientRegistry(store, secrets);
        await Assert.ThrowsAsync<CryptographicException>(() => registry.Load(default));
    }
}
