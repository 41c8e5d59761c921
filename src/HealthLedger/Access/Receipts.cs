using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Promises;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Gives a client the receipt of a response that it got: the entry, its proof under the newest checkpoint, and, where it was permitted, the fact that opens it.
/// Of a read in an emergency it is the signed promise until the entry is made, and the receipt from then on. The fact of a refusal says whether there was something to refuse, so it is for the patient and the auditor, never for the client that was refused.
/// </summary>
public sealed class Receipts(RecordVault vault, LedgerLog log, ReceiptIds ids)
{
    /// <summary>The receipt as JSON (docs/formats/receipt.md); null where the id is not this client's.</summary>
    public ReadOnlyMemory<byte>? Find(string id, string clientId)
    {
        if (ids.Open(id, clientId) is not var (index, chainId))
        {
            return null;
        }

        var chain = vault.ChainOf(chainId);
        if (PromisedPlace.Parse(index) is { } promised)
        {
            if (chain is null)
            {
                return null;
            }

            if (log.PromiseOf(promised.Number, chain, id) is { } waiting)
            {
                if (Shown(waiting, clientId) is not { } shown)
                {
                    return null;
                }

                return shown.ToJson();
            }

            if (log.FindKept(chain, promised.Number, promised.Before, clientId) is not { } kept)
            {
                return null;
            }

            index = kept;
        }

        if (index >= log.Published.Size)
        {
            return null;
        }

        if (chain is null && ShelfId.Parse(chainId) is not null)
        {
            return log.ReceiptOf(index, null, id).ToJson(); // the patient's records were erased: the entry is proven, what it says is for auditors
        }

        if (chain is null || log.FactOf(index, chain) is not { } fact)
        {
            return null;
        }

        return log.ReceiptOf(index, fact[FactField.Decision] == "permit" ? chain : null, id).ToJson();
    }

    /// <summary>What a client is shown of a promise; null where it was given to another, as under a number that began anew when a journal was lost with its anchor.</summary>
    private static PromisedReceipt? Shown(PromisedReceipt receipt, string clientId) =>
        receipt.Fact is not { } stored || !Fact.Parse(stored).TryGet(out var fact, out _) || fact[FactField.Client] != clientId ? null
        : fact[FactField.Decision] == "permit" ? receipt
        : receipt with { Fact = null };
}
