using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Gateway.Hosting;

/// <summary>What a start does because a setting says so: on the tenant's chain as operators' acts are, of whoever starts the gateway, who has no name here.</summary>
internal static class StartActs
{
    /// <summary>Records an act; false where the ledger takes no entry, and then it must not be done.</summary>
    /// <param name="storage">Opened.</param>
    /// <param name="time">The clock.</param>
    /// <param name="act">What, as a code such as <c>rollback-accepted</c>.</param>
    /// <param name="detail">What else an auditor needs to know, who is shown it as JSON; no personal data, no secret.</param>
    public static async ValueTask<bool> Record(Storage storage, TimeProvider time, string act, object detail)
    {
        var fact = new FactBuilder()
            .Set(FactField.Event, "operation")
            .At(time.GetUtcNow())
            .Set(FactField.Interaction, "operate")
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, act)
            .Set(FactField.Evidence, JsonSerializer.Serialize(detail))
            .Set(FactField.Binding, "")
            .Build(RandomNumberGenerator.GetBytes(Fact.RandomLength));
        var request = new AppendRequest { Events = [new PendingEvent(storage.Vault.TenantChain, fact.Stored, fact.Commitment.ToArray())] };
        return await storage.Ledger.Append(request, CancellationToken.None) is AppendOutcome.Appended;
    }
}
