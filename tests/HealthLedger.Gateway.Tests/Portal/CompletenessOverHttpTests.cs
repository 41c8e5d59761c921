// docs/formats/completeness.md: the patient's file from the portal, and an auditor's challenge, both verified with the ledger's key alone.
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Tests.Portal;

public sealed class CompletenessOverHttpTests
{
    [Fact]
    public async Task A_patient_takes_home_the_proof_that_the_list_is_whole()
    {
        await using var gateway = await TestGateway.Start();
        (await gateway.Put(TestClients.Hospital, "Patient/p", Records.Patient("p", "Quince"))).Is(201);
        (await gateway.Get(TestClients.Stranger, "Patient/p")).Is(404);
        (await gateway.Get(TestClients.Hospital, "Patient/p")).Is(200);
        using var patient = await Person.SignedIn(gateway, CallerRole.Patient, "p");
        var link = (await patient.Load("/portal")).Document.QuerySelector("a[download]")!.GetAttribute("href")!;
        var file = (await patient.Load(link)).Is(200);
        var proof = CompletenessProof.Parse(System.Text.Encoding.UTF8.GetBytes(file.Html));
        Assert.True(proof.IsValid, proof.Fault?.ToString());
        var verdict = CompletenessVerification.Verify(proof.Value, Policy(gateway));
        Assert.True(verdict.Holds, string.Join("; ", verdict.Checks.Select(c => $"{c.Name} {c.Verdict}")));
        Assert.Equal("Patient/p", verdict.Patient);
        Assert.Equal(["record", "refusal", "access", "enrol"], verdict.Events.Take(4).Select(e => e.Fact[FactField.Event]));
        Assert.True(verdict.CompleteTo > verdict.Events[3].Index);

        // Asked again at once, no further epoch is closed for it.
        var size = gateway.LedgerSize;
        (await patient.Load(link)).Is(200);
        Assert.Equal(size, gateway.LedgerSize);
        using var nobody = new Person(gateway);
        Assert.Equal(303, (await nobody.Load(link)).Status);
    }

    [Fact]
    public async Task An_auditor_challenges_entries_and_others_may_not()
    {
        await using var gateway = await TestGateway.Start();
        (await gateway.Put(TestClients.Hospital, "Patient/p", Records.Patient("p", "Quince"))).Is(201);
        (await gateway.Get(TestClients.Hospital, "Patient/p")).Is(200);
        (await gateway.Get(TestClients.Hospital, "Patient/nobody")).Is(404);
        var ledger = gateway.Host.Storage.Ledger;
        var size = ledger.Published.Size;
        List<ulong> indices = [.. Enumerable.Range(0, (int)size).Select(i => (ulong)i).TakeLast(Review.Max)];
        var body = new JsonObject { ["indices"] = new JsonArray([.. indices.Select(i => JsonValue.Create(i))]) };
        var answer = await gateway.Post(TestClients.Auditor, "/ledger/challenge", body);
        Assert.Equal(200, answer.Status);

        // The question, and once for each of the two chains its enrolment, each with its STATE.
        Assert.Equal(6UL, answer.Growth);
        Assert.Equal(2UL, (await gateway.Post(TestClients.Auditor, "/ledger/challenge", body)).Growth);
        var read = ChallengeAnswer.Parse(answer.Body);
        Assert.True(read.IsValid, read.Fault?.ToString());
        var asked = indices.Select(i => (i, ledger.ReadEntry(i))).Where(e => e.Item2[1] is 1 or 3 or 5).Select(e => (e.i, MerkleHash.Leaf(e.Item2))).ToList();
        Assert.NotEmpty(asked);
        var tags = new TagCensus();
        for (ulong i = 0; i < size; i++)
        {
            if (LedgerEntry.Parse(ledger.ReadEntry(i)).Value is { IsOnChain: true } entry)
            {
                tags.Add(entry.Tag);
            }
        }

        Assert.Empty(new ChallengeVerification(Policy(gateway), tags).Verify(read.Value, asked));
        Assert.Contains(read.Value.Events, e => e.Opening!.ValueOf(FactField.Patient) == "Patient/p");
        Assert.All(read.Value.Events, e => Assert.False(e.Opening![FactField.Targets].Opened));

        Assert.Equal(401, (await gateway.Post(TestClients.Hospital, "/ledger/challenge", body)).Status);
        var other = await gateway.Post(TestClients.Statistician, "/ledger/challenge", body);
        Assert.Equal((403, 0UL), (other.Status, other.Growth));
        foreach (var wrong in new JsonNode[] { new JsonObject(), new JsonArray(), new JsonObject { ["indices"] = new JsonArray(size + 100) }, new JsonObject { ["indices"] = new JsonArray() }, new JsonObject { ["indices"] = new JsonArray(-1) } })
        {
            var refused = await gateway.Post(TestClients.Auditor, "/ledger/challenge", wrong);
            Assert.Equal((400, 0UL), (refused.Status, refused.Growth));
        }
    }

    private static LogPolicy Policy(TestGateway gateway) => LogPolicy.ForLog(NoteVerifier.Parse(gateway.Host.Storage.Ledger.VerifierKey).Value);

    private static class Review
    {
        public const int Max = HealthLedger.Review.Challenges.Max;
    }
}
