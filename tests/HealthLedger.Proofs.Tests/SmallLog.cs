using System.Text;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tests.Notes;

namespace HealthLedger.Proofs.Tests;

/// <summary>A ledger in a list: entries, a replayed map, checkpoints signed by the log and cosigned by one witness.</summary>
internal sealed class SmallLog
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    public static readonly LogPolicy Policy = LogPolicy.Parse($"log {NoteTests.LogVkey}\nwitness w1 {NoteTests.WitnessVkey}\nquorum w1\n").Value;

    public static string Origin => NoteTests.Log.Verifier.Name;

    public List<LedgerEntry> Entries { get; } = [];

    /// <summary>The time of the next STATE entries.</summary>
    public DateTimeOffset Time { get; set; } = Now;

    public ConsentMap Map { get; } = new();

    public Hash[] Leaves => [.. Entries.Select(entry => entry.LeafHash())];

    public ulong Add(LedgerEntry entry)
    {
        Entries.Add(entry);
        var index = (ulong)Entries.Count - 1;
        if (entry.Operation != ConsentOperation.None)
        {
            Map.Set(entry.Handle, ConsentState.After(index, entry));
        }

        return index;
    }

    public ulong AddState()
    {
        var previous = Entries.FindLastIndex(entry => entry.Kind == EntryKind.State);
        return Add(LedgerEntry.ForState(Time, Map.Root, (ulong)Map.Count, previous < 0 ? LedgerEntry.NoPreviousState : (ulong)previous));
    }

    public SignedNote Checkpoint(DateTimeOffset? cosigned = null)
    {
        var note = new Checkpoint(Origin, (ulong)Entries.Count, MerkleHash.Root(Leaves)).Sign(NoteTests.Log);
        return note.With(NoteTests.Witness.Cosign(note.Text, cosigned ?? Now));
    }

    public NodeReader Reader()
    {
        var leaves = Leaves;
        return (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level));
    }

    public TlogProof Prove(ulong index, DateTimeOffset? cosigned = null) =>
        new(index, ProofConstruction.Inclusion(index, (ulong)Entries.Count, Reader()), Checkpoint(cosigned));

    /// <summary>Calls back with every variant of the bytes that differs in one byte, for each of these differences.</summary>
    public static void EachMutation(byte[] bytes, Action<byte[], int> check)
    {
        foreach (var difference in new byte[] { 0x01, 0x20, 0x80 })
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                var changed = bytes.ToArray();
                changed[at] ^= difference;
                check(changed, at);
            }
        }
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
