using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.Tokens;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.Tests.Kit;

/// <summary>An authorization server without HTTP, with one clinic's client, on a manual clock.</summary>
internal sealed class Server
{
    public const string Url = "http://localhost:5080";
    public const string TokenUrl = Url + "/auth/token";

    private Server(IClientStore store, MemorySecrets secrets, SmartOptions options)
    {
        Secrets = secrets;
        Registry = new ClientRegistry(store, secrets);
        SigningKey = new TokenSigningKey(secrets);
        Urls.Use(new Uri(Url));
        Replay = new MemoryReplay(Time);
        var settings = Options.Create(options);
        Issuer = new AccessTokenIssuer(SigningKey, Urls, Time, settings);
        Endpoint = new TokenEndpoint(new ClientAssertion(Registry, Replay, Urls, Time, settings), Issuer);
        Validator = new AccessTokenValidator(SigningKey, Urls, Registry, Time, settings);
    }

    public ManualTime Time { get; } = new();

    public MemorySecrets Secrets { get; }

    public SmartUrls Urls { get; } = new();

    public MemoryReplay Replay { get; }

    public ClientRegistry Registry { get; }

    public TokenSigningKey SigningKey { get; }

    public AccessTokenIssuer Issuer { get; }

    public TokenEndpoint Endpoint { get; }

    public AccessTokenValidator Validator { get; }

    public ClientKey Key { get; } = ClientKey.Es384();

    public Client Clinic => new()
    {
        ClientId = "clinic",
        Kind = ClientKind.Backend,
        Name = "A clinic's record system",
        Organization = "Organization/north",
        Keys = [Key.Public()],
        Scopes = ["system/*.rs", "system/Observation.c"],
        Purposes = [PurposeOfUse.Treatment, PurposeOfUse.Operations],
    };

    public static async Task<Server> Start(SmartOptions? options = null)
    {
        var server = new Server(new MemoryClientStore(), new MemorySecrets(), options ?? new SmartOptions());
        Assert.IsType<Registration.Done>(await server.Registry.Register(server.Clinic, default));
        return server;
    }

    public JsonObject Claims(string clientId = "clinic") => new()
    {
        ["iss"] = clientId,
        ["sub"] = clientId,
        ["aud"] = TokenUrl,
        ["exp"] = Time.Now.ToUnixTimeSeconds() + 240,
        ["iat"] = Time.Now.ToUnixTimeSeconds(),
        ["jti"] = Guid.NewGuid().ToString(),
    };

    public static Dictionary<string, string> Form(string assertion, string scope = "system/*.rs") => new()
    {
        ["grant_type"] = "client_credentials",
        ["client_assertion_type"] = ClientAssertion.Type,
        ["client_assertion"] = assertion,
        ["scope"] = scope,
    };

    public Task<TokenAnswer> Ask(string assertion, string scope = "system/*.rs") => Endpoint.Answer(Form(assertion, scope), default);

    public async Task<AccessToken> Token(string scope = "system/*.rs") =>
        Assert.IsType<TokenAnswer.Granted>(await Ask(Key.Sign(Claims()), scope)).Token;
}
