using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Tests.Ledger;

/// <summary>
/// Verifies a whole ledger from outside: by its public reading side and the verifier keys alone, as an auditor would.
/// </summary>
internal static class LogCheck
{
    /// <summary>Checkpoint signatures, every tile of every level, every entry, the replay of the consent map, inclusion and consistency proofs.</summary>
    public static IReadOnlyList<LedgerEntry> Check(LedgerLog log)
    {
        var published = log.Published;
        var checkpoint = CheckNote(log, published);
        Assert.Equal(published.Size, checkpoint.Size);

        var tiles = Valid(VerifiedTiles.Open(checkpoint.Size, checkpoint.Root, tile => Read(log, tile)));
        var entries = new List<LedgerEntry>();
        var replay = new ReplayConsentState();
        foreach (var path in TilePath.AllAt(0, checkpoint.Size))
        {
            var tile = Valid(tiles.Get(path));
            var bundle = Valid(EntryBundle.Parse(log.ReadEntryBundle(path.Index, path.Width)!, path.Width));
            var matches = Tile.MatchesEntries(tile.Span, bundle);
            Assert.True(matches.Holds, matches.ToString());
            foreach (var bytes in bundle)
            {
                var entry = Valid(LedgerEntry.Parse(bytes.Span));
                var verdict = replay.Apply(entry);
                Assert.True(verdict.Holds, verdict.ToString());
                entries.Add(entry);
            }
        }

        for (var level = 1; TilePath.HashesAt(level, checkpoint.Size) > 0; level++)
        {
            foreach (var path in TilePath.AllAt(level, checkpoint.Size))
            {
                Valid(tiles.Get(path));
            }
        }

        Assert.True(replay.EndsWithState);
        Assert.Equal(replay.Map.Root, published.MapRoot);
        CheckTimes(entries);
        CheckProofs(log, checkpoint, entries);
        return entries;
    }

    public static Checkpoint CheckNote(LedgerLog log, Published published)
    {
        var note = Valid(SignedNote.Parse(published.Note.Span));
        var verifiers = new[] { Valid(NoteVerifier.Parse(log.VerifierKey)), Valid(NoteVerifier.Parse(log.CosignerVerifierKey)) };
        Assert.Equal(2, Valid(note.Verify(verifiers)).Count);
        var checkpoint = Valid(Checkpoint.Parse(note.Text));
        Assert.Equal(log.Origin, checkpoint.Origin);
        return checkpoint;
    }

    public static T Valid<T>(Parsed<T> parsed)
    {
        Assert.True(parsed.IsValid, parsed.Fault?.ToString());
        return parsed.Value;
    }

    private static ReadOnlyMemory<byte> Read(LedgerLog log, TilePath tile) =>
        log.ReadTile(tile.Level, tile.Index, tile.Width) ?? throw new InvalidOperationException($"{tile} is missing.");

    private static void CheckTimes(List<LedgerEntry> entries)
    {
        for (var i = 1; i < entries.Count; i++)
        {
            Assert.True(entries[i].Time >= entries[i - 1].Time, $"Entry {i} is older than the one before.");
        }
    }

    private static void CheckProofs(LedgerLog log, Checkpoint checkpoint, List<LedgerEntry> entries)
    {
        for (ulong index = 0; index < checkpoint.Size; index += 1 + (checkpoint.Size / 17))
        {
            var inclusion = InclusionProof.Verify(
                entries[(int)index].LeafHash(), index, checkpoint.Size, [.. log.Inclusion(index, checkpoint.Size)], checkpoint.Root);
            Assert.True(inclusion.Holds, inclusion.ToString());

            var old = new CompactRange();
            entries.Take((int)index + 1).ToList().ForEach(entry => old.Append(entry.LeafHash()));
            var consistency = ConsistencyProof.Verify(
                old.Size, checkpoint.Size, [.. log.Consistency(old.Size, checkpoint.Size)], old.Root, checkpoint.Root);
            Assert.True(consistency.Holds, consistency.ToString());
        }
    }
}
