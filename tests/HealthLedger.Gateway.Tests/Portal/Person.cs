using System.Net;
using System.Security.Cryptography;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Smart.People;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Portal;

/// <summary>Somebody at a browser: cookies, pages, forms as they are on the page.</summary>
internal sealed class Person : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="gateway">Where they go.</param>
    /// <param name="forwardedFor">The address for which a proxy says that it speaks; null for no such header.</param>
    public Person(TestGateway gateway, string? forwardedFor = null)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() })
        {
            BaseAddress = new Uri(gateway.Host.Url),
            Timeout = TimeSpan.FromMinutes(2),
        };
        if (forwardedFor is not null)
        {
            _http.DefaultRequestHeaders.Add("X-Forwarded-For", forwardedFor);
        }
    }

    /// <summary>Registers somebody and signs them in.</summary>
    public static async Task<Person> SignedIn(TestGateway gateway, CallerRole role, string? patient = null)
    {
        var (name, password) = await Register(gateway, role, patient);
        var person = new Person(gateway);
        var answer = await person.SignIn(name, password);
        Assert.Equal(303, answer.Status);
        Assert.DoesNotContain("failed", answer.Location, StringComparison.Ordinal);
        return person;
    }

    public static async Task<(string Name, string Password)> Register(TestGateway gateway, CallerRole role, string? patient = null)
    {
        var (name, password) = (RandomNumberGenerator.GetHexString(12, lowercase: true), RandomNumberGenerator.GetHexString(20));
        await using var scope = gateway.Host.Services.CreateAsyncScope();
        var registered = await scope.ServiceProvider.GetRequiredService<PeopleRegistry>().Register(
            new NewPerson(name, password, role, role == CallerRole.Clinician ? "Organization/riverside" : null, patient is null ? null : "Patient/" + patient, patient));
        Assert.IsType<PersonRegistration.Done>(registered);
        return (name, password);
    }

    public async Task<SeenPage> SignIn(string name, string password) =>
        await Submit((await Load("/")).Form("/account/sign-in"), ("username", name), ("password", password));

    public async Task<SeenPage> Load(string path) => await SeenPage.Of(await _http.GetAsync(path));

    /// <summary>Submits a form as it stands on its page, with these fields filled in.</summary>
    public Task<SeenPage> Submit(IHtmlFormElement form, params (string Name, string Value)[] filled)
    {
        var fields = form.Elements.OfType<IHtmlInputElement>().Where(i => i.Name is { Length: > 0 }).ToDictionary(i => i.Name!, i => i.Value);
        foreach (var (name, value) in filled)
        {
            fields[name] = value;
        }

        return Post(form.GetAttribute("action")!, fields);
    }

    public async Task<SeenPage> Post(string path, Dictionary<string, string> fields) => await SeenPage.Of(await _http.PostAsync(path, new FormUrlEncodedContent(fields)));

    public void Dispose() => _http.Dispose();
}

/// <summary>A page as it came.</summary>
internal sealed record SeenPage(int Status, string? Location, IReadOnlyDictionary<string, string> Headers, string Html, IHtmlDocument Document)
{
    public static async Task<SeenPage> Of(HttpResponseMessage response)
    {
        using (response)
        {
            var html = await response.Content.ReadAsStringAsync();
            var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
            return new SeenPage((int)response.StatusCode, response.Headers.Location?.ToString(), headers, html, new HtmlParser().ParseDocument(html));
        }
    }

    public IHtmlFormElement Form(string action) => Assert.Single(Document.Forms, f => f.GetAttribute("action") == action);

    public string Text(string selector) => string.Join('\n', Document.QuerySelectorAll(selector).Select(e => e.TextContent.Trim()));

    public SeenPage Is(int status)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Html[..Math.Min(Html.Length, 2000)]}");
        return this;
    }
}
