using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tokens;

namespace HealthLedger.Risk.Tests.Consented;

/// <summary>A ledger of a few consents in memory that issues tokens with their proofs, signed by a key of fixed seed.</summary>
internal sealed class ConsentLog
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_780_000_000);

    public static readonly NoteSigner Signer = new("ledger.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(new byte[32]));

    private static readonly byte[] s_scope = "{}"u8.ToArray();
    private static readonly byte[] s_opening = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly List<LedgerEntry> _entries = [];
    private readonly ConsentMap _map = new();

    public static TokenExpectations Expected => new(LogPolicy.ForLog(Signer.Verifier), "run-1", "risk-engine", "HRESCH");

    public static Hash Handle(byte number) => new([.. Enumerable.Repeat(number, 32)]);

    public ConsentLog Set(byte consent, ConsentOperation operation)
    {
        var entry = LedgerEntry.ForConsent(Now, Hash.Zero, Hash.Zero, operation, Handle(consent), LedgerEntry.NoEnd, ScopeCommitment.Of(s_scope, s_opening));
        _entries.Add(entry);
        _map.Set(entry.Handle, ConsentState.After((ulong)_entries.Count - 1, entry));
        return this;
    }

    public (string Token, byte[] Proof) Issue(byte consent, string audience = "run-1", string client = "risk-engine", string purpose = "HRESCH", long seconds = 300)
    {
        var token = new ConsentToken(
            Signer.Verifier.Name, audience, client, $"token-{consent}", Now.ToUnixTimeSeconds() - 10, Now.ToUnixTimeSeconds() + seconds, purpose, Handle(consent), s_scope, s_opening);
        var state = LedgerEntry.ForState(Now, _map.Root, (ulong)_map.Count, LedgerEntry.NoPreviousState);
        Hash[] leaves = [.. _entries.Append(state).Select(e => e.LeafHash())];
        var checkpoint = new Checkpoint(Signer.Verifier.Name, (ulong)leaves.Length, MerkleHash.Root(leaves)).Sign(Signer);
        var path = ProofConstruction.Inclusion(
            (ulong)leaves.Length - 1, (ulong)leaves.Length, (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level)));
        var proof = new ConsentTokenProof(state.ToBytes(), new TlogProof((ulong)leaves.Length - 1, path, checkpoint).ToString(), _map.Prove(Handle(consent)).ToBytes());
        return (token.Sign(Signer), proof.ToJson());
    }
}
