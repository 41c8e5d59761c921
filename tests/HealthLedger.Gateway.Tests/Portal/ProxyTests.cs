// docs/operations.md: attempts to sign in are counted for each address, and only the proxy that is named is believed for whom it speaks.
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Portal;

public sealed class ProxyTests
{
    private const int AttemptsPerMinute = 30;

    [Theory]
    [InlineData("--HealthLedger:Proxy=127.0.0.1", 303)]
    [InlineData("--HealthLedger:Proxy=192.0.2.7", 429)]
    [InlineData("--HealthLedger:EpochMinutes=1440", 429)]
    public async Task Whoever_guesses_passwords_behind_the_proxy_keeps_nobody_else_out_and_nobody_but_the_proxy_names_an_address(string setting, int others)
    {
        await using var gateway = await TestGateway.Start(settings: setting);
        using var guesser = new Person(gateway, "198.51.100.1");
        var form = (await guesser.Load("/")).Form("/account/sign-in");
        for (var i = 0; i < AttemptsPerMinute; i++)
        {
            Assert.Equal(303, (await guesser.Submit(form, ("username", "nobody"), ("password", "a wrong guess"))).Status);
        }

        Assert.Equal(429, (await guesser.Submit(form, ("username", "nobody"), ("password", "a wrong guess"))).Status);
        using var other = new Person(gateway, "198.51.100.2");
        Assert.Equal(others, (await other.SignIn("nobody", "a wrong guess")).Status);
    }
}
