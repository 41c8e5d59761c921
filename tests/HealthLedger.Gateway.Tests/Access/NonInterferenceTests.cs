// docs/threats.md, "Finding out that something is hidden": two stores that differ only in data the caller may not see give identical answers: status, header set, body, totals, links,
// log growth, after removing receipt, Date, request id and cursor ciphertext (equal length), under a fixed clock.
using HealthLedger.Conformance;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class NonInterferenceTests(TwoWorlds worlds) : IClassFixture<TwoWorlds>
{
    [Fact]
    [Trait("Suite", "Conformance")]
    public async Task Every_kind_of_request_is_answered_as_if_hidden_data_were_not_there()
    {
        var differences = new List<string>();
        var shapes = RequestShapes.All().ToList();
        Assert.True(shapes.Count > 600, $"{shapes.Count} shapes");
        foreach (var shape in shapes)
        {
            var less = TwoWorlds.Normal(worlds.Less, await shape.Send(worlds.Less));
            var more = TwoWorlds.Normal(worlds.More, await shape.Send(worlds.More));
            Assert.False(less.StartsWith("500", StringComparison.Ordinal), $"{shape}\n{less}");
            if (less != more)
            {
                differences.Add($"{shape}\n--- without hidden data\n{less}\n--- with hidden data\n{more}\n");
            }
        }

        new SuiteResult(
            "consent", "request shapes answered as if hidden data were not there, ledger growth included", "docs/threats.md", shapes.Count - differences.Count, shapes.Count, differences).Keep();
        Assert.True(differences.Count == 0, $"{differences.Count} of {shapes.Count} requests tell of hidden data:\n{string.Join('\n', differences.Take(10))}");
    }

    /// <summary>An export takes several requests: what each says, and how many entries it costs, is that of a store without hidden data.</summary>
    [Fact]
    public async Task Every_export_is_answered_as_if_hidden_data_were_not_there()
    {
        foreach (var client in new[] { Clinic, Stranger, Researcher })
        {
            foreach (var shape in RequestShapes.Exports(client))
            {
                var (less, more) = (await Whole(worlds.Less, shape), await Whole(worlds.More, shape));
                Assert.Equal(less, more);
            }
        }

        static async Task<List<string>> Whole(TestGateway world, RequestShape shape)
        {
            var kickOff = await shape.Send(world);
            var seen = new List<string> { $"{shape}", TwoWorlds.Normal(world, kickOff) };
            if (kickOff.Status == 202)
            {
                var status = (await world.Send(shape.Client, "GET", kickOff.Headers["Content-Location"])).Is(200);
                seen.Add(TwoWorlds.Normal(world, status));
                foreach (var file in status.Json["output"]!.AsArray().Concat(status.Json["deleted"]!.AsArray()))
                {
                    seen.Add(TwoWorlds.Normal(world, await world.Send(shape.Client, "HEAD", file!["url"]!.GetValue<string>())));

                    // Records that the server named stand in an order of their own in each world.
                    var lines = TwoWorlds.Normal(world, (await world.Get(shape.Client, file!["url"]!.GetValue<string>())).Is(200)).Split('\n');
                    seen.AddRange(lines.Order(StringComparer.Ordinal));
                }

                (await world.Delete(shape.Client, kickOff.Headers["Content-Location"])).Is(202);
            }

            return seen;
        }
    }

    [Fact]
    public async Task The_comparison_sees_what_the_keeper_may_see()
    {
        foreach (var path in new[] { "Patient/hidden-patient", "Patient?family=Openshaw", "Observation?patient=partial", "Observation/hidden-changed/_history/2" })
        {
            Assert.NotEqual(TwoWorlds.Normal(worlds.Less, await worlds.Less.Get(Hospital, path)), TwoWorlds.Normal(worlds.More, await worlds.More.Get(Hospital, path)));
        }
    }

    /// <summary>A search that the keeper sees the same in both worlds would show nothing by being the same for others.</summary>
    [Fact]
    public async Task The_searches_through_other_records_meet_what_is_hidden()
    {
        int refused = 0, different = 0;
        var shapes = SearchShapes.All().ToList();
        var same = new List<string>();
        foreach (var path in shapes)
        {
            var (less, more) = (await worlds.Less.Get(Hospital, path), await worlds.More.Get(Hospital, path));
            if (less.Status != 200)
            {
                refused++;
                same.Add(less.Status + " " + path + less.Text);
            }
            else if (TwoWorlds.Normal(worlds.Less, less) != TwoWorlds.Normal(worlds.More, more))
            {
                different++;
            }
            else same.Add(path);
        }

        Assert.True(shapes.Count > 400 && refused < 20 && different > 300, $"{shapes.Count} shapes, {refused} refused, {different} different\n{string.Join('\n', same)}");
    }

    [Fact]
    public async Task Receipts_tell_refused_and_absent_alike()
    {
        foreach (var (client, path) in TwoWorlds.Hidden.SelectMany(h => new[] { (Clinic, $"{h.Type}/{h.Id}"), (Stranger, $"{h.Type}/{h.Id}/_history/1") }).Append((Stranger, "Patient/open")).Append((Clinic, "Observation?patient=hidden-patient")))
        {
            Assert.Equal(await Receipt(worlds.Less), await Receipt(worlds.More));

            async Task<string> Receipt(TestGateway world)
            {
                var answer = await world.Get(client, path);
                var receipt = (await world.Get(client, new Uri(answer.Receipt!).PathAndQuery)).Is(200);
                Assert.Equal(0u, receipt.Growth);
                return string.Join('\n', receipt.Json.AsObject().Select(p => $"{p.Key}: {p.Value?.GetValueKind()} {(p.Key is "fact" ? p.Value?.GetValue<string>().Length : 0)}"))
                    + string.Join('\n', receipt.Headers.Keys.Order(StringComparer.Ordinal));
            }
        }
    }

    /// <summary>A search spans permitted patients only: more than the limit of hidden ones neither cost nor show.</summary>
    [Fact]
    public async Task Thousands_of_hidden_patients_make_no_search_too_broad()
    {
        await using var gateway = await TestGateway.Start(new TestClock());
        for (var i = 0; i < 3; i++)
        {
            var entries = Enumerable.Range(0, 1_700).Select(_ => Records.Entry("POST", "Patient", new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Patient", ["gender"] = "female" })).ToArray();
            (await gateway.Post(Hospital, "", Records.Bundle("transaction", entries))).Is(200);
        }

        var answer = (await gateway.Get(Stranger, "Patient?gender=female")).Is(200);
        Assert.Equal(0, answer.Total);
        (await gateway.Get(Hospital, "Patient?gender=female")).IsFault(403, "too-costly");
    }

    /// <summary>A new route must be thought of here: it belongs among the shapes above, or it is public and the same for everybody.</summary>
    [Fact]
    public void Every_route_is_known_to_this_test()
    {
        string[] known =
        [
            "/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/auth/token", "/auth/jwks", "/account/sign-in", "/account/sign-out",
            "/ledger/checkpoint", "/ledger/vkey", "/ledger/tile/{**path}", "/ledger/receipts/{id}", "/ledger/challenge", "/ledger/final/checkpoint", "/ledger/final/tile/{**path}", "/ledger/successions", "/health/live", "/health/ready",

            // For operators alone, and others are refused before anything is looked at: who erases learns whether there was somebody (docs/threats.md).
            "/admin/pseudonyms", "/admin/erasures", "/admin/erasures/preview", "/admin/erasures/{id}/hold", "/admin/erasures/{id}/release", "/admin/erasures/{id}/audit-key", "/admin/erasures/{id}/audit-key/confirm",
            "/admin/keys", "/admin/keys/wrapping", "/admin/keys/tokens", "/admin/keys/passphrase", "/admin/keys/pkcs11", "/admin/keys/log", "/admin/keys/log/request", "/admin/keys/log/install", "/admin/keys/log/retire", "/admin/backups", "/admin/backups/data", "/admin/backups/keys", "/admin/vault/check",
            "/admin/clients", "/admin/clients/{id}", "/admin/clients/{id}/disable", "/admin/clients/{id}/enable", "/admin/organizations", "/admin/organizations/{id}",
            "/admin/users", "/admin/users/show", "/admin/users/disable", "/admin/users/enable", "/admin/users/unlock", "/admin/users/remove", "/admin/users/invite", "/admin/users/organization",

            // Whoever has an invitation sets a password with it: nothing here is of a patient's records.
            "/enrol", "/account/enrol",

            // Pages: strangers get the same whatever is stored; patients see their own record alone, regulators no patient's.
            "/", "/assets/healthledger.css", "/assets/healthledger.js", "/portal", "/portal/changes", "/portal/consents", "/portal/consents/{id}/withdraw", "/portal/events", "/portal/events/proof",
            "/review", "/review/verify", "/{**path}",
        ];
        var routes = worlds.Less.Host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Select(e => "/" + e.RoutePattern.RawText?.TrimStart('/')).Distinct().Order(StringComparer.Ordinal)

            // For regulators alone; others are told so before any look-up: 401 or 403.
            .Where(route => !route.StartsWith("/ledger/review/", StringComparison.Ordinal) && !route.StartsWith("/review/", StringComparison.Ordinal));
        Assert.Empty(routes.Except(known));
    }
}
