using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Fhir;

/// <summary>A gateway with a few records, shared by the tests of a class: they add records of their own where they change anything.</summary>
public sealed class SmallHospital : IAsyncLifetime
{
    /// <summary>A patient who permits the clinic everything for treatment.</summary>
    public const string Open = "patient-open";

    /// <summary>A patient who permits nobody anything.</summary>
    public const string Closed = "patient-closed";

    internal TestGateway Gateway { get; private set; } = null!;

    internal TestClock Clock { get; } = new();

    async Task IAsyncLifetime.InitializeAsync()
    {
        Gateway = await TestGateway.Start(Clock);
        foreach (var (patient, family) in new[] { (Open, "Openshaw"), (Closed, "Closely") })
        {
            (await Gateway.Put(TestClients.Hospital, "Patient/" + patient, Records.Patient(patient, family))).Is(201);
            (await Gateway.Put(TestClients.Hospital, $"Observation/pulse-{patient}", Records.Observation($"pulse-{patient}", patient))).Is(201);
        }

        (await Gateway.Put(TestClients.Hospital, "Practitioner/doctor", Records.Practitioner("doctor", "Doctorow"))).Is(201);
        (await Gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, Open, Records.Permit()))).Is(201);
    }

    async Task IAsyncLifetime.DisposeAsync() => await Gateway.DisposeAsync();
}
