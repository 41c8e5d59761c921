// SECURITY.md: no personal data in logs, whatever level an operator asks for, and no insides to a caller in any environment.
using System.Net.Sockets;
using System.Text;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

[Collection(nameof(ConsoleOutput))]
public sealed class LogTests
{
    [Theory]
    [InlineData("--Logging:LogLevel:Default=Trace")]
    [InlineData("--Logging:LogLevel:Microsoft.AspNetCore.Hosting=Trace")]
    [InlineData("--Logging:Console:LogLevel:Default=Trace")]
    public async Task At_the_finest_level_nothing_of_a_request_is_logged(string level)
    {
        const string Secret = "Unmistakable";
        using var console = new ConsoleOutput();
        string token;
        await using (var gateway = await TestGateway.Start(null, level, "--environment=Development"))
        {
            token = await gateway.Token(Hospital);
            (await gateway.Put(Hospital, "Patient/" + Secret, Records.Patient(Secret, Secret))).Is(201);
            (await gateway.Get(Hospital, "Patient?family=" + Secret)).Is(200);
            (await gateway.Get(Clinic, "Patient/" + Secret)).Is(404);
            (await gateway.Get(Clinic, "Patient/" + Secret, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", Secret))).Is(200);
            await Raw(gateway, $"GET /fhir/Patient?family={Secret} HTTP/1.1\r\nHost: {Secret}\r\nConnection: close\r\nContent-Length: x\r\n\r\n");
            await Raw(gateway, $"POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz{Secret}\r\n");
        }

        Assert.DoesNotContain(Secret, console.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(token, console.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("urn:mrn", console.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /fhir/Patient HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {0}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("POST /fhir/Patient/_search HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {0}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("POST /auth/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("POST /account/sign-in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData("GET /fhir/Patient?_format=%ff%fe&%00=%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {0}\r\nCookie: healthledger=CfDJ8; a=b\r\n\r\n")]
    [InlineData("GET /ledger/tile/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /ledger/receipts/%00%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {0}\r\n\r\n")]
    public async Task In_the_development_environment_no_insides_are_shown(string request)
    {
        await using var gateway = await TestGateway.Start(null, "--environment=Development");
        var answer = await Raw(gateway, string.Format(System.Globalization.CultureInfo.InvariantCulture, request, await gateway.Token(Hospital)));
        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Kestrel", answer, StringComparison.Ordinal);
    }

    private static async Task<string> Raw(TestGateway gateway, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(gateway.Host.Url).Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}

/// <summary>What the process writes to its console while this lives; tests that use it run alone.</summary>
[CollectionDefinition(nameof(ConsoleOutput), DisableParallelization = true)]
public sealed class ConsoleOutput : IDisposable
{
    private readonly TextWriter _before = Console.Out;
    private readonly TextWriter _errorBefore = Console.Error;
    private readonly StringWriter _caught = new();

    public ConsoleOutput()
    {
        var both = TextWriter.Synchronized(_caught);
        Console.SetOut(both);
        Console.SetError(both);
    }

    public string Text => _caught.ToString();

    public void Dispose()
    {
        Console.SetOut(_before);
        Console.SetError(_errorBefore);
        _caught.Dispose();
    }
}
