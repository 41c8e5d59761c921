using System.Net.Http.Headers;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Tokens;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Review;

/// <summary>Patients' apps: tokens of the gateway's own issuer, as a sign-in would give them out, used over HTTP.</summary>
internal static class PatientTokens
{
    private const string App = "patient-app";

    /// <summary>A token of a patient in person, by an app that is registered on first use.</summary>
    public static async Task<string> PatientToken(this TestGateway gateway, string patient, string scope = "patient/*.rs")
    {
        var services = gateway.Host.Services;
        var registration = await services.GetRequiredService<ClientRegistry>().Register(
            new Client
            {
                ClientId = App,
                Kind = ClientKind.Confidential,
                Name = App,
                Keys = [JsonWebKey.Parse(System.Text.Encoding.UTF8.GetBytes(gateway.Clients.Key(TestClients.Clinic).PublicJwk()))!],
                RedirectUris = ["https://app.example/back"],
                Scopes = ["patient/*.cruds"],
                Purposes = [PurposeOfUse.PatientRequested],
            },
            CancellationToken.None);
        Assert.False(registration is Registration.Refused, registration.ToString());
        var caller = new Caller
        {
            ClientId = App,
            Role = CallerRole.Patient,
            UserId = "u-" + patient,
            FhirUser = "Patient/" + patient,
            Patient = patient,
            Purposes = [PurposeOfUse.PatientRequested],
            Scopes = [SmartScope.Parse(scope)!],
        };
        return services.GetRequiredService<AccessTokenIssuer>().Issue(caller, [scope]).Text;
    }

    /// <summary>A request below /fhir, or of an absolute URL, with this token.</summary>
    public static Task<Answer> GetAs(this TestGateway gateway, string token, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path.StartsWith("http", StringComparison.Ordinal) || path.StartsWith('/') ? path : "/fhir/" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return gateway.Send(request);
    }
}
