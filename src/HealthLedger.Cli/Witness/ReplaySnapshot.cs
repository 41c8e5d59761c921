using System.Buffers.Binary;
using System.Numerics;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Witness;

/// <summary>
/// How far an auditor has replayed a ledger, kept so that its next start goes on from there (docs/formats/witness.md). Nothing of it is believed: it is under a checkpoint that this
/// witness cosigned itself, its last entry leads to that checkpoint's root, and the map that it holds is the one that this entry names.
/// </summary>
/// <param name="Note">The cosigned checkpoint.</param>
/// <param name="Before">The tree without its last entry.</param>
/// <param name="Last">The last entry, a STATE.</param>
/// <param name="Map">The consent-state map.</param>
internal sealed record ReplaySnapshot(byte[] Note, CompactRange Before, byte[] Last, ConsentMap Map)
{
    private const int PairLength = Hash.Length + ConsentState.Size;
    private static readonly byte[] s_magic = "healthledger/replay/v1\n"u8.ToArray();

    /// <summary>Writes it.</summary>
    public void Write(Stream output)
    {
        output.Write(s_magic);
        Number((ulong)Note.Length);
        output.Write(Note);
        foreach (var hash in Before.Frontier)
        {
            output.Write(hash.ToArray());
        }

        output.Write(Last);
        Number((ulong)Map.Count);
        Span<byte> pair = stackalloc byte[PairLength];
        foreach (var (handle, state) in Map.Entries)
        {
            handle.CopyTo(pair);
            state.Write(pair[Hash.Length..]);
            output.Write(pair);
        }

        void Number(ulong value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            output.Write(bytes);
        }
    }

    /// <summary>Reads and checks it; null where anything is not as this witness would have written it, so that the replay begins anew.</summary>
    /// <param name="input">The file.</param>
    /// <param name="origin">The log.</param>
    /// <param name="witness">The witness's own key.</param>
    public static ReplaySnapshot? Read(Stream input, string origin, NoteVerifier witness)
    {
        try
        {
            if (!Bytes(s_magic.Length).AsSpan().SequenceEqual(s_magic) || Number() is not (> 0 and <= SignedNote.MaxBytes and var length))
            {
                return null;
            }

            var bytes = Bytes((int)length);
            if (!SignedNote.Parse(bytes).TryGet(out var note, out _) || !note.Verify([witness]).IsValid
                || !Checkpoint.Parse(note.Text).TryGet(out var checkpoint, out _) || checkpoint.Origin != origin || checkpoint.Size is 0 or > long.MaxValue)
            {
                return null;
            }

            var frontier = new Hash[BitOperations.PopCount(checkpoint.Size - 1)];
            for (var i = 0; i < frontier.Length; i++)
            {
                frontier[i] = new Hash(Bytes(Hash.Length));
            }

            var before = CompactRange.Import(checkpoint.Size - 1, frontier);
            var last = Bytes(LedgerEntry.Size);
            var whole = before.Clone();
            whole.Append(MerkleHash.Leaf(last));
            if (whole.Root != checkpoint.Root || !LedgerEntry.Parse(last).TryGet(out var entry, out _) || entry.Kind != EntryKind.State || Number() != entry.StateCount)
            {
                return null;
            }

            var map = new ConsentMap();
            for (ulong i = 0; i < entry.StateCount; i++)
            {
                var pair = Bytes(PairLength);
                if (!ConsentState.Parse(pair.AsSpan(Hash.Length)).TryGet(out var state, out _))
                {
                    return null;
                }

                map.Set(new Hash(pair.AsSpan(0, Hash.Length)), state);
            }

            return (ulong)map.Count == entry.StateCount && map.Root == entry.Commitment && input.ReadByte() < 0 ? new ReplaySnapshot(bytes, before, last, map) : null;
        }
        catch (EndOfStreamException)
        {
            return null;
        }

        byte[] Bytes(int count)
        {
            var read = new byte[count];
            input.ReadExactly(read);
            return read;
        }

        ulong Number() => BinaryPrimitives.ReadUInt64BigEndian(Bytes(sizeof(ulong)));
    }
}
