// docs/consent.md, "Who may record a consent": in a transaction the same is asked of each consent as of a single change. Two gateways see the same history, one as single
// changes, the other as transactions with another record beside; they answer alike, and afterwards the same callers see the same.
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class ConsentAuthorityLawTests : IAsyncLifetime
{
    private const int Slots = 2;

    private static readonly string[] Clients = [Hospital, Clinic, Stranger];

    /// <summary>Who may be permitted; the last one deletes nothing and sees nothing.</summary>
    private static readonly string[] Grantees = ["riverside", "harbour", "nobody"];

    private readonly HashSet<(Act What, int Status)> _answered = [];
    private TestGateway _single = null!;
    private TestGateway _transacting = null!;

    public enum Act
    {
        Grant,
        Change,
        ChangeIfMatch,
        Deactivate,
        Withdraw,
        WritePatient,
        DeletePatient,
    }

    async Task IAsyncLifetime.InitializeAsync()
    {
        _single = await TestGateway.Start(new TestClock());
        _transacting = await TestGateway.Start(new TestClock());
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await _single.DisposeAsync();
        await _transacting.DisposeAsync();
    }

    [Fact]
    public void A_transaction_decides_about_a_consent_as_a_single_change_does()
    {
        // Grants more often than the rest, so that there is something to change.
        var act = Gen.Elements(Act.Grant, Act.Grant, Act.Grant, Act.Change, Act.ChangeIfMatch, Act.Deactivate, Act.Withdraw, Act.WritePatient, Act.DeletePatient);
        var step = act.SelectMany(_ => Gen.Choose(0, int.MaxValue - 1), (what, choice) => (What: what, Choice: choice));
        var runs = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 300 : 15;
        Prop.ForAll(step.ListOf().Resize(20).ToArbitrary(), history => Task.Run(() => Play([.. history])).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(runs));
        Assert.Superset(new HashSet<(Act, int)> { (Act.Grant, 201), (Act.Grant, 404) }, _answered);
    }

    private async Task<bool> Play(IReadOnlyList<(Act What, int Choice)> history)
    {
        // One patient whom the hospital keeps, one whom the clinic keeps, one who is not there unless somebody writes the record.
        var prefix = Guid.NewGuid().ToString("N")[..12];
        var kept = prefix + "-kept";
        var absent = prefix + "-absent";
        var both = new[] { _single, _transacting };
        var ofClinic = new string[2];
        for (var i = 0; i < both.Length; i++)
        {
            (await both[i].Put(Hospital, "Patient/" + kept, Records.Patient(kept, "Kept"))).Is(201);
            ofClinic[i] = (await both[i].Post(Clinic, "Patient", Records.Patient(null, "Clinics"))).Is(201).Id;
        }

        var consents = new (int Patient, string[] Ids)?[Slots];
        foreach (var (what, choice) in history)
        {
            var client = Clients[choice % 3];
            var patient = choice / 3 % 3;
            var slot = choice / 9 % Slots;
            var grantee = Grantees[choice / 18 % 3];
            var answers = new Answer[both.Length];
            for (var i = 0; i < both.Length; i++)
            {
                var ids = new[] { kept, ofClinic[i], absent };
                var id = consents[slot]?.Ids[i] ?? "none-such";
                var of = ids[consents[slot]?.Patient ?? patient];
                JsonObject Consent(string? consent, string about, string status = "active") => Records.Consent(consent, about, Records.Permit(grantee), status);
                var (method, path, body, ifMatch) = what switch
                {
                    Act.Grant => ("POST", "Consent", Consent(null, ids[patient]), null),
                    Act.Change => ("PUT", "Consent/" + id, Consent(id, of), null),
                    Act.ChangeIfMatch => ("PUT", "Consent/" + id, Consent(id, of), "W/\"1\""),
                    Act.Deactivate => ("PUT", "Consent/" + id, Consent(id, of, "inactive"), null),
                    Act.Withdraw => ("DELETE", "Consent/" + id, null, null),
                    Act.WritePatient => ("PUT", "Patient/" + ids[patient], Records.Patient(ids[patient], "Written"), null),
                    _ => ("DELETE", "Patient/" + ids[patient], (JsonObject?)null, (string?)null),
                };
                answers[i] = i == 0
                    ? await both[i].Send(client, method, path, body, ("If-Match", ifMatch ?? ""))
                    : await both[i].Post(client, "", Records.Bundle(
                        "transaction", Records.Entry(method, path, body, ifMatch: ifMatch), Records.Entry("POST", "Observation", Records.Observation(null, prefix + "-beside"))));
            }

            // A single delete of what is not there is as good as done; in a transaction it fails the whole.
            var alone = answers[0].Status;
            var beside = answers[1].Status == 200 ? int.Parse(answers[1].Entries[0]["response"]!["status"]!.GetValue<string>()[..3]) : answers[1].Status;
            Assert.True(alone == beside || (what is Act.Withdraw or Act.DeletePatient && (alone, beside) is (204, 404)), $"{what} by {client}: {alone} alone, {beside} beside: {answers[0].Text} {answers[1].Text}");
            _answered.Add((what, alone));
            if (what == Act.Grant && alone == 201)
            {
                consents[slot] = (patient, [answers[0].Id, answers[1].Entries[0]["response"]!["location"]!.GetValue<string>().Split('/')[^3]]);
            }

            Assert.Equal(await Sight(_single, [kept, ofClinic[0], absent]), await Sight(_transacting, [kept, ofClinic[1], absent]));
        }

        return true;
    }

    /// <summary>Who sees which patient, and how many of their consents.</summary>
    private static async Task<string> Sight(TestGateway gateway, string[] patients)
    {
        var seen = new List<string>();
        foreach (var client in Clients)
        {
            foreach (var patient in patients)
            {
                seen.Add($"{client} {(await gateway.Get(client, "Patient/" + patient)).Status} {(await gateway.Get(client, $"Consent?patient={patient}&_summary=count")).Is(200).Total}");
            }
        }

        return string.Join(", ", seen);
    }
}
