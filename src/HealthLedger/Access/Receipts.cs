using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>Gives a client the receipt of a response that it got: the entry, its proof under the newest checkpoint, and the fact that opens it.</summary>
public sealed class Receipts(RecordVault vault, LedgerLog log, ReceiptIds ids)
{
    /// <summary>The receipt as JSON (docs/formats/receipt.md); null where the id is not this client's.</summary>
    public ReadOnlyMemory<byte>? Find(string id, string clientId)
    {
        if (ids.Open(id, clientId) is not var (index, chainId) || index >= log.Published.Size)
        {
            return null;
        }

        var chain = chainId == vault.TenantChain.Id ? vault.TenantChain
            : ShelfId.Parse(chainId) is { } shelf ? vault.ChainOf(shelf)
            : null;
        if (chain is null || log.OpenFact(index, chain) is not { } fact)
        {
            return null;
        }

        var published = log.Published;
        var note = SignedNote.Parse(published.Note.Span);
        if (!note.TryGet(out var checkpoint, out var fault))
        {
            throw new InvalidDataException($"Our own checkpoint cannot be read ({fault.Code}).");
        }

        var proof = new TlogProof(index, [.. log.Inclusion(index, published.Size)], checkpoint);
        return new Receipt(log.Origin, index, log.ReadEntry(index), proof.ToString(), fact, id).ToJson();
    }
}
