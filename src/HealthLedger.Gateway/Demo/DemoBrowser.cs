using System.Net;
using System.Text.RegularExpressions;

namespace HealthLedger.Gateway.Demo;

/// <summary>A person of the demo at the pages, as a browser would do it: cookies, forms, the token that each form carries.</summary>
internal sealed partial class DemoBrowser : IDisposable
{
    private readonly HttpClient _http;

    public DemoBrowser(string baseUrl) =>
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromMinutes(1) };

    /// <summary>True where the sign-in led to the person's own page.</summary>
    public async Task<bool> SignIn(DemoUser user)
    {
        var (status, location) = await Submit("/", "/account/sign-in", new() { ["username"] = user.Username, ["password"] = user.Password });
        return status == HttpStatusCode.SeeOther && location?.Contains("failed", StringComparison.Ordinal) == false;
    }

    /// <summary>Loads a page and submits a form of it; where it leads.</summary>
    public async Task<(HttpStatusCode Status, string? Location)> Submit(string page, string action, Dictionary<string, string> fields)
    {
        fields["__RequestVerificationToken"] = FormToken().Match(await _http.GetStringAsync(page)).Groups[1].Value;
        using var answer = await _http.PostAsync(action, new FormUrlEncodedContent(fields));
        return (answer.StatusCode, answer.Headers.Location?.ToString());
    }

    public Task<string> Load(string page) => _http.GetStringAsync(page);

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
