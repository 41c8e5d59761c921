using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Proofs.Tests.Successions;

/// <summary>A log whose first key (seed 00..1f) named an offline key (c0..df) and was succeeded by a second (a0..bf) at three entries.</summary>
internal sealed class SucceededLog
{
    public const string Origin = "healthledger.example/log1";

    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public static NoteSigner First { get; } = Signer(Origin, 0);

    public static NoteSigner Second { get; } = Signer(Origin, 0xa0);

    public static NoteSigner Offline { get; } = Signer("healthledger.example/offline", 0xc0);

    public List<LedgerEntry> Entries { get; } = [];

    public List<SignedNote> Statements { get; } = [];

    public List<ulong> Indices { get; } = [];

    public static NoteSigner Signer(string name, byte seed) => new(name, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed([.. Enumerable.Range(seed, 32).Select(i => (byte)i)]));

    /// <summary>The log after the succession, with one more event.</summary>
    public static SucceededLog Rotated(SuccessionReason reason = SuccessionReason.Rotated)
    {
        var log = new SucceededLog();
        log.Grow(1);
        log.State(Succession.Founding(First.Verifier, Offline.Verifier), First, Offline);
        log.Grow(1);
        var next = log.Next(reason);
        log.State(next, reason == SuccessionReason.Rotated ? [First, Second, Offline] : [Second, Offline]);
        log.Grow(1);
        return log;
    }

    /// <summary>The statement that the second key succeeds the first at the present size.</summary>
    public Succession Next(SuccessionReason reason = SuccessionReason.Rotated) =>
        new(Origin, 1, First.Verifier, Second.Verifier, Offline.Verifier, (ulong)Entries.Count, Root(Entries.Count), reason);

    public static SignedNote Sign(Succession statement, params NoteSigner[] signers) => new(statement.ToText(), [.. signers.Select(signer => signer.Sign(statement.ToText()))]);

    public void Grow(int events)
    {
        for (var i = 0; i < events; i++)
        {
            Entries.Add(LedgerEntry.ForEvent(Now, MerkleHash.Leaf([(byte)i]), MerkleHash.Leaf([(byte)Entries.Count])));
        }
    }

    public void State(Succession statement, params NoteSigner[] signers)
    {
        Indices.Add((ulong)Entries.Count);
        Entries.Add(LedgerEntry.ForSuccession(Now, statement.Commitment, statement.Number, statement.Size));
        Statements.Add(Sign(statement, signers));
    }

    public Hash Root(int size) => MerkleHash.Root([.. Entries.Take(size).Select(entry => entry.LeafHash())]);

    public SignedNote Checkpoint(int size, params NoteSigner[] signers)
    {
        var text = new Checkpoint(Origin, (ulong)size, Root(size)).ToBytes();
        return new SignedNote(text, [.. signers.Select(signer => signer.Sign(text))]);
    }

    public SuccessionFile File(params NoteSigner[] signers)
    {
        var size = (ulong)Entries.Count;
        Hash[] leaves = [.. Entries.Select(entry => entry.LeafHash())];
        NodeReader read = (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level));
        return new SuccessionFile(Checkpoint(Entries.Count, signers), [.. Statements.Select((note, i) => new ProvenSuccession(
            note,
            new ProvenEntry(Indices[i], Entries[(int)Indices[i]].ToBytes(), [.. ProofConstruction.Inclusion(Indices[i], size, read)]),
            Succession.Parse(note.Text).Value is { Size: > 0 and var frozen } ? [.. ProofConstruction.Consistency(frozen, size, read)] : []))]);
    }
}
