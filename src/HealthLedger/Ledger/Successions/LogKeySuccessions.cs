using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger.Successions;

/// <summary>
/// Lets one key of the log succeed another (docs/formats/succession.md): makes the successor and asks for the offline key's signature, installs the signed statement, destroys the retired key.
/// A process that is killed anywhere leaves a log that opens and whose checkpoints verify; <see cref="Resume"/> finishes what was begun. One call at a time.
/// </summary>
/// <param name="ledger">The running ledger.</param>
/// <param name="keys">Its keys.</param>
/// <param name="store">Where they are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="overlap">How long a retiring key goes on signing beside its successor; 0 or more.</param>
public sealed class LogKeySuccessions(LedgerLog ledger, LedgerKeys keys, ILogKeyStore store, TimeProvider time, TimeSpan overlap) : IDisposable
{
    /// <summary>The size at which the installation began u64, the entry's index u64, then the note.</summary>
    private const int RecordHead = 2 * sizeof(ulong);

    private const ulong NoEntry = ulong.MaxValue;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Reads the statements that are in force; one whose entry is still due is not.</summary>
    /// <exception cref="InvalidDataException">A record cannot be read.</exception>
    public static IReadOnlyList<StatedSuccession> Load(ILogKeyStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var stated = new List<StatedSuccession>();
        while (Read(store, (ulong)stated.Count) is { Index: not NoEntry } record)
        {
            stated.Add(new StatedSuccession(record.Signed, record.Index));
        }

        return stated;
    }

    /// <summary>Makes the successor's key and the request for it; the same one until it is installed.</summary>
    /// <param name="offline">The offline key. Needed for number 0, which names it; afterwards null, or the same.</param>
    /// <param name="revokes">Whether the key is lost or in others' hands, so that it does not sign.</param>
    /// <param name="record">Appends an entry that says what is done and returns false where it cannot: the log is frozen behind it, where both keys sign already.</param>
    /// <param name="cancellation">Honoured until then.</param>
    public Task<SuccessionOutcome> Ask(NoteVerifier? offline, bool revokes, Func<CancellationToken, ValueTask<bool>> record, CancellationToken cancellation) => OneAtATime<SuccessionOutcome>(async () =>
    {
        if (Read(store, (ulong)keys.Stated.Count) is not null)
        {
            return Refuse("installing", "A signed succession was taken and waits for its entry: another of its number would contradict it.");
        }

        if (keys.Lineage is not { } lineage)
        {
            return offline is null ? Refuse("offline-key-needed", "The log has named no offline key yet: name its verifier key.")
                : revokes ? Refuse("not-founded", "A log that has named no offline key cannot revoke a key: nobody could tell the successor from a thief's.")
                : await record(cancellation) ? Request(Succession.Founding(keys.Log.Verifier, offline))
                : new SuccessionOutcome.Unavailable();
        }

        if (offline is not null && offline.ToString() != lineage.Offline.ToString())
        {
            return Refuse("other-offline-key", $"The log named the offline key {lineage.Offline.Name} for all its successions, and it cannot be exchanged.");
        }

        if (keys.RetiresAt is not null)
        {
            return Refuse("overlap", "The key before still signs beside the log's: retire it first.");
        }

        if (keys.Stated.Count > (int)Succession.MaxNumber)
        {
            return Refuse("too-many", $"A log has at most {Succession.MaxNumber} successions.");
        }

        keys.Prepare();
        Keep();
        if (!await record(cancellation))
        {
            return new SuccessionOutcome.Unavailable();
        }

        // Behind an entry that came after the successor was made: from this checkpoint on every one bears both signatures.
        var frozen = ledger.Published;
        var asked = keys.Asked!.Size > 0 ? keys.Asked : new SuccessionAsked(frozen.Size, frozen.Root, SuccessionReason.Rotated);
        keys.Ask(asked with { Reason = revokes ? SuccessionReason.Revoked : SuccessionReason.Rotated });
        Keep();
        return Request(NextAsked()!);
    }, cancellation);

    /// <summary>Installs what the offline key signed: an entry of the ledger, and from then on the successor is the log's key.</summary>
    public Task<SuccessionOutcome> Install(ReadOnlyMemory<byte> note, CancellationToken cancellation) => OneAtATime<SuccessionOutcome>(async () =>
    {
        if (!SignedSuccession.Verify(note.Span).TryGet(out var signed, out var fault))
        {
            return new SuccessionOutcome.Refused(fault);
        }

        if (signed.Statement.Origin != keys.Origin)
        {
            return Refuse("other-log", "The statement is of another log.");
        }

        if (keys.Stated.ElementAtOrDefault((int)signed.Statement.Number) is { } known)
        {
            return known.Signed.Contradicts(signed)
                ? new SuccessionOutcome.Refused(new Fault("contradiction", $"Another succession {signed.Statement.Number} is in force: keep both, they convict who signed them."), known.Signed)
                : new SuccessionOutcome.Installed(known);
        }

        var expected = keys.Lineage is null ? Succession.Founding(keys.Log.Verifier, signed.Statement.Offline) : NextAsked();
        if (expected is null || !expected.ToText().AsSpan().SequenceEqual(signed.Note.Text))
        {
            return Refuse("not-asked", "This is not the succession that this gateway asked for last.");
        }

        if (Read(store, signed.Statement.Number) is null)
        {
            Keep(signed, ledger.Published.Size, NoEntry);
        }

        return await Finish(cancellation);
    }, cancellation);

    /// <summary>Destroys the retiring key now, whatever was left of the overlap; false where there is none.</summary>
    public Task<bool> Retire(CancellationToken cancellation) => OneAtATime(() => Task.FromResult(RetireNow()), cancellation);

    /// <summary>
    /// Finishes what a killed process began, puts statements on the ledger again that an older copy of the data lacks, and destroys a retiring key whose time is over. At a start, and now and then.
    /// </summary>
    /// <returns>False where the ledger takes no entries now, and something is left to do.</returns>
    public Task<bool> Resume(CancellationToken cancellation) => OneAtATime(async () =>
    {
        foreach (var stated in keys.Stated.Where(each => !IsAt(each.Signed.Statement, each.Index)).ToList())
        {
            Keep(stated.Signed, 0, stated.Index);
            if (await PutOn(stated.Signed, cancellation) is null)
            {
                return false;
            }
        }

        while (Read(store, (ulong)keys.Stated.Count) is not null)
        {
            if (await Finish(cancellation) is SuccessionOutcome.Unavailable)
            {
                return false;
            }
        }

        // Killed between the entry and the exchange of the keys.
        if (keys.Stated is [.., { Signed.Statement: var newest }])
        {
            Exchange(newest);
        }

        if (keys.RetiresAt <= time.GetUtcNow())
        {
            RetireNow();
        }

        return true;
    }, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>From the kept statement on: each step is found done or not done by the next call.</summary>
    private async Task<SuccessionOutcome> Finish(CancellationToken cancellation)
    {
        var record = Read(store, (ulong)keys.Stated.Count)!;
        if (await PutOn(record.Signed, cancellation) is not { } stated)
        {
            return new SuccessionOutcome.Unavailable();
        }

        Exchange(record.Signed.Statement);
        return new SuccessionOutcome.Installed(stated);
    }

    private async Task<StatedSuccession?> PutOn(SignedSuccession signed, CancellationToken cancellation)
    {
        var record = Read(store, signed.Statement.Number)!;
        if (ledger.FindSuccession(signed.Statement, record.Began) is not { } index)
        {
            if (await ledger.AppendSuccession(signed.Statement, cancellation) is not AppendOutcome.Appended appended)
            {
                return null;
            }

            index = appended.Indices[0];
        }

        Keep(signed, record.Began, index);
        var stated = new StatedSuccession(signed, index);
        keys.Remember([.. keys.Stated.Take((int)signed.Statement.Number), stated, .. keys.Stated.Skip((int)signed.Statement.Number + 1)]);
        return stated;
    }

    private void Exchange(Succession statement)
    {
        if (keys.Asked is null || keys.Beside?.ToString() != statement.Successor.ToString())
        {
            return;
        }

        keys.Succeed(time.GetUtcNow() + overlap);
        if (statement.Reason == SuccessionReason.Revoked || overlap == TimeSpan.Zero)
        {
            keys.Retire();
        }

        Keep();
    }

    private bool RetireNow()
    {
        if (keys.RetiresAt is null)
        {
            return false;
        }

        keys.Retire();
        Keep();
        return true;
    }

    private Succession? NextAsked() => keys is { Asked: { Size: > 0 } asked, Lineage: { } lineage, Beside: { } successor }
        ? new Succession(keys.Origin, (ulong)keys.Stated.Count, keys.Log.Verifier, successor, lineage.Offline, asked.Size, asked.Root, asked.Reason)
        : null;

    private bool IsAt(Succession statement, ulong index) => index < ledger.Published.Size && ledger.FindSuccession(statement, index) == index;

    private SuccessionOutcome.Asked Request(Succession statement) => new(statement, keys.Request(statement));

    private static SuccessionOutcome.Refused Refuse(string code, string detail) => new(new Fault(code, detail));

    private void Keep()
    {
        var exported = keys.Export();
        try
        {
            store.KeepKeys(exported);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(exported);
        }
    }

    private void Keep(SignedSuccession signed, ulong began, ulong index)
    {
        var note = signed.Note.ToBytes();
        var record = new byte[RecordHead + note.Length];
        BinaryPrimitives.WriteUInt64BigEndian(record, began);
        BinaryPrimitives.WriteUInt64BigEndian(record.AsSpan(sizeof(ulong)), index);
        note.CopyTo(record, RecordHead);
        store.Keep(signed.Statement.Number, record);
    }

    private static Kept? Read(ILogKeyStore store, ulong number)
    {
        if (store.Find(number) is not { } record)
        {
            return null;
        }

        return record.Length > RecordHead && SignedSuccession.Verify(record.AsSpan(RecordHead)).TryGet(out var signed, out _) && signed.Statement.Number == number
            ? new Kept(signed, BinaryPrimitives.ReadUInt64BigEndian(record), BinaryPrimitives.ReadUInt64BigEndian(record.AsSpan(sizeof(ulong))))
            : throw new InvalidDataException($"The kept succession {number} of the log's key is damaged.");
    }

    private async Task<T> OneAtATime<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed record Kept(SignedSuccession Signed, ulong Began, ulong Index);
}
