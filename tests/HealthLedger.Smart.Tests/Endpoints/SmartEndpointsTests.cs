// RFC 6749 sections 3.2 and 5; RFC 8414; SMART App Launch 2.2, "Conformance" (discovery) and "Backend Services".
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.Tests.Kit;
using HealthLedger.Smart.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Smart.Tests.Endpoints;

public class SmartEndpointsTests : IAsyncLifetime
{
    private readonly ClientKey key = ClientKey.Es384();
    private WebApplication app = null!;
    private HttpClient http = null!;
    private string url = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<ISealedSecrets>(new MemorySecrets());
        builder.Services.AddSingleton<IClientStore>(new MemoryClientStore());
        builder.Services.AddSingleton<IAssertionReplay>(new MemoryReplay(TimeProvider.System));
        builder.Services.AddSmart();
        app = builder.Build();
        app.MapSmart();
        await app.StartAsync();
        url = app.Urls.Single();
        http = new HttpClient { BaseAddress = new Uri(url) };
        var registration = await app.Services.GetRequiredService<ClientRegistry>().Register(
            new Client
            {
                ClientId = "clinic",
                Kind = ClientKind.Backend,
                Name = "Clinic",
                Keys = [key.Public()],
                Scopes = ["system/*.rs"],
                Purposes = [PurposeOfUse.Treatment],
            },
            default);
        Assert.IsType<Registration.Done>(registration);
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Before_the_base_URL_is_known_nothing_is_answered()
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/fhir/.well-known/smart-configuration")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Post(Form())).StatusCode);
    }

    [Fact]
    public async Task A_client_finds_its_way_from_discovery_to_a_token_that_counts()
    {
        Serve();
        var configuration = await Json("/fhir/.well-known/smart-configuration");
        Assert.Equal(url + "/auth/token", configuration["token_endpoint"]!.GetValue<string>());
        using var response = await http.PostAsync(configuration["token_endpoint"]!.GetValue<string>(), new FormUrlEncodedContent(Form()));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no-cache", response.Headers.Pragma.ToString());
        var body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(("Bearer", 300, "system/*.rs"), (body["token_type"]!.GetValue<string>(), body["expires_in"]!.GetValue<int>(), body["scope"]!.GetValue<string>()));
        Assert.IsType<TokenValidation.Valid>(app.Services.GetRequiredService<AccessTokenValidator>().Validate(body["access_token"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Discovery_names_only_what_is_there()
    {
        Serve();
        var smart = await Json("/fhir/.well-known/smart-configuration");
        Assert.Equal(["client-confidential-asymmetric", "permission-v1", "permission-v2"], smart["capabilities"]!.AsArray().Select(c => c!.GetValue<string>()));
        Assert.Equal(["S256"], smart["code_challenge_methods_supported"]!.AsArray().Select(c => c!.GetValue<string>()));
        Assert.Null(smart["authorization_endpoint"]);
        Assert.Null(smart["issuer"]);
        var openid = await Json("/.well-known/openid-configuration");
        Assert.Equal(url, openid["issuer"]!.GetValue<string>());
        foreach (var address in smart.Concat(openid).Where(member => member.Key.EndsWith("endpoint") || member.Key == "jwks_uri").Select(member => member.Value!.GetValue<string>()))
        {
            var answer = await http.GetAsync(address);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.MethodNotAllowed, address);
        }
    }

    [Fact]
    public async Task The_published_keys_hold_no_private_part_and_verify_the_tokens()
    {
        Serve();
        var keys = (await Json("/auth/jwks"))["keys"]!.AsArray();
        Assert.Equal(["kty", "crv", "x", "y", "kid", "alg", "use"], Assert.Single(keys)!.AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task Only_a_form_by_POST_is_read()
    {
        Serve();
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.GetAsync("/auth/token")).StatusCode);
        var json = await http.PostAsync("/auth/token", new StringContent("{}", Encoding.UTF8, "application/json"));
        await IsError(json, HttpStatusCode.BadRequest, "invalid_request");
        var multipart = await http.PostAsync("/auth/token", new MultipartFormDataContent { { new StringContent("client_credentials"), "grant_type" } });
        await IsError(multipart, HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task A_parameter_twice_or_an_authorization_header_is_refused()
    {
        Serve();
        var twice = Form().Append(new("scope", "system/Patient.rs"));
        await IsError(await http.PostAsync("/auth/token", new FormUrlEncodedContent(twice)), HttpStatusCode.BadRequest, "invalid_request");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/token") { Content = new FormUrlEncodedContent(Form()) };
        request.Headers.Add("Authorization", "Basic Y2xpbmljOng=");
        await IsError(await http.SendAsync(request), HttpStatusCode.BadRequest, "invalid_client");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_64_KiB_is_refused(bool tellsLength)
    {
        Serve();
        var bytes = Encoding.ASCII.GetBytes(string.Join('&', Enumerable.Range(0, 10).Select(i => $"p{i}={new string('a', 8000)}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/token") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/x-www-form-urlencoded");
        request.Headers.TransferEncodingChunked = !tellsLength;
        await IsError(await http.SendAsync(request), HttpStatusCode.RequestEntityTooLarge, "invalid_request");
    }

    [Theory]
    [InlineData("grant_type=%FF%FE&client_assertion=%")]
    [InlineData("")]
    [InlineData("&&&===&")]
    [InlineData("grant_type=")]
    public async Task A_strange_form_is_an_invalid_request(string body)
    {
        Serve();
        var response = await http.PostAsync("/auth/token", new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.NotNull((await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]);
    }

    [Fact]
    public async Task Too_many_parameters_are_refused()
    {
        Serve();
        var many = Form().Concat(Enumerable.Range(0, 40).Select(i => new KeyValuePair<string, string>($"x{i}", "1")));
        await IsError(await http.PostAsync("/auth/token", new FormUrlEncodedContent(many)), HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public void The_base_URL_is_set_once_and_is_a_plain_one()
    {
        var urls = new SmartUrls();
        Assert.Throws<ArgumentException>(() => urls.Use(new Uri("ftp://example.org")));
        Assert.Throws<ArgumentException>(() => urls.Use(new Uri("https://example.org/?a=b")));
        Assert.Throws<InvalidOperationException>(() => urls.Issuer);
        urls.Use(new Uri("https://example.org/ledger/"));
        Assert.Equal("https://example.org/ledger/fhir", urls.Fhir);
        urls.Use(new Uri("https://example.org/ledger"));
        Assert.Throws<InvalidOperationException>(() => urls.Use(new Uri("https://example.com")));
    }

    private void Serve() => app.Services.GetRequiredService<SmartUrls>().Use(new Uri(url));

    private Dictionary<string, string> Form()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Server.Form(key.Sign(new JsonObject
        {
            ["iss"] = "clinic",
            ["sub"] = "clinic",
            ["aud"] = url + "/auth/token",
            ["exp"] = now + 240,
            ["jti"] = Guid.NewGuid().ToString(),
        }));
    }

    private Task<HttpResponseMessage> Post(Dictionary<string, string> form) => http.PostAsync("/auth/token", new FormUrlEncodedContent(form));

    private async Task<JsonObject> Json(string path)
    {
        using var response = await http.GetAsync(path);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    private static async Task IsError(HttpResponseMessage response, HttpStatusCode status, string error)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal(error, (await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]!.GetValue<string>());
    }
}
