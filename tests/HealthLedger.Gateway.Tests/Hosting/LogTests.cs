// docs/operations.md, "What to watch": no personal data in logs. Whatever the gateway logs, at any level that is switched on, has no name, identifier, id, reason, token or receipt in it.
using System.Text;
using HealthLedger.Gateway.Tests.Fhir;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class LogTests
{
    [Fact]
    public async Task No_identifying_string_reaches_a_log()
    {
        await using var gateway = await TestGateway.Start();
        using var log = new CapturedLog();
        var factory = gateway.Host.Services.GetRequiredService<ILoggerFactory>();
        factory.AddProvider(log);

        (await gateway.Put(Hospital, "Patient/telling-id", Records.Patient("telling-id", "Tellingname"))).Is(201);
        (await gateway.Put(Hospital, "Observation/telling-pulse", Records.Observation("telling-pulse", "telling-id"))).Is(201);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "telling-id", Records.Permit()))).Is(201);
        var read = (await gateway.Get(Clinic, "Patient/telling-id")).Is(200);
        (await gateway.Get(Clinic, "Patient?family=Tellingname&identifier=urn:mrn|mrn-Tellingname")).Is(200);
        (await gateway.Get(Clinic, "Patient/telling-id", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "tellingreason"))).Is(200);
        (await gateway.Get(Stranger, "Patient/telling-id")).Is(404);
        (await gateway.Get(Hospital, "Patient?tellingname=Tellingname")).Is(400);
        (await gateway.Get(Hospital, "Patient/telling_id_that_is_none")).Is(400);
        await gateway.SendBytes(Hospital, "POST", "Patient", Encoding.UTF8.GetBytes("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Tellingname\""), "application/fhir+json");
        await gateway.SendBytes(Hospital, "POST", "Patient", Encoding.UTF8.GetBytes("{\"resourceType\":\"Patient\",\"birthDate\":\"Tellingname\"}"), "application/fhir+json");
        await gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("PUT", "Patient/telling-id", Records.Patient("telling-id", "Tellingname"), ifMatch: "W/\"9\"")));
        await gateway.Get(Hospital, "Patient?family=" + string.Concat(Enumerable.Repeat("Tellingname", 4_000)));
        var unsigned = new HttpRequestMessage(HttpMethod.Get, "/fhir/Patient/telling-id");
        unsigned.Headers.TryAddWithoutValidation("Authorization", "Bearer tellingtoken");
        (await gateway.Send(unsigned)).Is(401);
        (await gateway.Get(Clinic, new Uri(read.Receipt!).PathAndQuery)).Is(200);
        await gateway.RequestToken(Narrow, "system/*.cruds tellingscope");

        factory.CreateLogger("control").LogWarning("tellingcontrol");
        var text = log.Text;
        Assert.Contains("tellingcontrol", text, StringComparison.Ordinal);
        var tokens = new[] { await gateway.Token(Hospital), await gateway.Token(Clinic), read.Receipt![^40..] };
        foreach (var secret in (string[])["Tellingname", "tellingname", "telling-id", "telling-pulse", "telling_id", "tellingreason", "tellingtoken", "Quillon", .. tokens])
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }
}
