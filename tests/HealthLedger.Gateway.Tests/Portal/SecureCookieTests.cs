// RFC 6265 section 4.1.2.5: where people come over TLS, by a proxy that ends it, no cookie is ever sent in the clear.
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Portal;

public sealed class SecureCookieTests
{
    [Theory]
    [InlineData("https://ledger.example", true)]
    [InlineData("http://ledger.example", false)]
    public async Task Cookies_are_for_TLS_alone_where_the_outside_address_is(string outside, bool secure)
    {
        await using var gateway = await TestGateway.Start(settings: "--HealthLedger:PublicUrl=" + outside);
        var bound = gateway.Host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(bound) };
        using var answer = await browser.GetAsync("/");
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Equal(secure, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }
}
