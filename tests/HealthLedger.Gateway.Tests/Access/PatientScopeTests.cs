// SMART App Launch 2.2, "Scopes for requesting FHIR Resources": patient/ scopes speak of one patient. docs/consent.md, "Scopes".
using System.Collections.Immutable;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Access;
using HealthLedger.Fhir.Search;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class PatientScopeTests : IAsyncLifetime
{
    /// <summary>Every record of the world and whose compartments it is in. All are kept by the caller's organization, so that scopes alone refuse.</summary>
    private static readonly (string Type, string Id, string[] Patients)[] World =
    [
        ("Patient", "ann", ["ann"]), ("Patient", "bob", ["bob"]),
        ("Observation", "o-ann", ["ann"]), ("Observation", "o-bob", ["bob"]),
        ("Consent", "c-ann", ["ann"]), ("Consent", "c-bob", ["bob"]),
        ("Appointment", "both", ["ann", "bob"]),
        ("Practitioner", "doctor", []), ("Questionnaire", "form", []),
    ];

    private static readonly string[] Types = ["Patient", "Observation", "Consent", "Appointment", "Practitioner", "Questionnaire"];

    private TestGateway _gateway = null!;

    async Task IAsyncLifetime.InitializeAsync()
    {
        _gateway = await TestGateway.Start(new TestClock());
        foreach (var (type, id, patients) in World)
        {
            (await _gateway.Put(Hospital, $"{type}/{id}", Resource(type, id, patients))).Is(201);
        }
    }

    async Task IAsyncLifetime.DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public void Reads_searches_and_writes_reach_what_some_scope_covers_and_nothing_else()
    {
        var scope = from context in Gen.Elements("patient", "patient", "user", "system")
                    from type in Gen.Elements([.. Types, "*"])
                    from bits in Gen.Choose(1, 31)
                    select new SmartScope(context, type, (ScopeInteraction)bits);
        var callers = from scopes in Gen.ListOf(scope, 2) from patient in Gen.Elements("ann", "bob", "carl", null) select Caller(scopes, patient);
        Prop.ForAll(callers.ToArbitrary(), caller => Check(caller).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void A_patient_scope_without_a_patient_covers_nothing()
    {
        foreach (var type in Types)
        {
            Assert.False(Caller([SmartScope.Parse("patient/*.cruds")!], null).Covers(type, ScopeInteraction.Read));
            Assert.True(Caller([SmartScope.Parse("patient/*.cruds")!], "ann").Covers(type, ScopeInteraction.Read));
        }
    }

    private async Task Check(Caller caller)
    {
        var disclosure = _gateway.Host.Services.GetRequiredService<Disclosure>();
        foreach (var (type, id, patients) in World)
        {
            var read = await disclosure.Disclose(Request(caller, new Target.Record(type, id, null)), CancellationToken.None);
            Assert.True(Covered(caller, type, ScopeInteraction.Read, patients) ? read is DisclosureResult.Disclosed : read is DisclosureResult.NotThere, $"read {type}/{id}: {read}");

            var updated = await Apply(caller, new Change(ChangeKind.Update, type, id, Bytes(type, id, patients)));
            Assert.True(Covered(caller, type, ScopeInteraction.Update, patients) ? updated is ChangeResult.Changed : updated is ChangeResult.Refused { Fault: ChangeFault.OutOfScope }, $"update {type}/{id}: {updated}");

            var created = await Apply(caller, new Change(ChangeKind.Create, type, null, Bytes(type, "x", patients)));
            string[] standing = type == "Patient" ? ["new"] : patients;
            Assert.True(Covered(caller, type, ScopeInteraction.Create, standing) ? created is ChangeResult.Changed : created is ChangeResult.Refused { Fault: ChangeFault.OutOfScope }, $"create {type}/{id}: {created}");

            if (!Covered(caller, type, ScopeInteraction.Delete, patients))
            {
                var deleted = await Apply(caller, new Change(ChangeKind.Delete, type, id, default));
                Assert.True(deleted is ChangeResult.Refused { Fault: ChangeFault.NotThere }, $"delete {type}/{id}: {deleted}");
            }
        }

        foreach (var type in Types)
        {
            var query = SearchQuery.Parse(type, QueryText.Split("_count=500&_id=" + string.Join(',', World.Select(r => r.Id))), new SearchOptions { Now = DateTimeOffset.UnixEpoch }).Query!;
            var found = Assert.IsType<DisclosureResult.Disclosed>(await disclosure.Disclose(Request(caller, new Target.Criteria(type, query, "", default)), CancellationToken.None));
            Assert.Equal(
                World.Where(r => r.Type == type && Covered(caller, type, ScopeInteraction.Search, r.Patients)).Select(r => r.Id).Order(),
                found.Records.Select(r => r.Key.Id).Order());
        }
    }

    /// <summary>The rule, said once more: each compartment by itself, a directory by scopes that speak of no patient.</summary>
    private static bool Covered(Caller caller, string type, ScopeInteraction interaction, string[] patients)
    {
        var fitting = caller.Scopes.Where(s => (s.ResourceType == "*" || s.ResourceType == type) && (s.Interactions & interaction) != 0).ToList();
        return fitting.Exists(s => s.Context != "patient") || (fitting.Count > 0 && patients.Length > 0 && patients.All(p => p == caller.Patient));
    }

    private static Caller Caller(IEnumerable<SmartScope> scopes, string? patient) => new()
    {
        ClientId = Hospital, Organization = "Organization/north", Role = CallerRole.Clinician, Purposes = [PurposeOfUse.Treatment], Scopes = [.. scopes], Patient = patient,
    };

    private static DisclosureRequest Request(Caller caller, Target target) => new() { Caller = caller, Purpose = PurposeOfUse.Treatment, RequestId = "r", Target = target };

    private async Task<ChangeResult> Apply(Caller caller, Change change) => await _gateway.Host.Services.GetRequiredService<RecordChange>().Apply(
        new ChangeRequest { Caller = caller, Purpose = PurposeOfUse.Treatment, RequestId = "r", Interaction = "update", Changes = ImmutableArray.Create(change) }, CancellationToken.None);

    private static byte[] Bytes(string type, string id, string[] patients) => Encoding.UTF8.GetBytes(Resource(type, id, patients).ToJsonString());

    private static System.Text.Json.Nodes.JsonObject Resource(string type, string id, string[] patients) => type switch
    {
        "Patient" => Records.Patient(id, "Scoped"),
        "Observation" => Records.Observation(id, patients[0]),
        "Consent" => Records.Consent(id, patients[0], Records.Permit("elsewhere")),
        "Appointment" => Records.Shared(id, patients[0], patients[1]),
        "Practitioner" => Records.Practitioner(id, "Scoped"),
        _ => new System.Text.Json.Nodes.JsonObject { ["resourceType"] = type, ["id"] = id, ["status"] = "draft" },
    };
}
