// docs/consent.md, "Who may record a consent": the patient, or a client of the organization that keeps the patient's record. Whoever could record a consent
// for any patient could permit itself everything.
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class SelfGrantedConsentTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("harbour")]
    [InlineData("riverside")]
    [InlineData(null)]
    public async Task A_client_cannot_record_a_consent_for_a_patient_whom_another_organization_keeps(string? grantee)
    {
        (await _gateway.Post(Stranger, "Consent", Records.Consent(null, SmallHospital.Closed, Records.Permit(grantee)))).IsFault(404, "not-found");
        (await _gateway.Get(Stranger, "Patient/" + SmallHospital.Closed)).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, "Patient/" + SmallHospital.Closed)).IsFault(404, "not-found");
    }

    [Fact]
    public async Task Nor_within_a_batch_or_as_the_only_entry_of_a_transaction()
    {
        foreach (var type in new[] { "batch", "transaction" })
        {
            await _gateway.Post(Stranger, "", Records.Bundle(
                type, Records.Entry("POST", "Consent", Records.Consent(null, SmallHospital.Closed, Records.Permit("harbour")))));
            (await _gateway.Get(Stranger, "Patient/" + SmallHospital.Closed)).IsFault(404, "not-found");
        }
    }

    [Fact]
    public async Task A_permitted_client_cannot_widen_its_own_permit_by_another_consent()
    {
        (await _gateway.Get(Clinic, "Patient/" + SmallHospital.Open)).Is(200);
        (await _gateway.Post(Clinic, "Consent", Records.Consent(null, SmallHospital.Open, Records.Permit(purpose: "HRESCH")))).IsFault(404, "not-found");
        (await _gateway.Get(Researcher, "Patient/" + SmallHospital.Open)).IsFault(404, "not-found");
    }

    [Fact]
    public async Task The_refusal_is_the_same_for_a_patient_who_is_not_there()
    {
        var hidden = await _gateway.Post(Stranger, "Consent", Records.Consent(null, SmallHospital.Closed, Records.Permit("harbour")));
        var absent = await _gateway.Post(Stranger, "Consent", Records.Consent(null, "patient-absent", Records.Permit("harbour")));
        Assert.Equal(absent.Status, hidden.Status);
        Assert.Equal(absent.Text, hidden.Text);
        Assert.Equal(absent.Growth, hidden.Growth);
        Assert.Equal(absent.Headers.Keys.Order(), hidden.Headers.Keys.Order());
        Assert.Equal(absent.Receipt!.Length, hidden.Receipt!.Length);
    }

    [Fact]
    public async Task Writing_a_record_about_a_patient_makes_nobody_the_keeper_of_the_patient()
    {
        (await _gateway.Post(Stranger, "Observation", Records.Observation(null, SmallHospital.Closed))).Is(201);
        (await _gateway.Post(Stranger, "Consent", Records.Consent(null, SmallHospital.Closed, Records.Permit("harbour")))).IsFault(404, "not-found");
    }
}
