using System.Collections.Immutable;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Risk;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Risk.Privacy;
using HealthLedger.Vault;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Risk;

/// <summary>A gateway whose patients a registry assesses: stores in a directory, a clock of the test's.</summary>
internal sealed class Registry : IAsyncDisposable
{
    public static readonly PrivacyBudget Price = new(1, 1e-6);

    public static readonly Caller Caller = new()
    {
        ClientId = "registry",
        Organization = "Organization/registry",
        Role = CallerRole.System,
        Purposes = [PurposeOfUse.Research, PurposeOfUse.Operations],
        Scopes = [SmartScope.Parse("system/*.rs")!, SmartScope.Parse("system/RiskAssessment.cu")!],
    };

    private Registry(TestGateway gateway, TestClock clock) => (Gateway, Clock) = (gateway, clock);

    public TestGateway Gateway { get; }

    public TestClock Clock { get; }

    public static async Task<Registry> Open(TestDirectory directory, TestClock? clock = null, params string[] settings)
    {
        clock ??= new TestClock();
        return new Registry(await TestGateway.Start(directory, clock, settings), clock);
    }

    public T Part<T>() where T : notnull => Gateway.Host.Services.GetRequiredService<T>();

    public LedgerLog Log => Gateway.Host.Storage.Ledger;

    /// <summary>A patient with all that PREVENT needs.</summary>
    public async Task Patient(string id)
    {
        var entries = new List<JsonObject> { Records.Entry("PUT", "Patient/" + id, Records.Patient(id, "Family" + id)) };
        void Lab(string name, string loinc, decimal value, string unit) => entries.Add(Records.Entry("PUT", $"Observation/{name}-{id}", Records.Observation($"{name}-{id}", id, loinc, date: "2026-03-04")
            .With("valueQuantity", new JsonObject { ["value"] = value, ["unit"] = unit, ["system"] = "http://unitsofmeasure.org", ["code"] = unit })));
        Lab("tc", "2093-3", 213, "mg/dL");
        Lab("hdl", "2085-9", 50, "mg/dL");
        Lab("cr", "2160-0", 0.8m, "mg/dL");
        Lab("bmi", "39156-5", 25, "kg/m2");
        Lab("bp", "8480-6", 128, "mm[Hg]");
        var smoking = Records.Observation("smk-" + id, id, "72166-2").With("valueCodeableConcept", Records.Concept("http://snomed.info/sct", "266919005"));
        smoking.Remove("valueQuantity");
        entries.Add(Records.Entry("PUT", "Observation/smk-" + id, smoking));
        (await Gateway.Post(TestClients.Hospital, "", Records.Bundle("transaction", [.. entries]))).Is(200);
    }

    /// <summary>A patient who permits the registry research, and the consent's id.</summary>
    public async Task<string> Consenting(string id)
    {
        await Patient(id);
        return await Consent(id, Records.Permit("registry", "HRESCH"));
    }

    public async Task<string> Consent(string patient, JsonObject provision) =>
        (await Gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, patient, provision))).Is(201).Id;

    public async Task Withdraw(string patient, string consent) =>
        (await Gateway.Put(TestClients.Hospital, "Consent/" + consent, Records.Consent(consent, patient, Records.Permit("registry", "HRESCH"), "inactive"))).Is(200);

    public Task<RunOutcome> Run(PrivacyBudget? price = null) => Part<RiskRun>().Run(new RunRequest(Caller, PurposeOfUse.Research, price), static () => { }, CancellationToken.None);

    public RunAdmission Admission() => ActivatorUtilities.CreateInstance<RunAdmission>(
        Gateway.Host.Services, new RunIdentity(Caller, PurposeOfUse.Research, RunId.From(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32))));

    public ValueTask<double> Spent(string patient) => Part<PrivacyBudgets>().Spent(patient, CancellationToken.None);

    public EventChain ChainOf(string patient) => Gateway.Host.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!;

    public EventChain Tenant => Gateway.Host.Storage.Vault.TenantChain;

    public ulong Events(string patient) => Log.CountOf(ChainOf(patient));

    public ImmutableArray<Fact> Facts(EventChain chain) =>
        [.. Log.EventsOf(chain, 0, 10_000).Select(e => Fact.Parse(Log.OpenFact(e.Index, chain)).Value)];

    public ValueTask DisposeAsync() => Gateway.DisposeAsync();
}
