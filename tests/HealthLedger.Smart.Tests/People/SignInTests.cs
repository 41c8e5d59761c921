// Signing in over HTTP: OWASP ASVS 4.0.3 sections 2.2 (one generic answer, limits), 3.2 to 3.4 (sessions, cookies), 4.2.2 (forgery), 5.1.5 (redirects).
using System.Net;
using HealthLedger.Access;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.People;
using HealthLedger.Smart.Tests.Kit;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Smart.Tests.People;

public class SignInTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_patient_signs_in_and_is_a_caller_and_signs_out()
    {
        await using var site = await Site.Start();
        using var answer = await site.SignIn("ANNA", Password);
        Assert.Equal((HttpStatusCode.SeeOther, "/portal"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=lax", cookie);
        Assert.Equal("Patient|PATRQT|p1|patient/*.rs patient/Consent.cu user/Organization.rs", await site.Who());
        using var left = await site.Post("/account/sign-out", []);
        Assert.Equal(HttpStatusCode.SeeOther, left.StatusCode);
        Assert.Equal("nobody", await site.Who());
    }

    [Theory]
    [InlineData("dr.berg", "/", "Clinician|TREAT ETREAT BTG||user/*.rs")]
    [InlineData("inspector", "/review", "Regulator|HCOMPL||user/AuditEvent.rs")]
    [InlineData("ops", "/", "Operator|HOPERAT||")]
    public async Task Each_role_has_its_page_and_purposes(string username, string page, string who)
    {
        await using var site = await Site.Start();
        using var answer = await site.SignIn(username, Password);
        Assert.Equal(page, answer.Headers.Location!.ToString());
        Assert.Equal(who, await site.Who());
    }

    [Fact]
    public async Task Wrong_password_unknown_name_disabled_and_locked_person_look_the_same()
    {
        await using var site = await Site.Start();
        await site.People(people => people.SetDisabled("ops", true));
        var answers = new List<string>();
        foreach (var (username, password) in new[] { ("anna", "wrong"), ("nobody", "wrong"), ("ops", Password), ("", ""), ("anna", new string('x', 300)), ("anna' OR 1=1 --", "x") })
        {
            using var answer = await site.SignIn(username, password);
            answers.Add($"{answer.StatusCode} {answer.Headers.Location} {answer.Headers.Contains("Set-Cookie")} {answer.Content.Headers.ContentLength}");
        }

        Assert.Equal("SeeOther /sign-in?failed=1 False 0", Assert.Single(answers.Distinct()));
        Assert.Equal("nobody", await site.Who());
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_and_time_or_an_operator_unlocks()
    {
        await using var site = await Site.Start();
        for (var i = 0; i < 5; i++)
        {
            (await site.SignIn("anna", "wrong" + i)).Dispose();
        }

        using var locked = await site.SignIn("anna", Password);
        Assert.Equal("/sign-in?failed=1", locked.Headers.Location!.ToString());
        await site.People(people => people.Unlock("anna"));
        using var unlocked = await site.SignIn("anna", Password);
        Assert.Equal("/portal", unlocked.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Guesses_made_at_once_are_all_counted()
    {
        await using var site = await Site.Start();
        var token = await site.FormToken();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i => (await site.SignIn("anna", "wrong" + i, token: token)).Dispose()));
        using var right = await site.SignIn("anna", Password);
        Assert.Equal("/sign-in?failed=1", right.Headers.Location!.ToString());
    }

    [Fact]
    public async Task A_right_password_forgets_the_wrong_ones_before_it()
    {
        await using var site = await Site.Start();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                (await site.SignIn("anna", "wrong")).Dispose();
            }

            using var right = await site.SignIn("anna", Password);
            Assert.Equal("/portal", right.Headers.Location!.ToString());
            (await site.Post("/account/sign-out", [])).Dispose();
        }
    }

    [Fact]
    public async Task Too_many_attempts_from_one_address_are_held_back()
    {
        await using var site = await Site.Start(options => options.AttemptsPerMinute = 3);
        for (var i = 0; i < 3; i++)
        {
            using var tried = await site.SignIn("nobody", "wrong");
            Assert.Equal(HttpStatusCode.SeeOther, tried.StatusCode);
        }

        using var held = await site.SignIn("anna", Password);
        Assert.Equal((HttpStatusCode.TooManyRequests, "60"), (held.StatusCode, held.Headers.RetryAfter!.ToString()));
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        await using var site = await Site.Start();
        foreach (var path in new[] { "/account/sign-in", "/account/sign-out" })
        {
            using var answer = await site.Http.PostAsync(path, new FormUrlEncodedContent([new("username", "anna"), new("password", Password)]));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.False(answer.Headers.Contains("Set-Cookie"));
            using var get = await site.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        }
    }

    [Theory]
    [InlineData("/portal/events?page=2", "/portal/events?page=2")]
    [InlineData("//evil.example/", "/portal")]
    [InlineData("/\\evil.example/", "/portal")]
    [InlineData("https://evil.example/", "/portal")]
    [InlineData("portal", "/portal")]
    [InlineData("/a\nb", "/portal")]
    [InlineData("javascript:alert(1)", "/portal")]
    public async Task Only_local_addresses_are_returned_to(string returnUrl, string location)
    {
        await using var site = await Site.Start();
        using var answer = await site.SignIn("anna", Password, returnUrl);
        Assert.Equal(location, answer.Headers.Location!.ToString());
    }

    [Fact]
    public async Task A_disabled_or_changed_person_is_out_with_the_next_request()
    {
        await using var site = await Site.Start();
        (await site.SignIn("dr.berg", Password)).Dispose();
        Assert.StartsWith("Clinician", await site.Who());
        Assert.True(await site.People(people => people.SetOrganization("dr.berg", "Organization/south")));
        Assert.Equal("nobody", await site.Who());
        (await site.SignIn("dr.berg", Password)).Dispose();
        Assert.StartsWith("Clinician", await site.Who());
        Assert.True(await site.People(people => people.SetDisabled("dr.berg", true)));
        Assert.Equal("nobody", await site.Who());
        Assert.False(await site.People(people => people.SetDisabled("nobody", true)));
    }

    [Fact]
    public async Task A_session_survives_a_restart_with_the_same_keys_and_no_other()
    {
        await using var site = await Site.Start();
        (await site.SignIn("anna", Password)).Dispose();
        await using var again = await Site.Start(secrets: site.Secrets, store: site.Store, cookies: site.Cookies.GetAllCookies());
        Assert.StartsWith("Patient", await again.Who());
        await using var foreign = await Site.Start(cookies: site.Cookies.GetAllCookies());
        Assert.Equal("nobody", await foreign.Who());
    }

    [Theory]
    [InlineData("", Password, CallerRole.Operator, null, null)]
    [InlineData("a b", Password, CallerRole.Operator, null, null)]
    [InlineData("ANNA", Password, CallerRole.Patient, null, "p9")]
    [InlineData("x", "short", CallerRole.Operator, null, null)]
    [InlineData("x", "aaaaaaaaaaaaaa", CallerRole.Operator, null, null)]
    [InlineData("x", Password, CallerRole.System, null, null)]
    [InlineData("x", Password, CallerRole.Patient, null, null)]
    [InlineData("x", Password, CallerRole.Clinician, null, null)]
    [InlineData("x", Password, CallerRole.Clinician, "Organization/1", "p1")]
    public async Task A_faulty_person_is_not_registered(string username, string password, CallerRole role, string? organization, string? patient)
    {
        await using var site = await Site.Start();
        var before = site.Store.Rows.Count;
        Assert.IsType<PersonRegistration.Refused>(await site.People(people => people.Register(new NewPerson(username, password, role, organization, null, patient))));
        Assert.Equal(before, site.Store.Rows.Count);
    }

    [Fact]
    public async Task The_password_hash_is_PBKDF2_with_SHA512_and_210000_rounds()
    {
        await using var site = await Site.Start();
        using var scope = site.App.Services.CreateScope();
        var user = await scope.ServiceProvider.GetRequiredService<UserManager<User>>().FindByNameAsync("anna");
        var hash = Convert.FromBase64String(user!.PasswordHash!);
        Assert.Equal([1, 0, 0, 0, 2, 0, 3, 0x34, 0x50], hash[..9]);
    }

    [Fact]
    public async Task Rows_tell_neither_name_nor_length_and_do_not_open_when_altered_or_moved()
    {
        await using var site = await Site.Start();
        var (anna, berg) = (site.Store.Rows[0], site.Store.Rows[1]);
        Assert.Equal(anna.Content.Length, berg.Content.Length);
        using var rows = new PersonRows(site.Secrets);
        Assert.Equal("anna", rows.Open(anna).Username);
        foreach (var altered in new[]
        {
            anna with { Content = berg.Content },
            anna with { Key = berg.Key },
            anna with { NameKey = berg.NameKey },
            anna with { Version = anna.Version + 1 },
            anna with { Content = anna.Content[..^1] },
        })
        {
            Assert.Throws<System.Security.Cryptography.CryptographicException>(() => rows.Open(altered));
        }

        using var foreign = new PersonRows(new MemorySecrets());
        Assert.Throws<System.Security.Cryptography.CryptographicException>(() => foreign.Open(anna));
        Assert.NotEqual(rows.NameKeyOf("ANNA"), foreign.NameKeyOf("ANNA"));
    }

    /// <summary>A small site with one person of each role.</summary>
    private sealed class Site : IAsyncDisposable
    {
        public required WebApplication App { get; init; }

        public required HttpClient Http { get; init; }

        public required CookieContainer Cookies { get; init; }

        public required MemorySecrets Secrets { get; init; }

        public required MemoryPeople Store { get; init; }

        public static async Task<Site> Start(
            Action<PeopleOptions>? configure = null, MemorySecrets? secrets = null, MemoryPeople? store = null, CookieCollection? cookies = null)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var site = new { Secrets = secrets ?? new MemorySecrets(), Store = store ?? new MemoryPeople() };
            builder.Services.AddSingleton<ISealedSecrets>(site.Secrets);
            builder.Services.AddSingleton<IPersonStore>(site.Store);
            builder.Services.AddPeople(options =>
            {
                options.AttemptsPerMinute = 1000;
                configure?.Invoke(options);
            });
            var app = builder.Build();
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapSignIn();
            app.MapGet("/form", (HttpContext context, IAntiforgery antiforgery) => antiforgery.GetAndStoreTokens(context).RequestToken);
            app.MapGet("/who", (HttpContext context) => Session.Caller(context.User) is { } caller
                ? $"{caller.Role}|{string.Join(' ', caller.Purposes.Select(purpose => purpose.Code()))}|{caller.Patient}|{string.Join(' ', caller.Scopes)}"
                : "nobody");
            await app.StartAsync();
            var url = new Uri(app.Urls.Single());
            var jar = new CookieContainer();
            foreach (Cookie cookie in cookies ?? [])
            {
                jar.Add(url, new Cookie(cookie.Name, cookie.Value));
            }

            var http = new HttpClient(new HttpClientHandler { CookieContainer = jar, AllowAutoRedirect = false }) { BaseAddress = url };
            var started = new Site { App = app, Http = http, Cookies = jar, Secrets = site.Secrets, Store = site.Store };
            if (store is null)
            {
                await started.Populate();
            }

            return started;
        }

        public async Task<T> People<T>(Func<PeopleRegistry, Task<T>> work)
        {
            using var scope = App.Services.CreateScope();
            return await work(scope.ServiceProvider.GetRequiredService<PeopleRegistry>());
        }

        public Task<string> Who() => Http.GetStringAsync("/who");

        public Task<string> FormToken() => Http.GetStringAsync("/form");

        public async Task<HttpResponseMessage> SignIn(string username, string password, string? returnUrl = null, string? token = null)
        {
            var form = new Dictionary<string, string> { ["username"] = username, ["password"] = password };
            if (returnUrl is not null)
            {
                form["returnUrl"] = returnUrl;
            }

            return await Post("/account/sign-in", form, token);
        }

        public async Task<HttpResponseMessage> Post(string path, Dictionary<string, string> form, string? token = null)
        {
            form["__RequestVerificationToken"] = token ?? await FormToken();
            return await Http.PostAsync(path, new FormUrlEncodedContent(form));
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await App.DisposeAsync();
        }

        private async Task Populate()
        {
            foreach (var person in new[]
            {
                new NewPerson("anna", Password, CallerRole.Patient, null, "Patient/p1", "p1"),
                new NewPerson("dr.berg", Password, CallerRole.Clinician, "Organization/north", "Practitioner/d1"),
                new NewPerson("inspector", Password, CallerRole.Regulator),
                new NewPerson("ops", Password, CallerRole.Operator),
            })
            {
                Assert.IsType<PersonRegistration.Done>(await People(people => people.Register(person)));
            }
        }
    }
}
