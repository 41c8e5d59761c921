using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger;

/// <summary>
/// Brings a ledger's directory to the state that its lock checkpoint acknowledges, or refuses: a ledger that starts from anything else would sign a
/// second history.
/// </summary>
internal static class LedgerStart
{
    private const int Chunk = 4096;
    private const string Restore = "Restore the ledger's directory, keys and database from one consistent backup; do not delete single files.";

    /// <summary>Reads, repairs and checks everything.</summary>
    /// <returns>The parts, and the tree at the lock checkpoint; the parts have no checkpoint yet where the ledger is new.</returns>
    /// <exception cref="LedgerRefusesToStartException">The directory is not what this ledger acknowledged.</exception>
    public static (LedgerParts Parts, CompactRange Tree, LockState? Locked) Open(LedgerOptions options, ILedgerStorage storage)
    {
        var @lock = LockCheckpoint.Open(storage);
        var flat = new FlatFiles(storage);
        var journal = new Journal(storage, options.SegmentBytes, options.PreallocateBytes);
        try
        {
            var locked = @lock.Current;
            if (locked is null && @lock.IsBeforeTagKeys)
            {
                throw new LedgerRefusesToStartException(
                    "An earlier version wrote this ledger, and this one cannot go on with its chains (docs/decisions/0010).", "Start a new ledger in other directories, or start the version that wrote it.");
            }

            if (locked is null && (@lock.IsDamaged || flat.EntriesHeld > 0))
            {
                throw Refuse(@lock.IsDamaged ? "The lock file is damaged." : "There are entries but no lock checkpoint.");
            }

            CheckSuccessions(options.Keys, storage);
            @lock.Preallocate();
            storage.FlushDirectory();
            var tree = locked is null ? StartNew(journal) : Recover(options, flat, journal, locked);
            var map = BuildIndex(options.Index, flat, locked);

            LedgerParts? parts = null;
            var indexing = new Indexing(options.Index);
            var tags = new EventTag(options.Keys.Origin);
            parts = new LedgerParts
            {
                Storage = storage,
                Lock = @lock,
                Journal = journal,
                Flat = flat,
                Reserve = new LedgerReserve(options, flat, journal),
                Indexing = indexing,
                Tags = tags,
                Chains = new Chains(indexing, tags),
                States = new ConsentStates(map),
                Versions = new DecisionVersions(),
                Queue = new AppendQueue(options.QueueLimit, options.MaxBatchEntries, options.MaxBatchBytes, AppendQueue.Gather),
                Tail = new NoticeTail(storage, journal, options.Keys, () => parts!.Published.Size),
                Late = Promises.LateRuns.Open(storage),
                Cosignatures = options.Witnesses is { } policy ? new Cosignatures(policy, options.Keys) : null,
            };
            parts.Cosignatures?.Restore(storage, flat, options.Keys, locked?.Size ?? 0);

            if (locked is not null)
            {
                // The lock checkpoint may be ahead of the one that was last shown: publish it.
                parts.FlatDurable = locked.FlatDurable;
                parts.Publish(new Published(locked.Size, locked.Root, locked.MapRoot, locked.Time, locked.Note), locked, rotated: false);
            }

            return (parts, tree, locked);
        }
        catch
        {
            journal.Dispose();
            flat.Dispose();
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>Keys from before a succession would go on with a key that counts for nobody any more.</summary>
    private static void CheckSuccessions(LedgerKeys keys, ILedgerStorage storage)
    {
        if (!storage.List().Contains(Keeper.SuccessionsFile))
        {
            return;
        }

        using var file = storage.Open(Keeper.SuccessionsFile);
        var bytes = new byte[Math.Min(file.Length, SuccessionFile.MaxBytes)];
        if (SuccessionFile.Parse(bytes.AsSpan(0, file.Read(bytes, 0))).TryGet(out var served, out _) && served.Statements.Count > keys.Stated.Count
            && served.Statements.All(each => SignedSuccession.Verify(each.Statement.ToBytes()) is { IsValid: true, Value.Statement: var statement } && statement.Origin == keys.Origin))
        {
            throw new LedgerRefusesToStartException(
                $"The ledger has {served.Statements.Count} successions of its key, and these keys know of {keys.Stated.Count}: they are an older copy.", "Put back the newest copy of the keys directory.");
        }
    }

    private static LedgerRefusesToStartException Refuse(string found) => new(found, Restore);

    private static CompactRange StartNew(Journal journal)
    {
        journal.RecoverEmpty();
        return new CompactRange();
    }

    private static CompactRange Recover(LedgerOptions options, FlatFiles flat, Journal journal, LockState locked)
    {
        CheckNote(options.Keys, locked);
        try
        {
            return RecoverFiles(options, flat, journal, locked);
        }
        catch (EndOfStreamException exception)
        {
            throw new LedgerRefusesToStartException("The ledger's files are shorter than its lock checkpoint says.", Restore, exception);
        }
    }

    private static CompactRange RecoverFiles(LedgerOptions options, FlatFiles flat, Journal journal, LockState locked)
    {
        if (flat.EntriesHeld > locked.Size)
        {
            throw Refuse($"The ledger holds {flat.EntriesHeld} entries, its lock checkpoint only {locked.Size}: the lock file is older than the entries.");
        }

        var lowest = CheckParticipants(options.Participants, locked);
        CompactRange? tree = null;
        ulong? firstSize = null;
        foreach (var record in journal.Recover(locked))
        {
            if (firstSize is null)
            {
                firstSize = record.SizeBefore;
                CheckJournalReachesBack(record, locked, lowest);
            }

            if (record.SizeAfter > locked.FlatDurable)
            {
                tree = Reapply(flat, tree ?? flat.ReadEdge(record.SizeBefore), record);
            }

            Reapply(options.Participants, record);
        }

        return CheckStored(flat, locked);
    }

    private static void CheckNote(LedgerKeys keys, LockState locked)
    {
        var note = SignedNote.Parse(locked.Note);
        if (!note.IsValid || !keys.HasSigned(note.Value, locked.Size)
            || !Checkpoint.Parse(note.Value.Text).TryGet(out var checkpoint, out _)
            || checkpoint.Origin != keys.Origin || checkpoint.Size != locked.Size || checkpoint.Root != locked.Root)
        {
            throw new LedgerRefusesToStartException(
                $"The lock checkpoint was not signed by the key of {keys.Origin}.", "Start with the keys that belong to this ledger's directory.");
        }
    }

    private static ulong CheckParticipants(IReadOnlyList<ICommitParticipant> participants, LockState locked)
    {
        var lowest = ulong.MaxValue;
        foreach (var participant in participants)
        {
            if (participant.AppliedSize > locked.Size)
            {
                throw Refuse($"A store has applied batches up to size {participant.AppliedSize}, the ledger ends at {locked.Size}: the ledger is older than the store.");
            }

            lowest = Math.Min(lowest, participant.AppliedSize);
        }

        return lowest;
    }

    /// <summary>What is no longer in the journal must have arrived everywhere.</summary>
    private static void CheckJournalReachesBack(JournalRecord first, LockState locked, ulong participantsApplied)
    {
        if (first.SizeBefore > locked.FlatDurable)
        {
            throw Refuse($"The journal begins at size {first.SizeBefore}, but the files are durable only up to {locked.FlatDurable}: journal segments are missing.");
        }

        if (first.RedoBefore > participantsApplied)
        {
            throw Refuse($"A store has applied batches up to size {participantsApplied}, and the journal no longer has all that came after: the store is older than the ledger.");
        }
    }

    private static CompactRange Reapply(FlatFiles flat, CompactRange tree, JournalRecord record)
    {
        var growth = TreeGrowth.Of(tree, record.Entries);
        if (growth.Root != record.Root)
        {
            throw Refuse($"The journal's batch at size {record.SizeBefore} does not lead to the root it names.");
        }

        flat.Apply(record, growth);
        return growth.Tree;
    }

    private static void Reapply(IReadOnlyList<ICommitParticipant> participants, JournalRecord record)
    {
        if (record.RedoCount == 0)
        {
            return;
        }

        var redo = record.Redo;
        foreach (var participant in participants)
        {
            if (participant.AppliedSize < record.SizeAfter)
            {
                participant.Apply(record.SizeAfter, redo);
            }
        }
    }

    /// <summary>The right edge as stored must be the tree that was signed, and its last entry the state that was signed with it.</summary>
    private static CompactRange CheckStored(FlatFiles flat, LockState locked)
    {
        var tree = flat.ReadEdge(locked.Size);
        if (tree.Root != locked.Root)
        {
            throw Refuse($"At size {locked.Size} the stored hashes lead to another root than the one that was signed.");
        }

        // The next facts are written where the last entry's place says: one that points elsewhere would put them over others.
        if (flat.FactsEnd(locked.Size) != flat.FactsHeld)
        {
            throw Refuse($"The facts' file has {flat.FactsHeld} bytes, and the place of the last entry's fact says {flat.FactsEnd(locked.Size)}.");
        }

        var last = LedgerEntry.Parse(flat.ReadEntries(locked.Size - 1, 1));
        var leaf = new Hash(flat.ReadTile(new TilePath(0, (locked.Size - 1) / TilePath.FullWidth, (int)((locked.Size - 1) % TilePath.FullWidth) + 1)).AsSpan(^Hash.Length));
        return last.IsValid && last.Value.Kind == EntryKind.State && last.Value.Commitment == locked.MapRoot && last.Value.LeafHash() == leaf
            ? tree
            : throw Refuse("The last entry is not the STATE entry of the lock checkpoint.");
    }

    /// <summary>Brings the index up to the ledger's size and builds the consent map from its leaves; an index that does not fit is rebuilt once.</summary>
    private static ConsentMap BuildIndex(ILedgerIndex index, FlatFiles flat, LockState? locked)
    {
        var size = locked?.Size ?? 0;
        if (index.AppliedSize > size)
        {
            throw Refuse($"The index holds entries up to size {index.AppliedSize}, the ledger ends at {size}: the ledger is older than its index.");
        }

        if (FromIndex(index, flat, size) is { } built && (locked is null || built.Root == locked.MapRoot))
        {
            return built;
        }

        index.Clear();
        var map = Replay(index, flat, size);
        return locked is null || map.Root == locked.MapRoot ? map : throw Refuse("The consents in the entries lead to another map than the one that was signed.");
    }

    /// <summary>The map by an index that agrees with the entries; null where it does not, or cannot be read.</summary>
    private static ConsentMap? FromIndex(ILedgerIndex index, FlatFiles flat, ulong size)
    {
        try
        {
            return Agrees(index, flat) ? Replay(index, flat, size) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether the index knows the newest entries and samples of all others: an index of another ledger, or a damaged one, would give a chain's events
    /// numbers that they had before.
    /// </summary>
    private static bool Agrees(ILedgerIndex index, FlatFiles flat)
    {
        var size = index.AppliedSize;
        var newest = size - Math.Min(size, 64);
        for (ulong at = 0; at < size; at += at < newest ? 1 + Math.Min(size / 64, newest - at - 1) : 1)
        {
            var entry = LedgerEntry.Parse(flat.ReadEntries(at, 1));
            if (entry.IsValid && Indexing.PlaceOf(entry.Value, at) is { } place && index.Find(place.Tag) != at)
            {
                return false;
            }
        }

        return true;
    }

    private static ConsentMap Replay(ILedgerIndex index, FlatFiles flat, ulong size)
    {
        var map = new ConsentMap();
        foreach (var leaf in index.Leaves())
        {
            map.Set(leaf.Handle, leaf.State);
        }

        for (var at = index.AppliedSize; at < size;)
        {
            var count = (int)Math.Min(Chunk, size - at);
            var entries = flat.ReadEntries(at, count);
            var tags = new List<TagPlace>(count);
            var leaves = new Dictionary<Hash, ConsentLeaf>();
            for (var i = 0; i < count; i++, at++)
            {
                if (!LedgerEntry.Parse(entries.AsSpan(i * LedgerEntry.Size, LedgerEntry.Size)).TryGet(out var entry, out var fault))
                {
                    throw Refuse($"Entry {at} cannot be read ({fault.Code}).");
                }

                if (Indexing.PlaceOf(entry, at) is { } place)
                {
                    tags.Add(place);
                }

                if (entry.Operation != Proofs.Entries.ConsentOperation.None)
                {
                    var state = ConsentState.After(at, entry);
                    map.Set(entry.Handle, state);
                    leaves[entry.Handle] = new ConsentLeaf(entry.Handle, state);
                }
            }

            index.Apply(at, tags, leaves.Values);
        }

        return map;
    }
}
