// https://fetch.spec.whatwg.org/#http-cors-protocol; SMART App Launch 2.2, "CORS"
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class CrossOriginTests
{
    private const string App = "https://app.example.org";

    [Fact]
    public async Task By_default_no_page_of_another_origin_reads_anything()
    {
        await using var gateway = await TestGateway.Start();
        var answer = (await gateway.Get(Hospital, "metadata", ("Origin", App))).Is(200);
        Assert.DoesNotContain(answer.Headers.Keys, k => k.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.False(answer.Json["rest"]![0]!["security"]!["cors"]!.GetValue<bool>());
        Assert.DoesNotContain((await Preflight(gateway, App, "/fhir/Patient", "PUT")).Headers.Keys, k => k.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_origins_that_are_named_may_ask_and_read_the_api_and_no_others()
    {
        await using var gateway = await TestGateway.Start(null, "--HealthLedger:Cors:Origins:0=" + App, "--HealthLedger:Cors:Origins:1=http://localhost:3000");
        Assert.True((await gateway.Get(Hospital, "metadata")).Json["rest"]![0]!["security"]!["cors"]!.GetValue<bool>());
        foreach (var origin in new[] { App, "http://localhost:3000" })
        {
            var preflight = (await Preflight(gateway, origin, "/fhir/Patient/a", "PUT")).Is(204);
            Assert.Equal(origin, preflight.Headers["Access-Control-Allow-Origin"]);
            Assert.Contains("PUT", preflight.Headers["Access-Control-Allow-Methods"], StringComparison.Ordinal);
            Assert.Contains("authorization", preflight.Headers["Access-Control-Allow-Headers"], StringComparison.OrdinalIgnoreCase);
            Assert.Equal(0u, preflight.Growth);

            foreach (var path in new[] { "Patient/absent", "Patient", "/auth/jwks" })
            {
                var answer = await gateway.Get(Hospital, path, ("Origin", origin));
                Assert.Equal(origin, answer.Headers["Access-Control-Allow-Origin"]);
                Assert.Contains("Origin", answer.Headers["Vary"], StringComparison.Ordinal);
                Assert.DoesNotContain("Access-Control-Allow-Credentials", answer.Headers.Keys);
                foreach (var header in new[] { "ETag", "Location", "Content-Location", "Last-Modified", "X-Ledger-Receipt", "X-Correlation-Id" })
                {
                    Assert.Contains(header, answer.Headers["Access-Control-Expose-Headers"], StringComparison.Ordinal);
                }
            }
        }

        // A cache must not give an answer that nobody's origin asked for to one that does.
        Assert.Contains("Origin", (await gateway.Get(Hospital, "/auth/jwks")).Headers["Vary"], StringComparison.Ordinal);
        foreach (var (origin, path) in new[] { ("https://evil.example.org", "/fhir/Patient"), ("null", "/fhir/Patient"), (App + ".evil.example", "/fhir/Patient"), ("http://app.example.org", "/fhir/Patient"), (App, "/portal"), (App, "/health/live") })
        {
            Assert.DoesNotContain("Access-Control-Allow-Origin", (await Preflight(gateway, origin, path, "GET")).Headers.Keys);
            Assert.DoesNotContain("Access-Control-Allow-Origin", (await gateway.Get(Hospital, path, ("Origin", origin))).Headers.Keys);
        }
    }

    private static Task<Answer> Preflight(TestGateway gateway, string origin, string path, string method)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", method);
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        return gateway.Send(request);
    }
}
