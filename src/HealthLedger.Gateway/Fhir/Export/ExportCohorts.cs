using HealthLedger.Access;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>
/// Whose records an export goes through. A Group is read on the disclosure road each time, by whoever asks: what it names is decided and recorded like any other record, and
/// its members again, one by one, when their records are reached.
/// </summary>
internal sealed class ExportCohorts(Disclosure disclosure, RecordVault vault, GroupMembers groups)
{
    /// <summary>The patients; or the fault, where the Group is absent or not for this caller.</summary>
    public async ValueTask<(Cohort? Cohort, FhirFault? Fault, ReceiptId? Receipt)> Of(FhirCall call, ExportRequest asked)
    {
        if (asked.Level != ExportLevel.Group)
        {
            return (asked.Patients is { } named ? Cohort.Of(named) : Cohort.Everybody(await vault.Patients.PatientIds(call.Aborted)), null, null);
        }

        using var result = await disclosure.Disclose(FhirReads.Request(call, new Target.Record("Group", asked.Group!, null)), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var group], Receipt: var receipt }:
                var members = groups.Active(group.Json);
                return (Cohort.Of(asked.Patients is { } wanted ? members.Intersect(wanted, StringComparer.Ordinal) : members), null, receipt);
            case DisclosureResult.NotThere { Receipt: var receipt }:
                return (null, FhirFault.NotThere, receipt);
            case DisclosureResult.Gone { Receipt: var receipt }:
                return (null, FhirFault.Gone, receipt);
            default:
                return (null, FhirFault.LedgerUnavailable, null);
        }
    }
}
