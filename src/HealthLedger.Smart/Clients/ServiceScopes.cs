namespace HealthLedger.Smart.Clients;

/// <summary>Scopes of our own for callers that work on the gateway and not on FHIR records. Granted by exact match.</summary>
public static class ServiceScopes
{
    /// <summary>Read the ledger's entries and opened facts: role Regulator only.</summary>
    public const string Audit = "healthledger/audit";

    /// <summary>The operators' endpoints: role Operator only.</summary>
    public const string Admin = "healthledger/admin";
}
