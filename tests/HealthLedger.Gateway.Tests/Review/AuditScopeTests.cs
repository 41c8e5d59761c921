// docs/surfaces.md, "Recorded events" and the ledger's addresses: a regulator's client shows by the scope healthledger/audit that a token is for auditing; one for less is shown nothing that was recorded.
using System.Net.Http.Headers;
using System.Text;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Review;

public sealed class AuditScopeTests
{
    [Fact]
    public async Task A_token_of_a_regulators_client_that_was_granted_less_than_the_auditors_scope_audits_nothing()
    {
        await using var gateway = await TestGateway.Start();
        await gateway.AddPatient("one");
        async Task<Answer> Ask(string scopes, string method, string path)
        {
            var token = (await gateway.RequestToken(Inspector, scopes)).Json["access_token"]!.GetValue<string>();
            var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (method == "POST")
            {
                request.Content = new StringContent("""{"indices":[0,1]}""", Encoding.UTF8, "application/json");
            }

            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return await gateway.Send(request);
        }

        var bundle = $"/ledger/tile/entries/000.p/{gateway.LedgerSize}";
        foreach (var (method, path) in new[] { ("GET", bundle), ("POST", "/ledger/challenge"), ("GET", "/ledger/review/export?format=csv"), ("GET", "/fhir/AuditEvent"), ("GET", "/fhir/AuditEvent/entry-1") })
        {
            var refused = await Ask("system/Organization.rs", method, path);
            Assert.True(refused.Status is 401 or 403, $"{path}: {refused.Status}");
            Assert.Equal(0ul, refused.Growth);
        }

        (await Ask("healthledger/audit", "GET", bundle)).Is(200);
        (await Ask("healthledger/audit", "POST", "/ledger/challenge")).Is(200);
        (await Ask("system/Organization.rs healthledger/audit", "GET", "/ledger/review/export?format=csv")).Is(200);
        Assert.NotEmpty((await Ask("healthledger/audit", "GET", "/fhir/AuditEvent")).Is(200).Entries);
    }
}
