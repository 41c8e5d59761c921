using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>An erasure that waits for the ledger.</summary>
/// <param name="Change">Its rows, and what makes it real in memory.</param>
/// <param name="Erasure">What it is.</param>
/// <param name="Records">How many records there are, deleted ones too.</param>
/// <param name="Versions">How many versions of them.</param>
/// <param name="Shared">How many of the records stay, because they are other patients' too.</param>
/// <param name="Rows">How many rows are removed.</param>
/// <param name="Keepers">Who answers for the records that stay, with how many each: whom to ask for what these say of the patient.</param>
public sealed record PreparedErasure(
    PreparedChange Change, Erasure Erasure, int Records, int Versions, int Shared, int Rows, System.Collections.Immutable.ImmutableSortedDictionary<string, int> Keepers) : IDisposable
{
    /// <summary>Abandons it where it was not committed.</summary>
    public void Dispose() => Change.Dispose();
}

public sealed partial class RecordVault
{
    private const int ErasedTogether = 1000;

    /// <summary>One erasure at a time: of a record that two patients share each would leave it to the other, and it would stay with nobody.</summary>
    private readonly SemaphoreSlim erasing = new(1, 1);

    /// <summary>The erasures there were, and the audit keys that they left.</summary>
    public Erasures Erasures { get; }

    /// <summary>True where the patient's records were erased since this snapshot was taken. Who comes back has another.</summary>
    public bool IsErased(Shelf shelf)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        return shelf.Id.IsPatient && Erasures.Find(shelf.Mark) is not null;
    }

    /// <summary>
    /// Before anything is served: completes erasures that a crash broke off, and does again those that a restored copy of data or keys undid.
    /// </summary>
    /// <returns>How many shelves a restored copy had brought back.</returns>
    public async Task<int> ApplyErasures(CancellationToken cancellation)
    {
        var back = await Erasures.Recover(cancellation);
        if (back.Count == 0)
        {
            return 0;
        }

        var tags = back.Select(erasure => erasure.Shelf).ToHashSet();
        bool IsErased(ShelfId shelf) => tags.Contains(shelves.TagOf(shelf));
        List<RowPlace> places = [.. await locators.LeadingTo(IsErased, cancellation)];
        var patients = await Patients.PatientIds(cancellation);
        for (var i = 0; i < patients.Length; i++)
        {
            if (IsErased(ShelfId.ForPatient(patients.Span[i])))
            {
                places.Add(Patients.Removal(patients.Span[i]).Place);
                Patients.Erased(patients.Span[i]);
            }
        }

        foreach (var tag in tags)
        {
            places.AddRange((await store.ReadHeadAndSegments(tag, cancellation)).Select(row => row.Place).Reverse()); // the head tells that there is something to do
        }

        store.Erase(places);
        return back.Count;
    }

    /// <summary>Waits for the right to erase a patient: nobody changes the patient's records meanwhile, and no other patient is erased.</summary>
    /// <param name="patient">Whom to erase.</param>
    /// <param name="cancellation">Stops the waiting.</param>
    public async ValueTask<ShelfLock> LockToErase(ShelfId patient, CancellationToken cancellation)
    {
        await erasing.WaitAsync(cancellation);
        try
        {
            return (await LockForWrite([patient], cancellation)).ToErase(() => erasing.Release());
        }
        catch
        {
            erasing.Release();
            throw;
        }
    }

    /// <summary>
    /// Prepares the erasure of a patient: every row of the shelf, where its records are found, and that there is such a patient. Records that are other patients' too stay with
    /// them. Nothing changes before the ledger commits it; then <see cref="Complete"/> destroys the keys.
    /// </summary>
    /// <param name="held">From <see cref="LockToErase"/>, and kept until the keys are destroyed.</param>
    /// <param name="patient">A shelf with something on it.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellation">Stops the preparation.</param>
    /// <returns>Null where the patient has more rows than one change may remove.</returns>
    /// <exception cref="ArgumentException">The shelf is no patient's, or empty, or the lock is another's: a bug of the caller.</exception>
    public async ValueTask<PreparedErasure?> PrepareErasure(ShelfLock held, ShelfId patient, DateTimeOffset now, CancellationToken cancellation)
    {
        if (held.IsReleased || !held.Erases || held.Pending is not null || !patient.IsPatient || held.Current(patient) is not { } shelf)
        {
            throw new ArgumentException("Only a shelf of a patient that is held to be erased, with something on it, can be.", nameof(patient));
        }

        var subject = ring.SubjectOf(patient);
        var (mark, auditMark) = ring.MarksOf(subject);
        var erasure = new Erasure { Mark = mark!.Value, Subject = subject, Shelf = shelf.Tag, AuditMark = auditMark!.Value, At = now, Revision = 1 };
        var changes = new List<RowChange> { Erasures.Change(erasure), Patients.Removal(patient.PatientId!) };
        var shared = new HashSet<KeyedName>();
        var moved = new List<(string Type, string Id, System.Collections.Immutable.ImmutableArray<ShelfId>? To)>();
        var (versions, kept) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var newest in shelf.Ever(null))
        {
            var places = await Locate(newest.Key.Type, newest.Key.Id, cancellation) ?? [];
            var others = places.Remove(patient);
            for (var version = newest; version is not null; version = version.Previous)
            {
                versions++;
                if (version.Shared is not { } content)
                {
                    continue;
                }

                if (places.Contains(patient) && others.IsEmpty)
                {
                    // Nobody else has it any more: whoever it was shared with was erased before, or it left them.
                    changes.Add(new RowChange(new RowPlace(VaultTable.Record, content.Home, version.Handle), default));
                }

                shared.Add(version.Handle);
            }

            if (!places.Contains(patient))
            {
                continue; // it left this shelf
            }

            if (!others.IsEmpty)
            {
                kept[newest.Custodian] = kept.GetValueOrDefault(newest.Custodian) + 1;
            }

            changes.Add(others.IsEmpty ? locators.Removal(newest.Key.Type, newest.Key.Id) : locators.Change(newest.Key.Type, newest.Key.Id, others));
            moved.Add((newest.Key.Type, newest.Key.Id, others.IsEmpty ? null : others));
        }

        changes.AddRange((await store.ReadHeadAndSegments(shelf.Tag, cancellation)).Select(row => new RowChange(row.Place, default)));
        KeyedName? after = null;
        while (await store.ReadPage(VaultTable.Record, shelf.Tag, after, ErasedTogether, cancellation) is { Count: > 0 } page)
        {
            changes.AddRange(page.Where(row => !shared.Contains(row.Place.Row)).Select(row => new RowChange(row.Place, default)));
            after = page[^1].Place.Row;
            if (changes.Count > RedoCodec.MaxChanges)
            {
                return null;
            }
        }

        var state = held.States[patient];
        var change = new PreparedChange(held, RedoCodec.Encode(changes), [], () =>
        {
            state.Erase();
            Patients.Erased(patient.PatientId!);
            moved.ForEach(record => locators.Committed(record.Type, record.Id, record.To));
            Erasures.Committed(erasure);
        });
        return new PreparedErasure(
            change, erasure, shelf.Count, versions, kept.Values.Sum(), changes.Count(row => row.Sealed.IsEmpty), System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, kept));
    }

    /// <summary>What the ledger stores where an erasure changes: its audit key is held, asked for, or to be destroyed.</summary>
    internal (ReadOnlyMemory<byte> Redo, Action Commit) PrepareChange(Erasure before, Erasure after)
    {
        var next = after with { Revision = before.Revision + 1 };
        return (RedoCodec.Encode([Erasures.Change(next)]), () => Erasures.Committed(next));
    }

    /// <summary>Destroys the keys of what was committed, durably, and leaves nothing of it in the stores' own logs. A process that ends before finds it at its next start.</summary>
    internal void Complete()
    {
        Erasures.Settle();
        store.Erase([]);
        rowCache.Clear();
    }
}
